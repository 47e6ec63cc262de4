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

}  // namespace
}  // namespace assay
