// SPDX-License-Identifier: Apache-2.0
// What float32 may decide along chains of QuantizeLinear and DequantizeLinear.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "golden/bounds/float_check.h"
#include "golden/exact/plan.h"
#include "golden/exact_testing.h"

namespace assay {
namespace {

using ::testing::Each;

struct LinearCase {
  float scale = 1;
  std::int64_t zero = 0;
  Container container = Container::kUInt8;

  Tensor* point(Net& net) const {
    Tensor* tensor = net.graph.add_constant("zero", Constant({}, Levels{zero}));
    tensor->container = container;
    return tensor;
  }
  Tensor* quantise(Net& net, Tensor* x) const {
    return net.add(ops::QuantizeLinear{}, {x, net.scalar(scale), point(net)});
  }
  Tensor* dequantise(Net& net, Tensor* q) const {
    return net.add(ops::DequantizeLinear{}, {q, net.scalar(scale), point(net)});
  }
  Tensor* both(Net& net, Tensor* x) const { return dequantise(net, quantise(net, x)); }

  Real step() const { return Real::of(static_cast<double>(scale)); }
  /// By the definition.
  std::int64_t level(const Real& x) const {
    const DataType type = container_type(container);
    const mpz_class rounded = exact::round_exactly(x * step().inverse(), RoundingMode::kHalfEven);
    return std::clamp<std::int64_t>(rounded.get_si() + zero, type.min(), type.max());
  }
  Real real(std::int64_t level) const { return Real(level - zero) * step(); }
};

LinearCase random_case(std::mt19937& random) {
  constexpr std::array kScales = {0.25F, 0.4F, 0.1F, 0.7123F, 1.0F, 0.5F, 2.5F, 0.06F, 3.3F};
  const auto pick = [&](int lo, int hi) { return std::uniform_int_distribution(lo, hi)(random); };
  const bool is_signed = pick(0, 1) == 1;
  return {kScales[static_cast<std::size_t>(pick(0, kScales.size() - 1))],
          is_signed ? pick(-20, 20) : pick(0, 250),
          is_signed ? Container::kInt8 : Container::kUInt8};
}

// ---- Quantised once more
// --------------------------------------------------------------------------------------------

/// Every level of the first quantiser and what is beyond them, through both.
void expect_enclosed(const LinearCase& first, const LinearCase& second) {
  Levels multiples;
  std::vector<float> x;
  for (std::int64_t q = -300; q <= 300; ++q) {
    multiples.push_back(q);
    x.push_back(static_cast<float>(q) * first.scale);
  }
  Net net;
  Tensor* once = first.both(net, net.input({std::ssize(x)}));
  Tensor* twice = second.both(net, once);
  net.finish(twice);
  mark_checkpoints(net.graph);
  const auto got = FloatExecutor(net.graph).run({row(x)}).at(0).data;
  Levels levels;
  for (const float value : x) levels.push_back(first.level(Real::of(static_cast<double>(value))));
  const FloatErrorBounds bounds(net.graph);
  for (const auto& forced : {FloatErrorBounds::Integers{}, {{once->name, levels}}}) {
    const BoundedTensor b = bounds.evaluate({row(x)}, {}, forced).at(twice);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double exact = second.real(second.level(first.real(levels[i]))).to_double();
      EXPECT_LE(std::fabs(b.value[i] - exact), b.error[i]) << x[i];
      EXPECT_LE(std::fabs(b.value[i] - static_cast<double>(got[i])), b.error[i]) << x[i];
      EXPECT_LE(b.error[i], 1.001 * static_cast<double>(second.scale)) << x[i];
    }
  }
}

TEST(FloatChain, EncloseWhatIsQuantisedOnceMore) {
  // 10 * .25 = 2.5 between two levels of the other grid: .4 * 6.25, and 5 * .1 = .2 * 2.5, a tie.
  expect_enclosed({0.25F, 3}, {0.4F, 12});
  expect_enclosed({0.5F, 3}, {1, -7, Container::kInt8});
  std::mt19937 random(31);
  for (int trial = 0; trial < 60; ++trial) {
    const LinearCase first = random_case(random), second = random_case(random);
    SCOPED_TRACE(::testing::Message() << trial << ": " << first.scale << ", " << first.zero
                                      << " then " << second.scale << ", " << second.zero);
    expect_enclosed(first, second);
  }
}

TEST(FloatChain, KnowASaturatedLevel) {
  Net net;
  Tensor* q = LinearCase{1, 250}.quantise(net, net.input({4}));
  net.finish(q);
  const BoundedTensor b = FloatErrorBounds(net.graph)
                              .evaluate({row({5.5, 6.5, -250.5, -900.5})}, {{1, 1, 1, 1}}, {})
                              .at(q);
  EXPECT_THAT(b.value, ::testing::ElementsAre(255, 255, 0, 0));
  // 4.5 to 6.5, of which 5 is the last level, and what is below the first.
  EXPECT_NEAR(b.error[0], 1, 1e-5);
  EXPECT_EQ(b.error[1], 0);
  EXPECT_EQ(b.error[3], 0);
}

TEST(FloatChain, DecideExactTiesOfATruncThatNeverSaturates) {
  Net net;
  Tensor* y = net.add(ops::Trunc{}, {net.input({5}), net.scalar(0.5F), net.scalar(0), net.scalar(6),
                                     net.scalar(4)});
  net.finish(y);
  const std::vector<float> x = {0.25F, 0.75F, -1.25F, 4.25F, 400.25F};
  const BoundedTensor b = FloatErrorBounds(net.graph).evaluate({row(x)}, {}, {}).at(y);
  const auto got = FloatExecutor(net.graph).run({row(x)}).at(0).data;
  EXPECT_EQ(b.value, std::vector<double>(got.begin(), got.end()));
  EXPECT_THAT(b.error, Each(0.0));
}

// ---- Nothing is known
// -----------------------------------------------------------------------------------------------

TEST(FloatChain, DecideNothingWhereFloat32MayOverflow) {
  const auto error = [](auto quantise) {
    Net net;
    Tensor* x = net.input({1, 1});
    Tensor* large = net.add(ops::Mul{}, {x, net.scalar(1e38F)});
    Tensor* y = quantise(net, net.add(ops::Mul{}, {large, net.scalar(1e-38F)}));
    net.finish(y);
    return FloatErrorBounds(net.graph).evaluate({{{1, 1}, {10.5F}}}, {}, {}).at(y).error.at(0);
  };
  EXPECT_EQ(error([](Net& net, Tensor* x) { return LinearCase{}.both(net, x); }), HUGE_VAL);
  EXPECT_EQ(error([](Net& net, Tensor* x) { return add_quant(net, x, {}); }), HUGE_VAL);
  EXPECT_EQ(error([](Net& net, Tensor* x) {
              return net.add(ops::Trunc{},
                             {x, net.scalar(1), net.scalar(0), net.scalar(6), net.scalar(4)});
            }),
            HUGE_VAL);
}

/// A QuantizeLinear and its DequantizeLinear behind `ahead`, for the integers `q`, where a float32
/// evaluation had `observed`.
template <typename Ahead>
FloatCheck check_behind(const Ahead& ahead, const Levels& q, const Levels& observed) {
  Net net;
  const auto size = std::ssize(q);
  Tensor* y = LinearCase{}.both(net, ahead(net, net.input({1, size})));
  net.graph.rename(y, "y");
  net.finish(y);
  mark_checkpoints(net.graph);
  const ExactExecutor exact(net.graph, {ExactInput::integers(0, 1000)});
  return FloatChecker(net.graph, exact)
      .check({{q}}, {{{1, size}, {q.begin(), q.end()}}}, {{"y", observed}});
}

TEST(FloatChain, ExplainNothingWhereFloat32MayOverflow) {
  const auto product = [](Net& net, Tensor* x) {
    Tensor* large = net.add(ops::Mul{}, {x, net.scalar(0x1p126F)});
    return net.add(ops::Mul{}, {large, net.scalar(0x1p-126F)});
  };
  const FloatCheck sum = check_behind(product, {100, 2}, {255, 2});
  EXPECT_EQ(sum.differing, 1);
  EXPECT_EQ(sum.explained, 0);
  // e^1000 is infinite in double too.
  const auto power = [](Net& net, Tensor* x) { return net.add(ops::Exp{}, {x}); };
  const FloatCheck function = check_behind(power, {1000, 2}, {254, 7});
  EXPECT_EQ(function.differing, 1);
  EXPECT_EQ(function.explained, 0);
}

// ---- Moved, selected and compared before they are dequantised
// -------------------------------------------------------

Tensor* dimensions(Net& net, const Shape& shape) { return net.ints({shape.begin(), shape.end()}); }

/// Where a chain of moves has come to.
struct Way {
  Shape shape;
  Container container = Container::kUInt8;
};

/// A random operator on quantised integers of rank 4.
Tensor* add_move(Net& net, Tensor* q, Way& way, std::mt19937& random) {
  Shape& shape = way.shape;
  const auto pick = [&](int lo, int hi) { return std::uniform_int_distribution(lo, hi)(random); };
  const auto level = [&](std::int64_t value) {
    Tensor* tensor = net.graph.add_constant("level", Constant({}, Levels{value}));
    tensor->container = way.container;
    return tensor;
  };
  switch (pick(0, 9)) {
    case 0:
      return net.add(ops::Identity{}, {q});
    case 1: {
      ops::Transpose op;
      op.perm = pick(0, 1) == 0 ? Levels{0, 2, 3, 1} : Levels{0, 1, 3, 2};
      shape = {1, shape[op.perm[1]], shape[op.perm[2]], shape[op.perm[3]]};
      return net.add(op, {q});
    }
    case 2:
      shape = {1, shape[3], shape[1] * shape[2], 1};
      return net.add(ops::Reshape{}, {q, dimensions(net, shape)});
    case 3: {
      ops::Gather op;
      op.axis = pick(1, 3);
      const auto axis = static_cast<std::size_t>(op.axis);
      Levels chosen;
      for (std::int64_t i = shape[axis]; i-- > 0;)
        if (chosen.empty() || pick(0, 3) != 0) chosen.push_back(i);
      shape[axis] = std::ssize(chosen);
      return net.add(op, {q, net.ints(chosen)});
    }
    case 4: {
      ops::Concat op;
      op.axis = pick(1, 3);
      shape[static_cast<std::size_t>(op.axis)] *= 2;
      ops::Transpose same;
      same.perm = {0, 1, 2, 3};
      return net.add(op, {net.add(same, {q}), q});
    }
    case 5:
      shape = {1, shape[1], shape[2] + 1, shape[3] + 2};
      return net.add(ops::Pad{}, {q, net.ints({0, 0, 1, 0, 0, 0, 0, 2}), level(pick(0, 100))});
    case 6:
      return net.add(ops::Clip{}, {q, level(pick(0, 40)), level(pick(60, 120))});
    case 7:
      return net.add(ops::Relu{}, {q});
    case 8: {
      Tensor* axes = net.ints({0});
      return net.add(ops::Unsqueeze{}, {net.add(ops::Squeeze{}, {q, axes}), axes});
    }
    default: {
      ops::MaxPool op;
      op.window = window_of({2, 2}, {1, 0, 0, 1}, pick(1, 2));
      for (const std::size_t axis : {2, 3})
        shape[axis] = (shape[axis] - 1) / op.window.strides[0] + 1;
      return net.add(op, {q});
    }
  }
}

/// x / 3 * 7.5 -> QuantizeLinear -> moves -> DequantizeLinear y. With the scale 5 the exact argument
/// is x / 2: a tie for odd x, where float32 may go either way, and nothing near one for even x.
struct MovedLevels {
  static constexpr std::int64_t kSize = 32;
  const Shape shape = {1, 2, 4, 4};
  unsigned seed;
  LinearCase linear;
  Net net;
  Levels x;
  std::optional<ExactExecutor> exact;

  explicit MovedLevels(unsigned s) : seed(s) {
    std::mt19937 random(seed);
    const bool is_signed = seed % 2 == 0;
    linear = {5, is_signed ? -3 : 7, is_signed ? Container::kInt8 : Container::kUInt8};
    for (std::int64_t i = 0; i < kSize; ++i)
      x.push_back(std::uniform_int_distribution(is_signed ? -220 : 0, 220)(random));
    Tensor* third = net.add(ops::Div{}, {net.input(shape), net.scalar(3)});
    Tensor* q = linear.quantise(net, net.add(ops::Mul{}, {third, net.scalar(7.5F)}));
    Tensor* y = linear.dequantise(net, add_moves(net, q));
    net.graph.rename(y, "y");
    net.finish(y);
    mark_checkpoints(net.graph);
    exact.emplace(net.graph, std::vector{ExactInput::integers(-255, 255)});
  }

  Tensor* add_moves(Net& into, Tensor* q) const {
    std::mt19937 random(seed + 1000);
    Way way{shape, linear.container};
    const int count = std::uniform_int_distribution(1, 4)(random);
    for (int i = 0; i < count; ++i) q = add_move(into, q, way, random);
    return q;
  }

  std::vector<float> floats() const { return {x.begin(), x.end()}; }
  Levels observed() const {
    Levels levels;
    FloatExecutor(net.graph).run({{shape, floats()}}, [&](const Tensor& t, const FloatTensor& v) {
      for (const Checkpoint& checkpoint : net.graph.checkpoints())
        if (checkpoint.tensor == &t && checkpoint.has_map)
          levels = checkpoint_integers(checkpoint, v);
    });
    return levels;
  }
  FloatCheck check(const Levels& levels) const {
    return FloatChecker(net.graph, *exact).check({{x}}, {{shape, floats()}}, {{"y", levels}});
  }

  /// Where the moves take these levels of the quantiser. All moves are monotone: from the least
  /// levels to the least, and from the largest to the largest.
  template <typename Level>
  Levels moved(Level level) const {
    std::vector<float> levels;
    for (const std::int64_t value : x) levels.push_back(static_cast<float>(level(value)));
    Net alone;
    Tensor* in = alone.input(shape);
    in->container = linear.container;
    const std::vector<float> out = alone.run(add_moves(alone, in), {{shape, levels}});
    return {out.begin(), out.end()};
  }
  Levels lowest() const {
    return moved([&](std::int64_t v) { return linear.zero + decided(v, std::floor); });
  }
  Levels highest() const {
    return moved([&](std::int64_t v) { return linear.zero + decided(v, std::ceil); });
  }
  /// v / 3 * 7.5 / 5 is half of v: a tie for odd v, which rounding may take either way unless there
  /// is none, as for multiples of 3.
  static std::int64_t decided(std::int64_t v, double (*either)(double)) {
    const double level = static_cast<double>(v) / 2;
    return static_cast<std::int64_t>(v % 3 == 0 ? std::rint(level) : either(level));
  }
};

constexpr unsigned kChains = 150;

TEST(FloatChain, ExplainsWhatFloat32DecidesBehindAnyMoves) {
  std::int64_t differing = 0;
  for (unsigned seed = 0; seed < kChains; ++seed) {
    const MovedLevels levels(seed);
    SCOPED_TRACE(::testing::Message() << "seed " << seed << "\n" << to_text(levels.net.graph));
    for (const Levels& observed : {levels.observed(), levels.lowest(), levels.highest()}) {
      const FloatCheck check = levels.check(observed);
      EXPECT_TRUE(check.all_explained());
      differing += check.differing;
    }
  }
  EXPECT_GT(differing, 500);
}

/// A level beyond every one that rounding allows, at each place that can hold one.
std::int64_t check_planted(const MovedLevels& levels, std::int64_t step) {
  Levels planted = step < 0 ? levels.lowest() : levels.highest();
  const DataType type = container_type(levels.linear.container);
  const Levels last =
      levels.moved([&](std::int64_t) { return step < 0 ? type.min() : type.max(); });
  std::int64_t count = 0;
  for (std::size_t i = 0; i < planted.size(); ++i) {
    if (planted[i] == last[i]) continue;
    planted[i] += step;
    ++count;
  }
  const FloatCheck check = levels.check(planted);
  EXPECT_EQ(check.differing - check.explained, count);
  return count;
}

TEST(FloatChain, ExplainsNothingElseBehindAnyMoves) {
  std::int64_t planted = 0;
  for (unsigned seed = 0; seed < kChains; ++seed) {
    const MovedLevels levels(seed);
    SCOPED_TRACE(::testing::Message() << "seed " << seed << "\n" << to_text(levels.net.graph));
    planted += check_planted(levels, -1) + check_planted(levels, 1);
  }
  EXPECT_GT(planted, 5000);
}

TEST(FloatChain, FollowsAChannelsScaleToWhereItsIntegersWent) {
  // x / 3 * 7.5 in steps of 5 and of 10: 49 is a tie of the first alone, 50 of the second.
  Net net;
  Tensor* third = net.add(ops::Div{}, {net.input({1, 2, 1, 2}), net.scalar(3)});
  Tensor* scales = net.floats({2}, {5, 10});
  Tensor* zeros = net.ints({0, 0});
  zeros->container = Container::kInt8;
  Tensor* q = net.add(ops::QuantizeLinear{},
                      {net.add(ops::Mul{}, {third, net.scalar(7.5F)}), scales, zeros});
  ops::Transpose last;
  last.perm = {0, 2, 3, 1};
  ops::DequantizeLinear dequantise;
  dequantise.axis = 3;
  Tensor* y = net.add(dequantise, {net.add(last, {q}), scales, zeros});
  net.graph.rename(y, "y");
  net.finish(y);
  mark_checkpoints(net.graph);
  const ExactExecutor exact(net.graph, {ExactInput::integers(0, 255)});
  const FloatChecker checker(net.graph, exact);
  const auto explained = [&](const Levels& levels) {
    const FloatCheck check =
        checker.check({{{49, 50, 49, 50}}}, {{{1, 2, 1, 2}, {49, 50, 49, 50}}}, {{"y", levels}});
    EXPECT_EQ(check.differing, 1);
    return check.explained;
  };
  // Exactly 24.5, 25 and 12.25, 12.5.
  EXPECT_EQ(checker
                .check({{{49, 50, 49, 50}}}, {{{1, 2, 1, 2}, {49, 50, 49, 50}}},
                       {{"y", {24, 12, 25, 12}}})
                .differing,
            0);
  EXPECT_EQ(explained({25, 12, 25, 12}), 1);
  EXPECT_EQ(explained({24, 13, 25, 12}), 0);
  EXPECT_EQ(explained({24, 12, 26, 12}), 0);
  EXPECT_EQ(explained({24, 12, 25, 13}), 1);
}

TEST(FloatChain, ChecksTheNextLayerFromTheIntegersThatWereSelected) {
  // x / 3 * 7.5 in steps of 1 -> MaxPool -> a -> a / 4 -> b. 49 is 122.5, above 48 with 120.
  Net net;
  Tensor* third = net.add(ops::Div{}, {net.input({1, 1, 4}), net.scalar(3)});
  const LinearCase one{1, 0}, four{4, 0};
  ops::MaxPool pool;
  pool.window = window_of({2}, {0, 0}, 2);
  Tensor* q = one.quantise(net, net.add(ops::Mul{}, {third, net.scalar(7.5F)}));
  Tensor* a = one.dequantise(net, net.add(pool, {q}));
  Tensor* b = four.dequantise(net, net.add(pool, {four.quantise(net, a)}));
  net.graph.rename(a, "a");
  net.graph.rename(b, "b");
  net.finish(b);
  mark_checkpoints(net.graph);
  const ExactExecutor exact(net.graph, {ExactInput::integers(0, 100)});
  const FloatChecker checker(net.graph, exact);
  const auto check = [&](const Levels& first, std::int64_t second) {
    return checker.check({{{48, 49, 2, 4}}}, {{{1, 1, 4}, {48, 49, 2, 4}}},
                         {{"a", first}, {"b", {second}}});
  };
  EXPECT_EQ(check({122, 10}, 30).differing, 0);
  const FloatCheck tie = check({123, 10}, 31);  // 30.75 behind what float32 had
  EXPECT_EQ(tie.differing, 1);
  EXPECT_TRUE(tie.all_explained());
  EXPECT_EQ(tie.differences.at(0).value, 122.5);
  EXPECT_GT(tie.differences[0].slack, 0);
  EXPECT_FALSE(check({124, 10}, 31).all_explained());
  EXPECT_FALSE(check({122, 11}, 30).all_explained());
  // 30.5 has no rounding in it, behind a MaxPool as little as anywhere else.
  EXPECT_FALSE(check({122, 10}, 31).all_explained());
}

}  // namespace
}  // namespace assay
