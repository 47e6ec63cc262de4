// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "compile/base/error.h"
#include "golden/float_testing.h"
#include "golden/floating/kernels.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

constexpr float kInf = std::numeric_limits<float>::infinity();

struct QuantFields {
  float scale = 1, zero = 0, bits = 8;
  bool is_signed = true, narrow = false;
  RoundingMode mode = RoundingMode::kHalfEven;
};

std::vector<float> quant(const QuantFields& fields, std::vector<float> x) {
  ops::Quant op;
  op.is_signed = fields.is_signed;
  op.narrow = fields.narrow;
  op.rounding_mode = fields.mode;
  return apply(op, row(std::move(x)),
               {number(fields.scale), number(fields.zero), number(fields.bits)})
      .data;
}

TEST(FloatQuantise, RoundsByEveryModesTable) {
  const std::vector<float> x = {5.5, 2.5, 1.6, 1.1, 1.0, -1.0, -1.1, -1.6, -2.5, -5.5};
  const std::vector<std::pair<RoundingMode, std::vector<float>>> table = {
      {RoundingMode::kHalfEven, {6, 2, 2, 1, 1, -1, -1, -2, -2, -6}},
      {RoundingMode::kHalfUp, {6, 3, 2, 1, 1, -1, -1, -2, -3, -6}},
      {RoundingMode::kHalfDown, {5, 2, 2, 1, 1, -1, -1, -2, -2, -5}},
      {RoundingMode::kCeil, {6, 3, 2, 2, 1, -1, -1, -1, -2, -5}},
      {RoundingMode::kFloor, {5, 2, 1, 1, 1, -1, -2, -2, -3, -6}},
      {RoundingMode::kUp, {6, 3, 2, 2, 1, -1, -2, -2, -3, -6}},
      {RoundingMode::kDown, {5, 2, 1, 1, 1, -1, -1, -1, -2, -5}},
  };
  for (const auto& [mode, expected] : table) {
    SCOPED_TRACE(rounding_mode_name(mode));
    EXPECT_EQ(quant({.mode = mode}, x), expected);
  }
}

TEST(FloatQuantise, RoundsHalvesInFloatAsTheReferenceDoes) {
  // fl(0.49999997 + 0.5) is 1, and fl(8388609 + 0.5) is 8388610.
  EXPECT_EQ(float_round(0.49999997F, RoundingMode::kHalfUp), 1.0F);
  EXPECT_EQ(float_round(8388609.0F, RoundingMode::kHalfUp), 8388610.0F);
  EXPECT_EQ(float_round(0.49999997F, RoundingMode::kHalfEven), 0.0F);
}

TEST(FloatQuantise, ScalesAndSaturates) {
  EXPECT_THAT(
      quant({.scale = 0.5, .bits = 2, .is_signed = false}, {-1, 0.2F, 0.25F, 0.75F, 1.25F, 2}),
      ElementsAre(0, 0, 0, 1, 1, 1.5));
  EXPECT_THAT(quant({.bits = 3}, {-9, -4, 3, 9}), ElementsAre(-4, -4, 3, 3));
  EXPECT_THAT(quant({.bits = 3, .narrow = true}, {-9, 9}), ElementsAre(-3, 3));
  EXPECT_THAT(quant({.bits = 2, .is_signed = false, .narrow = true}, {-1, 9}), ElementsAre(0, 2));
}

TEST(FloatQuantise, GivesASignedBitTheValuesPlusAndMinusOne) {
  EXPECT_THAT(quant({.scale = 2, .bits = 1}, {-0.0F, 0, -0.1F, 5}), ElementsAre(2, 2, -2, 2));
  EXPECT_THAT(quant({.bits = 1, .is_signed = false}, {-1, 0.5F, 0.6F}), ElementsAre(0, 0, 1));
  // The zero point moves the boundary and stays in the output.
  EXPECT_THAT(quant({.zero = 0.5, .bits = 1}, {-0.4F, -0.6F}), ElementsAre(0.5, -1.5));
}

TEST(FloatQuantise, AddsTheZeroPointBeforeRounding) {
  EXPECT_THAT(quant({.zero = 1, .is_signed = false}, {0.5, 1.5, 2.5}), ElementsAre(1, 1, 3));
}

TEST(FloatQuantise, KeepsNegativeZeroAndNaN) {
  const auto y = quant({}, {-0.3F, std::nanf("")});
  EXPECT_TRUE(y[0] == 0 && std::signbit(y[0]));
  EXPECT_TRUE(std::isnan(y[1]));
}

TEST(FloatQuantise, BroadcastsScalesOfChannels) {
  const FloatTensor w{{2, 2}, {1, 2, 3, 4}};
  EXPECT_THAT(apply(ops::Quant{}, w, {{{2, 1}, {1, 3}}, number(0), number(8)}).data,
              ElementsAre(1, 2, 3, 3));
  const FloatTensor x{{1, 2, 1, 2}, {1, 2, 3, 4}};
  EXPECT_THAT(apply(ops::Quant{}, x, {{{1, 2, 1, 1}, {1, 3}}, number(0), number(8)}).data,
              ElementsAre(1, 2, 3, 3));
  // Trailing axes align: a vector of two scales is along the last axis.
  EXPECT_THAT(apply(ops::Quant{}, x, {row({1, 3}), row({0, 1}), number(8)}).data,
              ElementsAre(1, 3, 3, 3));
}

TEST(FloatQuantise, TakesTheSignInBipolarQuant) {
  EXPECT_THAT(
      apply(ops::BipolarQuant{}, row({-0.0F, 0, -1e-30F, 7, std::nanf("")}), {number(0.5)}).data,
      ElementsAre(0.5, 0.5, -0.5, 0.5, -0.5));
}

TEST(FloatQuantise, TruncatesByVersionOneAndTwo) {
  ops::Trunc v1, v2;
  v2.version = 2;
  const auto x = row({6, 10, 11});
  EXPECT_THAT(apply(v1, x, {number(1), number(0), number(6), number(4)}).data,
              ElementsAre(1, 2, 2));
  EXPECT_THAT(apply(v2, x, {number(1), number(0), number(6), number(4), number(4)}).data,
              ElementsAre(4, 8, 8));
}

TEST(FloatQuantise, TruncatesWithRoundingSaturationAndZeroPoint) {
  ops::Trunc v1;
  v1.rounding_mode = RoundingMode::kHalfEven;
  // Integers 5, 6, 10, -6 (scale 0.5, zero point 0) in quarters: 1.25, 1.5, 2.5, -1.5.
  EXPECT_THAT(apply(v1, row({2.5, 3, 5, -3}), {number(0.5), number(0), number(6), number(4)}).data,
              ElementsAre(0.5, 1, 1, -1));
  ops::Trunc v2;
  v2.version = 2;
  v2.is_signed = false;
  // Zero point 2: 14 + 2 = 16, a quarter of it saturates at 3; 3 - 2/4 = 2.5 steps of 4.
  EXPECT_THAT(
      apply(v2, row({14, -9}), {number(1), number(2), number(6), number(4), number(2)}).data,
      ElementsAre(10, -2));
}

std::vector<float> minifloat(const ops::FloatQuant& op, std::vector<float> x, float exponent,
                             float mantissa, float bias, float max) {
  return apply(op, row(std::move(x)),
               {number(1), number(exponent), number(mantissa), number(bias), number(max)})
      .data;
}

TEST(FloatQuantise, RoundsToMinifloats) {
  ops::FloatQuant op;
  EXPECT_THAT(minifloat(op, {0.3F, 17, 19, 0.001F, 0.0009F, 500, -500, 0}, 4, 3, 7, 448),
              ElementsAre(0.3125, 16, 20, 0x1p-9F, 0, 448, -448, 0));
  EXPECT_THAT(minifloat(op, {5, 9, 11, 1e6F, 0x1p-16F, 0x1p-17F}, 5, 2, 15, 57344),
              ElementsAre(5, 8, 12, 57344, 0x1p-16F, 0));
  EXPECT_THAT(minifloat(op, {1e6F}, 4, 3, 7, 1e9F), ElementsAre(480));  // no code is reserved
  EXPECT_THAT(minifloat(op, {1e6F}, 5, 2, 15, 1e9F), ElementsAre(114688));
  EXPECT_THAT(minifloat(op, {99}, 2, 3, 1, 1e9F),
              ElementsAre(7.5));  // the microscaling formats' maxima
  EXPECT_THAT(minifloat(op, {99}, 3, 2, 3, 1e9F), ElementsAre(28));
  EXPECT_THAT(minifloat(op, {99}, 2, 1, 1, 1e9F), ElementsAre(6));
}

TEST(FloatQuantise, TakesMinifloatLogarithmsInFloat) {
  ops::FloatQuant op;
  op.rounding_mode = RoundingMode::kFloor;  // log2(1023.99994) rounds to 10, one binade too high
  EXPECT_THAT(minifloat(op, {1023.99994F}, 5, 2, 15, 57344), ElementsAre(768));
}

TEST(FloatQuantise, OverflowsMinifloatsAsTheFormatSays) {
  ops::FloatQuant op;
  op.saturation = false;
  op.has_inf = true;
  EXPECT_THAT(minifloat(op, {1e6F, -1e6F, 1}, 5, 2, 15, 57344), ElementsAre(kInf, -kInf, 1));
  // The largest value is none too large.
  EXPECT_THAT(minifloat(op, {57344, -57344}, 5, 2, 15, 57344), ElementsAre(57344, -57344));
  op.has_inf = false;
  op.has_nan = true;
  EXPECT_TRUE(std::isnan(minifloat(op, {1e6F}, 4, 3, 7, 448)[0]));
  op.has_nan = false;
  EXPECT_THROW(minifloat(op, {1}, 4, 3, 7, 448), UserError);
}

TEST(FloatQuantise, CountsThresholdsInclusively) {
  ops::MultiThreshold op;
  const FloatTensor x{{1, 2, 1, 3}, {0.5F, 1, 2.5F, -1, 0, 4}};
  const FloatTensor t{{2, 3},
                      {1, 2, 2, 0, -2, 5}};  // duplicates and unsorted ones are just counted
  EXPECT_THAT(apply(op, x, {t}).data, ElementsAre(0, 1, 3, 1, 2, 2));
  op.out_scale = 2;
  op.out_bias = -1;
  EXPECT_THAT(apply(op, x, {t}).data, ElementsAre(-1, 1, 5, 1, 3, 3));
  op = {};
  op.data_layout = Layout::kNHWC;
  EXPECT_THAT(apply(op, {{1, 1, 2, 2}, {1, 0, 2, -2}}, {t}).data, ElementsAre(1, 2, 3, 1));
  EXPECT_THAT(apply(op, {{1, 2}, {1, 3}}, {{{1, 2}, {1, 3}}}).data, ElementsAre(1, 2));
}

/// Q then DQ with a zero point in the given container.
std::vector<float> quantise_dequantise(FloatTensor x, FloatTensor scale, FloatTensor zero,
                                       Container container, std::vector<float>* levels = nullptr) {
  Net net;
  Tensor* in = net.input(x.shape);
  Tensor* s = net.floats(scale.shape, scale.data);
  Tensor* z = net.floats(zero.shape, zero.data);
  z->container = container;
  Tensor* q = net.add(ops::QuantizeLinear{}, {in, s, z});
  Tensor* y = net.add(ops::DequantizeLinear{}, {q, s, z});
  const FloatExecutor executor(net.finish(y));
  return executor
      .run({std::move(x)},
           [&](const Tensor& tensor, const FloatTensor& value) {
             if (levels && &tensor == q) *levels = value.data;
           })
      .at(0)
      .data;
}

TEST(FloatQuantise, AddsTheLinearZeroPointAfterRounding) {
  EXPECT_THAT(quantise_dequantise(row({0.5, 1.5, 2.5}), number(1), number(1), Container::kUInt8),
              ElementsAre(0, 2, 2));
}

TEST(FloatQuantise, SaturatesLinearLevelsToTheContainer) {
  std::vector<float> levels;
  quantise_dequantise(row({-300, 300, 3}), number(1), number(2), Container::kInt8, &levels);
  EXPECT_THAT(levels, ElementsAre(-128, 127, 5));
  quantise_dequantise(row({-300, 300, 3}), number(1), number(2), Container::kUInt8, &levels);
  EXPECT_THAT(levels, ElementsAre(0, 255, 5));
}

TEST(FloatQuantise, QuantisesLinearlyAlongAnAxis) {
  EXPECT_THAT(
      quantise_dequantise({{1, 2, 2}, {3, 5, 3, 5}}, row({1, 2}), row({0, 0}), Container::kInt8),
      ElementsAre(3, 5, 4, 4));
}

TEST(FloatQuantise, TakesUnsignedBytesWithoutAZeroPoint) {
  EXPECT_THAT(apply(ops::QuantizeLinear{}, row({-3, 300, 2.5}), {number(1)}).data,
              ElementsAre(0, 255, 2));
}

}  // namespace
}  // namespace assay
