// SPDX-License-Identifier: Apache-2.0
// Operators on quantised tensors, ONNX's and onnxruntime's: DequantizeLinear on each operand, the
// operator of real numbers, QuantizeLinear.
#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/onnx/replacement.h"
#include "compile/onnx/rules.h"

namespace assay {
namespace {

constexpr std::string_view kPrefix = "QLinear";

/// Integers with the scale and zero point that stand behind them among a node's inputs.
struct Operand {
  Tensor* integers = nullptr;
  Tensor* scale = nullptr;
  Tensor* zero_point = nullptr;  ///< null: 0
};

Tensor* input_or_null(const Draft& draft, std::size_t index) {
  return index < draft.inputs.size() ? draft.inputs[index] : nullptr;
}

Operand operand_at(const Draft& draft, std::size_t index) {
  const Operand operand{input_or_null(draft, index),
                        GraphBuilder::behind_identities(input_or_null(draft, index + 1)),
                        GraphBuilder::behind_identities(input_or_null(draft, index + 2))};
  if (!operand.integers) user_error("input {} is left out", index);
  if (!operand.scale) user_error("input {} (a scale) is left out", index + 1);
  return operand;
}

/// The node that dequantises the same integers in the same way already: readers share it.
Tensor* dequantised_already(const Operand& operand, std::int64_t axis) {
  for (const Node* node : operand.integers->consumers) {
    const auto* op = node->as<ops::DequantizeLinear>();
    if (!op || op->axis != axis || node->inputs[0] != operand.integers) continue;
    const Tensor* zero_point = node->inputs.size() > 2 ? node->inputs[2] : nullptr;
    if (node->inputs[1] == operand.scale && zero_point == operand.zero_point)
      return node->outputs[0];
  }
  return nullptr;
}

Tensor* dequantised(GraphBuilder& builder, const Operand& operand, std::int64_t axis = 1) {
  if (Tensor* already = dequantised_already(operand, axis)) return already;
  auto op = std::make_unique<ops::DequantizeLinear>();
  op->axis = axis;
  std::vector<Tensor*> inputs = {operand.integers, operand.scale};
  if (operand.zero_point) inputs.push_back(operand.zero_point);
  return builder.add_helper(std::move(op), std::move(inputs), operand.integers->name + "_real");
}

/// The operator on real numbers, under the name of the file's node.
Tensor* add_real(GraphBuilder& builder, const Draft& draft, std::string_view type,
                 std::vector<Tensor*> inputs, Attributes attributes,
                 std::int64_t version = kOwnVersion) {
  Draft real;
  real.name = draft.name.empty() ? helper_name(draft, "result") : draft.name;
  real.type = type;
  real.version = version;
  real.inputs = std::move(inputs);
  Tensor* output = builder.graph.add_tensor(helper_name(draft, "result"));
  real.outputs = {output};
  real.used = {true};
  real.attributes = std::move(attributes);
  build_node(builder, std::move(real));
  return output;
}

/// Input `index` and the next are scale and zero point of the output, whose integers are those of
/// `like` when there is no zero point.
void end_quantised(GraphBuilder& builder, const Draft& draft, Tensor* real, std::size_t index,
                   const Tensor& like) {
  Tensor* scale = GraphBuilder::behind_identities(input_or_null(draft, index));
  Tensor* zero_point = GraphBuilder::behind_identities(input_or_null(draft, index + 1));
  if (!scale) user_error("input {} (the output's scale) is left out", index);
  if (!zero_point)
    zero_point = Replacement(builder, draft).integer(0, like.container, "zero_point");
  builder.add_helper(std::make_unique<ops::QuantizeLinear>(), {real, scale, zero_point},
                     helper_name(draft, "quantize"), draft.outputs[0]);
}

void refuse_channels_last(Draft& draft) { draft.attributes.expect_int("channels_last", {0}); }

/// Scale and zero point of input `index` may have a number for each entry of `axis`.
Operand along(const GraphBuilder& builder, const Operand& operand, std::int64_t axis,
              std::string_view what) {
  const Shape& shape = builder.shape(operand.integers);
  const std::int64_t length = shape[ops::normalise_axis(axis, shape.size())];
  for (const Tensor* parameter : {operand.scale, operand.zero_point}) {
    if (!parameter) continue;
    const Shape& p = builder.shape(parameter);
    if (element_count(p) != 1 && p != Shape{length})
      user_error("parameter '{}' of {} has shape {}; one number or {} of them are supported",
                 printable(parameter->name), what, shape_text(p), length);
  }
  return operand;
}

const Constant& scale_of(const Operand& operand) {
  if (!operand.scale->constant)
    user_error("the scale '{}' must be a constant", printable(operand.scale->name));
  return *operand.scale->constant;
}

/// Integers in units of alpha * scale of the data * scale of the weights, as exact reals: the
/// product of two float32 scales need not be one. Weights with a scale each have theirs along the
/// last axis.
Tensor* real_bias(GraphBuilder& builder, Tensor* bias, const Operand& x, const Operand& w,
                  float alpha = 1) {
  bias = GraphBuilder::behind_identities(bias);
  if (!bias->constant || !bias->constant->is_int())
    user_error("the bias '{}' must be constant integers", printable(bias->name));
  const Constant &values = *bias->constant, &scales = scale_of(w);
  if (scale_of(x).size() != 1)
    user_error("with a bias the scale of the data must be one number, not {}", scale_of(x).size());
  const Real unit = scale_of(x).real(0) * Real::of(alpha);
  const std::int64_t channels = values.shape().empty() ? 1 : values.shape().back();
  if (scales.size() != 1 && scales.size() != channels)
    user_error("the bias of shape {} does not fit {} scales of the weights",
               shape_text(values.shape()), scales.size());
  std::vector<Real> reals;
  for (std::int64_t i = 0; i < values.size(); ++i)
    reals.push_back(values.real(i) * unit * scales.real(i % scales.size()));
  return builder.add_constant(bias->name + "_real", Constant(values.shape(), std::move(reals)));
}

std::int64_t last_axis(const GraphBuilder& builder, const Tensor* tensor, std::int64_t before = 0) {
  const auto rank = static_cast<std::int64_t>(builder.shape(tensor).size());
  if (rank <= before) user_error("input '{}' has too few axes", printable(tensor->name));
  return rank - 1 - before;
}

/// Integers less their zero point, without a scale.
Operand unscaled(GraphBuilder& builder, const Draft& draft, std::size_t index,
                 std::size_t zero_point) {
  Operand operand{input_or_null(draft, index), nullptr,
                  GraphBuilder::behind_identities(input_or_null(draft, zero_point))};
  if (!operand.integers) user_error("input {} is left out", index);
  const Shape shape = operand.zero_point ? builder.shape(operand.zero_point) : Shape{};
  const std::vector<float> ones(static_cast<std::size_t>(element_count(shape)), 1.0F);
  operand.scale = builder.add_constant(helper_name(draft, "one"), Constant(shape, ones));
  return operand;
}

/// Rows of a and columns of b may have parameters of their own.
std::vector<Tensor*> matrix_operands(GraphBuilder& builder, const Operand& a, const Operand& b) {
  const std::int64_t columns = last_axis(builder, b.integers);
  const bool rows = element_count(builder.shape(a.scale)) > 1;
  const std::int64_t row_axis = rows ? last_axis(builder, a.integers, 1) : 0;
  return {dequantised(builder, rows ? along(builder, a, row_axis, "a") : a, rows ? row_axis : 1),
          dequantised(builder, along(builder, b, columns, "b"), columns)};
}

}  // namespace

void expand_qlinear_conv(GraphBuilder& builder, Draft draft) {
  expect_count(draft, 8, 9);
  refuse_channels_last(draft);
  const Operand x = operand_at(draft, 0), w = along(builder, operand_at(draft, 3), 0, "w");
  std::vector<Tensor*> inputs = {dequantised(builder, x), dequantised(builder, w, 0)};
  if (Tensor* bias = input_or_null(draft, 8)) inputs.push_back(real_bias(builder, bias, x, w));
  Tensor* real = add_real(builder, draft, "Conv", std::move(inputs), std::move(draft.attributes));
  end_quantised(builder, draft, real, 6, *x.integers);
}

void expand_qlinear_matmul(GraphBuilder& builder, Draft draft) {
  expect_count(draft, 8, 8);
  const Operand a = operand_at(draft, 0), b = operand_at(draft, 3);
  Tensor* real = add_real(builder, draft, "MatMul", matrix_operands(builder, a, b),
                          std::move(draft.attributes));
  end_quantised(builder, draft, real, 6, *a.integers);
}

/// ConvInteger and MatMulInteger: the product of integers less their zero points, an int32.
void expand_integer_product(GraphBuilder& builder, Draft draft) {
  constexpr std::int64_t kInt32 = 6;  // TensorProto::INT32
  expect_count(draft, 2, 4);
  const Operand x = unscaled(builder, draft, 0, 2), w = unscaled(builder, draft, 1, 3);
  const bool conv = draft.type == "ConvInteger";
  const std::vector<Tensor*> inputs =
      conv ? std::vector<Tensor*>{dequantised(builder, x),
                                  dequantised(builder, along(builder, w, 0, "w"), 0)}
           : matrix_operands(builder, x, w);
  auto cast = std::make_unique<ops::Cast>();
  cast->to = kInt32;
  Tensor* real =
      add_real(builder, draft, conv ? "Conv" : "MatMul", inputs, std::move(draft.attributes));
  builder.add_helper(std::move(cast), {real}, helper_name(draft, "int32"), draft.outputs[0]);
}

void expand_qgemm(GraphBuilder& builder, Draft draft) {
  expect_count(draft, 6, 9);
  const Operand a = operand_at(draft, 0);
  const bool transposed = draft.attributes.has_flag("transB");
  if (builder.shape(draft.inputs[3]).size() != 2) user_error("B must be a matrix");
  const std::int64_t columns = transposed ? 0 : 1;
  const Operand b = along(builder, operand_at(draft, 3), columns, "B");
  const float alpha = draft.attributes.take_float("alpha").value_or(1);
  draft.attributes.set("alpha", alpha);
  std::vector<Tensor*> inputs = {dequantised(builder, a), dequantised(builder, b, columns)};
  if (Tensor* bias = input_or_null(draft, 6))
    inputs.push_back(real_bias(builder, bias, a, b, alpha));
  if (!input_or_null(draft, 7)) {  // the result stays real
    Replacement(builder, draft).build_end("Gemm", std::move(inputs), std::move(draft.attributes));
    return;
  }
  Tensor* real = add_real(builder, draft, "Gemm", std::move(inputs), std::move(draft.attributes));
  end_quantised(builder, draft, real, 7, *a.integers);
}

void expand_qlinear_binary(GraphBuilder& builder, Draft draft) {
  expect_count(draft, 7, 8);
  const Operand a = operand_at(draft, 0), b = operand_at(draft, 3);
  Tensor* real =
      add_real(builder, draft, draft.type.substr(kPrefix.size()),
               {dequantised(builder, a), dequantised(builder, b)}, std::move(draft.attributes));
  end_quantised(builder, draft, real, 6, *a.integers);
}

void expand_qlinear_unary(GraphBuilder& builder, Draft draft) {
  expect_count(draft, 4, 5);
  refuse_channels_last(draft);
  const Operand x = operand_at(draft, 0);
  // ReduceMean has its axes as an attribute there.
  Tensor* real = add_real(builder, draft, draft.type.substr(kPrefix.size()),
                          {dequantised(builder, x)}, std::move(draft.attributes));
  end_quantised(builder, draft, real, 3, *x.integers);
}

void expand_qlinear_softmax(GraphBuilder& builder, Draft draft) {
  expect_count(draft, 4, 5);
  const Operand x = operand_at(draft, 0);
  // It is the Softmax of this version of the standard.
  const std::int64_t version = draft.attributes.take_int("opset").value_or(kOwnVersion);
  Tensor* real = add_real(builder, draft, "Softmax", {dequantised(builder, x)},
                          std::move(draft.attributes), version);
  end_quantised(builder, draft, real, 3, *x.integers);
}

void expand_qlinear_concat(GraphBuilder& builder, Draft draft) {
  constexpr std::size_t kFirst = 2, kEach = 3;  // the output's scale and zero point come first
  const std::size_t count = draft.inputs.size();
  if (count < kFirst + kEach || (count - kFirst) % kEach != 0)
    user_error("it has {} inputs; scale and zero point, then three for each tensor are supported",
               count);
  std::vector<Tensor*> parts;
  for (std::size_t i = kFirst; i < count; i += kEach)
    parts.push_back(dequantised(builder, operand_at(draft, i)));
  const Tensor& like = *draft.inputs[kFirst];
  Tensor* real = add_real(builder, draft, "Concat", std::move(parts), std::move(draft.attributes));
  end_quantised(builder, draft, real, 0, like);
}

/// onnxruntime's own (De)QuantizeLinear are the standard ones.
void expand_standard(GraphBuilder& builder, Draft draft) {
  draft.domain.clear();
  draft.version = kOwnVersion;
  build_node(builder, std::move(draft));
}

}  // namespace assay
