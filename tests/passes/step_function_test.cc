// SPDX-License-Identifier: Apache-2.0
// The steps of every quantiser, worked by hand.
#include "compile/passes/thresholds/step_function.h"

#include "passes/pass_check.h"

namespace assay {
namespace {

using Steps = std::vector<std::string>;

/// The boundaries of all levels above the lowest: ">-1/2" (strict) or ">=1/2".
Steps steps_of(const StepFunction& f, std::size_t row = 0) {
  Steps steps;
  for (std::int64_t k = f.lo + 1; k <= f.hi; ++k) {
    const Boundary b = f.boundary(k, row);
    EXPECT_EQ(b.approx, b.at.to_double());
    EXPECT_EQ(b.exact, Real::of(b.approx) == b.at);
    steps.push_back((b.strict ? ">" : ">=") + b.at.str());
  }
  return steps;
}

/// The step function of the only node of a graph.
StepFunction only(Net& net) {
  const auto f = step_function(*net.graph.nodes().back());
  EXPECT_TRUE(f.has_value());
  return f.value_or(StepFunction{});
}

StepFunction quant_of(float bits, bool is_signed, bool narrow, RoundingMode mode, float zero = 0,
                      float scale = 0.5F) {
  Net net;
  ops::Quant op;
  op.is_signed = is_signed;
  op.narrow = narrow;
  op.rounding_mode = mode;
  net.quant(net.input({1, 2}), net.number(scale), net.number(zero), bits, op);
  infer_shapes(net.graph);
  return only(net);
}

TEST(StepFunction, EveryRoundingModePutsTiesWhereItSays) {
  const auto steps = [](RoundingMode mode) { return steps_of(quant_of(3, true, true, mode)); };
  // Levels -2, -1, 0, 1, 2, 3 of a narrow signed 3-bit quantiser.
  EXPECT_EQ(steps(RoundingMode::kHalfEven),
            (Steps{">=-5/2", ">-3/2", ">=-1/2", ">1/2", ">=3/2", ">5/2"}));
  EXPECT_EQ(steps(RoundingMode::kHalfUp),
            (Steps{">-5/2", ">-3/2", ">-1/2", ">=1/2", ">=3/2", ">=5/2"}));
  EXPECT_EQ(steps(RoundingMode::kHalfDown),
            (Steps{">=-5/2", ">=-3/2", ">=-1/2", ">1/2", ">3/2", ">5/2"}));
  EXPECT_EQ(steps(RoundingMode::kCeil), (Steps{">-3", ">-2", ">-1", ">0", ">1", ">2"}));
  EXPECT_EQ(steps(RoundingMode::kFloor), (Steps{">=-2", ">=-1", ">=0", ">=1", ">=2", ">=3"}));
  EXPECT_EQ(steps(RoundingMode::kUp), (Steps{">=-2", ">=-1", ">=0", ">0", ">1", ">2"}));
  EXPECT_EQ(steps(RoundingMode::kDown), (Steps{">-3", ">-2", ">-1", ">=1", ">=2", ">=3"}));
}

TEST(StepFunction, RangesAreThoseOfTheBitWidth) {
  const auto range = [](float bits, bool is_signed, bool narrow) {
    const StepFunction f = quant_of(bits, is_signed, narrow, RoundingMode::kHalfEven);
    return std::pair(f.lo, f.hi);
  };
  EXPECT_EQ(range(4, false, false), std::pair(0L, 15L));
  EXPECT_EQ(range(4, false, true), std::pair(0L, 14L));
  EXPECT_EQ(range(4, true, false), std::pair(-8L, 7L));
  EXPECT_EQ(range(4, true, true), std::pair(-7L, 7L));
  EXPECT_EQ(range(1, false, false), std::pair(0L, 1L));
}

TEST(StepFunction, AQuantiserIsCarriedFromItsRealZero) {
  const StepFunction f = quant_of(4, false, false, RoundingMode::kHalfEven, 3, 0.25F);
  EXPECT_EQ(f.inverse_scale, RealArray(Real(4)));
  EXPECT_EQ(f.zero, RealArray(Real(3)));
  EXPECT_EQ(f.t_bias, -3);  // t = level - 3, real = t / 4
  EXPECT_EQ(f.out_scale, RealArray(Real::of(0.25)));
  EXPECT_EQ(f.out_offset, RealArray());
  EXPECT_EQ(f.natural, DataType::smallest_for(-3, 12));
}

TEST(StepFunction, AFractionalZeroPointBecomesAnOffset) {
  const StepFunction f = quant_of(4, false, false, RoundingMode::kHalfEven, 2.5F, 0.5F);
  EXPECT_EQ(f.t_bias, 0);
  EXPECT_EQ(f.out_offset, RealArray(Real::of(-1.25)));
}

TEST(StepFunction, OneSignedBitIsBipolar) {
  const StepFunction f = quant_of(1, true, false, RoundingMode::kHalfEven);
  EXPECT_EQ(steps_of(f), Steps{">=0"});
  EXPECT_EQ(std::pair(f.t_scale, f.t_bias), std::pair(2L, -1L));
  EXPECT_EQ(f.natural, DataType::bipolar());
}

TEST(StepFunction, BipolarQuantTakesZeroUp) {
  Net net;
  net.add(ops::BipolarQuant{}, {net.input({1, 2}), net.number(0.75F)});
  infer_shapes(net.graph);
  const StepFunction f = only(net);
  EXPECT_EQ(steps_of(f), Steps{">=0"});
  EXPECT_EQ(f.out_scale, RealArray(Real::of(0.75)));
  EXPECT_EQ(f.natural, DataType::bipolar());
}

TEST(StepFunction, SignHasThreeLevels) {
  Net net;
  net.add(ops::Sign{}, {net.input({1, 2})});
  infer_shapes(net.graph);
  EXPECT_EQ(steps_of(only(net)), (Steps{">=0", ">0"}));
}

StepFunction quantize_linear(std::int64_t zero, Container container) {
  Net net;
  net.add(ops::QuantizeLinear{},
          {net.input({1, 2}), net.number(0.5F), net.ints({}, {zero}, container)});
  infer_shapes(net.graph);
  return only(net);
}

TEST(StepFunction, QuantizeLinearRoundsBeforeItAddsTheZeroPoint) {
  // With zero point 3 the level 4 is round(u) = 1: u = 1/2 is a tie that goes to the even 0.
  const StepFunction f = quantize_linear(3, Container::kUInt8);
  EXPECT_EQ(std::pair(f.lo, f.hi), std::pair(0L, 255L));
  const auto text = [&](std::int64_t k) {
    const Boundary b = f.boundary(k);
    return (b.strict ? ">" : ">=") + b.at.str();
  };
  EXPECT_EQ(text(4), ">1/2");
  EXPECT_EQ(text(5), ">=3/2");
  EXPECT_EQ(text(3), ">=-1/2");
  EXPECT_EQ(text(2), ">-3/2");
  EXPECT_EQ(text(1), ">=-5/2");
}

TEST(StepFunction, QuantizeLinearToInt8IsSigned) {
  const StepFunction f = quantize_linear(-5, Container::kInt8);
  EXPECT_EQ(std::pair(f.lo, f.hi), std::pair(-128L, 127L));
  EXPECT_EQ(f.boundary(-4).at, Real::of(0.5));  // round(u) = 1
  EXPECT_TRUE(f.boundary(-4).strict);
}

TEST(StepFunction, MultiThresholdSortsAndKeepsIntegersAsTheyAre) {
  Net net;
  ops::MultiThreshold op;
  op.out_dtype = DataType::sint(3);
  op.out_scale = 2;
  op.out_bias = -3;
  net.add(op, {net.input({1, 2, 1, 1}), net.floats({2, 3}, {3, -1, 0.5F, 7, 7, -2})});
  infer_shapes(net.graph);
  const StepFunction f = only(net);
  EXPECT_EQ(steps_of(f, 0), (Steps{">=-1", ">=1/2", ">=3"}));
  EXPECT_EQ(steps_of(f, 1), (Steps{">=-2", ">=7", ">=7"}));
  EXPECT_EQ(std::pair(f.t_scale, f.t_bias), std::pair(2L, -3L));
  EXPECT_EQ(f.out_scale, RealArray(Real(1)));
  EXPECT_EQ(f.thresholds.shape, (Shape{1, 2, 1, 1, 3}));
}

StepFunction trunc_of(std::int64_t version, std::vector<float> parameters, RoundingMode mode) {
  Net net;
  ops::Trunc op;
  op.version = version;
  op.rounding_mode = mode;
  op.is_signed = false;
  std::vector<Tensor*> inputs{net.input({1, 2})};
  for (const float p : parameters) inputs.push_back(net.number(p));
  net.add(op, inputs);
  infer_shapes(net.graph);
  return only(net);
}

TEST(StepFunction, TruncOfVersionOneRoundsTwiceAndKeepsItsScale) {
  // 6 -> 4 bits: y = half_even(u), then floor(y / 4). Level 1 starts at y = 4, u = 7/2 (a tie that
  // goes to the even 4); level 3 at y = 12, u = 23/2.
  const StepFunction f = trunc_of(1, {1, 0, 6, 4}, RoundingMode::kFloor);
  EXPECT_FALSE(f.bounded);
  EXPECT_EQ(f.shift, 2);
  EXPECT_EQ(f.boundary(1).at, Real::of(3.5));
  EXPECT_FALSE(f.boundary(1).strict);
  EXPECT_EQ(f.boundary(3).at, Real::of(11.5));
  EXPECT_EQ(f.out_scale, RealArray(Real(1)));
}

TEST(StepFunction, TruncOfVersionOneRoundsTheQuotientInItsMode) {
  // round_half_even(y / 2): 1 is reached at y = 2 (1/2 goes to 0), 2 at y = 3 (3/2 goes to 2), and
  // 3 at y = 6. y = 3 is u > 5/2, as the tie goes to 2.
  const StepFunction f = trunc_of(1, {1, 0, 5, 4}, RoundingMode::kHalfEven);
  const auto text = [&](std::int64_t k) {
    return (f.boundary(k).strict ? ">" : ">=") + f.boundary(k).at.str();
  };
  EXPECT_EQ(text(1), ">=3/2");
  EXPECT_EQ(text(2), ">5/2");
  EXPECT_EQ(text(3), ">=11/2");
}

TEST(StepFunction, TruncOfVersionTwoClampsAndHasItsOwnScale) {
  const StepFunction f = trunc_of(2, {1, 0, 6, 4, 4}, RoundingMode::kFloor);
  EXPECT_TRUE(f.bounded);
  EXPECT_EQ(std::pair(f.lo, f.hi), std::pair(0L, 15L));
  EXPECT_EQ(f.shift, 2);
  EXPECT_EQ(f.boundary(1).at, Real::of(3.5));
  EXPECT_EQ(f.out_scale, RealArray(Real(4)));
}

TEST(StepFunction, TruncOfVersionTwoTakesTheNearestPowerOfTwo) {
  // log2(6 / 1) = 2.58 is nearer to 3, log2(5.5 / 1) = 2.46 to 2.
  EXPECT_EQ(trunc_of(2, {1, 0, 6, 6, 4}, RoundingMode::kFloor).shift, 3);
  EXPECT_EQ(trunc_of(2, {1, 0, 6, 5.5F, 4}, RoundingMode::kFloor).shift, 2);
  EXPECT_EQ(trunc_of(2, {1, 0, 6, 0.25F, 4}, RoundingMode::kFloor).shift, -2);
}

TEST(StepFunction, NodesWithoutStepsHaveNone) {
  Net net;
  net.add(ops::Relu{}, {net.input({1, 2})});
  infer_shapes(net.graph);
  EXPECT_FALSE(step_function(*net.graph.nodes().back()).has_value());
}

TEST(StepFunction, BadParametersAreRefusedWithTheNode) {
  const auto message = [](float scale, float bits) {
    return user_error_of([&] { quant_of(bits, true, false, RoundingMode::kHalfEven, 0, scale); });
  };
  EXPECT_THAT(message(-1, 4), ::testing::HasSubstr("the scale must be positive"));
  EXPECT_THAT(message(1, 40), ::testing::HasSubstr("a bit width of 40 is outside [1, 32]"));
  EXPECT_THAT(
      message(1, 2.5F),
      ::testing::HasSubstr("the bit width must be one integer; give all channels the same"));
  EXPECT_THAT(message(1, 0), ::testing::HasSubstr("node 'Quant"));
}

}  // namespace
}  // namespace assay
