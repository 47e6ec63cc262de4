// SPDX-License-Identifier: Apache-2.0
#include "golden/bounds/float_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "compile/base/error.h"
#include "golden/float_testing.h"

namespace assay {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;

constexpr double kU = 0x1p-24;

/// The output of a net with float32-exact inputs.
BoundedTensor bound(Net& net, Tensor* y, const std::vector<FloatTensor>& inputs,
                    const std::vector<std::vector<double>>& errors = {}) {
  const Graph& graph = net.finish(y);
  return FloatErrorBounds(graph).evaluate(inputs, errors, {}).at(y);
}

// ---- Hand-worked
// ------------------------------------------------------------------------------------------------------

TEST(FloatErrorBounds, AreZeroForExactQuantisers) {
  Net net;
  Tensor* x = net.input({4});
  Tensor* y = net.add(ops::Quant{}, {x, net.scalar(0.25), net.scalar(0), net.scalar(4)});
  const auto b = bound(net, y, {row({0.3F, -1, 9, 0})});
  EXPECT_THAT(b.value, ElementsAre(0.25, -1, 1.75, 0));
  EXPECT_THAT(b.error, Each(0.0));
}

TEST(FloatErrorBounds, CountTheRoundingOfDequantisation) {
  Net net;
  Tensor* x = net.input({2});
  Tensor* y = net.add(ops::Quant{}, {x, net.scalar(0.1F), net.scalar(0), net.scalar(4)});
  const auto b = bound(net, y, {row({0.3F, 0})});
  const double exact = 3 * static_cast<double>(0.1F);
  EXPECT_EQ(b.value[0], exact);
  EXPECT_NEAR(b.error[0], kU * exact, kU * exact * 1e-5);
  EXPECT_LE(std::fabs(static_cast<double>(3 * 0.1F) - exact), b.error[0]);
  EXPECT_GT(std::fabs(static_cast<double>(3 * 0.1F) - exact), 0);  // there is something to bound
}

TEST(FloatErrorBounds, ConstantsThatFloatCannotHold) {
  // A third, what lies between two denormals, and what is lost as zero.
  const std::vector<Real> values = {Real(mpq_class(1, 3)), Real::of(0x1.8p-148 + 0x1p-160),
                                    Real::of(0x1p-150), Real::of(0x1p-200)};
  Net net;
  Tensor* x = net.input({4});
  Tensor* y = net.add(ops::Mul{}, {x, net.graph.add_constant("c", Constant({4}, values))});
  const auto b = bound(net, y, {row({1, 1, 1, 1})});
  const auto floats = FloatExecutor(net.graph).run({row({1, 1, 1, 1})}).at(0).data;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double off = std::fabs(static_cast<double>(floats[i]) - values[i].to_double());
    EXPECT_GT(off, 0) << i;
    EXPECT_LE(off, b.error[i]) << i;
    EXPECT_LE(b.error[i], 3 * kU * values[i].to_double() + 4 * 0x1p-149) << i;
  }
}

TEST(FloatErrorBounds, AProbabilityThatIsLostIsOffByUnderflowsAlone) {
  Net net;
  Tensor* y = net.add(ops::Softmax{}, {net.input({1, 2})});
  const auto b = bound(net, y, {{{1, 2}, {0, -1000}}});
  EXPECT_THAT(b.value, ElementsAre(1, 0));
  // An exponential, a quotient and a sum of two.
  EXPECT_GE(b.error[1], 4 * 0x1p-149);
  EXPECT_LT(b.error[1], 4.5 * 0x1p-149);
}

TEST(FloatErrorBounds, StayWithinTheRangeOfAClip) {
  Net net;
  Tensor* y = net.add(ops::Clip{}, {net.input({2}), net.scalar(-1), net.scalar(2)});
  const auto b = bound(net, y, {row({0, 5})}, {{1000, 0.5}});
  EXPECT_THAT(b.value, ElementsAre(0, 2));
  EXPECT_NEAR(b.error[0], 3, 1e-4);
  EXPECT_NEAR(b.error[1], 0.5, 1e-4);
}

TEST(FloatErrorBounds, KnowASignUnlessTheErrorReachesZero) {
  Net net;
  Tensor* y = net.add(ops::Sign{}, {net.input({5})});
  const auto b = bound(net, y, {row({0, -3, 3, 0.5F, 0})}, {{0, 0.5, 0.5, 0.5, 0.1}});
  EXPECT_THAT(b.value, ElementsAre(0, -1, 1, 1, 0));
  EXPECT_THAT(b.error, ElementsAre(0, 0, 0, Ge(2), Ge(2)));
}

TEST(FloatErrorBounds, SeeWeightsThatFloatDecidesOtherwise) {
  // w/s = 1.49999995..., which float32 rounds to 1.5 and half-even to 2.
  constexpr float kWeight = 16777213, kScale = 11184809;
  Net net;
  Tensor* x = net.input({2});
  Tensor* w = net.add(ops::Quant{}, {net.floats({2}, {kWeight, kScale}), net.scalar(kScale),
                                     net.scalar(0), net.scalar(8)});
  Tensor* y = net.add(ops::Add{}, {x, w});
  const auto b = bound(net, y, {row({0, 0})});
  EXPECT_EQ(FloatExecutor(net.graph).constant(*w)->data[0], 2 * kScale);
  EXPECT_EQ(b.value[0], kScale);
  EXPECT_GE(b.error[0], kScale);
  EXPECT_LT(b.error[1], 2 * kU * kScale);
}

TEST(FloatErrorBounds, DecideExactWeightTiesInEveryMode) {
  const std::vector<float> x = {5.5, 2.5, 0.5, 2, 0, -0.5, -1, -1.5, -2.5, -5.5};
  for (const auto mode :
       {RoundingMode::kHalfEven, RoundingMode::kHalfUp, RoundingMode::kHalfDown,
        RoundingMode::kCeil, RoundingMode::kFloor, RoundingMode::kUp, RoundingMode::kDown}) {
    SCOPED_TRACE(rounding_mode_name(mode));
    Net net;
    Tensor* in = net.input({10});
    ops::Quant op;
    op.rounding_mode = mode;
    Tensor* y = net.add(op, {in, net.scalar(1), net.scalar(0), net.scalar(8)});
    const auto b = bound(net, y, {row(x)});
    const auto floats = FloatExecutor(net.graph).run({row(x)}).at(0).data;
    EXPECT_EQ(b.value, std::vector<double>(floats.begin(), floats.end()));
    EXPECT_THAT(b.error, Each(0.0));
  }
}

TEST(FloatErrorBounds, TakeInAWholeStepNearABoundary) {
  Net net;
  Tensor* x = net.input({3});
  Tensor* y = net.add(ops::Quant{}, {x, net.scalar(1), net.scalar(0), net.scalar(8)});
  const auto b = bound(net, y, {row({2.4F, 2.6F, 100})}, {{0.2, 0.01, 0.01}});
  EXPECT_GE(b.error[0], 1);
  EXPECT_LT(b.error[0], 1.001);
  EXPECT_EQ(b.error[1], 0);
  EXPECT_EQ(b.error[2], 0);
}

TEST(FloatErrorBounds, FollowTheErrorsOfInputs) {
  const auto binary = [](auto op) {
    Net net;
    Tensor* a = net.input({1});
    Tensor* b = net.input({1});
    return bound(net, net.add(op, {a, b}), {row({3}), row({2})}, {{0.1}, {0.01}}).error[0];
  };
  EXPECT_NEAR(binary(ops::Add{}), 0.11, 1e-5);
  EXPECT_NEAR(binary(ops::Sub{}), 0.11, 1e-5);
  EXPECT_NEAR(binary(ops::Mul{}), 0.231, 1e-5);
  EXPECT_NEAR(binary(ops::Div{}), (0.1 + 1.5 * 0.01) / 1.98, 1e-5);
  EXPECT_NEAR(binary(ops::Pow{}), std::pow(3.1, 2.01) - 9, 1e-5);
}

TEST(FloatErrorBounds, AreInfiniteForADivisionByWhatMayBeZero) {
  Net net;
  Tensor* a = net.input({1});
  Tensor* b = net.input({1});
  EXPECT_EQ(bound(net, net.add(ops::Div{}, {a, b}), {row({3}), row({0.5})}, {{0}, {0.5}}).error[0],
            HUGE_VAL);
}

TEST(FloatErrorBounds, AreInfiniteWhereFloatOverflows) {
  Net net;
  Tensor* x = net.input({1});
  EXPECT_EQ(bound(net, net.add(ops::Mul{}, {x, net.scalar(1e38F)}), {row({10})}).error[0],
            HUGE_VAL);
}

TEST(FloatErrorBounds, CountTheRoundingOfRealConstants) {
  Net net;
  Tensor* x = net.input({1});
  Tensor* third =
      net.graph.add_constant("third", Constant(Shape{1}, std::vector<Real>{Real(mpq_class(1, 3))}));
  const auto b = bound(net, net.add(ops::Mul{}, {x, third}), {row({3})});
  EXPECT_NEAR(b.value[0], 1, 1e-15);
  EXPECT_GE(b.error[0], 2 * kU);
  EXPECT_LT(b.error[0], 2.1 * kU);
}

TEST(FloatErrorBounds, MoveWithTheData) {
  Net net;
  Tensor* x = net.input({1, 1, 1, 3});
  ops::MaxPool pool;
  pool.window = {{1, 2}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
  const auto b = bound(net, net.add(pool, {x}), {{{1, 1, 1, 3}, {1, 2, 3}}}, {{0.5, 0, 0.25}});
  EXPECT_THAT(b.value, ElementsAre(2, 3));
  EXPECT_NEAR(b.error[0], 0.5, 1e-6);
  EXPECT_NEAR(b.error[1], 0.25, 1e-6);
}

TEST(FloatErrorBounds, KeepBitCountsExact) {
  Net net;
  Tensor* x = net.input({1, 3});
  Tensor* w = net.floats({3, 1}, {1, 0, 1});
  const auto b = bound(net, net.add(ops::XnorPopcountMatMul{}, {x, w}), {{{1, 3}, {1, 1, 1}}});
  EXPECT_EQ(b.value[0], 2);
  EXPECT_EQ(b.error[0], 0);
}

TEST(FloatErrorBounds, CountThresholdsWithinReach) {
  Net net;
  Tensor* x = net.input({1, 2});
  Tensor* t = net.floats({1, 3}, {1, 2, 3});
  const auto b =
      bound(net, net.add(ops::MultiThreshold{}, {x, t}), {{{1, 2}, {2.01F, 2.5F}}}, {{0.02, 0.02}});
  EXPECT_THAT(b.value, ElementsAre(2, 2));
  EXPECT_NEAR(b.error[0], 1, 1e-5);
  EXPECT_EQ(b.error[1], 0);
}

TEST(FloatErrorBounds, RefuseIntegersThatDoNotFitTheCheckpoint) {
  Net net;
  Tensor* x = net.input({2});
  Tensor* y = net.add(ops::Quant{}, {x, net.scalar(1), net.scalar(0), net.scalar(8)});
  net.finish(y);
  mark_checkpoints(net.graph);
  const FloatErrorBounds bounds(net.graph);
  EXPECT_THROW(bounds.evaluate({row({1, 2})}, {}, {{y->name, {1}}}), UserError);
}

TEST(FloatErrorBounds, TakeForcedIntegersInsteadOfComputedOnes) {
  Net net;
  Tensor* x = net.input({2});
  Tensor* y = net.add(ops::Quant{}, {x, net.scalar(0.5), net.scalar(1), net.scalar(8)});
  net.finish(y);
  mark_checkpoints(net.graph);
  ASSERT_FALSE(net.graph.checkpoints().empty());
  const auto b =
      FloatErrorBounds(net.graph).evaluate({row({1, 2})}, {}, {{y->name, {7, -3}}}).at(y);
  EXPECT_THAT(b.value, ElementsAre(3, -2));
  EXPECT_THAT(b.error, Each(0.0));
}

// ---- Decisions
// --------------------------------------------------------------------------------------------------------

/// The level of x/s + z by the definition, in rational arithmetic; HALF modes only.
std::int64_t exact_level(float x, float s, float z, RoundingMode mode) {
  const mpq_class u = mpq_class(static_cast<double>(x)) / mpq_class(static_cast<double>(s)) +
                      mpq_class(static_cast<double>(z));
  const mpq_class half(1, 2);
  const auto floor_of = [](const mpq_class& v) { return Real(v).floor().get_si(); };
  const bool tie = u - floor_of(u) == half;
  if (!tie) return floor_of(u + half);
  const std::int64_t below = floor_of(u);
  if (mode == RoundingMode::kHalfEven) return below % 2 == 0 ? below : below + 1;
  return (mode == RoundingMode::kHalfUp) == (u > 0) ? below + 1 : below;
}

struct SlackCount {
  int differing = 0, unexplained = 0;
};

/// Float32 inputs around the decision boundaries of a quantiser: where the float level differs from
/// the exact one, is the boundary within `share` of the slack?
SlackCount count_differences(RoundingMode mode, float s, float z, double share) {
  Net net;
  Tensor* in = net.input({1});
  ops::Quant op;
  op.rounding_mode = mode;
  Tensor* y = net.add(op, {in, net.scalar(s), net.scalar(z), net.scalar(8)});
  net.finish(y);
  const FloatErrorBounds bounds(net.graph);
  const FloatExecutor executor(net.graph);
  SlackCount count;
  for (int k = -100; k < 100; ++k) {
    const double boundary = (k + 0.5 - static_cast<double>(z)) * static_cast<double>(s);
    float x = static_cast<float>(boundary);
    for (int i = 0; i < 4; ++i) x = std::nextafter(x, -HUGE_VALF);
    for (int i = 0; i < 9; ++i, x = std::nextafter(x, HUGE_VALF)) {
      const float value = executor.run({row({x})}).at(0).data[0];
      const auto level =
          std::llrint(static_cast<double>(value) / static_cast<double>(s) + static_cast<double>(z));
      if (level == exact_level(x, s, z, mode)) continue;
      ++count.differing;
      const double slack = bounds.quantiser_slack(*y->producer, 0, static_cast<double>(x), 0);
      if (std::fabs(static_cast<double>(x) - boundary) > slack * share) ++count.unexplained;
    }
  }
  return count;
}

TEST(FloatErrorBounds, ExplainEveryFloatDecisionByTheSlack) {
  int differing = 0, shrunk = 0;
  for (const auto mode : {RoundingMode::kHalfEven, RoundingMode::kHalfUp, RoundingMode::kHalfDown})
    for (const float s : {0.1F, 0.7123F, 3.3F})
      for (const float z : {0.0F, 3.0F, 0.3F}) {
        SCOPED_TRACE(::testing::Message()
                     << rounding_mode_name(mode) << " scale " << s << " zero " << z);
        const SlackCount count = count_differences(mode, s, z, 1);
        EXPECT_EQ(count.unexplained, 0);
        differing += count.differing;
        shrunk += count_differences(mode, s, z, 1e-3).unexplained;
      }
  EXPECT_GT(differing, 50);
  EXPECT_GT(shrunk, 20) << "a slack a thousand times too small must be seen";
}

// ---- Random stretches of a network
// ------------------------------------------------------------------------------------

/// conv - batch normalisation - add - relu - average, written down once for any arithmetic and
/// order.
struct Stretch {
  std::int64_t channels, outputs, size, kernel;
  std::vector<float> x, w, bias, gain, shift, mean, var, shortcut;

  explicit Stretch(std::mt19937& random) {
    const auto pick = [&](int lo, int hi) { return std::uniform_int_distribution(lo, hi)(random); };
    channels = pick(1, 8);
    outputs = pick(1, 4);
    kernel = pick(1, 3);
    size = kernel + pick(0, 3);
    const float input_scale = std::exp2(std::normal_distribution<float>(-2, 2)(random));
    const auto fill = [&](std::vector<float>& v, std::int64_t n, float scale) {
      v.resize(static_cast<std::size_t>(n));
      for (float& value : v) value = scale * std::normal_distribution<float>(0, 1)(random);
    };
    fill(x, channels * size * size, input_scale);
    fill(w, outputs * channels * kernel * kernel, 0.3F);
    for (auto* v : {&bias, &gain, &shift, &mean, &var}) fill(*v, outputs, 1);
    for (float& v : var) v = v * v + 1e-3F;
    fill(shortcut, outputs * out() * out(), 1);
  }
  std::int64_t out() const { return size - kernel + 1; }

  Graph graph() const {
    Net net;
    Tensor* in = net.input({1, channels, size, size});
    Tensor* other = net.input({1, outputs, out(), out()});
    ops::Conv conv;
    conv.window = {{kernel, kernel}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
    Tensor* y = net.add(conv, {in, net.floats({outputs, channels, kernel, kernel}, w),
                               net.floats({outputs}, bias)});
    y = net.add(ops::BatchNormalization{},
                {y, net.floats({outputs}, gain), net.floats({outputs}, shift),
                 net.floats({outputs}, mean), net.floats({outputs}, var)});
    y = net.add(ops::Relu{}, {net.add(ops::Add{}, {y, other})});
    net.finish(net.add(ops::GlobalAveragePool{}, {y}));
    return std::move(net.graph);
  }

  /// form: 0 affine, 1 centred, 2 divided. `backward` reverses the order of every sum.
  template <typename T>
  std::vector<T> evaluate(int form, bool backward, bool fused) const {
    const auto mac = [&](T a, T b, T c) {
      return fused ? std::fma(a, b, c) : static_cast<T>(a * b) + c;
    };
    std::vector<T> averages;
    for (std::int64_t o = 0; o < outputs; ++o) {
      std::vector<T> plane;
      for (std::int64_t p = 0; p < out() * out(); ++p) {
        const T y = normalise(convolve(o, p, backward, mac), o, form, mac);
        plane.push_back(std::max<T>(
            y + static_cast<T>(shortcut[static_cast<std::size_t>(o * out() * out() + p)]), 0));
      }
      if (backward) std::ranges::reverse(plane);
      averages.push_back(std::accumulate(plane.begin(), plane.end(), T(0)) /
                         static_cast<T>(plane.size()));
    }
    return averages;
  }

 private:
  template <typename Mac, typename T = decltype(std::declval<Mac>()({}, {}, {}))>
  T convolve(std::int64_t o, std::int64_t p, bool backward, const Mac& mac) const {
    const std::int64_t taps = channels * kernel * kernel;
    T sum = backward ? static_cast<T>(bias[static_cast<std::size_t>(o)]) : T(0);
    for (std::int64_t k = 0; k < taps; ++k) {
      const std::int64_t t = backward ? taps - 1 - k : k;
      const std::int64_t c = t / (kernel * kernel), h = p / out() + t / kernel % kernel,
                         v = p % out() + t % kernel;
      sum = mac(static_cast<T>(w[static_cast<std::size_t>(o * taps + t)]),
                static_cast<T>(x[static_cast<std::size_t>((c * size + h) * size + v)]), sum);
    }
    return backward ? sum : sum + static_cast<T>(bias[static_cast<std::size_t>(o)]);
  }
  template <typename T, typename Mac>
  T normalise(T y, std::int64_t channel, int form, const Mac& mac) const {
    const auto c = static_cast<std::size_t>(channel);
    const T g = static_cast<T>(gain[c]), b = static_cast<T>(shift[c]), m = static_cast<T>(mean[c]);
    const T root = std::sqrt(static_cast<T>(var[c]) + static_cast<T>(1e-5F));
    if (form == 2) return mac((y - m) / root, g, b);
    const T slope = form == 0 ? g * (T(1) / root) : g / root;
    return form == 0 ? mac(y, slope, b - m * slope) : mac(y - m, slope, b);
  }
};

struct Tally {
  int compared = 0, outside = 0;
  double tightest = 0;  ///< the largest share of a bound that was used
};

Tally sweep_seeds(int graphs, unsigned seed, double share) {
  std::mt19937 random(seed);
  Tally tally;
  for (int g = 0; g < graphs; ++g) {
    const Stretch stretch(random);
    const Graph graph = stretch.graph();
    const Tensor* y = graph.outputs().at(0);
    const std::int64_t out = stretch.out();
    const std::vector<FloatTensor> inputs = {
        {{1, stretch.channels, stretch.size, stretch.size}, stretch.x},
        {{1, stretch.outputs, out, out}, stretch.shortcut}};
    const BoundedTensor bounds = FloatErrorBounds(graph).evaluate(inputs, {}, {}).at(y);
    const auto exact = stretch.evaluate<long double>(0, false, false);
    std::vector<std::vector<float>> runs = {FloatExecutor(graph).run(inputs).at(0).data};
    for (const int form : {0, 1, 2})
      for (const bool backward : {false, true})
        for (const bool fused : {false, true})
          runs.push_back(stretch.evaluate<float>(form, backward, fused));
    for (const auto& run : runs)
      for (std::size_t i = 0; i < run.size(); ++i) {
        const auto difference =
            static_cast<double>(std::fabs(static_cast<long double>(run[i]) - exact[i]));
        ++tally.compared;
        if (difference > bounds.error[i] * share) ++tally.outside;
        if (bounds.error[i] > 0)
          tally.tightest = std::max(tally.tightest, difference / bounds.error[i]);
        EXPECT_NEAR(bounds.value[i], static_cast<double>(exact[i]), bounds.error[i] * 0x1p-20);
      }
  }
  return tally;
}

TEST(FloatErrorBounds, HoldForEveryOrderAndFormOfRandomStretches) {
  constexpr unsigned kSeed = 20;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  const Tally tally = sweep_seeds(200, kSeed, 1);
  EXPECT_EQ(tally.outside, 0);
  EXPECT_GT(tally.compared, 3000);
  EXPECT_GT(tally.tightest, 0.02) << "the bounds say nothing";
}

TEST(FloatErrorBounds, AreSeenToBeBrokenWhenTooSmall) {
  EXPECT_GT(sweep_seeds(20, 20, 0.01).outside, 0);
}

TEST(FloatErrorBoundsNightly, HoldForManyRandomStretches) {
  EXPECT_EQ(sweep_seeds(20000, 21, 1).outside, 0);
}

// ---- Every operator against its own float32
// ------------------------------------------------------------------------------

/// Runs `op` in float32 on rounded inputs: the difference from the value must stay within the
/// bound, and perturbed inputs within their errors must too.
template <typename T>
void check_operator(T op, const std::vector<Shape>& shapes, std::size_t constants = 0) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (int trial = 0; trial < 20; ++trial) {
    Net net;
    std::vector<Tensor*> operands;
    std::vector<FloatTensor> exact, moved;
    std::vector<std::vector<double>> errors;
    for (std::size_t k = 0; k < shapes.size(); ++k) {
      FloatTensor value{shapes[k],
                        std::vector<float>(static_cast<std::size_t>(element_count(shapes[k])))};
      for (float& v : value.data) v = std::fabs(normal(random)) + 0.1F;
      if (k + constants >= shapes.size()) {
        operands.push_back(net.floats(value.shape, value.data));
        continue;
      }
      operands.push_back(net.input(value.shape));
      exact.push_back(value);
      errors.emplace_back();
      for (float& v : value.data) {
        const float before = v;
        v *= 1 + 1e-4F * normal(random);
        errors.back().push_back(std::fabs(static_cast<double>(v) - static_cast<double>(before)));
      }
      moved.push_back(std::move(value));
    }
    Tensor* y = net.add(op, operands);
    net.finish(y);
    const FloatExecutor executor(net.graph);
    const FloatErrorBounds bounds(net.graph);
    for (const bool perturbed : {false, true}) {
      const auto b =
          bounds.evaluate(exact, perturbed ? errors : std::vector<std::vector<double>>{}, {}).at(y);
      const auto got = executor.run(perturbed ? moved : exact).at(0).data;
      for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_LE(std::fabs(static_cast<double>(got[i]) - b.value[i]), b.error[i] * (1 + 1e-6))
            << op.type() << i;
        EXPECT_LT(b.error[i], 0.1 * (1 + std::fabs(b.value[i])))
            << op.type() << " has a bound without use";
      }
    }
  }
}

/// Far below the largest, the exponent itself is rounded to what is much of a small value.
TEST(FloatErrorBounds, HoldForSoftmaxOfValuesThatAreFarApart) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> far(-80, 0);
  for (int trial = 0; trial < 200; ++trial) {
    Net net;
    Tensor* y = net.add(ops::Softmax{}, {net.input({1, 3})});
    net.finish(y);
    const std::vector<FloatTensor> x = {{{1, 3}, {far(random), 0.1F, far(random)}}};
    const auto bound = FloatErrorBounds(net.graph).evaluate(x, {}, {}).at(y);
    const auto got = FloatExecutor(net.graph).run(x).at(0).data;
    for (std::size_t i = 0; i < got.size(); ++i)
      EXPECT_LE(std::fabs(static_cast<double>(got[i]) - bound.value[i]), bound.error[i])
          << "trial " << trial << ", element " << i;
  }
}

TEST(FloatErrorBounds, HoldForEveryOperator) {
  check_operator(ops::Add{}, {{2, 3}, {3}});
  check_operator(ops::Sub{}, {{3}, {2, 3}});
  check_operator(ops::Mul{}, {{2, 3}, {2, 1}});
  check_operator(ops::Div{}, {{2, 3}, {2, 3}});
  check_operator(ops::Pow{}, {{2, 3}, {}}, 1);
  check_operator(ops::Relu{}, {{4}});
  check_operator(ops::Softmax{}, {{2, 5}});
  check_operator(ops::MatMul{}, {{2, 3, 4}, {4, 5}});
  ops::Gemm gemm;
  gemm.alpha = 0.3F;
  gemm.beta = 1.7F;
  gemm.trans_a = gemm.trans_b = true;
  check_operator(gemm, {{4, 3}, {2, 4}, {3, 1}});
  ops::Conv conv;
  conv.group = 2;
  conv.window = {{2, 3}, {1, 2}, {1, 0, 0, 1}, {2, 1}};
  check_operator(conv, {{2, 4, 5, 6}, {6, 2, 2, 3}, {6}}, 2);
  ops::ConvTranspose transposed;
  transposed.group = 2;
  transposed.window = {{2, 3}, {1, 2}, {1, 0, 0, 1}, {2, 1}};
  transposed.output_padding = {0, 1};
  check_operator(transposed, {{2, 4, 3, 3}, {4, 2, 2, 3}, {4}});
  check_operator(ops::BatchNormalization{}, {{2, 3, 2}, {3}, {3}, {3}, {3}}, 4);
  ops::AveragePool average;
  average.window = {{2, 2}, {1, 1}, {1, 0, 0, 1}, {1, 1}};
  check_operator(average, {{1, 2, 3, 3}});
  average.count_include_pad = true;
  check_operator(average, {{1, 2, 3, 3}});
  check_operator(ops::GlobalAveragePool{}, {{2, 3, 4, 4}});
  check_operator(ops::GlobalAveragePool{}, {{1, 1, 4, 4}});
  check_operator(ops::Flatten{}, {{2, 3}});
  check_operator(ops::BipolarQuant{}, {{4}, {}}, 1);
}

}  // namespace
}  // namespace assay
