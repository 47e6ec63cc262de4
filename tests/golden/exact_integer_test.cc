// SPDX-License-Identifier: Apache-2.0
// Integer graphs on small vectors whose results are worked out by hand: joins, sum pools, depthwise
// products, thresholds on NHWC, and checkpoints carried by other integers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "golden/exact/plan.h"
#include "golden/exact/real_array.h"
#include "golden/exact_testing.h"
#include "support/real_eval.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

/// Integers in a float container, as integer graphs hold their constants.
Tensor* carried(Net& net, Shape shape, Levels values) {
  Tensor* tensor = net.graph.add_constant("k", Constant(std::move(shape), std::move(values)));
  tensor->container = Container::kFloat32;
  return tensor;
}

ops::JoinThreshold join(std::int64_t bias = 0, std::int64_t table_min = 0) {
  ops::JoinThreshold op;
  op.out_dtype = DataType::sint(8);
  op.out_bias = bias;
  op.table_min = table_min;
  return op;
}

Tensor* second(Net& net, const Shape& shape) { return net.graph.add_input("z", shape); }

/// The exact output for two inputs of one shape.
Texts on_pairs(Net& net, Tensor* y, const Levels& a, const Levels& b) {
  net.finish(y);
  verify(net.graph);
  return texts(ExactExecutor(net.graph, {stepped_input(a), stepped_input(b)})
                   .run({.inputs = {{a}, {b}}})
                   .outputs.at(0));
}

template <typename F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

// ---- JoinThreshold

TEST(ExactIntegers, ThresholdsMayDependOnThePosition) {
  // Columns 0, 1, 2 of both channels compare with {0, 5}, {5, 10}, {-5, 5}; unsorted rows count
  // too.
  Net net;
  Tensor* t = carried(net, {1, 1, 1, 3, 2}, {5, 0, 5, 10, -5, 5});
  Tensor* y = net.add(join(-1), {t, nullptr, net.input({1, 2, 1, 3})});
  EXPECT_EQ(exact_texts(net, y, {0, 4, 5, -1, 10, -6}), (Texts{"0", "-1", "1", "-1", "1", "-1"}));
}

TEST(ExactIntegers, ATableIsReadFromItsLeastEntryOn) {
  // z = -1: {0}; z = 0: {3}; z = 1: {-2}, for every channel.
  Net net;
  Tensor* t = carried(net, {1, 1, 3, 1}, {0, 3, -2});
  Tensor* x = net.input({1, 6});
  Tensor* y = net.add(join(10, -1), {t, nullptr, x, second(net, {1, 6})});
  EXPECT_EQ(on_pairs(net, y, {-1, 0, 2, 3, -3, -2}, {-1, -1, 0, 0, 1, 1}),
            (Texts{"10", "11", "10", "11", "10", "11"}));
}

TEST(ExactIntegers, ALineMayHaveNegativeMultipliersPerChannel) {
  // Channel 0: 2x - 3z against {0, 10}; channel 1: -x + z against {-1, 1}.
  Net net;
  Tensor* t = carried(net, {1, 2, 2}, {0, 10, -1, 1});
  Tensor* m = carried(net, {1, 2, 2}, {2, -3, -1, 1});
  Tensor* x = net.input({1, 2});
  Tensor* y = net.add(join(), {t, m, x, second(net, {1, 2})});
  // 2*5 - 3*0 = 10; -5 + 4 = -1.
  EXPECT_EQ(on_pairs(net, y, {5, 5}, {0, 4}), (Texts{"2", "1"}));
}

TEST(ExactIntegers, AJoinMayGiveBipolarValues) {
  ops::JoinThreshold op = join(-1);
  op.out_scale = 2;
  for (const bool line : {false, true}) {
    Net net;
    // x - z >= 0 as a line, and as a table of x >= z for z = 0, 1, 2.
    Tensor* t = line ? carried(net, {1, 1, 1}, {0}) : carried(net, {1, 1, 3, 1}, {0, 1, 2});
    Tensor* m = line ? carried(net, {1, 1, 2}, {1, -1}) : nullptr;
    Tensor* x = net.input({1, 4});
    Tensor* y = net.add(op, {t, m, x, second(net, {1, 4})});
    EXPECT_EQ(on_pairs(net, y, {0, 0, 1, 2}, {0, 1, 2, 2}), (Texts{"1", "-1", "-1", "1"}));
  }
}

TEST(ExactIntegers, RefusesJoinsThatCouldGoWrong) {
  const auto planned = [](ops::JoinThreshold op, const Levels& thresholds, Shape t_shape,
                          ExactInput z, Tensor* (*factor)(Net&)) {
    Net net;
    Tensor* t = carried(net, std::move(t_shape), thresholds);
    Tensor* x = net.input({1, 2});
    net.finish(net.add(op, {t, factor ? factor(net) : nullptr, x, second(net, {1, 2})}));
    return message_of([&] {
      ExactExecutor(net.graph, {ExactInput::integers(0, 9), std::move(z)});
    });
  };
  EXPECT_EQ(planned(join(0, -1), {0, 3, -2}, {1, 1, 3, 1}, ExactInput::integers(-1, 1), nullptr),
            "");
  EXPECT_EQ(planned(join(0, -1), {0, 3, -2}, {1, 1, 3, 1}, ExactInput::integers(-9, 9), nullptr),
            "")
      << "the values themselves decide";
  for (const std::int64_t z : {-2, 2})
    EXPECT_THAT(
        planned(join(0, -1), {0, 3, -2}, {1, 1, 3, 1}, ExactInput::integers(z, z), nullptr),
        HasSubstr(fmt::format("X1 may be {0} to {0}, its table has entries for -1 to 1", z)));
  ExactInput half = ExactInput::integers(-1, 1);
  half.terms[0].scale = RealArray(ratio(1, 2));
  EXPECT_THAT(planned(join(0, -1), {0, 3, -2}, {1, 1, 3, 1}, half, nullptr),
              HasSubstr("X1 does not hold integers"));
  EXPECT_THAT(planned(join(), {0}, {1, 1, 1}, ExactInput::integers(0, 9),
                      [](Net& net) {
                        return net.floats({1, 1, 2}, {1, 0.5F});
                      }),
              HasSubstr("multipliers must be integers, element 1 is 1/2"));
  EXPECT_THAT(planned(join(), {0}, {1, 1, 1}, ExactInput::integers(0, 9),
                      [](Net& net) {
                        return carried(net, {1, 1, 2}, {std::int64_t{1} << 60, 1});
                      }),
              HasSubstr("exceed 62 bits"));
}

TEST(ExactIntegers, RefusesAnIndexOutsideOfTheTable) {
  for (const std::int64_t z : {-2, -1, 1, 2}) {
    Net net;
    Tensor* t = carried(net, {1, 1, 3, 1}, {0, 3, -2});
    Tensor* x = net.input({1, 2});
    net.finish(net.add(join(0, -1), {t, nullptr, x, second(net, {1, 2})}));
    const ExactExecutor exact(net.graph, {ExactInput::integers(0, 9), ExactInput::integers(-9, 9)});
    const std::string message = message_of([&] { exact.run({.inputs = {{{0, 0}}, {{0, z}}}}); });
    if (std::abs(z) == 1)
      EXPECT_EQ(message, "");
    else
      EXPECT_THAT(message, HasSubstr(fmt::format("X1 is {} at element 1", z)));
  }
}

// ---- Sums and products

TEST(ExactIntegers, ASumPoolCountsPaddingAsZero) {
  for (const Layout layout : {Layout::kNCHW, Layout::kNHWC}) {
    SCOPED_TRACE(layout_name(layout));
    const bool last = layout == Layout::kNHWC;
    Net net;
    ops::SumPool pool;
    pool.window = window_of({2, 2}, {1, 1, 0, 0}, 2);
    pool.data_layout = layout;
    // Channels 1 2 3 / 4 5 6 / 7 8 9 and the same times ten.
    Tensor* y = net.add(pool, {net.input(last ? Shape{1, 3, 3, 2} : Shape{1, 2, 3, 3})});
    Levels x;
    for (int i = 0; i < 18; ++i)
      x.push_back(last ? (i / 2 + 1) * (i % 2 == 0 ? 1 : 10) : (i % 9 + 1) * (i < 9 ? 1 : 10));
    EXPECT_EQ(exact_texts(net, y, x),
              last ? (Texts{"1", "10", "5", "50", "11", "110", "28", "280"})
                   : (Texts{"1", "5", "11", "28", "10", "50", "110", "280"}));
  }
}

TEST(ExactIntegers, ADepthwiseProductSeesItsOwnChannel) {
  // Rows of three taps of two channels: c0 = x0*1 + x2*3 + x4*5, c1 = x1*2 - x3*4 + x5*6.
  Net net;
  Tensor* w = carried(net, {3, 2}, {1, 2, 3, -4, 5, 6});
  Tensor* y = net.add(ops::DepthwiseMatMul{}, {net.input({1, 2, 1, 6}), w});
  EXPECT_EQ(exact_texts(net, y, {1, 1, 1, 1, 1, 1, 0, 2, 0, 3, 2, 0}),
            (Texts{"9", "4", "10", "-8"}));
}

// ---- Thresholds

TEST(ExactIntegers, ThresholdsBeyondFloat32StayApart) {
  constexpr std::int64_t kBig = (std::int64_t{1} << 24) + 1;
  Net net;
  ops::MultiThreshold op;
  op.out_dtype = DataType::uint(2);
  op.data_layout = Layout::kNC;
  Tensor* y = net.add(op, {net.input({1, 3}), carried(net, {1, 2}, {kBig, kBig + 1})});
  EXPECT_EQ(exact_texts(net, y, {kBig - 1, kBig, kBig + 1}), (Texts{"0", "1", "2"}));
}

/// Sums reals over a whole graph with the slow evaluator and compares.
void expect_like_the_definition(Net& net, Tensor* y, const Levels& x) {
  net.finish(y);
  verify(net.graph);
  const ExactRun run = ExactExecutor(net.graph, {stepped_input(x)}).run({.inputs = {{x}}});
  real_eval::RealTensor reals{*net.graph.inputs()[0]->shape, {}};
  for (const std::int64_t q : x) reals.values.emplace_back(q);
  const auto expected =
      real_eval::evaluate(net.graph, {{"x", reals}}).at(net.graph.outputs()[0]->name);
  ASSERT_EQ(run.outputs.at(0).shape, expected.shape);
  for (std::int64_t e = 0; e < run.outputs.at(0).size(); ++e)
    ASSERT_EQ(run.outputs.at(0).real(e).str(), expected.values[static_cast<std::size_t>(e)].str())
        << "element " << e;
}

Levels random_levels(std::mt19937& random, std::size_t count, int most) {
  Levels out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(static_cast<int>(random() % (2U * static_cast<unsigned>(most) + 1)) - most);
  return out;
}

TEST(ExactIntegers, ManyUnevenThresholdsCountAsTheirDefinition) {
  for (const std::int64_t steps : {1, 3, 15, 40, 255})
    for (const Layout layout : {Layout::kNCHW, Layout::kNHWC})
      for (const bool shared : {false, true}) {
        SCOPED_TRACE(fmt::format("{} steps {} {}", steps, layout_name(layout), shared));
        std::mt19937 random(7);
        Net net;
        const Shape shape{1, 5, 4, 5};
        ops::MultiThreshold op;
        op.out_dtype = DataType::sint(16);
        op.out_scale = 2;
        op.out_bias = -3;
        op.data_layout = layout;
        const std::int64_t rows = shared ? 1 : 5;
        Tensor* t = carried(net, {rows, steps},
                            random_levels(random, static_cast<std::size_t>(rows * steps), 300));
        Tensor* y = net.add(op, {net.input(shape), t});
        expect_like_the_definition(net, y, random_levels(random, 100, 400));
      }
}

TEST(ExactIntegers, ALoweredConvolutionEqualsItsDefinition) {
  std::mt19937 random(11);
  Net net;
  Tensor* x = net.input({1, 6, 5, 4});
  x->layout = Layout::kNHWC;
  ops::Im2Col columns;
  columns.kernel_size = {3, 3};
  columns.stride = {2, 1};
  columns.pad_amount = {1, 1, 1, 1};
  columns.input_shape = "(1, 6, 5, 4)";
  Tensor* w = carried(net, {36, 3}, random_levels(random, 108, 4));
  Tensor* product = net.add(ops::MatMul{}, {net.add(columns, {x}), w});
  Tensor* sum = net.add(ops::Add{}, {product, carried(net, {3}, {5, -6, 7})});
  ops::MultiThreshold quantise;
  quantise.out_dtype = DataType::uint(2);
  quantise.data_layout = Layout::kNHWC;
  Tensor* q = net.add(quantise, {sum, carried(net, {3, 3}, {-20, 0, 20, 5, 6, 7, -9, -9, 90})});
  ops::MaxPoolNHWC pool;
  pool.window = window_of({2, 2}, {0, 0, 1, 1}, 1);
  ops::Transpose back;
  back.perm = {0, 3, 1, 2};
  Tensor* y = net.add(back, {net.add(ops::Add{}, {q, net.add(pool, {q})})});
  expect_like_the_definition(net, y, random_levels(random, 120, 7));
}

TEST(ExactIntegers, ASumMayWeighOneTermPerChannelAndOnePerPlace) {
  Net net;
  Tensor* x = net.input({1, 2, 1, 3});
  ops::MultiThreshold step;
  step.out_dtype = DataType::uint(1);
  Tensor* places = net.add(ops::Mul{}, {net.add(step, {x, carried(net, {1, 1}, {2})}),
                                        carried(net, {1, 2, 1, 3}, {1, 20, 3, 40, 5, 60})});
  Tensor* channels = net.add(ops::Mul{}, {x, carried(net, {2, 1, 1}, {100, 1000})});
  Tensor* y =
      net.add(step, {net.add(ops::Add{}, {channels, places}), carried(net, {2, 1}, {220, 3006})});
  // 0, 220, 203; 3040, 3005, 60: thresholds at 220 and 3006.
  EXPECT_EQ(exact_texts(net, y, {0, 2, 2, 3, 3, 0}), (Texts{"0", "1", "0", "1", "0", "0"}));
}

TEST(RealArrays, VaryOnlyAlongTheAxisTheyHave) {
  const RealArray channels({3, 1, 1}, {Real(1), Real(2), Real(3)});
  EXPECT_TRUE(varies_only_along(channels, {1, 3, 2, 2}, 1));
  EXPECT_FALSE(varies_only_along(channels, {1, 3, 2, 2}, 2));
  EXPECT_TRUE(varies_only_along(RealArray(Real(7)), {1, 3, 2, 2}, 2));
}

TEST(Layouts, SayWhichAxisIsInnermost) {
  for (const bool otherwise : {false, true}) {
    EXPECT_EQ(exact::wants_last(Layout::kUnknown, otherwise), otherwise);
    EXPECT_EQ(exact::wants_last(Layout::kNC, otherwise), otherwise);
    EXPECT_TRUE(exact::wants_last(Layout::kNHWC, otherwise));
    EXPECT_FALSE(exact::wants_last(Layout::kNCHW, otherwise));
  }
}

TEST(ExactIntegers, BitsAreCountedOverTheLastAxis) {
  std::mt19937 random(5);
  Net net;
  Tensor* w = carried(net, {6, 3}, {0, 1, 1, 1, 0, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 0, 0, 1});
  Tensor* product = net.add(ops::XnorPopcountMatMul{}, {net.input({1, 2, 2, 6}), w});
  ops::MultiThreshold op;
  op.out_dtype = DataType::uint(1);
  op.data_layout = Layout::kNHWC;
  Tensor* y = net.add(op, {product, carried(net, {3, 1}, {3, 4, 2})});
  Levels x;
  for (int i = 0; i < 24; ++i) x.push_back(static_cast<std::int64_t>(random() % 2));
  expect_like_the_definition(net, y, x);
}

// ---- Checkpoints

/// An NHWC tensor of bits that carries a bipolar NCHW checkpoint: q = 2t - 1.
struct Carried {
  Net net;
  Carried() {
    ops::MultiThreshold op;
    op.out_dtype = DataType::uint(1);
    op.data_layout = Layout::kNHWC;
    Tensor* bits = net.add(op, {net.input({1, 1, 2, 3}), carried(net, {1, 1}, {0})});
    net.finish(net.add(ops::Mul{}, {bits, net.scalar(10)}));
    Checkpoint checkpoint;
    checkpoint.name = "act";
    checkpoint.tensor = bits;
    checkpoint.has_map = true;
    checkpoint.dtype = DataType::bipolar();
    checkpoint.scale = RealArray(ratio(1, 3));
    checkpoint.unit = RealArray(ratio(2, 3));
    checkpoint.shift = RealArray(ratio(-1, 3));
    checkpoint.perm = {0, 3, 1, 2};
    net.graph.checkpoints() = {checkpoint};
    verify(net.graph);
  }
};

TEST(ExactIntegers, ACheckpointIsReadInItsOwnOrderAndIntegers) {
  Carried c;
  const ExactExecutor exact(c.net.graph, {ExactInput::integers(-9, 9)});
  // Pixels (0, -1, 2) and (-3, 4, -5) are bits 101 and 010; channel by channel 10, 01, 10.
  const ExactInputData x = {{0, -1, 2, -3, 4, -5}};
  const ExactRun run = exact.run({.inputs = {x}});
  EXPECT_EQ(run.checkpoints.at(0).q, (Levels{1, -1, -1, 1, 1, -1}));
  const std::map<std::string, Levels> forced = {{"act", {-1, 1, 1, 1, -1, -1}}};
  // Pixels 010 and 110.
  EXPECT_EQ(texts(exact.run({.inputs = {x}, .forced = &forced}).outputs.at(0)),
            (Texts{"0", "10", "0", "10", "10", "0"}));
  const std::map<std::string, Levels> between = {{"act", {-1, 1, 0, 1, -1, -1}}};
  EXPECT_THAT(message_of([&] { exact.run({.inputs = {x}, .forced = &between}); }),
              HasSubstr("element 2 for checkpoint 'act' is 0"));
}

TEST(ExactIntegers, UnitsMayDifferPerChannel) {
  Carried c;
  Checkpoint& checkpoint = c.net.graph.checkpoints()[0];
  // q = t, 2t - 1 and -t.
  checkpoint.unit = RealArray({1, 3, 1, 1}, {ratio(1, 3), ratio(2, 3), ratio(-1, 3)});
  checkpoint.shift = RealArray({3, 1, 1}, {Real(0), ratio(-1, 3), Real(0)});
  const ExactExecutor exact(c.net.graph, {ExactInput::integers(-9, 9)});
  EXPECT_EQ(exact.run({.inputs = {{{0, -1, 2, -3, 4, -5}}}}).checkpoints.at(0).q,
            (Levels{1, 0, -1, 1, -1, 0}));
}

TEST(ExactIntegers, LogitsAreTheirRealsInTheirOwnOrder) {
  Carried c;
  Checkpoint& checkpoint = c.net.graph.checkpoints()[0];
  checkpoint.kind = Checkpoint::Kind::kLogits;
  checkpoint.has_map = false;
  const ExactExecutor exact(c.net.graph, {ExactInput::integers(-9, 9)});
  const ExactRun run = exact.run({.inputs = {{{0, -1, 2, -3, 4, -5}}}});
  EXPECT_EQ(run.checkpoints.at(0).value.shape, (Shape{1, 3, 1, 2}));
  EXPECT_EQ(texts(run.checkpoints.at(0).value),
            (Texts{"1/3", "-1/3", "-1/3", "1/3", "1/3", "-1/3"}));
}

}  // namespace
}  // namespace assay
