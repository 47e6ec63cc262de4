// SPDX-License-Identifier: Apache-2.0
// Shapes of quantisers, products and elementwise operators, worked by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/infer_case.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

const Given kImage = Shape{1, 3, 32, 32};
const Given kScalar = Shape{};

TEST(InferQuant, KeepsTheShapeOfItsInput) {
  EXPECT_EQ(shape_of(ops::Quant{}, {kImage, kScalar, kScalar, kScalar}), (Shape{1, 3, 32, 32}));
  EXPECT_EQ(shape_of(ops::Quant{}, {kImage, Shape{3, 1, 1}, Shape{1, 3, 1, 1}, Shape{1}}),
            (Shape{1, 3, 32, 32}));
  EXPECT_EQ(shape_of(ops::Quant{}, {Shape{2, 5}, Shape{1, 1, 1, 1}, kScalar, kScalar}),
            (Shape{2, 5}));
  EXPECT_EQ(shape_of(ops::BipolarQuant{}, {kImage, Shape{1}}), (Shape{1, 3, 32, 32}));
}

TEST(InferQuant, RefusesParametersThatStretchTheInput) {
  EXPECT_THAT(refusal(ops::Quant{}, {kImage, Shape{4, 1, 1}, kScalar, kScalar}),
              HasSubstr("[1,3,32,32] and [4,1,1] do not broadcast"));
  EXPECT_THAT(refusal(ops::Quant{}, {kImage, Shape{2, 3, 1, 1}, kScalar, kScalar}),
              HasSubstr("the scale of shape [2,3,1,1] does not broadcast"));
  EXPECT_THAT(refusal(ops::Quant{}, {Shape{3}, kScalar, Shape{2, 3}, kScalar}),
              HasSubstr("the zero point of shape [2,3]"));
  EXPECT_THAT(refusal(ops::Quant{}, {kImage, kScalar, kScalar, Shape{3, 1, 1}}),
              HasSubstr("the bit width must have one element"));
  EXPECT_THAT(refusal(ops::BipolarQuant{}, {kImage, Shape{1, 2, 1, 1}}), HasSubstr("broadcast"));
}

TEST(InferQuant, RefusesAMissingInputAndAWrongCount) {
  EXPECT_THAT(refusal(ops::Quant{}, {kImage, Given::absent(), kScalar, kScalar}),
              HasSubstr("input 1 (the scale) is missing"));
  EXPECT_THAT(refusal(ops::Quant{}, {kImage, kScalar, kScalar}),
              HasSubstr("takes 4 to 4 inputs, not 3"));
  EXPECT_THAT(refusal(ops::Quant{}, {Given::unknown(), kScalar, kScalar, kScalar}),
              HasSubstr("the shape of input 0 is not known"));
}

TEST(InferTrunc, CountsInputsByVersion) {
  ops::Trunc first, second;
  second.version = 2;
  const std::vector<Given> five = {kImage, kScalar, kScalar, kScalar, kScalar};
  std::vector<Given> six = five;
  six.push_back(kScalar);
  EXPECT_EQ(shape_of(first, five), (Shape{1, 3, 32, 32}));
  EXPECT_EQ(shape_of(second, six), (Shape{1, 3, 32, 32}));
  EXPECT_THAT(refusal(first, six), HasSubstr("version 1 takes 5 inputs, not 6"));
  EXPECT_THAT(refusal(second, five), HasSubstr("version 2 takes 6 inputs, not 5"));
  first.version = 3;
  EXPECT_THAT(refusal(first, five), HasSubstr("versions 1 and 2, not 3"));
  six[4] = Shape{2, 3};
  EXPECT_THAT(refusal(second, six), HasSubstr("shapes [1,3,32,32] and [2,3] do not broadcast"));
}

TEST(InferFloatQuant, TakesScalarFormatParameters) {
  const std::vector<Given> good = {kImage, Shape{1, 3, 1, 1}, kScalar, kScalar, kScalar, kScalar};
  EXPECT_EQ(shape_of(ops::FloatQuant{}, good), (Shape{1, 3, 32, 32}));
  for (std::size_t i = 2; i < 6; ++i) {
    std::vector<Given> bad = good;
    bad[i] = Shape{3, 1, 1};
    EXPECT_THAT(refusal(ops::FloatQuant{}, bad), HasSubstr("must have one element")) << i;
  }
}

TEST(InferMultiThreshold, FindsTheChannelsByLayout) {
  ops::MultiThreshold op;
  EXPECT_EQ(shape_of(op, {Shape{1, 3, 8, 5}, Shape{3, 15}}), (Shape{1, 3, 8, 5}));
  EXPECT_EQ(shape_of(op, {Shape{1, 3, 8, 5}, Shape{1, 15}}), (Shape{1, 3, 8, 5}));
  EXPECT_THAT(refusal(op, {Shape{1, 3, 8, 5}, Shape{5, 15}}), HasSubstr("do not fit 3 channels"));
  op.data_layout = Layout::kNHWC;
  EXPECT_EQ(shape_of(op, {Shape{1, 3, 8, 5}, Shape{5, 15}}), (Shape{1, 3, 8, 5}));
  EXPECT_THAT(refusal(op, {Shape{1, 3, 8, 5}, Shape{3, 15}}), HasSubstr("do not fit 5 channels"));
  EXPECT_THAT(refusal(op, {Shape{5}, Shape{5, 15}}), HasSubstr("must have channels"));
  EXPECT_THAT(refusal(op, {Shape{1, 5}, Shape{5}}), HasSubstr("[channels, steps]"));
  op.data_layout = Layout::kUnknown;
  EXPECT_THAT(refusal(op, {Shape{1, 5}, Shape{5, 1}}), HasSubstr("data_layout"));
}

TEST(InferJoinThreshold, ChecksEveryForm) {
  const ops::JoinThreshold op;
  const Given none = Given::absent();
  const Shape x{1, 3, 2};
  EXPECT_EQ(shape_of(op, {Shape{1, 3, 1, 7}, none, x}), x);
  EXPECT_EQ(shape_of(op, {Shape{1, 1, 2, 9, 7}, none, x, x}), x);
  EXPECT_EQ(shape_of(op, {Shape{1, 3, 2, 7}, Shape{1, 3, 1, 3}, x, x, x}), x);
  EXPECT_THAT(refusal(op, {Shape{1, 3, 7}, none, x}), HasSubstr("thresholds of shape [1,3,7]"));
  EXPECT_THAT(refusal(op, {Shape{1, 2, 1, 7}, none, x}), HasSubstr("do not fit an input"));
  EXPECT_THAT(refusal(op, {Shape{1, 3, 1, 7}, none, x, x}), HasSubstr("do not fit an input"))
      << "a table has an axis of entries";
  EXPECT_THAT(refusal(op, {Shape{1, 3, 1, 7}, none, x, x, x}), HasSubstr("needs multipliers"));
  EXPECT_THAT(refusal(op, {Shape{1, 3, 1, 7}, Shape{1, 3, 1, 2}, x, x, x}),
              HasSubstr("2 multipliers for 3 inputs"));
  EXPECT_THAT(refusal(op, {Shape{1, 3, 1, 7}, none, x, Shape{1, 3, 1}}),
              HasSubstr("its inputs have the shapes"));
  EXPECT_THAT(refusal(op, {Shape{1, 3, 1, 7}, none, none}), HasSubstr("no input to compare"));
}

TEST(InferDepthwiseMatMul, KeepsOneValuePerChannel) {
  const ops::DepthwiseMatMul op;
  EXPECT_EQ(shape_of(op, {Shape{1, 4, 4, 18}, Shape{9, 2}}), (Shape{1, 4, 4, 2}));
  EXPECT_THAT(refusal(op, {Shape{1, 4, 4, 18}, Shape{9, 3}}), HasSubstr("do not fit"));
  EXPECT_THAT(refusal(op, {Shape{1, 18}, Shape{18}}), HasSubstr("do not fit"));
}

TEST(InferSumPool, FindsTheSpatialAxesByLayout) {
  ops::SumPool op;
  op.window = square(2, 2, 1);
  EXPECT_EQ(shape_of(op, {Shape{1, 3, 5, 7}}), (Shape{1, 3, 3, 4}));
  op.data_layout = Layout::kNHWC;
  EXPECT_EQ(shape_of(op, {Shape{1, 5, 7, 3}}), (Shape{1, 3, 4, 3}));
  op.data_layout = Layout::kNC;
  EXPECT_THAT(refusal(op, {Shape{1, 5, 7, 3}}), HasSubstr("data_layout"));
}

TEST(InferSumPool, RefusesWindowsThatMayHoldPaddingAlone) {
  ops::SumPool op;
  op.window = square(2, 1, 0, 2);
  op.window.pads = {1, 0, 0, 0};  // one row above: its two taps are a row apart
  EXPECT_EQ(shape_of(op, {Shape{1, 1, 2, 5}}), (Shape{1, 1, 1, 3}));
  EXPECT_THAT(refusal(op, {Shape{1, 1, 1, 5}}),
              HasSubstr("wholly in the padding of an axis of size 1"));
}

TEST(InferQuantizeLinear, TakesTheContainerOfTheZeroPoint) {
  const Given zero(Shape{}, Container::kInt8);
  EXPECT_EQ(container_of(ops::QuantizeLinear{}, {kImage, kScalar, zero}), Container::kInt8);
  EXPECT_EQ(container_of(ops::QuantizeLinear{}, {kImage, kScalar}), Container::kUInt8);
  EXPECT_EQ(shape_of(ops::QuantizeLinear{}, {kImage, Shape{3}, Given(Shape{3}, Container::kInt8)}),
            (Shape{1, 3, 32, 32}));
  EXPECT_THAT(refusal(ops::QuantizeLinear{}, {kImage, kScalar, kScalar}),
              HasSubstr("must be of an integer type"));
  const auto graph = inferred(ops::QuantizeLinear{}, {kImage, kScalar, zero});
  EXPECT_EQ(graph.nodes()[0]->outputs[0]->dtype, DataType::sint(8));
}

TEST(InferQuantizeLinear, RefusesParametersThatDoNotFitTheAxis) {
  EXPECT_THAT(refusal(ops::QuantizeLinear{}, {kImage, Shape{4}}),
              HasSubstr("does not fit the axis"));
  ops::QuantizeLinear op;
  op.axis = 4;
  EXPECT_THAT(refusal(op, {kImage, Shape{3}}), HasSubstr("axis 4 is outside a tensor of rank 4"));
  EXPECT_THAT(refusal(ops::QuantizeLinear{}, {kImage, Shape{3}, Given(Shape{2}, Container::kInt8)}),
              HasSubstr("zero point does not fit"));
}

TEST(InferDequantizeLinear, GivesRealsFromIntegers) {
  const Given bytes(Shape{1, 3, 4, 4}, Container::kUInt8);
  EXPECT_EQ(container_of(ops::DequantizeLinear{}, {bytes, kScalar}), Container::kFloat32);
  EXPECT_EQ(shape_of(ops::DequantizeLinear{}, {bytes, Shape{3}}), (Shape{1, 3, 4, 4}));
  EXPECT_THAT(refusal(ops::DequantizeLinear{}, {kImage, kScalar}), HasSubstr("integer type"));
  EXPECT_THAT(refusal(ops::DequantizeLinear{}, {bytes, Shape{4}}),
              HasSubstr("does not fit the axis"));
  EXPECT_THAT(
      refusal(ops::DequantizeLinear{}, {bytes, Shape{3}, Given(Shape{2}, Container::kUInt8)}),
      HasSubstr("zero point does not fit"));
}

TEST(InferConv, WorksOutStridesPadsAndDilations) {
  ops::Conv op;
  op.window = square(3);
  EXPECT_EQ(shape_of(op, {kImage, Shape{8, 3, 3, 3}}), (Shape{1, 8, 30, 30}));
  op.window = square(3, 2, 1);  // (32 + 2 - 3) / 2 + 1 = 16
  EXPECT_EQ(shape_of(op, {kImage, Shape{8, 3, 3, 3}, Shape{8}}), (Shape{1, 8, 16, 16}));
  op.window = square(3, 1, 0, 2);  // spans 5
  EXPECT_EQ(shape_of(op, {kImage, Shape{8, 3, 3, 3}}), (Shape{1, 8, 28, 28}));
  // Rows: (7 + 0 + 2 - 2) / 3 + 1 = 3; columns: (9 + 1 + 0 - (2*(4-1) + 1)) / 1 + 1 = 4.
  op.window = window({2, 4}, {3, 1}, {0, 1, 2, 0}, {1, 2});
  EXPECT_EQ(shape_of(op, {Shape{2, 1, 7, 9}, Shape{5, 1, 2, 4}}), (Shape{2, 5, 3, 4}));
  op.window = window({4}, {1}, {0, 0}, {1});
  EXPECT_EQ(shape_of(op, {Shape{1, 2, 4}, Shape{3, 2, 4}}), (Shape{1, 3, 1}));
}

TEST(InferConv, DividesChannelsByGroups) {
  ops::Conv op;
  op.window = square(1);
  op.group = 3;
  EXPECT_EQ(shape_of(op, {kImage, Shape{3, 1, 1, 1}}), (Shape{1, 3, 32, 32}));
  EXPECT_EQ(shape_of(op, {kImage, Shape{6, 1, 1, 1}}), (Shape{1, 6, 32, 32}));
  EXPECT_THAT(refusal(op, {kImage, Shape{4, 1, 1, 1}}), HasSubstr("in 3 groups"));
  EXPECT_THAT(refusal(op, {kImage, Shape{3, 3, 1, 1}}), HasSubstr("in 3 groups"));
  op.group = 0;
  EXPECT_THAT(refusal(op, {kImage, Shape{3, 1, 1, 1}}), HasSubstr("in 0 groups"));
}

TEST(InferConv, RefusesWhatDoesNotFit) {
  const auto refused = [](ops::Window w, const Given& x, const Given& weights) {
    ops::Conv op;
    op.window = std::move(w);
    return refusal(op, {x, weights});
  };
  const Given k3 = Shape{8, 3, 3, 3};
  EXPECT_THAT(refused(square(3), Shape{1, 3, 2, 2}, k3), HasSubstr("does not fit into an axis"));
  EXPECT_THAT(refused(square(5), kImage, k3), HasSubstr("kernel_shape disagrees"));
  EXPECT_THAT(refused(square(3, 0), kImage, k3), HasSubstr("must be positive"));
  EXPECT_THAT(refused(square(3, 1, -1), kImage, k3), HasSubstr("pads not negative"));
  EXPECT_THAT(refused(square(3, 1, 0, 0), kImage, k3), HasSubstr("must be positive"));
  EXPECT_THAT(refused(square(3, 1, std::int64_t{1} << 62), kImage, k3), HasSubstr("positive"));
  EXPECT_THAT(refused(window({3, 3}, {1}, {0, 0, 0, 0}, {1, 1}), kImage, k3),
              HasSubstr("disagree in length"));
  EXPECT_THAT(refused(window({3, 3}, {1, 1}, {0, 0}, {1, 1}), kImage, k3),
              HasSubstr("disagree in length"));
  EXPECT_THAT(refused(window({3}, {1}, {0, 0}, {1}), kImage, k3), HasSubstr("2 spatial axes"));
  EXPECT_THAT(refused(window({3, 3, 3}, {1, 1, 1}, Ints(6, 0), {1, 1, 1}), Shape{1, 3, 8, 8, 8},
                      Shape{8, 3, 3, 3, 3}),
              HasSubstr("1 or 2 are supported"));
  EXPECT_THAT(refused(square(3), Shape{3, 32}, k3), HasSubstr("spatial axes"));
  ops::Conv op;
  op.window = square(3);
  EXPECT_THAT(refusal(op, {kImage, k3, Shape{7}}), HasSubstr("the bias must have shape [8]"));
  EXPECT_THAT(refusal(op, {kImage, k3, Shape{1, 8}}), HasSubstr("the bias must have shape [8]"));
}

TEST(InferConvTranspose, InvertsAConvolution) {
  ops::ConvTranspose op;
  op.window = square(2, 2);
  op.output_padding = {0, 0};
  EXPECT_EQ(shape_of(op, {Shape{1, 4, 5, 7}, Shape{4, 3, 2, 2}}), (Shape{1, 3, 10, 14}));
  op.window = square(3, 2, 1);
  op.output_padding = {1, 0};  // 2*(5-1) + 3 - 2 + 1 = 10 and 2*(7-1) + 3 - 2 = 13
  EXPECT_EQ(shape_of(op, {Shape{1, 4, 5, 7}, Shape{4, 3, 3, 3}, Shape{3}}), (Shape{1, 3, 10, 13}));
  op.window = square(3, 1, 0, 2);  // (5-1) + 2*2 + 1 = 9
  op.output_padding = {0, 0};
  op.group = 2;
  EXPECT_EQ(shape_of(op, {Shape{1, 4, 5, 5}, Shape{4, 3, 3, 3}}), (Shape{1, 6, 9, 9}));
}

TEST(InferConvTranspose, RefusesWhatDoesNotFit) {
  ops::ConvTranspose op;
  op.window = square(2, 2);
  op.output_padding = {2, 0};
  const Given x = Shape{1, 4, 5, 5}, w = Shape{4, 3, 2, 2};
  EXPECT_THAT(refusal(op, {x, w}), HasSubstr("output_padding is out of range"));
  op.output_padding = {0};
  EXPECT_THAT(refusal(op, {x, w}), HasSubstr("output_padding has the wrong length"));
  op.output_padding = {0, 0};
  EXPECT_THAT(refusal(op, {x, Shape{3, 3, 2, 2}}), HasSubstr("do not fit 4 input channels"));
  EXPECT_THAT(refusal(op, {x, w, Shape{4}}), HasSubstr("the bias must have shape [3]"));
  op.window = square(2, 1, 3);
  EXPECT_THAT(refusal(op, {x, w}), HasSubstr("cut away the whole output"));
  op.window = window({1, 1}, {1 << 24, 1}, {0, 0, 0, 0}, {1, 1});
  EXPECT_THAT(refusal(op, {Shape{1, 1, 1 << 20, 1}, Shape{1, 1, 1, 1}}),
              HasSubstr("too many elements"));
}

TEST(InferMatMul, FollowsNumpy) {
  EXPECT_EQ(shape_of(ops::MatMul{}, {Shape{2, 3}, Shape{3, 4}}), (Shape{2, 4}));
  EXPECT_EQ(shape_of(ops::MatMul{}, {Shape{3}, Shape{3, 4}}), (Shape{4}));
  EXPECT_EQ(shape_of(ops::MatMul{}, {Shape{2, 3}, Shape{3}}), (Shape{2}));
  EXPECT_EQ(shape_of(ops::MatMul{}, {Shape{3}, Shape{3}}), (Shape{}));
  EXPECT_EQ(shape_of(ops::MatMul{}, {Shape{5, 1, 2, 3}, Shape{7, 3, 4}}), (Shape{5, 7, 2, 4}));
  EXPECT_EQ(shape_of(ops::XnorPopcountMatMul{}, {Shape{1, 9}, Shape{9, 4}}), (Shape{1, 4}));
  EXPECT_THAT(refusal(ops::MatMul{}, {Shape{2, 3}, Shape{4, 3}}),
              HasSubstr("[2,3] and [4,3] do not multiply"));
  EXPECT_THAT(refusal(ops::MatMul{}, {Shape{}, Shape{3}}), HasSubstr("rank 1 at least"));
  EXPECT_THAT(refusal(ops::MatMul{}, {Shape{2, 2, 3}, Shape{3, 3, 4}}),
              HasSubstr("do not broadcast"));
}

TEST(InferGemm, TransposesBothInputs) {
  ops::Gemm op;
  EXPECT_EQ(shape_of(op, {Shape{2, 3}, Shape{3, 4}, Shape{4}}), (Shape{2, 4}));
  op.trans_a = true;
  EXPECT_EQ(shape_of(op, {Shape{3, 2}, Shape{3, 4}, Shape{2, 1}}), (Shape{2, 4}));
  op.trans_b = true;
  EXPECT_EQ(shape_of(op, {Shape{3, 2}, Shape{4, 3}, Shape{}}), (Shape{2, 4}));
  EXPECT_THAT(refusal(op, {Shape{2, 3}, Shape{4, 3}}), HasSubstr("do not multiply"));
  EXPECT_THAT(refusal(op, {Shape{3, 2}, Shape{4, 3}, Shape{3}}), HasSubstr("broadcast"));
  EXPECT_THAT(refusal(op, {Shape{3, 2}, Shape{4, 3}, Shape{1, 2, 4}}),
              HasSubstr("does not broadcast to [2,4]"));
  EXPECT_THAT(refusal(op, {Shape{1, 3, 2}, Shape{4, 3}}), HasSubstr("must be matrices"));
}

template <typename T>
class InferBinary : public ::testing::Test {};
using BinaryOps = ::testing::Types<ops::Add, ops::Sub, ops::Mul, ops::Div, ops::Pow>;
TYPED_TEST_SUITE(InferBinary, BinaryOps);

TYPED_TEST(InferBinary, BroadcastsBothInputs) {
  EXPECT_EQ(shape_of(TypeParam{}, {Shape{2, 1, 4}, Shape{3, 1}}), (Shape{2, 3, 4}));
  EXPECT_EQ(shape_of(TypeParam{}, {Shape{}, Shape{3, 1}}), (Shape{3, 1}));
  const Given bytes(Shape{2}, Container::kUInt8);
  EXPECT_EQ(container_of(TypeParam{}, {bytes, bytes}), Container::kUInt8);
  EXPECT_THAT(refusal(TypeParam{}, {Shape{2, 3}, Shape{2}}), HasSubstr("do not broadcast"));
  EXPECT_THAT(refusal(TypeParam{}, {bytes, Shape{2}}), HasSubstr("one element type"));
}

template <typename T>
class InferUnary : public ::testing::Test {};
using UnaryOps = ::testing::Types<ops::Relu, ops::Sign, ops::Identity, ops::DebugMarker,
                                  ops::Softmax, ops::LogSoftmax, ops::Erf, ops::Exp, ops::Log,
                                  ops::Sigmoid, ops::Softplus, ops::Softsign, ops::Sqrt, ops::Tanh>;
TYPED_TEST_SUITE(InferUnary, UnaryOps);

TYPED_TEST(InferUnary, KeepsShapeAndContainer) {
  EXPECT_EQ(shape_of(TypeParam{}, {Shape{2, 3}}), (Shape{2, 3}));
  EXPECT_EQ(container_of(TypeParam{}, {Given(Shape{2}, Container::kInt32)}), Container::kInt32);
}

TEST(InferSoftmax, ChecksItsAxis) {
  ops::Softmax op;
  op.axis = 1;
  EXPECT_EQ(shape_of(op, {Shape{2, 3}}), (Shape{2, 3}));
  op.axis = 2;
  EXPECT_THAT(refusal(op, {Shape{2, 3}}), HasSubstr("axis 2 is outside a tensor of rank 2"));
  op.axis = -3;
  EXPECT_THAT(refusal(op, {Shape{2, 3}}), HasSubstr("axis -3"));
}

TEST(InferClip, TakesScalarBoundsOrNone) {
  const Given bytes(Shape{2, 3}, Container::kInt8), bound(Shape{}, Container::kInt8);
  EXPECT_EQ(container_of(ops::Clip{}, {bytes, bound, bound}), Container::kInt8);
  EXPECT_EQ(shape_of(ops::Clip{}, {Shape{2, 3}}), (Shape{2, 3}));
  EXPECT_EQ(shape_of(ops::Clip{}, {Shape{2, 3}, Given::absent(), Shape{}}), (Shape{2, 3}));
  EXPECT_THAT(refusal(ops::Clip{}, {Shape{2, 3}, Shape{3}}), HasSubstr("a bound must have one"));
}

TEST(InferCast, MapsElementTypes) {
  const std::vector<std::pair<std::int64_t, Container>> cases = {{1, Container::kFloat32},
                                                                 {2, Container::kUInt8},
                                                                 {3, Container::kInt8},
                                                                 {6, Container::kInt32},
                                                                 {7, Container::kInt64}};
  ops::Cast op;
  for (const auto& [to, container] : cases) {
    op.to = to;
    EXPECT_EQ(container_of(op, {Shape{2}}), container) << to;
  }
  const std::vector<std::pair<std::int64_t, std::string>> others = {
      {0, "undefined"}, {4, "uint16"},  {5, "int16"},     {8, "string"}, {9, "bool"},
      {10, "float16"},  {11, "double"}, {16, "bfloat16"}, {-1, "-1"}};
  for (const auto& [to, name] : others) {
    op.to = to;
    EXPECT_THAT(refusal(op, {Shape{2}}),
                AllOf(HasSubstr(name), HasSubstr("which is not supported")));
  }
}

TEST(InferBatchNormalization, NeedsOneParameterPerChannel) {
  const std::vector<Given> good = {kImage, Shape{3}, Shape{3}, Shape{3}, Shape{3}};
  EXPECT_EQ(shape_of(ops::BatchNormalization{}, good), (Shape{1, 3, 32, 32}));
  EXPECT_EQ(
      shape_of(ops::BatchNormalization{}, {Shape{1, 3}, Shape{3}, Shape{3}, Shape{3}, Shape{3}}),
      (Shape{1, 3}));
  for (std::size_t i = 1; i < 5; ++i) {
    std::vector<Given> bad = good;
    bad[i] = Shape{4};
    EXPECT_THAT(refusal(ops::BatchNormalization{}, bad),
                HasSubstr("parameter " + std::to_string(i) + " has shape [4] for 3 channels"));
  }
  std::vector<Given> flat = good;
  flat[0] = Shape{3};
  EXPECT_THAT(refusal(ops::BatchNormalization{}, flat), HasSubstr("channel axis"));
}

}  // namespace
}  // namespace assay
