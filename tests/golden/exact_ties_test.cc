// SPDX-License-Identifier: Apache-2.0
// Quantisers at and near their decision boundaries. Every expected number is worked out by hand
// from the operator's definition.
#include <gtest/gtest.h>

#include <cmath>

#include "golden/exact_testing.h"

namespace assay {
namespace {

//                           x = -2.5 -1.75 -1.5 -1.25 -.5 -.25  0 .25 .5 .75 1.5 2.5
const Levels kQuarters = {-10, -7, -6, -5, -2, -1, 0, 1, 2, 3, 6, 10};

struct ModeCase {
  RoundingMode mode;
  Levels expected;
};

const std::vector<ModeCase>& mode_cases() {
  static const std::vector<ModeCase> cases = {
      {RoundingMode::kHalfEven, {-2, -2, -2, -1, 0, 0, 0, 0, 0, 1, 2, 2}},
      {RoundingMode::kHalfUp, {-3, -2, -2, -1, -1, 0, 0, 0, 1, 1, 2, 3}},
      {RoundingMode::kHalfDown, {-2, -2, -1, -1, 0, 0, 0, 0, 0, 1, 1, 2}},
      {RoundingMode::kCeil, {-2, -1, -1, -1, 0, 0, 0, 1, 1, 1, 2, 3}},
      {RoundingMode::kFloor, {-3, -2, -2, -2, -1, -1, 0, 0, 0, 0, 1, 2}},
      {RoundingMode::kUp, {-3, -2, -2, -2, -1, -1, 0, 1, 1, 1, 2, 3}},
      {RoundingMode::kDown, {-2, -1, -1, -1, 0, 0, 0, 0, 0, 0, 1, 2}},
  };
  return cases;
}

TEST(ExactTies, EveryRoundingModeAtAPowerOfTwoScale) {
  for (const ModeCase& c : mode_cases())
    EXPECT_EQ(quant_levels({.scale = 0.5F, .mode = c.mode}, kQuarters, ratio(1, 8)), c.expected)
        << rounding_mode_name(c.mode);
}

TEST(ExactTies, EveryRoundingModeAtAFreeScale) {
  // x is a multiple of scale / 4 that no float32 holds: the ties are exact all the same.
  for (const float scale : {0.3F, 1.0F / 255, 0.0123F})
    for (const ModeCase& c : mode_cases())
      EXPECT_EQ(
          quant_levels({.scale = scale, .mode = c.mode}, kQuarters, Real::of(scale) * ratio(1, 4)),
          c.expected)
          << rounding_mode_name(c.mode) << " " << scale;
}

TEST(ExactTies, EveryRoundingModeAtAScaleWithASquareRoot) {
  // x = q sqrt(2) / 4, quantised at sqrt(2) by a normalisation: variance 2, gamma 1.
  for (const ModeCase& c : mode_cases()) {
    Net net;
    ops::BatchNormalization norm;
    norm.epsilon = 0;
    const auto n = static_cast<std::int64_t>(kQuarters.size());
    Tensor* x = net.input({1, 1, n});
    Tensor* y = net.add(norm, {x, net.floats({1}, {1}), net.floats({1}, {0}), net.floats({1}, {0}),
                               net.floats({1}, {2})});
    EXPECT_EQ(exact_levels(net, add_quant(net, y, {.mode = c.mode}), kQuarters,
                           Real::sqrt(2) * ratio(1, 4)),
              c.expected)
        << rounding_mode_name(c.mode);
  }
}

TEST(ExactTies, NearTiesFallOnTheirOwnSide) {
  // x = (2^39 + d) / 2^40 and (3 * 2^39 + d) / 2^40: 1/2 and 3/2 but for 2^-40.
  constexpr std::int64_t kHalf = std::int64_t{1} << 39;
  const Levels q = {kHalf - 1,     kHalf,  kHalf + 1,  3 * kHalf - 1, 3 * kHalf,
                    3 * kHalf + 1, -kHalf, -kHalf - 1, -3 * kHalf,    -3 * kHalf + 1};
  const Real step = Real::of(0x1p-40);
  EXPECT_EQ(quant_levels({}, q, step), (Levels{0, 0, 1, 1, 2, 2, 0, -1, -2, -1}));
  EXPECT_EQ(quant_levels({.mode = RoundingMode::kHalfUp}, q, step),
            (Levels{0, 1, 1, 1, 2, 2, -1, -1, -2, -1}));
  EXPECT_EQ(quant_levels({.mode = RoundingMode::kHalfDown}, q, step),
            (Levels{0, 0, 1, 1, 1, 2, 0, -1, -1, -1}));
  for (const float scale : {0.3F, 1.0F / 255}) {
    const Real free = Real::of(scale) * step;
    EXPECT_EQ(quant_levels({.scale = scale}, q, free), (Levels{0, 0, 1, 1, 2, 2, 0, -1, -2, -1}));
  }
}

TEST(ExactTies, TheLargestDoubleBelowAHalfRoundsToZero) {
  // (2^53 - 1) / 2^54: adding 1/2 in double arithmetic gives 1.
  constexpr std::int64_t kBelow = (std::int64_t{1} << 53) - 1;
  for (const RoundingMode mode :
       {RoundingMode::kHalfEven, RoundingMode::kHalfUp, RoundingMode::kHalfDown})
    for (const double half : {0x1p-54, 0x1p-55})
      EXPECT_EQ(quant_levels({.mode = mode}, {kBelow, -kBelow}, Real::of(half)), (Levels{0, 0}))
          << rounding_mode_name(mode);
  // 2^51 - 1 steps of 2^-52 are 1/2 - 2^-52, the same with arithmetic that fits a double.
  constexpr std::int64_t kNear = (std::int64_t{1} << 51) - 1;
  EXPECT_EQ(quant_levels({.mode = RoundingMode::kHalfUp}, {kNear, kNear + 1}, Real::of(0x1p-52)),
            (Levels{0, 1}));
}

TEST(ExactTies, NearCeilingsAndFloorsFallOnTheirOwnSide) {
  constexpr std::int64_t kOne = std::int64_t{1} << 40;
  const Levels q = {kOne - 1, kOne, kOne + 1, -kOne - 1, -kOne, -kOne + 1};
  const Real step = Real::of(0.3F) * Real::of(0x1p-40);
  const auto levels = [&](RoundingMode mode) {
    return quant_levels({.scale = 0.3F, .mode = mode}, q, step);
  };
  EXPECT_EQ(levels(RoundingMode::kCeil), (Levels{1, 1, 2, -1, -1, 0}));
  EXPECT_EQ(levels(RoundingMode::kFloor), (Levels{0, 1, 1, -2, -1, -1}));
  EXPECT_EQ(levels(RoundingMode::kUp), (Levels{1, 1, 2, -2, -1, -1}));
  EXPECT_EQ(levels(RoundingMode::kDown), (Levels{0, 1, 1, -1, -1, 0}));
}

TEST(ExactTies, SaturationIsTheBitWidths) {
  // x = -9, -4.5, -3.5, 3.5, 6.5, 9
  const Levels q = {-18, -9, -7, 7, 13, 18};
  const Real half = ratio(1, 2);
  EXPECT_EQ(quant_levels({.bits = 3}, q, half), (Levels{-4, -4, -4, 3, 3, 3}));
  EXPECT_EQ(quant_levels({.bits = 3, .narrow = true}, q, half), (Levels{-3, -3, -3, 3, 3, 3}));
  EXPECT_EQ(quant_levels({.bits = 3, .is_signed = false}, q, half), (Levels{0, 0, 0, 4, 6, 7}));
  EXPECT_EQ(quant_levels({.bits = 3, .is_signed = false, .narrow = true}, q, half),
            (Levels{0, 0, 0, 4, 6, 6}));
}

TEST(ExactTies, OneSignedBitIsTheSign) {
  // x = -1/4, 0, 1/4; narrow changes nothing.
  for (const bool narrow : {false, true})
    EXPECT_EQ(quant_levels({.bits = 1, .narrow = narrow}, {-1, 0, 1}, ratio(1, 4)),
              (Levels{-1, 1, 1}));
  // With zero point 1 and scale 2 the sign is that of x / 2 + 1: x = -2.25, -2, 0; the result is
  // (level - 1) * 2.
  const QuantCase offset{.scale = 2, .zero = 1, .bits = 1};
  EXPECT_EQ(quant_levels(offset, {-9, -8, 0}, ratio(1, 4)), (Levels{-1, 1, 1}));
  EXPECT_EQ(quant_texts(offset, {-9, -8, 0}, ratio(1, 4)), (Texts{"-4", "0", "0"}));
}

TEST(ExactTies, OneUnsignedBitIsZeroOrOne) {
  // x = -1, 0, .5, .75, 1.5, 4
  EXPECT_EQ(quant_levels({.bits = 1, .is_signed = false}, {-4, 0, 2, 3, 6, 16}, ratio(1, 4)),
            (Levels{0, 0, 0, 1, 1, 1}));
}

Tensor* add_qdq(Net& net, Tensor* x, float scale, std::int64_t zero, Container container) {
  Tensor* point = net.graph.add_constant("zero", Constant({}, std::vector<std::int64_t>{zero}));
  point->container = container;
  Tensor* q = net.add(ops::QuantizeLinear{}, {x, net.scalar(scale), point});
  return net.add(ops::DequantizeLinear{}, {q, net.scalar(scale), point});
}

TEST(ExactTies, QuantAddsItsZeroPointBeforeRoundingAndQuantizeLinearAfter) {
  // x / s = .5, 1.5, 2.5
  const Levels q = {1, 3, 5};
  const auto linear = [&](std::int64_t zero) {
    Net net;
    Tensor* y = add_qdq(net, net.input({3}), 1, zero, Container::kUInt8);
    const ExactRun run = run_exactly(net, y, q, ratio(1, 2));
    return std::pair(run.checkpoints.at(1).q, texts(run.outputs.at(0)));
  };
  // Odd: .5 + 1 = 1.5 -> 2, 2.5 -> 2, 3.5 -> 4; behind rounding: 0, 2, 2.
  EXPECT_EQ(quant_levels({.zero = 1}, q, ratio(1, 2)), (Levels{2, 2, 4}));
  EXPECT_EQ(quant_texts({.zero = 1}, q, ratio(1, 2)), (Texts{"1", "1", "3"}));
  EXPECT_EQ(linear(1), std::pair(Levels{1, 3, 3}, Texts{"0", "2", "2"}));
  // Even: no difference.
  EXPECT_EQ(quant_levels({.zero = 2}, q, ratio(1, 2)), (Levels{2, 4, 4}));
  EXPECT_EQ(quant_texts({.zero = 2}, q, ratio(1, 2)), (Texts{"0", "2", "2"}));
  EXPECT_EQ(linear(2), std::pair(Levels{2, 4, 4}, Texts{"0", "2", "2"}));
}

TEST(ExactTies, ZeroPointsShiftWhereValuesSaturate) {
  // Two bits around zero point 1 with scale .5: levels 0..3 are -.5, 0, .5, 1.
  EXPECT_EQ(quant_texts({.scale = 0.5F, .zero = 1, .bits = 2, .is_signed = false}, {-20, 0, 1, 20},
                        ratio(1, 4)),
            (Texts{"-1/2", "0", "1/2", "1"}));
  Net net;
  Tensor* y = add_qdq(net, net.input({3}), 2, 250, Container::kUInt8);
  EXPECT_EQ(exact_texts(net, y, {1000, -1000, 3}), (Texts{"10", "-500", "4"}));
  Net with_sign;
  Tensor* z = add_qdq(with_sign, with_sign.input({3}), 2, -3, Container::kInt8);
  EXPECT_EQ(exact_texts(with_sign, z, {1000, -1000, 5}), (Texts{"260", "-250", "4"}));
}

/// batch norm (epsilon 0, one channel) in front of a signed 8-bit Quant with scale 1.
Levels normalised_levels(float gamma, float beta, float mean, float variance, const Levels& q) {
  Net net;
  ops::BatchNormalization norm;
  norm.epsilon = 0;
  Tensor* x = net.input({1, 1, static_cast<std::int64_t>(q.size())});
  Tensor* y = net.add(norm, {x, net.floats({1}, {gamma}), net.floats({1}, {beta}),
                             net.floats({1}, {mean}), net.floats({1}, {variance})});
  return exact_levels(net, add_quant(net, y, {}), q);
}

TEST(ExactTies, ANegativeGammaReversesTheOrder) {
  // -(x - 1) / 2 + 1 at -2, 0, 2, 4, 6 is 2.5, 1.5, .5, -.5, -1.5.
  EXPECT_EQ(normalised_levels(-1, 1, 1, 4, {-2, 0, 2, 4, 6}), (Levels{2, 2, 0, 0, -2}));
}

TEST(ExactTies, AZeroGammaLeavesTheBias) {
  EXPECT_EQ(normalised_levels(0, 2.5F, 1, 4, {-2, 0, 100}), (Levels{2, 2, 2}));
  EXPECT_EQ(normalised_levels(0, 3.5F, 1, 3, {-2, 0, 100}), (Levels{4, 4, 4}));
}

TEST(ExactTies, ANormalisationKeepsItsSquareRoot) {
  // x / sqrt(2): .707, 1.414, 2.121, 2.828, 3.536, -3.536
  EXPECT_EQ(normalised_levels(1, 0, 0, 2, {1, 2, 3, 4, 5, -5}), (Levels{1, 1, 2, 3, 4, -4}));
}

TEST(ExactTies, TwoSquareRootsThatCancelLeaveATie) {
  // x / sqrt(2) / sqrt(2) = x / 2
  Net net;
  ops::BatchNormalization norm;
  norm.epsilon = 0;
  Tensor* y = net.input({1, 1, 4});
  for (int i = 0; i < 2; ++i)
    y = net.add(norm, {y, net.floats({1}, {1}), net.floats({1}, {0}), net.floats({1}, {0}),
                       net.floats({1}, {2})});
  EXPECT_EQ(exact_levels(net, add_quant(net, y, {}), {1, 3, 5, -1}), (Levels{0, 2, 2, 0}));
}

TEST(ExactTies, TheExactValueDecidesWhereFloat32FallsOnTheOtherSide) {
  // x / 3 * 7.5 = 2.5 x: 122.5, 252.5, 507.5. Two roundings in float32 leave the tie.
  const Levels q = {49, 101, 203};
  const Levels exact = {122, 252, 508}, in_float = {123, 253, 507};
  for (std::size_t i = 0; i < q.size(); ++i)
    EXPECT_EQ(std::lrint(static_cast<float>(q[i]) / 3.0F * 7.5F), in_float[i]);
  Net net;
  Tensor* third = net.add(ops::Div{}, {net.input({3}), net.scalar(3)});
  Tensor* y = net.add(ops::Mul{}, {third, net.scalar(7.5F)});
  EXPECT_EQ(exact_levels(net, add_quant(net, y, {.bits = 16}), q), exact);
  Net again;
  Tensor* x = again.input({3});
  Tensor* z =
      again.add(ops::Mul{}, {again.add(ops::Div{}, {x, again.scalar(3)}), again.scalar(7.5F)});
  const std::vector<float> floats =
      again.run(add_quant(again, z, {.bits = 16}), {row({49, 101, 203})});
  EXPECT_EQ(floats, (std::vector<float>{123, 253, 507}));
}

TEST(ExactTies, APixelScaleThatIsNoFloatDoesNotMoveAPixel) {
  // x / 255 at the float32 next to 1/255, which is a little more: u = x (1 - 1.6e-8) stays x.
  Net net;
  Tensor* x = net.add(ops::Div{}, {net.input({4}), net.scalar(255)});
  EXPECT_EQ(
      exact_levels(net, add_quant(net, x, {.scale = 1.0F / 255, .bits = 8, .is_signed = false}),
                   {0, 1, 128, 255}),
      (Levels{0, 1, 128, 255}));
  // With FLOOR the little less counts.
  Net floored;
  Tensor* y = floored.add(ops::Div{}, {floored.input({4}), floored.scalar(255)});
  EXPECT_EQ(
      exact_levels(
          floored,
          add_quant(
              floored, y,
              {.scale = 1.0F / 255, .bits = 8, .is_signed = false, .mode = RoundingMode::kFloor}),
          {0, 1, 128, 255}),
      (Levels{0, 0, 127, 254}));
}

struct TruncCase {
  std::int64_t version = 1;
  float in_bits = 6, out_bits = 4, out_scale = 4, zero = 0;
  RoundingMode mode = RoundingMode::kFloor;
  bool is_signed = true, narrow = false;
};

Texts truncated(const TruncCase& c, const Levels& q, const Real& step = Real(1)) {
  Net net;
  ops::Trunc trunc;
  trunc.version = c.version;
  trunc.rounding_mode = c.mode;
  trunc.is_signed = c.is_signed;
  trunc.narrow = c.narrow;
  std::vector<Tensor*> inputs = {net.input({static_cast<std::int64_t>(q.size())}), net.scalar(1),
                                 net.scalar(c.zero), net.scalar(c.in_bits)};
  if (c.version == 2) inputs.push_back(net.scalar(c.out_scale));
  inputs.push_back(net.scalar(c.out_bits));
  return exact_texts(net, net.add(trunc, inputs), q, step);
}

TEST(ExactTies, TruncOfVersion1KeepsTheScale) {
  EXPECT_EQ(truncated({}, {6, 10, 11}), (Texts{"1", "2", "2"}));
  EXPECT_EQ(truncated({.mode = RoundingMode::kHalfEven}, {6, 10, 11, -6}),
            (Texts{"2", "2", "3", "-2"}));
  EXPECT_EQ(truncated({.mode = RoundingMode::kHalfUp}, {6, 10, 11, -6}),
            (Texts{"2", "3", "3", "-2"}));
  EXPECT_EQ(truncated({}, {-6, -8}), (Texts{"-2", "-2"}));
  // The input is rounded half to even first: 3.5 -> 4 -> 1, 2.5 -> 2 -> 0.
  EXPECT_EQ(truncated({}, {7, 5}, ratio(1, 2)), (Texts{"1", "0"}));
  // Nothing saturates: 400 / 4.
  EXPECT_EQ(truncated({}, {400}), Texts{"100"});
  // (floor((6 + 1) / 4) - 1) * 1
  EXPECT_EQ(truncated({.zero = 1}, {6, 7}), (Texts{"0", "1"}));
}

TEST(ExactTies, TruncOfVersion2ChangesTheScaleAndSaturates) {
  EXPECT_EQ(truncated({.version = 2}, {6, 10, 11}), (Texts{"4", "8", "8"}));
  EXPECT_EQ(truncated({.version = 2, .mode = RoundingMode::kHalfEven}, {6, 10, 11, -6}),
            (Texts{"8", "8", "12", "-8"}));
  EXPECT_EQ(truncated({.version = 2}, {40, -40}), (Texts{"28", "-32"}));
  EXPECT_EQ(truncated({.version = 2, .narrow = true}, {40, -40}), (Texts{"28", "-28"}));
  EXPECT_EQ(truncated({.version = 2, .is_signed = false}, {40, 70, -40}), (Texts{"40", "60", "0"}));
  // Zero point 1 is 1/4 behind the shift: floor(7 / 4) - 1/4, times 4.
  EXPECT_EQ(truncated({.version = 2, .zero = 1}, {6}), Texts{"3"});
}

TEST(ExactTies, TruncIsExactBeyondTheIntegersOfADouble) {
  // floor((2^55 - 1) / 2^4) = 2^51 - 1; in double 2^55 - 1 is 2^55.
  constexpr std::int64_t kOdd = (std::int64_t{1} << 55) - 1;
  EXPECT_EQ(truncated({.in_bits = 8, .out_bits = 4}, {kOdd, kOdd + 1, -kOdd}),
            (Texts{"2251799813685247", "2251799813685248", "-2251799813685248"}));
  // 2^59 + 1 in steps of 1/2 ties between 2^58 and 2^58 + 1.
  EXPECT_EQ(truncated({.in_bits = 4, .out_bits = 4},
                      {(std::int64_t{1} << 59) + 1, (std::int64_t{1} << 59) + 3}, ratio(1, 2)),
            (Texts{"288230376151711744", "288230376151711746"}));
}

TEST(ExactTies, BipolarQuantMapsZeroToPlusOne) {
  Net net;
  Tensor* y = net.add(ops::BipolarQuant{}, {net.input({3}), net.scalar(0.5F)});
  EXPECT_EQ(exact_texts(net, y, {-1, 0, 1}, Real::of(0x1p-40)), (Texts{"-1/2", "1/2", "1/2"}));
}

TEST(ExactTies, BipolarQuantSeesAnExactZeroThroughSquareRoots) {
  // (x - 3) / sqrt(7) + 0 is 0 at x = 3 only.
  Net net;
  ops::BatchNormalization norm;
  norm.epsilon = 0;
  Tensor* x = net.add(norm, {net.input({1, 1, 3}), net.floats({1}, {1}), net.floats({1}, {0}),
                             net.floats({1}, {3}), net.floats({1}, {7})});
  EXPECT_EQ(exact_levels(net, net.add(ops::BipolarQuant{}, {x, net.scalar(1)}), {2, 3, 4}),
            (Levels{-1, 1, 1}));
}

TEST(ExactTies, SignOfZeroIsZero) {
  Net net;
  EXPECT_EQ(exact_texts(net, net.add(ops::Sign{}, {net.input({3})}), {-1, 0, 1}, ratio(1, 4)),
            (Texts{"-1", "0", "1"}));
}

TEST(ExactTies, AReluInFrontDoesNotMoveTheLevels) {
  // x = -1.5, -.5, 0, .5, 1.5, 2.5
  const Levels q = {-3, -1, 0, 1, 3, 5};
  const auto levels = [&](const QuantCase& c) {
    Net net;
    return exact_levels(net, add_quant(net, net.add(ops::Relu{}, {net.input({6})}), c), q,
                        ratio(1, 2));
  };
  EXPECT_EQ(levels({}), (Levels{0, 0, 0, 0, 2, 2}));
  EXPECT_EQ(levels({.bits = 2}), (Levels{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(levels({.zero = 1}), (Levels{1, 1, 1, 2, 2, 4}));
  EXPECT_EQ(levels({.zero = -1}), (Levels{-1, -1, -1, 0, 0, 2}));
  EXPECT_EQ(levels({.bits = 1}), (Levels{1, 1, 1, 1, 1, 1}));
}

Texts thresholded(ops::MultiThreshold op, const Shape& shape, const FloatTensor& thresholds,
                  const Levels& q, const Real& step = Real(1)) {
  Net net;
  op.out_dtype = DataType::uint(4);
  Tensor* x = net.input(shape);
  return exact_texts(net, net.add(op, {x, net.floats(thresholds.shape, thresholds.data)}), q, step);
}

TEST(ExactTies, AThresholdThatIsMetCounts) {
  const FloatTensor t{{1, 3}, {3, 1, 2}};  // in no order: only their number counts
  EXPECT_EQ(thresholded({}, {1, 1, 5}, t, {0, 1, 2, 3, 4}), (Texts{"0", "1", "2", "3", "3"}));
  ops::MultiThreshold bipolar;
  bipolar.out_scale = 2;
  bipolar.out_bias = -1;
  EXPECT_EQ(thresholded(bipolar, {1, 1, 3}, {{1, 1}, {0}}, {-1, 0, 1}), (Texts{"-1", "1", "1"}));
  // Equal thresholds skip a level.
  EXPECT_EQ(thresholded({}, {1, 1, 2}, {{1, 2}, {1, 1}}, {0, 1}), (Texts{"0", "2"}));
}

TEST(ExactTies, AThresholdIsTheNumberThatIsStored) {
  // fl(.3) = .3 + 1.19e-8: 3/10 does not reach it, fl(.3) itself does.
  const FloatTensor t{{1, 1}, {0.3F}};
  EXPECT_EQ(thresholded({}, {1, 1, 2}, t, {3, 4}, ratio(1, 10)), (Texts{"0", "1"}));
  EXPECT_EQ(thresholded({}, {1, 1, 2}, t, {0, 1}, Real::of(0.3F)), (Texts{"0", "1"}));
}

TEST(ExactTies, ThresholdsFollowTheChannelAxisOfTheirLayout) {
  const FloatTensor t{{2, 1}, {1, 5}};
  EXPECT_EQ(thresholded({}, {1, 2, 1, 2}, t, {0, 1, 4, 5}), (Texts{"0", "1", "0", "1"}));
  ops::MultiThreshold last;
  last.data_layout = Layout::kNHWC;
  EXPECT_EQ(thresholded(last, {1, 2, 1, 2}, t, {0, 1, 4, 5}), (Texts{"0", "0", "1", "1"}));
}

Texts float_quantised(float exponent_bits, float mantissa_bits, float bias, float most, float scale,
                      const Levels& q, const Real& step) {
  Net net;
  Tensor* x = net.input({static_cast<std::int64_t>(q.size())});
  return exact_texts(
      net,
      net.add(ops::FloatQuant{}, {x, net.scalar(scale), net.scalar(exponent_bits),
                                  net.scalar(mantissa_bits), net.scalar(bias), net.scalar(most)}),
      q, step);
}

TEST(ExactTies, FloatQuantRoundsToItsFormat) {
  // e2m1 with bias 1: 0, .5, 1, 1.5, 2, 3, 4, 6.
  // x = .25 .75 1.25 1.75 2.5 3.5 5 7 -5 100 .5
  EXPECT_EQ(float_quantised(2, 1, 1, 6, 1, {1, 3, 5, 7, 10, 14, 20, 28, -20, 400, 2}, ratio(1, 4)),
            (Texts{"0", "1", "1", "2", "2", "4", "4", "6", "-4", "6", "1/2"}));
  // e2m3 reaches 7.5, e3m2 reaches 28; max_val cuts lower.
  EXPECT_EQ(float_quantised(2, 3, 1, 7.5F, 1, {8, -8}, Real(1)), (Texts{"15/2", "-15/2"}));
  EXPECT_EQ(float_quantised(3, 2, 3, 100, 1, {29, 100, 27}, Real(1)), (Texts{"28", "28", "28"}));
  EXPECT_EQ(float_quantised(3, 2, 3, 24, 1, {29, 22}, Real(1)), (Texts{"24", "24"}));
  // The scale divides first: .5 / 2 is the tie at .25.
  EXPECT_EQ(float_quantised(2, 1, 1, 6, 2, {1, 3}, ratio(1, 2)), (Texts{"0", "2"}));
}

}  // namespace
}  // namespace assay
