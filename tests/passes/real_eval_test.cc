// SPDX-License-Identifier: Apache-2.0
#include "support/real_eval.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::real_eval {
namespace {

using ::testing::ElementsAre;

Real q(long numerator, long denominator = 1) { return Real(mpq_class(numerator, denominator)); }

RealTensor tensor(Shape shape, std::vector<Real> values) {
  return {std::move(shape), std::move(values)};
}

std::vector<std::string> texts(const RealTensor& t) {
  std::vector<std::string> out;
  for (const Real& value : t.values) out.push_back(value.str());
  return out;
}

/// Runs one operator on constants.
template <typename OpType>
RealTensor run(OpType op, std::vector<RealTensor> inputs, std::size_t output = 0) {
  Graph graph;
  std::vector<Tensor*> operands;
  std::map<std::string, RealTensor> values;
  for (RealTensor& input : inputs) {
    Tensor* t = graph.add_input("", input.shape);
    values[t->name] = std::move(input);
    operands.push_back(t);
  }
  std::vector<Tensor*> outputs;
  for (int i = 0; i < OpType::kOutputs; ++i)
    outputs.push_back(graph.add_tensor("out" + std::to_string(i)));
  graph.add_node(std::make_unique<OpType>(op), operands, outputs);
  return evaluate(graph, values).at("out" + std::to_string(output));
}

const RealTensor kOne = tensor({}, {q(1)}), kZero = tensor({}, {q(0)});

std::vector<std::string> quantised(RoundingMode mode, bool is_signed, bool narrow, long bits,
                                   const RealTensor& zero) {
  ops::Quant op;
  op.rounding_mode = mode;
  op.is_signed = is_signed;
  op.narrow = narrow;
  const RealTensor x =
      tensor({8}, {q(-9), q(-5, 2), q(-3, 2), q(-1, 2), q(1, 2), q(3, 2), q(5, 2), q(9)});
  return texts(run(op, {x, kOne, zero, tensor({}, {q(bits)})}));
}

TEST(RealEval, QuantRoundsTiesAsEachModeSays) {
  using enum RoundingMode;
  const auto signed4 = [](RoundingMode mode) { return quantised(mode, true, false, 4, kZero); };
  EXPECT_THAT(signed4(kHalfEven), ElementsAre("-8", "-2", "-2", "0", "0", "2", "2", "7"));
  EXPECT_THAT(signed4(kHalfUp), ElementsAre("-8", "-3", "-2", "-1", "1", "2", "3", "7"));
  EXPECT_THAT(signed4(kHalfDown), ElementsAre("-8", "-2", "-1", "0", "0", "1", "2", "7"));
  EXPECT_THAT(signed4(kCeil), ElementsAre("-8", "-2", "-1", "0", "1", "2", "3", "7"));
  EXPECT_THAT(signed4(kFloor), ElementsAre("-8", "-3", "-2", "-1", "0", "1", "2", "7"));
  EXPECT_THAT(signed4(kUp), ElementsAre("-8", "-3", "-2", "-1", "1", "2", "3", "7"));
  EXPECT_THAT(signed4(kDown), ElementsAre("-8", "-2", "-1", "0", "0", "1", "2", "7"));
}

TEST(RealEval, QuantClampsToSignedUnsignedNarrowAndOneBitRanges) {
  using enum RoundingMode;
  EXPECT_THAT(quantised(kHalfEven, true, true, 4, kZero),
              ElementsAre("-7", "-2", "-2", "0", "0", "2", "2", "7"));
  EXPECT_THAT(quantised(kHalfEven, false, false, 2, kZero),
              ElementsAre("0", "0", "0", "0", "0", "2", "2", "3"));
  EXPECT_THAT(quantised(kHalfEven, false, true, 2, kZero),
              ElementsAre("0", "0", "0", "0", "0", "2", "2", "2"));
  EXPECT_THAT(quantised(kHalfEven, true, false, 1, kZero),
              ElementsAre("-1", "-1", "-1", "-1", "1", "1", "1", "1"));
  EXPECT_THAT(quantised(kHalfEven, false, false, 1, kZero),
              ElementsAre("0", "0", "0", "0", "0", "1", "1", "1"));
  // u = x + 1 ties to even before the zero point leaves again.
  EXPECT_THAT(quantised(kHalfEven, true, false, 4, kOne),
              ElementsAre("-9", "-3", "-1", "-1", "1", "1", "3", "6"));
}

TEST(RealEval, QuantizeLinearAddsTheZeroPointAfterRounding) {
  Graph graph;
  Tensor* x = graph.add_input("x", {3});
  Tensor* zero = graph.add_constant("zero", Constant(Shape{}, std::vector<std::int64_t>{1}));
  zero->container = Container::kUInt8;
  Tensor* scale = graph.add_constant("scale", Constant(Shape{}, std::vector<float>{1}));
  Tensor* level = graph.add(std::make_unique<ops::QuantizeLinear>(), {x, scale, zero}, "level");
  graph.add(std::make_unique<ops::DequantizeLinear>(), {level, scale, zero}, "y");
  const auto values = evaluate(graph, {{"x", tensor({3}, {q(1, 2), q(3, 2), q(5, 2)})}});
  EXPECT_THAT(texts(values.at("level")), ElementsAre("1", "3", "3"));
  EXPECT_THAT(texts(values.at("y")), ElementsAre("0", "2", "2"));
}

TEST(RealEval, TruncVersionsAreDifferentFunctions) {
  const RealTensor x = tensor({3}, {q(6), q(10), q(11)});
  ops::Trunc first, second;
  second.version = 2;
  const RealTensor in_bits = tensor({}, {q(6)}), out_bits = tensor({}, {q(4)}),
                   four = tensor({}, {q(4)});
  EXPECT_THAT(texts(run(first, {x, kOne, kZero, in_bits, out_bits})), ElementsAre("1", "2", "2"));
  EXPECT_THAT(texts(run(second, {x, kOne, kZero, in_bits, four, out_bits})),
              ElementsAre("4", "8", "8"));
}

TEST(RealEval, FloatQuantKeepsSubnormalsAndSaturates) {
  ops::FloatQuant op;  // e2m1, bias 1: 0, 1/2, 1, 3/2, 2, 3, 4, 6
  const RealTensor x = tensor({6}, {q(0), q(1, 5), q(3, 10), q(5, 2), q(-7, 2), q(100)});
  const RealTensor two = tensor({}, {q(2)}), maximum = tensor({}, {q(6)});
  EXPECT_THAT(texts(run(op, {x, kOne, two, kOne, kOne, maximum})),
              ElementsAre("0", "0", "1/2", "2", "-4", "6"));
}

TEST(RealEval, MultiThresholdCountsInclusively) {
  ops::MultiThreshold op;
  op.out_scale = 2;
  op.out_bias = -1;
  const RealTensor x = tensor({1, 2, 2}, {q(0), q(1), q(1), q(3)});
  const RealTensor thresholds = tensor({2, 2}, {q(1), q(1), q(2), q(0)});
  EXPECT_THAT(texts(run(op, {x, thresholds})), ElementsAre("-1", "3", "1", "3"));
}

TEST(RealEval, ConvHandlesGroupsStridesPadsAndDilations) {
  ops::Conv op;
  op.window = {{2}, {2}, {1, 0}, {2}};
  op.group = 2;
  const RealTensor x = tensor({1, 2, 4}, {q(1), q(2), q(3), q(4), q(5), q(6), q(7), q(8)});
  const RealTensor w = tensor({2, 1, 2}, {q(10), q(1), q(10), q(1)}),
                   bias = tensor({2}, {q(100), q(1, 2)});
  // Positions -1 and 1 read taps (pad, 1) and (1, 3).
  EXPECT_THAT(texts(run(op, {x, w, bias})), ElementsAre("102", "124", "13/2", "137/2"));
}

TEST(RealEval, ConvTransposeScattersItsInput) {
  ops::ConvTranspose op;
  op.window = {{3}, {2}, {1, 0}, {1}};
  op.output_padding = {1};
  const RealTensor x = tensor({1, 1, 2}, {q(1), q(10)}), w = tensor({1, 1, 3}, {q(1), q(2), q(3)});
  // 1*[1 2 3 0 0] + 10*[0 0 1 2 3], one cut off in front and one zero behind.
  EXPECT_THAT(texts(run(op, {x, w})), ElementsAre("2", "13", "20", "30", "0"));
}

TEST(RealEval, PoolsTreatPaddingByTheirOwnRules) {
  const RealTensor x = tensor({1, 1, 3}, {q(-1), q(-2), q(-4)});
  ops::MaxPool max;
  max.window = {{2}, {2}, {1, 0}, {1}};
  EXPECT_THAT(texts(run(max, {x})), ElementsAre("-1", "-2"));
  ops::AveragePool average;
  average.window = {{2}, {2}, {1, 0}, {}};
  EXPECT_THAT(texts(run(average, {x})), ElementsAre("-1", "-3"));
  average.count_include_pad = true;
  EXPECT_THAT(texts(run(average, {x})), ElementsAre("-1/2", "-3"));
  EXPECT_THAT(texts(run(ops::GlobalAveragePool{}, {x})), ElementsAre("-7/3"));
}

TEST(RealEval, QuantAvgPoolShiftsTowardMinusInfinity) {
  ops::QuantAvgPool2d op;
  op.kernel = op.stride = 2;
  op.ibits = 4;
  op.obits = 4;  // (2^4 - 1) * 4 = 60 has six bits: the shift is 2
  EXPECT_THAT(texts(run(op, {tensor({1, 1, 2, 2}, {q(-1), q(-2), q(3), q(-5)})})),
              ElementsAre("-2"));
}

TEST(RealEval, BatchNormalizationStaysExact) {
  ops::BatchNormalization op;
  op.epsilon = 0;
  const RealTensor y =
      run(op, {tensor({1, 2}, {q(5), q(5)}), tensor({2}, {q(-3), q(2)}), tensor({2}, {q(1), q(0)}),
               tensor({2}, {q(1), q(1)}), tensor({2}, {q(4), q(2)})});
  EXPECT_EQ(y.values[0], q(-5));
  EXPECT_EQ(y.values[1] * y.values[1], q(32));
}

TEST(RealEval, TopKGivesTiesToTheLowerIndex) {
  const RealTensor x = tensor({1, 4}, {q(1), q(7), q(7), q(2)}), k = tensor({1}, {q(3)});
  EXPECT_THAT(texts(run(ops::TopK{}, {x, k}, 0)), ElementsAre("7", "7", "2"));
  EXPECT_THAT(texts(run(ops::TopK{}, {x, k}, 1)), ElementsAre("1", "2", "3"));
}

TEST(RealEval, Im2ColOrdersRowColumnChannel) {
  ops::Im2Col op;
  op.stride = {1, 1};
  op.kernel_size = {1, 2};
  op.pad_amount = {0, 0, 0, 1};
  op.pad_value = 9;
  const RealTensor x = tensor({1, 1, 2, 2}, {q(1), q(2), q(3), q(4)});
  EXPECT_THAT(texts(run(op, {x})), ElementsAre("1", "2", "3", "4", "3", "4", "9", "9"));
}

TEST(RealEval, ResizeAndDepthToSpacePickTheRightPixels) {
  ops::Resize resize;
  resize.coordinate_transformation_mode = "asymmetric";
  resize.nearest_mode = "floor";
  const RealTensor none = tensor({0}, {}), scales = tensor({3}, {q(1), q(1), q(2)});
  EXPECT_THAT(texts(run(resize, {tensor({1, 1, 2}, {q(1), q(2)}), none, scales})),
              ElementsAre("1", "1", "2", "2"));
  ops::DepthToSpace dts;
  dts.blocksize = 2;
  const RealTensor x = tensor({1, 8, 1, 1}, {q(0), q(1), q(2), q(3), q(4), q(5), q(6), q(7)});
  EXPECT_THAT(texts(run(dts, {x})), ElementsAre("0", "2", "4", "6", "1", "3", "5", "7"));
  dts.mode = "CRD";
  EXPECT_THAT(texts(run(dts, {x})), ElementsAre("0", "1", "2", "3", "4", "5", "6", "7"));
}

TEST(RealEval, MatMulBroadcastsLeadingAxesAndPromotesVectors) {
  const RealTensor a = tensor({2, 1, 2}, {q(1), q(2), q(3), q(4)}),
                   b = tensor({2, 1}, {q(1, 3), q(1)});
  EXPECT_EQ(run(ops::MatMul{}, {a, b}), tensor({2, 1, 1}, {q(7, 3), q(5)}));
  EXPECT_EQ(run(ops::MatMul{}, {tensor({2}, {q(1), q(2)}), tensor({2}, {q(3), q(4)})}),
            tensor({}, {q(11)}));
}

TEST(RealEval, XnorPopcountCountsEqualBits) {
  const RealTensor a = tensor({1, 3}, {q(1), q(0), q(0)}), b = tensor({3, 1}, {q(1), q(1), q(0)});
  EXPECT_THAT(texts(run(ops::XnorPopcountMatMul{}, {a, b})), ElementsAre("2"));
}

TEST(RealEval, RefusesWhatExactRealsCannotExpress) {
  EXPECT_THROW(run(ops::Softmax{}, {kOne}), UserError);
  EXPECT_THROW(run(ops::Div{}, {kOne, kZero}), UserError);
}

}  // namespace
}  // namespace assay::real_eval
