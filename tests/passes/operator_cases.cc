// SPDX-License-Identifier: Apache-2.0
#include "passes/operator_cases.h"

#include "compile/graph/hw_ops.h"

namespace assay {
namespace {

// NCHW and NHWC of an image have different shapes.
const Shape kImage = {1, 4, 4, 6}, kRow = {1, 8};

template <typename OpType>
Tensor* alone(PixelNet& net, Tensor* x) {
  return net.add(OpType{}, {x});
}
template <typename OpType>
Tensor* with_number(PixelNet& net, Tensor* x) {
  return net.add(OpType{}, {x, net.number(2)});
}
template <typename OpType>
Tensor* of_positive(PixelNet& net, Tensor* x) {
  return net.add(OpType{}, {net.add(ops::Add{}, {x, net.number(1)})});
}

/// -1, 0, 1, -1 ...
Tensor* ternary_weights(PixelNet& net, const Shape& shape) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < element_count(shape); ++i)
    values.push_back(static_cast<float>(i % 3 - 1));
  return net.floats(shape, std::move(values));
}
Tensor* bits(PixelNet& net, const Shape& shape) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < element_count(shape); ++i)
    values.push_back(static_cast<float>(i % 2));
  Tensor* tensor = net.floats(shape, std::move(values));
  tensor->dtype = DataType::uint(1);
  return tensor;
}
/// 1, 2 .. of [rows, steps].
Tensor* steps(PixelNet& net, const Shape& shape) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < element_count(shape); ++i)
    values.push_back(static_cast<float>(i % shape.back() + 1));
  return net.floats(shape, std::move(values));
}
Tensor* zero_point(PixelNet& net) { return net.ints({}, {0}, Container::kUInt8); }

Tensor* make_trunc(PixelNet& net, Tensor* x) {
  return net.add(ops::Trunc{}, {x, net.number(1), net.number(0), net.number(2), net.number(1)});
}
Tensor* make_float_quant(PixelNet& net, Tensor* x) {
  return net.add(ops::FloatQuant{},
                 {x, net.number(1), net.number(2), net.number(1), net.number(1), net.number(3)});
}
Tensor* make_multi_threshold(PixelNet& net, Tensor* x) {
  ops::MultiThreshold op;
  op.out_dtype = DataType::uint(2);
  return net.add(op, {x, steps(net, {1, 3})});
}
Tensor* make_join_threshold(PixelNet& net, Tensor* x) {
  ops::JoinThreshold op;
  op.out_dtype = DataType::uint(2);
  return net.add(op, {steps(net, {1, 1, 1, 1, 3}), nullptr, x});
}
Tensor* make_quantize_linear(PixelNet& net, Tensor* x) {
  return net.add(ops::QuantizeLinear{}, {x, net.number(1), zero_point(net)});
}
Tensor* make_dequantize_linear(PixelNet& net, Tensor* x) {
  return net.add(ops::DequantizeLinear{},
                 {make_quantize_linear(net, x), net.number(1), zero_point(net)});
}
Tensor* make_conv_transpose(PixelNet& net, Tensor* x) {
  ops::ConvTranspose op;
  op.window = window2d(2, 2);
  op.output_padding = {0, 0};
  return net.add(op, {x, ternary_weights(net, {4, 2, 2, 2})});
}
Tensor* make_xnor(PixelNet& net, Tensor* x) {
  x->dtype = DataType::uint(1);
  return net.add(ops::XnorPopcountMatMul{}, {x, bits(net, {8, 4})});
}
Tensor* make_im2col(PixelNet& net, Tensor* x) {
  ops::Im2Col op;
  op.stride = {1, 1};
  op.kernel_size = {3, 3};
  op.pad_amount = {1, 1, 1, 1};
  op.input_shape = "(1,4,4,6)";
  return net.add(op, {x});
}
Tensor* make_depthwise(PixelNet& net, Tensor* x) {
  return net.add(ops::DepthwiseMatMul{}, {make_im2col(net, x), ternary_weights(net, {9, 6})});
}
Tensor* make_batch_norm(PixelNet& net, Tensor* x) {
  return net.batch_norm(x, {1, 2, 1, 1}, {0, 1, 0, 0}, {1, 1, 0, 0}, {1, 1, 4, 1});
}
template <typename Pool>
Tensor* pooled(PixelNet& net, Tensor* x) {
  Pool op;
  op.window = window2d(2, 2);
  return net.add(op, {x});
}
Tensor* make_quant_average(PixelNet& net, Tensor* x) {
  ops::QuantAvgPool2d op;
  op.kernel = op.stride = 2;
  op.ibits = op.obits = 2;
  return net.add(op, {x});
}
Tensor* make_transpose(PixelNet& net, Tensor* x) {
  return net.add(with(&ops::Transpose::perm, {0, 1, 3, 2}), {x});
}
Tensor* make_resize(PixelNet& net, Tensor* x) {
  ops::Resize op;
  op.coordinate_transformation_mode = "asymmetric";
  op.nearest_mode = "floor";
  return net.add(op, {x, nullptr, net.floats({4}, {1, 1, 2, 2})});
}
Tensor* make_pad(PixelNet& net, Tensor* x) {
  return net.add(ops::Pad{}, {x, net.shape_of({0, 0, 1, 1, 0, 0, 1, 1})});
}
Tensor* make_top_k(PixelNet& net, Tensor* x) {
  Tensor* indices = net.graph.add_tensor("label");
  net.graph.add_node(std::make_unique<ops::TopK>(), {x, net.shape_of({1})}, {nullptr, indices});
  return indices;
}

/// A lambda as a maker.
#define ASSAY_MAKE(...) [](PixelNet& net, Tensor* x) -> Tensor* { return net.add(__VA_ARGS__); }

const OperatorCase kCases[] = {
    {"Quant", kImage, false, false,
     [](PixelNet& net, Tensor* x) { return net.relu_quant(x, 0.5F, 2, "t"); }},
    {"BipolarQuant", kImage, false, false, with_number<ops::BipolarQuant>},
    {"Trunc", kImage, false, false, make_trunc},
    {"FloatQuant", kImage, false, false, make_float_quant},
    {"MultiThreshold", kImage, false, false, make_multi_threshold},
    {"JoinThreshold", kImage, false, true, make_join_threshold},
    {"QuantizeLinear", kImage, true, false, make_quantize_linear},
    {"DequantizeLinear", kImage, false, false, make_dequantize_linear},
    {"Conv", kImage, false, false, ASSAY_MAKE(conv2d(3), {x, ternary_weights(net, {2, 4, 3, 3})})},
    {"ConvTranspose", kImage, false, false, make_conv_transpose},
    {"MatMul", kRow, false, false, ASSAY_MAKE(ops::MatMul{}, {x, ternary_weights(net, {8, 4})})},
    {"Gemm", kRow, false, false, ASSAY_MAKE(ops::Gemm{}, {x, ternary_weights(net, {8, 4})})},
    {"XnorPopcountMatMul", kRow, false, true, make_xnor},
    {"DepthwiseMatMul", kImage, false, true, make_depthwise},
    {"Add", kImage, false, false, ASSAY_MAKE(ops::Add{}, {x, net.relu_quant(x, 1, 1, "other")})},
    {"Sub", kImage, false, false, ASSAY_MAKE(ops::Sub{}, {x, net.relu_quant(x, 1, 1, "other")})},
    {"Mul", kImage, false, false, ASSAY_MAKE(ops::Mul{}, {x, net.per_channel({1, 2, 3, -1})})},
    {"Div", kImage, false, false, with_number<ops::Div>},
    {"Pow", kImage, false, false, with_number<ops::Pow>},
    {"Relu", kImage, false, false, alone<ops::Relu>},
    {"Sign", kImage, false, false, alone<ops::Sign>},
    {"Identity", kImage, false, false, alone<ops::Identity>},
    {"DebugMarker", kImage, false, false, alone<ops::DebugMarker>},
    {"Softmax", kRow, true, false, of_positive<ops::Softmax>},
    {"LogSoftmax", kRow, true, false, of_positive<ops::LogSoftmax>},
    {"Erf", kImage, false, false, alone<ops::Erf>},
    {"Exp", kImage, false, false, alone<ops::Exp>},
    {"Log", kImage, false, false, of_positive<ops::Log>},
    {"Sigmoid", kImage, false, false, alone<ops::Sigmoid>},
    {"Softplus", kImage, false, false, alone<ops::Softplus>},
    {"Softsign", kImage, false, false, alone<ops::Softsign>},
    {"Sqrt", kImage, false, false, alone<ops::Sqrt>},
    {"Tanh", kImage, false, false, alone<ops::Tanh>},
    {"Clip", kImage, false, false, ASSAY_MAKE(ops::Clip{}, {x, net.number(1), net.number(2)})},
    {"Cast", kImage, false, false, alone<ops::Cast>},
    {"BatchNormalization", kImage, false, false, make_batch_norm},
    {"MaxPool", kImage, false, false, pooled<ops::MaxPool>},
    {"AveragePool", kImage, false, false, pooled<ops::AveragePool>},
    {"GlobalAveragePool", kImage, false, false, alone<ops::GlobalAveragePool>},
    {"QuantAvgPool2d", kImage, false, false, make_quant_average},
    {"MaxPoolNHWC", kImage, false, true, pooled<ops::MaxPoolNHWC>},
    {"SumPool", kImage, false, true, pooled<ops::SumPool>},
    {"Flatten", Shape{1, 8, 1, 1}, false, false, alone<ops::Flatten>},
    {"Reshape", kImage, false, false, ASSAY_MAKE(ops::Reshape{}, {x, net.shape_of({1, 4, 8, 3})})},
    {"Transpose", kImage, false, false, make_transpose},
    {"Concat", kImage, false, false, ASSAY_MAKE(ops::Concat{}, {x, x})},
    {"Pad", kImage, false, false, make_pad},
    {"Resize", kImage, false, false, make_resize},
    {"DepthToSpace", kImage, false, false, ASSAY_MAKE(with(&ops::DepthToSpace::blocksize, 2), {x})},
    {"Im2Col", kImage, false, true, make_im2col},
    {"Squeeze", Shape{1, 4, 1, 4}, false, false,
     ASSAY_MAKE(ops::Squeeze{}, {x, net.shape_of({2})})},
    {"Unsqueeze", Shape{1, 4, 4}, false, false,
     ASSAY_MAKE(ops::Unsqueeze{}, {x, net.shape_of({2})})},
    {"Shape", kImage, true, false, alone<ops::Shape>},
    {"Gather", kImage, false, false,
     ASSAY_MAKE(with(&ops::Gather::axis, 1), {x, net.shape_of({2, 0, 1})})},
    {"TopK", kRow, true, false, make_top_k},
};

}  // namespace

std::span<const OperatorCase> operator_cases() { return kCases; }

const OperatorCase* find_case(const OpInfo& info) {
  const auto it = std::ranges::find(kCases, info.type, &OperatorCase::type);
  return it == std::end(kCases) ? nullptr : it;
}

OperatorNet::OperatorNet(const OperatorCase& made, bool quantised) {
  Tensor* x = net.pixels(made.input, DataType::uint(2));
  Tensor* y = made.make(net, x);
  node = y->producer;
  node->name = "tested";
  net.finish(quantised && !made.ends ? net.relu_quant(y, 0.5F, 3) : y);
}

std::vector<const OpInfo*> imported_operators() {
  std::vector<const OpInfo*> found;
  for (const OpInfo& info : op_registry())
    if (info.domain != hw::kHwDomain) found.push_back(&info);
  return found;
}

}  // namespace assay
