// SPDX-License-Identifier: Apache-2.0
// Streamlining on networks worked out by hand. Each is compared with the definition at every
// checkpoint after every step.
#include "compile/passes/streamline/streamline.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

#include "compile/passes/cleanup/insert_topk.h"
#include "passes/streamline_check.h"
#include "passes/streamline_net.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using Form = QuantiserReport::Form;

class Hand : public PixelNet {
 public:
  std::mt19937 random{11};
  /// Levels of 4 bits over small random pixels, with a scale that has no ratio to others.
  Tensor* levels(Shape shape, float scale, std::string_view name = "a") {
    return relu_quant(pixels(std::move(shape)), scale, 4, name);
  }
  Tensor* levels_of(Tensor* x, float scale, std::string_view name) {
    return quant(x, scale, 5, {}, name);
  }
  Tensor* weights(Shape shape) { return random_floats(std::move(shape), -3, 3, random); }
};

ops::Conv conv_with(ops::Window window, std::int64_t group = 1) {
  ops::Conv op;
  op.window = std::move(window);
  op.group = group;
  return op;
}

// ---- Scales, signs and ranges

TEST(Streamline, TiesGoToTheEvenLevel) {
  // u = x / 16: with a scale that is a power of two every boundary is reached exactly, and every
  // second one is not taken.
  Hand net;
  const auto done = streamlined(net.finish(net.relu_quant(net.pixels({1, 1, 1, 1}), 16, 4)));
  EXPECT_THAT(thresholds_of(done.graph),
              ElementsAre(9, 24, 41, 56, 73, 88, 105, 120, 137, 152, 169, 184, 201, 216, 233));
  EXPECT_EQ(done.quantiser().ties, 15);
  // Thresholds that round half up, T = 16 k - 8, decide 8 of the 256 pixels otherwise.
  const auto level = [](const std::vector<std::int64_t>& thresholds, std::int64_t x) {
    return std::ranges::upper_bound(thresholds, x) - thresholds.begin();
  };
  std::vector<std::int64_t> half_up;
  for (std::int64_t k = 1; k <= 15; ++k) half_up.push_back(16 * k - 8);
  int differing = 0;
  for (std::int64_t x = 0; x < 256; ++x)
    differing += level(half_up, x) != level(thresholds_of(done.graph), x) ? 1 : 0;
  EXPECT_EQ(differing, 8);
  EXPECT_EQ(done.quantiser().margin, 0);
}

TEST(Streamline, MaxPoolsKeepBipolarValues) {
  Hand net;
  Tensor* x = net.add(ops::Add{}, {net.pixels({1, 1, 2, 2}), net.number(-100)});
  ops::MaxPool pool;
  pool.window = {{2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}};
  const auto done =
      streamlined(net.finish(net.add(pool, {net.add(ops::BipolarQuant{}, {x, net.number(0.5)})})));
  EXPECT_EQ(done.graph.outputs()[0]->dtype, DataType::bipolar());
}

TEST(Streamline, ReportsTheDistanceToTheNearestStep) {
  Hand net;
  const auto done = streamlined(net.finish(net.relu_quant(net.pixels({1, 1, 1, 1}), 10, 1)));
  // 5/10 is the step itself: a tie at 5, taken at 6.
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(6));
  EXPECT_EQ(done.quantiser().ties, 1);
  Hand shifted;
  Tensor* x = shifted.add(ops::Add{}, {shifted.pixels({1, 1, 1, 1}), shifted.number(0.25)});
  const auto other = streamlined(shifted.finish(shifted.relu_quant(x, 10, 1)));
  // 5.25 is a quarter of a pixel above the step, in steps of 10.
  EXPECT_THAT(thresholds_of(other.graph), ElementsAre(5));
  EXPECT_EQ(other.quantiser().ties, 0);
  EXPECT_NEAR(other.quantiser().margin, 0.025, 1e-12);
}

TEST(Streamline, GammaMayBeNegativeOrZero) {
  Hand net;
  Tensor* x = net.add(ops::MatMul{}, {net.pixels({1, 1}), net.floats({1, 3}, {1, 1, 1})});
  x = net.batch_norm(x, {1, -1, 0}, {0, 200, 5}, {100, 0, 7}, {1, 1, 3});
  const auto done = streamlined(net.finish(net.relu_quant(x, 2, 3)));
  EXPECT_EQ(op_types(done.graph), "MatMul MultiThreshold");
  // x - 100; 200 - x on the negated accumulator; 5 / 2 = 2.5 rounds to 2 always
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(102, 103, 106, 107, 110, 111, 114,         //
                                                     -198, -197, -194, -193, -190, -189, -186,  //
                                                     0, 0, 256, 256, 256, 256, 256));
  EXPECT_EQ(done.quantiser().constant_channels, 1);
  EXPECT_EQ(done.quantiser().unreachable, 5);
  EXPECT_EQ(done.quantiser().channels, 3);
  EXPECT_EQ(done.quantiser().steps, 7);
  EXPECT_EQ(done.quantiser().min, -255);
  EXPECT_EQ(done.quantiser().max, 255);
  EXPECT_EQ(done.quantiser().bits, 9);
}

TEST(Streamline, SignedNarrowAndAsymmetricQuantisers) {
  ops::Quant narrow;
  narrow.narrow = true;
  Hand net;
  Tensor* x = net.add(ops::Sub{}, {net.pixels({1, 1, 1, 1}), net.number(128)});
  const auto done = streamlined(net.finish(net.quant(x, 50, 2, narrow)));
  // levels -1, 0, 1 at -25 (a tie that goes to 0) and 25 (a tie that stays at 0)
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(103, 154));
  EXPECT_EQ(done.graph.outputs()[0]->dtype, DataType::smallest_for(-1, 1));

  Hand other;
  x = other.add(ops::Sub{}, {other.pixels({1, 1, 1, 1}), other.number(128)});
  x = other.quant(x, other.number(50), other.number(2), 2, unsigned_quant());
  const auto asymmetric = streamlined(other.finish(x));
  // u = (x - 128) / 50 + 2 > 1/2, >= 3/2, > 5/2; the carrier is level - 2, so that 0 is 0
  EXPECT_THAT(thresholds_of(asymmetric.graph), ElementsAre(54, 103, 154));
  EXPECT_EQ(asymmetric.graph.outputs()[0]->dtype, DataType::smallest_for(-2, 1));
}

TEST(Streamline, AsymmetricActivationsUnderPaddingStayPlain) {
  Hand net;
  Tensor* x =
      net.quant(net.pixels({1, 2, 4, 4}), net.number(20), net.number(3), 4, unsigned_quant(), "a");
  x = net.add(conv2d(3, 1, 1), {x, net.weights({2, 2, 3, 3})});
  const auto done = streamlined(net.finish(net.quant(x, 130, 4)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold Conv MultiThreshold");
}

TEST(Streamline, AFractionalZeroPointUnderPaddingNeedsThePosition) {
  Hand net;
  Tensor* x = net.quant(net.pixels({1, 1, 3, 3}), net.number(20), net.number(2.5), 4,
                        unsigned_quant(), "a");
  x = net.add(conv2d(3, 1, 1), {x, net.floats({1, 1, 3, 3}, {1, 1, 1, 1, 1, 1, 1, 1, 1})});
  const auto done = streamlined(net.finish(net.quant(x, 40, 4)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold Conv JoinThreshold");
  EXPECT_EQ(done.quantiser("q").form, Form::kPosition);
  EXPECT_EQ(done.quantiser("q").channels, 9);  // one row per position
}

TEST(Streamline, TruncationsOfBothVersions) {
  ops::Trunc one;
  Hand net;
  Tensor* x = net.add(
      one, {net.pixels({1, 1, 1, 1}), net.number(1), net.number(0), net.number(8), net.number(6)},
      "q");
  const auto first = streamlined(net.finish(x));
  const auto t = thresholds_of(first.graph);
  ASSERT_EQ(t.size(), 63U);  // floor(x / 4), up to 63
  EXPECT_EQ(t.front(), 4);
  EXPECT_EQ(t.back(), 252);

  ops::Trunc two;
  two.version = 2;
  two.is_signed = false;
  Hand other;
  x = other.add(two,
                {other.pixels({1, 1, 1, 1}), other.number(1), other.number(0), other.number(8),
                 other.number(64), other.number(2)},
                "q");
  const auto second = streamlined(other.finish(x));
  EXPECT_THAT(thresholds_of(second.graph), ElementsAre(64, 128, 192));
}

TEST(Streamline, ATruncationKeepsLevelsThatNoFloat32Holds) {
  // Levels from (64 - 2^30 + 2^24) / 64 on, less the zero point 2^24: odd and beyond 2^24, which a
  // MultiThreshold's bias cannot be.
  Hand net;
  Tensor* x =
      net.add(ops::Sub{}, {net.pixels({1, 1, 1, 1}), net.number(static_cast<float>(1 << 30) - 64)});
  x = net.add(ops::Trunc{}, {x, net.number(1), net.number(1 << 24), net.number(10), net.number(4)},
              "q");
  const auto done = streamlined(net.finish(x));
  EXPECT_EQ(op_types(done.graph), "JoinThreshold");
}

TEST(Streamline, AReluWithoutQuantiserBecomesARamp) {
  Hand net;
  Tensor* x = net.add(ops::Sub{}, {net.pixels({1, 2}), net.number(100)});
  x = net.add(ops::Relu{}, {x});
  x = net.add(ops::MatMul{}, {x, net.floats({2, 1}, {1, -2})});
  const auto done = streamlined(net.finish(net.quant(x, 16, 4)));
  EXPECT_EQ(op_types(done.graph), "Add Relu MatMul MultiThreshold");
}

TEST(Streamline, AClipWithBoundsBetweenIntegersBecomesRampsAndJumps) {
  Hand net;
  Tensor* x = net.add(ops::Mul{}, {net.pixels({1, 1}), net.number(0.3F)});
  x = net.add(ops::Clip{}, {x, net.number(10.1F), net.number(20.7F)});
  x = net.add(ops::MatMul{}, {x, net.floats({1, 2}, {1, -3})}, "logits");
  const auto done = streamlined(net.finish(x));
  EXPECT_EQ(count_nodes(done.graph, "Relu"), 2U);
}

// ---- Products

TEST(Streamline, TheLargerOrSmallerOfTwoActivationsWithASmallRatio) {
  for (const bool largest : {true, false})
    for (const float scale : {16.3F, 2 * 16.3F, 0.75F * 16.3F}) {
      SCOPED_TRACE(fmt::format("{} {}", largest, scale));
      Hand net;
      Tensor* x = net.pixels({1, 2, 2, 1});
      Tensor* a = net.relu_quant(x, 16.3F, 4, "a");
      Tensor* b = net.quant(net.add(conv2d(1), {x, net.weights({2, 2, 1, 1})}), scale, 5, {}, "b");
      // a + relu(b - a), a - relu(a - b)
      Tensor* apart = largest ? net.add(ops::Sub{}, {b, a}) : net.add(ops::Sub{}, {a, b});
      Tensor* more = net.add(ops::Relu{}, {apart});
      Tensor* y = largest ? net.add(ops::Add{}, {a, more}) : net.add(ops::Sub{}, {a, more});
      const auto done = streamlined(net.finish(net.quant(y, 29.7F, 4, {}, "y")));
      EXPECT_THAT(op_types(done.graph), ::testing::HasSubstr("Relu"));
    }
}

/// The larger of two tensors as the import has it: a + Relu(b - a).
Tensor* larger(Hand& net, Tensor* a, Tensor* b) {
  return net.add(ops::Add{}, {a, net.add(ops::Relu{}, {net.add(ops::Sub{}, {b, a})})});
}
/// a - Relu(a - b)
Tensor* smaller(Hand& net, Tensor* a, Tensor* b) {
  return net.add(ops::Sub{}, {a, net.add(ops::Relu{}, {net.add(ops::Sub{}, {a, b})})});
}

/// 0.3 * 5 = 1.5 is level 3 of halves and 0.2 * 9 = 1.8 is level 4; 0.3 * 9 = 2.7 is 5, 0.2 * 5 = 1
/// is 2.
TEST(Streamline, AQuantiserTakesBothOperandsOfAMaxOrMin) {
  for (const bool largest : {true, false}) {
    Hand net;
    Tensor* x = net.pixels({1, 2});
    Tensor* a = net.add(ops::Mul{}, {net.entry(x, 1, 0), net.number(0.3F)});
    Tensor* b = net.add(ops::Mul{}, {net.entry(x, 1, 1), net.number(0.2F)});
    Tensor* y = largest ? larger(net, a, b) : smaller(net, a, b);
    const auto done = streamlined(net.finish(net.quant(y, 0.5F, 5, {}, "y")));
    EXPECT_THAT(output_of(done.graph, {5, 9}), ElementsAre(largest ? "4" : "3"));
    EXPECT_THAT(output_of(done.graph, {9, 5}), ElementsAre(largest ? "5" : "2"));
    // One integer each, not their sum.
    EXPECT_EQ(count_nodes(done.graph, "MultiThreshold"), 2U);
    EXPECT_EQ(count_nodes(done.graph, "JoinThreshold"), 0U);
    EXPECT_EQ(done.report.quantisers.size(), 2U);
  }
}

/// Three tensors whose scales have no small ratios.
struct Unrelated {
  explicit Unrelated(const Shape& shape) {
    Tensor* x = net.pixels(shape);
    const Shape kernel{shape[1], shape[1], 1, 1};
    a = net.levels_of(x, 9.1F, "a");
    b = net.levels_of(net.add(conv2d(1), {x, net.weights(kernel)}), 7.3F, "b");
    c = net.levels_of(net.add(conv2d(1), {x, net.weights(kernel)}), 5.9F, "c");
  }
  /// How many quantisers there are with those of y, and that they are right.
  std::size_t quantised(Tensor* y) {
    const auto done = streamlined(net.finish(net.levels_of(y, 13.7F, "y")));
    return count_nodes(done.graph, "MultiThreshold") + count_nodes(done.graph, "JoinThreshold");
  }
  Hand net;
  Tensor *a = nullptr, *b = nullptr, *c = nullptr;
};

TEST(Streamline, AMaxOrMinOfThree) {
  for (const auto& extreme : {larger, smaller}) {
    Unrelated t({1, 2, 1, 2});
    EXPECT_EQ(t.quantised(extreme(t.net, extreme(t.net, t.a, t.b), t.c)), 6U);
  }
  Unrelated t({1, 2, 1, 2});
  EXPECT_EQ(t.quantised(larger(t.net, t.a, larger(t.net, t.b, t.c))), 6U);
}

TEST(Streamline, AMaxMayBeScaledShiftedBoundedAndMoved) {
  Unrelated t({1, 2, 1, 2});
  Tensor* y = larger(t.net, t.a, t.b);
  // A negative factor makes it the smaller one, whose negative is the larger one again.
  y = t.net.add(ops::Mul{}, {y, t.net.number(-0.7F)});
  y = t.net.add(ops::Add{}, {y, t.net.per_channel({20, 30})});
  y = t.net.add(ops::Clip{}, {y, t.net.number(-40), t.net.number(25)});
  ops::Transpose turn;
  turn.perm = {0, 1, 3, 2};
  y = t.net.add(turn, {smaller(t.net, y, t.c)});
  EXPECT_EQ(t.quantised(y), 6U);
}

TEST(Streamline, AMaxPoolTakesTheLargestOfAMax) {
  Unrelated t({1, 2, 2, 2});
  ops::MaxPool pool;
  pool.window = window2d(2);
  EXPECT_EQ(t.quantised(t.net.add(pool, {larger(t.net, t.a, t.b)})), 4U);
}

/// relu(a - b) + c is the larger of a - b + c and c.
TEST(Streamline, ASumMayHoldAReluOfSeveralScales) {
  Unrelated t({1, 1, 1, 2});
  Tensor* apart = t.net.add(ops::Relu{}, {t.net.add(ops::Sub{}, {t.a, t.b})});
  EXPECT_EQ(t.quantised(t.net.add(ops::Add{}, {apart, t.c})), 5U);
}

TEST(Streamline, TheOperandsOfAMaxMayBeSumsOrOfOtherShapes) {
  Unrelated t({1, 2, 2, 2});
  Tensor* sum = t.net.add(ops::Add{}, {t.a, t.b});
  Tensor* row = t.net.entry(t.c, 2, 1);
  EXPECT_EQ(t.quantised(larger(t.net, sum, row)), 5U);
}

TEST(Streamline, ActivationsStretchEachOther) {
  using Operation = std::function<Tensor*(Hand&, Tensor*, Tensor*)>;
  const Operation sum = [](Hand& net, Tensor* a, Tensor* b) { return net.add(ops::Add{}, {a, b}); };
  const Operation apart = [](Hand& net, Tensor* a, Tensor* b) {
    return net.add(ops::Sub{}, {a, b});
  };
  // The left column [1, 3] and the lower row [3, 4] of an image.
  const auto over = [](const Operation& operation) {
    Hand net;
    Tensor* x = net.pixels({1, 1, 2, 2});
    Tensor* y = operation(net, net.entry(x, 3, 0), net.entry(x, 2, 1));
    return output_of(streamlined(net.finish(y)).graph, {1, 2, 3, 4});
  };
  EXPECT_THAT(over(sum), ElementsAre("4", "5", "6", "7"));
  EXPECT_THAT(over(apart), ElementsAre("-2", "-3", "0", "-1"));
  EXPECT_THAT(over(larger), ElementsAre("3", "4", "3", "4"));
}

/// Whatever it lacks, in either order, in front of a join as well.
TEST(Streamline, AnActivationIsStretchedToTheShapeOfTheOther) {
  for (const Shape& kernel : {Shape{2, 3}, Shape{2, 1}, Shape{1, 3}})
    for (const bool turned : {false, true}) {
      SCOPED_TRACE(fmt::format("{} {}", shape_text(kernel), turned));
      Hand net;
      Tensor* a = net.levels({1, 2, 2, 3}, 17.1F);
      ops::AveragePool pool;
      pool.window = {kernel, {1, 1}, {0, 0, 0, 0}, {1, 1}};
      Tensor* b = net.relu_quant(net.add(pool, {a}), 29.3F, 3, "b");
      Tensor* y = net.add(ops::Add{}, turned ? std::vector{b, a} : std::vector{a, b});
      const auto done = streamlined(net.finish(net.relu_quant(y, 50, 4, "y")));
      EXPECT_EQ(count_nodes(done.graph, "JoinThreshold"), 1U);
    }
}

TEST(Streamline, AnActivationOfOneChannelOrFewerAxesIsStretched) {
  Hand net;
  Tensor* a = net.levels({1, 2, 2, 3}, 17.1F);
  Tensor* one = net.add(ops::Reshape{}, {net.entry(a, 1, 1), net.shape_of({2, 3})});
  const auto done = streamlined(net.finish(net.add(ops::Add{}, {one, a})));
  EXPECT_EQ(done.graph.outputs()[0]->shape, (Shape{1, 2, 2, 3}));
}

/// 2 and 5, plus [10, 20] at each.
TEST(Streamline, AConstantStretchesAnActivation) {
  for (const bool product : {false, true}) {
    Hand net;
    Tensor* x = net.pixels({1, 2, 1, 1});
    Tensor* factors = net.floats({1, 1, 1, 2}, {10, 20});
    Tensor* y = product ? net.add(ops::Mul{}, {x, factors}) : net.add(ops::Add{}, {x, factors});
    const auto done = streamlined(net.finish(y));
    EXPECT_EQ(done.graph.outputs()[0]->shape, (Shape{1, 2, 1, 2}));
    EXPECT_THAT(output_of(done.graph, {2, 5}), product ? ElementsAre("20", "40", "50", "100")
                                                       : ElementsAre("12", "22", "15", "25"));
  }
}

TEST(Streamline, GroupedDilatedDepthwiseAndTransposedConvolutions) {
  const auto streamline_conv = [](const ops::Conv& op, Shape weights) {
    Hand net;
    Tensor* x = net.levels({1, 4, 6, 5}, 20.3F);
    x = net.add(op, {x, net.weights(std::move(weights))});
    x = net.add(ops::Mul{}, {x, net.per_channel({0.3F, -0.7F, 1.1F, 0.2F})});
    return op_types(streamlined(net.finish(net.quant(x, 100, 4))).graph);
  };
  const std::string plain = "MultiThreshold Conv MultiThreshold";
  EXPECT_EQ(streamline_conv(conv_with(window2d(3, 1, 1), 2), {4, 2, 3, 3}), plain);
  EXPECT_EQ(streamline_conv(conv_with({{3, 3}, {2, 1}, {2, 1, 0, 3}, {2, 1}}), {4, 4, 3, 3}),
            plain);
  EXPECT_EQ(streamline_conv(conv_with(window2d(3, 2, 1), 4), {4, 1, 3, 3}), plain);

  Hand net;
  Tensor* x = net.levels({1, 4, 3, 3}, 20.3F);
  ops::ConvTranspose op;
  op.window = {{3, 2}, {2, 1}, {1, 0, 0, 1}, {1, 2}};
  op.output_padding = {1, 0};
  op.group = 2;
  x = net.add(op, {x, net.weights({4, 3, 3, 2}), net.floats({6}, {1, 2, 3, -4, 5, 6})});
  EXPECT_EQ(op_types(streamlined(net.finish(net.quant(x, 100, 4))).graph),
            "MultiThreshold ConvTranspose MultiThreshold");
}

TEST(Streamline, AGroupMayHaveAScaleOfItsOwn) {
  // Channels 0, 1 and 2, 3 have one scale each: what the depthwise case is for single channels.
  Hand net;
  Tensor* x = net.levels({1, 4, 4, 4}, 20.3F);
  x = net.add(ops::Mul{}, {x, net.per_channel({0.3F, 0.3F, 0.7F, 0.7F})});
  x = net.add(conv_with(window2d(3, 1, 1), 2), {x, net.weights({2, 2, 3, 3})});
  EXPECT_EQ(op_types(streamlined(net.finish(net.quant(x, 100, 4))).graph),
            "MultiThreshold Conv MultiThreshold");
}

TEST(Streamline, DifferentScalesIntoOneProductBecomeASum) {
  Hand net;
  Tensor* x = net.levels({1, 2, 4, 4}, 20.3F);
  x = net.add(ops::Mul{}, {x, net.per_channel({0.3F, 0.7F})});
  x = net.add(conv2d(3, 1, 1), {x, net.weights({2, 2, 3, 3})});
  const auto done = streamlined(net.finish(net.quant(x, 20, 4)));
  EXPECT_EQ(count_nodes(done.graph, "Conv"), 2U);
  EXPECT_EQ(count_nodes(done.graph, "JoinThreshold"), 1U);
}

// ---- Sums

TEST(Streamline, ASumOfTwoScalesAsATable) {
  Hand net;
  Tensor* x = net.pixels({1, 1, 1, 1});
  Tensor* a = net.quant(x, 16.3F, 8, unsigned_quant(), "a");
  Tensor* b = net.relu_quant(x, 61.7F, 2, "b");
  const auto done = streamlined(net.finish(net.relu_quant(net.add(ops::Add{}, {a, b}), 100, 1)));
  const QuantiserReport& report = done.quantiser("q");
  EXPECT_EQ(report.form, Form::kTable);
  EXPECT_EQ(report.pairs, 4);
  // 16.3 A + 61.7 B > 50: the smallest A for B = 0, 1, 2, 3
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(4, 0, 0, 0));
}

TEST(Streamline, ASumOfTwoScalesAsALine) {
  Hand net;
  Tensor* x = net.pixels({1, 2, 2, 2});
  Tensor* a = net.add(conv2d(1), {x, net.weights({2, 2, 1, 1})});
  Tensor* b = net.quant(x, 1.7F, 7, unsigned_quant(), "b");
  const auto done = streamlined(net.finish(net.quant(net.add(ops::Add{}, {a, b}), 33.3F, 4)));
  const QuantiserReport& report = done.quantiser("q");
  EXPECT_EQ(report.form, Form::kLine);
  EXPECT_GT(report.fraction_bits, 0);
  EXPECT_LE(report.fraction_bits, 32);
  EXPECT_EQ(report.inseparable, 0);
}

TEST(Streamline, AnOutputMaySumMultiplesOf61Bits) {
  const auto output = [](float factor) {
    Hand net;
    Tensor* x = net.pixels({1, 1, 1, 1}, DataType::uint(1));
    Tensor* a = net.quant(x, 1, 1, unsigned_quant(), "a");
    Tensor* b =
        net.add(ops::Mul{}, {net.quant(x, 1, 1, unsigned_quant(), "b"), net.floats({1}, {factor})});
    return std::move(net.finish(net.add(ops::Add{}, {a, b})));
  };
  streamlined(output(0x1p60F));
  Graph too_wide = output(0x1p61F);
  EXPECT_THROW(testing::make_integer(too_wide), UserError);
}

TEST(Streamline, SmallRatiosAreAPlainSum) {
  Hand net;
  Tensor* x = net.pixels({1, 1, 2, 2});
  Tensor* a = net.relu_quant(x, 12, 4, "a");
  Tensor* b = net.relu_quant(x, 20, 4, "b");
  const auto done = streamlined(net.finish(net.relu_quant(net.add(ops::Add{}, {a, b}), 90, 2)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold MultiThreshold Mul Mul Add MultiThreshold");
  // 12 a + 20 b = 4 (3 a + 5 b) > 45, >= 135, > 225
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(12, 34, 57));
}

TEST(Streamline, NestedResidualsAndAForkWithThreeReaders) {
  Hand net;
  Tensor* x = net.levels({1, 2, 4, 4}, 17.1F);
  Tensor* inner = net.add(conv2d(3, 1, 1), {x, net.weights({2, 2, 3, 3})});
  inner = net.add(ops::Mul{}, {inner, net.per_channel({0.31F, -0.17F})});
  Tensor* y = net.relu_quant(net.add(ops::Add{}, {inner, x}), 23.3F, 3, "inner");
  Tensor* outer = net.add(conv2d(1), {y, net.weights({2, 2, 1, 1})});
  outer = net.add(ops::Add{}, {net.add(ops::Add{}, {outer, x}), y});
  const auto done = streamlined(net.finish(net.relu_quant(outer, 57.9F, 4)));
  EXPECT_EQ(count_nodes(done.graph, "JoinThreshold"), 2U);
  EXPECT_EQ(count_nodes(done.graph, "Conv"), 2U);
}

TEST(Streamline, ASubtractionIsASum) {
  Hand net;
  Tensor* x = net.pixels({1, 1, 2, 2});
  Tensor* a = net.relu_quant(x, 16.3F, 4, "a");
  Tensor* b = net.relu_quant(x, 61.7F, 2, "b");
  streamlined(net.finish(net.quant(net.add(ops::Sub{}, {a, b}), 10, 4)));
}

TEST(Streamline, ConcatKeepsAScalePerChannel) {
  Hand net;
  Tensor* x = net.pixels({1, 2, 3, 3});
  Tensor* a = net.relu_quant(x, 16.3F, 4, "a");
  Tensor* b = net.quant(x, 21.9F, 3, unsigned_quant(), "b");
  x = net.add(with(&ops::Concat::axis, 1), {a, b});
  const auto done = streamlined(net.finish(net.relu_quant(x, 40, 2)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold MultiThreshold Concat MultiThreshold");
  EXPECT_EQ(done.quantiser("q").channels, 4);
}

TEST(Streamline, PartsThatAreJoinedByRowsTakeOneScale) {
  Hand net;
  Tensor* x = net.pixels({1, 2, 3, 3});
  Tensor* a = net.relu_quant(x, 16, 4, "a");
  Tensor* b = net.quant(x, 24, 3, unsigned_quant(), "b");
  x = net.add(with(&ops::Concat::axis, 2), {a, b});
  const auto done = streamlined(net.finish(net.relu_quant(x, 40, 2)));
  // 16 a and 24 b are 8 (2a) and 8 (3b).
  EXPECT_EQ(op_types(done.graph), "MultiThreshold MultiThreshold Mul Mul Concat MultiThreshold");
  EXPECT_EQ(done.quantiser("q").form, Form::kPlain);
}

TEST(Streamline, PartsThatAreJoinedByRowsAreSeenBehindATranspose) {
  Hand net;
  const auto turned = [&](Tensor* x, std::vector<std::int64_t> perm) {
    return net.add(with(&ops::Transpose::perm, std::move(perm)), {x});
  };
  Tensor* x = net.pixels({1, 2, 3, 3});
  Tensor* a = turned(net.relu_quant(x, 16, 4, "a"), {0, 2, 3, 1});
  Tensor* b = turned(net.quant(x, 24, 3, unsigned_quant(), "b"), {0, 2, 3, 1});
  x = turned(net.add(with(&ops::Concat::axis, 1), {a, b}), {0, 3, 1, 2});
  x = net.add(conv2d(1), {x, net.weights({2, 2, 1, 1})});
  const auto done = streamlined(net.finish(net.relu_quant(x, 40, 2)));
  EXPECT_EQ(count_nodes(done.graph, "Conv"), 1U);
}

TEST(Streamline, PartsThatAreJoinedByRowsKeepScalesThatNobodyMinds) {
  for (const bool flat : {false, true}) {
    Hand net;
    Tensor* x = net.pixels({1, 2, 3, 3});
    Tensor* a = net.relu_quant(x, 16, 4, "a");
    Tensor* b = net.quant(x, 24, 3, unsigned_quant(), "b");
    x = net.add(with(&ops::Concat::axis, 2), {a, b});
    if (flat) x = net.add(ops::MatMul{}, {net.add(ops::Flatten{}, {x}), net.weights({36, 2})});
    const auto done = streamlined(net.finish(x));
    EXPECT_EQ(op_types(done.graph), flat ? "MultiThreshold MultiThreshold Concat Flatten MatMul"
                                         : "MultiThreshold MultiThreshold Concat");
  }
}

TEST(Streamline, ConstantsThatAreJoinedArePaddingAndOffset) {
  Hand net;
  Tensor* x = net.relu_quant(net.pixels({1, 2, 2, 2}), 16.3F, 4, "a");
  Tensor* zeros = net.floats({1, 1, 2, 2}, {0, 0, 0, 0});
  Tensor* numbers = net.floats({1, 2, 2, 2}, {1, 1, 1, 1, -7, -7, -7, -7});
  x = net.add(with(&ops::Concat::axis, 1), {zeros, x, numbers});
  const auto done = streamlined(net.finish(net.quant(x, 5, 4)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold Pad MultiThreshold");
  EXPECT_EQ(done.quantiser("q").channels, 5);
}

// ---- Pools and movements

TEST(Streamline, AveragePoolsBecomeSums) {
  for (const bool include : {false, true}) {
    Hand net;
    ops::AveragePool op;
    op.window = {{3, 2}, {2, 1}, {1, 1, 1, 0}, {1, 1}};
    op.count_include_pad = include;
    Tensor* x = net.add(op, {net.levels({1, 2, 5, 4}, 17.1F)});
    const auto done = streamlined(net.finish(net.relu_quant(x, 40, 2)));
    EXPECT_EQ(count_nodes(done.graph, "SumPool"), 1U);
    // The divisor depends on the position unless padding counts.
    EXPECT_EQ(done.quantiser("q").form, include ? Form::kPlain : Form::kPosition);
  }
}

TEST(Streamline, TheMeanOfAnImageNeedsNoDivision) {
  Hand net;
  Tensor* x = net.add(ops::GlobalAveragePool{}, {net.pixels({1, 1, 2, 2})});
  const auto done = streamlined(net.finish(net.relu_quant(x, 100, 2)));
  // sum / 400 > 1/2, >= 3/2, > 5/2
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(201, 600, 1001));
}

TEST(Streamline, UpsamplingAndMovementsKeepTheIntegers) {
  const auto moved = [](const std::function<Tensor*(Hand&, Tensor*)>& move) {
    Hand net;
    Tensor* x = net.levels({1, 4, 2, 5}, 17.1F);
    x = net.add(ops::Mul{}, {x, net.per_channel({0.3F, 0.5F, 0.7F, 1.1F})});
    x = net.add(ops::Add{}, {x, net.per_channel({3, -5, 7, 11})});
    return op_types(streamlined(net.finish(net.quant(move(net, x), 33, 3))).graph);
  };
  EXPECT_EQ(moved([](Hand& net, Tensor* x) {
              ops::Resize op;
              op.coordinate_transformation_mode = "asymmetric";
              op.nearest_mode = "floor";
              return net.add(op, {x, nullptr, nullptr, net.shape_of({1, 4, 4, 10})});
            }),
            "MultiThreshold Resize MultiThreshold");
  EXPECT_EQ(moved([](Hand& net, Tensor* x) {
              return net.add(with(&ops::DepthToSpace::blocksize, 2), {x});
            }),
            "MultiThreshold DepthToSpace JoinThreshold");
  EXPECT_EQ(moved([](Hand& net, Tensor* x) {
              return net.add(with(&ops::Transpose::perm, {0, 3, 1, 2}), {x});
            }),
            "MultiThreshold Transpose JoinThreshold");
  EXPECT_EQ(moved([](Hand& net, Tensor* x) { return net.add(ops::Flatten{}, {x}); }),
            "MultiThreshold Flatten MultiThreshold");
  EXPECT_EQ(
      moved([](Hand& net, Tensor* x) {
        return net.add(ops::Pad{}, {x, net.shape_of({0, 0, 1, 0, 0, 0, 0, 2}), net.number(9)});
      }),
      "MultiThreshold Pad JoinThreshold");
}

/// Levels of two channels, padded by `padding`, of which the largest are quantised again.
Streamlined padded_levels(std::vector<float> scales, float padding,
                          std::vector<std::int64_t> pads) {
  Hand net;
  Tensor* x = net.quant(net.pixels({1, 2, 3, 3}, DataType::sint(8)), net.per_channel(scales),
                        net.number(0), 4, {}, "a");
  x = net.add(ops::Pad{}, {x, net.shape_of(std::move(pads)), net.number(padding)});
  ops::MaxPool pool;
  pool.window = {{2, 2}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
  return streamlined(net.finish(net.quant(net.add(pool, {x}), 7, 4)));
}

TEST(Streamline, APaddingByALevelStaysAnInteger) {
  const Streamlined done = padded_levels({4, 4}, -32, {0, 0, 1, 1, 0, 0, 1, 1});
  EXPECT_EQ(op_types(done.graph), "MultiThreshold Pad MaxPool MultiThreshold");
  const Node& pad = *done.graph.nodes()[1];
  EXPECT_EQ(pad.inputs.at(2)->constant->real(0), Real(-8));
  EXPECT_EQ(pad.outputs[0]->dtype, DataType::sint(4));
  EXPECT_EQ(done.quantiser("q").form, Form::kPlain);
}

TEST(Streamline, APaddingThatIsALevelOfItsOwnInEachChannelIsShiftedToZero) {
  // -24 is level -6 of scale 4 and level -4 of scale 6.
  const Streamlined done = padded_levels({4, 6}, -24, {0, 0, 1, 0, 0, 0, 0, 2});
  EXPECT_EQ(op_types(done.graph), "MultiThreshold Add Pad MaxPool MultiThreshold");
  EXPECT_EQ(done.graph.nodes()[2]->inputs.size(), 2U);
  const Constant& shift = *done.graph.nodes()[1]->inputs.at(1)->constant;
  EXPECT_EQ(shift.real(0), Real(6));
  EXPECT_EQ(shift.real(1), Real(4));
}

TEST(Streamline, APaddingOfSignsByASignLeavesSigns) {
  for (const float padding : {-3.0F, 3.0F}) {
    Hand net;
    Tensor* x = net.add(ops::Sub{}, {net.pixels({1, 1, 3, 3}), net.number(100)});
    x = net.add(ops::BipolarQuant{}, {x, net.number(3)}, "a");
    x = net.add(ops::Pad{}, {x, net.shape_of({0, 0, 1, 1, 0, 0, 1, 1}), net.number(padding)});
    x = net.add(conv2d(3, 1, 0), {x, net.weights({1, 1, 3, 3})});
    const auto done = streamlined(net.finish(net.quant(x, 40, 4)));
    EXPECT_EQ(op_types(done.graph), "MultiThreshold Pad Conv MultiThreshold");
    const Node& pad = *done.graph.nodes()[1];
    EXPECT_EQ(pad.outputs[0]->dtype, DataType::bipolar());
    EXPECT_EQ(pad.inputs.at(2)->constant->real(0), Real(padding < 0 ? -1 : 1));
  }
}

TEST(Streamline, APaddingBetweenTwoLevelsIsAnOffset) {
  // By position, which a maximum does not commute with: the quantiser goes first.
  EXPECT_EQ(op_types(padded_levels({4, 4}, -31, {0, 0, 1, 1, 0, 0, 1, 1}).graph),
            "MultiThreshold Pad JoinThreshold MaxPool");
  // A channel that is added has no scale, but one offset.
  EXPECT_EQ(op_types(padded_levels({4, 6}, -24, {0, 1, 0, 0, 0, 0, 0, 0}).graph),
            "MultiThreshold Pad MaxPool MultiThreshold");
}

TEST(Streamline, APaddingByALevelNeedsNoPosition) {
  Hand net;
  Tensor* x = net.quant(net.pixels({1, 1, 3, 3}), net.number(20), net.number(2.5), 4,
                        unsigned_quant(), "a");
  x = net.add(ops::Pad{}, {x, net.shape_of({0, 0, 1, 1, 0, 0, 1, 1}), net.number(10)});
  x = net.add(conv2d(3, 1, 0), {x, net.weights({1, 1, 3, 3})});
  const auto done = streamlined(net.finish(net.quant(x, 40, 4)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold Pad Conv MultiThreshold");
}

// ---- The tail

TEST(Streamline, LogitsKeepTheirMeaning) {
  Hand net;
  Tensor* x =
      net.add(ops::MatMul{}, {net.levels({1, 3}, 20), net.floats({3, 2}, {1, -1, 2, 0, 3, 1})});
  x = net.add(ops::Mul{}, {x, net.per_channel({0.5, 0.75}, 2)});
  x = net.add(ops::Add{}, {x, net.per_channel({-1, 3}, 2)}, "logits");
  const auto done = streamlined(net.finish(x));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold MatMul");
  const Checkpoint& logits = done.graph.checkpoints().back();
  EXPECT_EQ(logits.kind, Checkpoint::Kind::kLogits);
  // real = 20 * 0.5 * acc - 1 and 20 * 0.75 * acc + 3
  EXPECT_EQ(logits.unit.values, (std::vector<Real>{Real(10), Real(15)}));
  EXPECT_EQ(logits.shift.values, (std::vector<Real>{Real(-1), Real(3)}));
}

TEST(Streamline, ClassesAreRankedByIntegers) {
  Hand net;
  Tensor* x =
      net.add(ops::MatMul{}, {net.pixels({1, 2}), net.floats({2, 3}, {1, 2, -1, 1, -2, 3})});
  x = net.add(ops::Mul{}, {x, net.per_channel({0.3F, 0.6F, 0.3F}, 2)});
  x = net.add(ops::Add{}, {x, net.per_channel({0.1F, 0.25F, -20.3F}, 2)}, "logits");
  Graph& graph = net.finish(x);
  insert_topk(graph, 3);
  const auto done = streamlined(graph);
  EXPECT_EQ(op_types(done.graph), "MatMul Mul Add TopK");
  ASSERT_FALSE(done.report.remarks.empty());
  EXPECT_THAT(done.report.remarks.back().text, ::testing::HasSubstr("3 distinct offsets"));
}

TEST(Streamline, EqualLogitsGiveTheLowerIndex) {
  Hand net;
  Tensor* x = net.add(ops::MatMul{}, {net.pixels({1, 1}), net.floats({1, 3}, {1, 1, 2})});
  // x / 2 + 1, x / 2 + 1, x / 2 - 30: classes 0 and 1 are equal always
  x = net.add(ops::Mul{}, {x, net.per_channel({0.5, 0.5, 0.25}, 2)});
  x = net.add(ops::Add{}, {x, net.per_channel({1, 1, -30}, 2)}, "logits");
  Graph& graph = net.finish(x);
  insert_topk(graph, 2);
  const auto done = streamlined(graph);
  const ExactExecutor executor(done.graph, {ExactInput::integers(0, 255)});
  for (const std::int64_t pixel : {0, 77, 255}) {
    ExactRequest request;
    request.inputs = {{{pixel}}};
    EXPECT_THAT(executor.run(request).checkpoints.back().q, ElementsAre(0, 1));
  }
}

TEST(Streamline, EveryOutputBecomesInteger) {
  Hand net;
  Tensor* x = net.levels({1, 2, 3, 3}, 17.1F);
  Tensor* first = net.add(conv2d(1), {x, net.weights({2, 2, 1, 1})}, "first");
  Tensor* second = net.add(ops::Mul{}, {x, net.number(0.3F)}, "second");
  net.graph.add_output(first);
  const auto done = streamlined(net.finish(second));
  ASSERT_EQ(done.graph.outputs().size(), 2U);
  for (const Tensor* output : done.graph.outputs()) EXPECT_TRUE(output->dtype.is_integer());
}

Tensor* times(Hand& net, Tensor* x, std::vector<float> factors, std::size_t rank = 4) {
  return net.add(ops::Mul{}, {x, net.per_channel(std::move(factors), rank)});
}

TEST(Streamline, OutputsOfOneTensorAreTwo) {
  Hand net;
  Tensor* x = net.add(conv2d(1), {net.pixels({1, 2, 2, 2}), net.weights({2, 2, 1, 1})});
  net.graph.add_output(x);
  net.graph.add_output(net.add(ops::Identity{}, {x}));
  const auto done = streamlined(net.finish(times(net, x, {0.3F})));
  EXPECT_EQ(op_types(done.graph), "Conv Identity Identity");
  const std::set<const Tensor*> outputs(done.graph.outputs().begin(), done.graph.outputs().end());
  EXPECT_EQ(outputs.size(), 3U);
}

/// The operators of a network that ends in `output`, whose integers must be in the order of the reals.
std::string ordered_output(Hand& net, Tensor* output) {
  const auto done = streamlined(net.finish(output));
  for (const Checkpoint& checkpoint : done.graph.checkpoints()) {
    if (!done.graph.is_output(checkpoint.tensor)) continue;
    for (const Real& unit : checkpoint.unit.values)
      EXPECT_GT(unit.sign(), 0) << checkpoint.name << " of\n" << nodes_text(done.graph);
  }
  return op_types(done.graph);
}

TEST(Streamline, ASignAtTheEndGoesIntoWeights) {
  Hand net;
  Tensor* x = net.add(conv2d(1), {net.pixels({1, 2, 2, 2}), net.weights({3, 2, 1, 1})});
  EXPECT_EQ(ordered_output(net, times(net, x, {-1, 0.5F, -3})), "Conv");
}

TEST(Streamline, ASignBehindAMovementIsMultiplied) {
  for (const bool last : {false, true}) {
    Hand net;
    Tensor* x = net.add(conv2d(1), {net.pixels({1, 2, 2, 2}), net.weights({2, 2, 1, 1})});
    if (!last) x = times(net, x, {-0.3F});
    x = net.add(ops::Pad{}, {x, net.shape_of({0, 0, 1, 1, 0, 0, 1, 1})});
    if (last) x = times(net, x, {-0.3F});
    EXPECT_EQ(ordered_output(net, x), "Conv Pad Mul");
  }
}

TEST(Streamline, AChannelWithoutFactorIsZeroAtTheEnd) {
  Hand net;
  Tensor* x = net.add(conv2d(1), {net.pixels({1, 2, 2, 2}), net.weights({3, 2, 1, 1})});
  x = times(net, x, {-1, 0, 3});
  EXPECT_EQ(ordered_output(net, net.add(ops::Add{}, {x, net.number(2)})), "Conv Mul Mul");
}

TEST(Streamline, WeightsThatOthersReadKeepTheirSign) {
  Hand net;
  Tensor* x = net.add(conv2d(1), {net.pixels({1, 2, 2, 2}), net.weights({2, 2, 1, 1})});
  Tensor* y = times(net, x, {-0.5F, -2});
  net.graph.add_output(y);
  EXPECT_EQ(ordered_output(net, times(net, y, {-3})), "Conv Mul");
  Hand ranked;
  x = ranked.add(ops::MatMul{}, {ranked.pixels({1, 2}), ranked.weights({2, 3})});
  Graph& graph = ranked.finish(times(ranked, x, {-1, -2, 3}, 2));
  insert_topk(graph, 1);
  EXPECT_EQ(op_types(streamlined(graph).graph), "MatMul Mul TopK");
}

// ---- Inputs of an integer element type

/// Reals of an input that the file declares as bytes.
Tensor* cast_bytes(Hand& net, Shape shape, Container container) {
  Tensor* x = net.pixels(std::move(shape), container_type(container));
  x->container = container;
  return net.add(ops::Cast{}, {x});
}

TEST(Streamline, BytesThatAreCastReachAProduct) {
  for (const Container container : {Container::kUInt8, Container::kInt8})
    for (const bool quantised : {false, true}) {
      Hand net;
      Tensor* x = cast_bytes(net, {1, 2, 3, 3}, container);
      x = net.add(conv2d(3, 1, 1), {x, net.weights({2, 2, 3, 3})});
      if (quantised) x = net.relu_quant(x, 23.3F, 3);
      const auto done = streamlined(net.finish(x));
      EXPECT_EQ(op_types(done.graph), quantised ? "Conv MultiThreshold" : "Conv");
    }
}

TEST(Streamline, BytesThatAreDequantisedReachAProduct) {
  Hand net;
  Tensor* x = net.pixels({1, 4}, DataType::sint(8));
  x->container = Container::kInt8;
  x = net.add(ops::DequantizeLinear{}, {x, net.number(0.3F), net.ints({}, {-5}, Container::kInt8)});
  x = net.add(ops::MatMul{}, {x, net.weights({4, 3})});
  const auto done = streamlined(net.finish(net.relu_quant(x, 7.7F, 4)));
  EXPECT_EQ(op_types(done.graph), "MatMul MultiThreshold");
}

// ---- What is folded

TEST(Streamline, ReportsWhatIsFolded) {
  Hand net;
  Tensor* x = net.add(ops::MatMul{}, {net.pixels({1, 2}), net.floats({2, 2}, {1, 2, 3, 4})});
  x = net.batch_norm(x, {1, 1}, {0, 5}, {100, 0}, {1, 2});
  x = net.add(ops::Relu{}, {x});
  const auto done = streamlined(net.finish(net.relu_quant(x, 100, 2)));
  EXPECT_THAT(done.quantiser().folded, ElementsAre("Add_0", "Mul_0", "Relu_0"));
  EXPECT_EQ(done.quantiser().node, "Quant_0");
  EXPECT_EQ(done.quantiser().result, "Quant_0");
  EXPECT_EQ(done.quantiser().checkpoint, "q");
}

TEST(Streamline, FindsNothingMoreToDo) {
  Hand net;
  Tensor* x = net.levels({1, 2, 4, 4}, 17.1F);
  x = net.add(conv2d(3, 1, 1), {x, net.weights({2, 2, 3, 3})});
  auto done = streamlined(net.finish(net.relu_quant(x, 23.3F, 3)));
  const std::string text = to_text(done.graph);
  PassContext context;
  EXPECT_FALSE(absorb_scales(done.graph, context));
  EXPECT_FALSE(residual_sums(done.graph, context));
  EXPECT_FALSE(integer_tail(done.graph, context));
  EXPECT_EQ(to_text(done.graph), text);
  EXPECT_TRUE(context.report.quantisers.empty());
}

}  // namespace
}  // namespace assay
