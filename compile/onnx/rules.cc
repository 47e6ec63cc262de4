// SPDX-License-Identifier: Apache-2.0
#include "compile/onnx/rules.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/onnx/model.h"
#include "compile/onnx/replacement.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

Tensor* int_constant(GraphBuilder& builder, const Draft& draft, std::string_view what,
                     Ints values) {
  const auto length = static_cast<std::int64_t>(values.size());
  return builder.add_constant(helper_name(draft, what), Constant({length}, std::move(values)));
}

Tensor* float_constant(GraphBuilder& builder, const Draft& draft, std::string_view what,
                       float value) {
  return builder.add_constant(helper_name(draft, what),
                              Constant(Shape{}, std::vector<float>{value}));
}

void set_input(Draft& draft, std::size_t index, Tensor* tensor) {
  if (draft.inputs.size() <= index) draft.inputs.resize(index + 1, nullptr);
  draft.inputs[index] = tensor;
}

bool is_infinite(const Tensor* tensor, float infinity) {
  return tensor && tensor->constant && tensor->constant->is_float() &&
         tensor->constant->size() == 1 && tensor->constant->floats()[0] == infinity;
}

void build_clip(GraphBuilder& builder, Draft& draft) {
  std::size_t index = 1;
  for (const std::string_view name : {"min", "max"}) {
    if (draft.version >= 11) break;
    if (const auto bound = draft.attributes.take_float(name)) {
      if (draft.inputs.size() > index && draft.inputs[index])
        user_error("attribute '{}' and input {} say the same thing", name, index);
      set_input(draft, index, float_constant(builder, draft, name, *bound));
    }
    ++index;
  }
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (std::size_t i = 1; i < draft.inputs.size(); ++i)  // a bound at infinity is no bound
    if (is_infinite(draft.inputs[i], i == 1 ? -kInfinity : kInfinity)) draft.inputs[i] = nullptr;
}

void build_squeeze(GraphBuilder& builder, Draft& draft) {
  if (draft.version < 13) move_ints_to_input(builder, draft, "axes", 1);
  if (draft.inputs.size() > 1) return;
  if (draft.type == "Unsqueeze") user_error("the axes are missing");
  Ints axes;
  const Shape& shape = builder.shape(draft.inputs.at(0));
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 1) axes.push_back(static_cast<std::int64_t>(i));
  set_input(draft, 1, int_constant(builder, draft, "axes", std::move(axes)));
}

void build_upsample(GraphBuilder& builder, Draft& draft) {
  Tensor* scales = draft.inputs.size() > 1 ? draft.inputs[1] : nullptr;
  if (const auto values = draft.attributes.take_floats("scales")) {
    const auto length = static_cast<std::int64_t>(values->size());
    scales = builder.add_constant(helper_name(draft, "scales"), Constant({length}, *values));
  }
  if (!scales) user_error("the scales are missing");
  draft.type = "Resize";
  draft.inputs = {draft.inputs.at(0), nullptr, scales};
  draft.attributes.set<std::string>("coordinate_transformation_mode", "asymmetric");
  draft.attributes.set<std::string>("nearest_mode", "floor");
}

void build_resize(GraphBuilder& builder, Draft& draft) {
  if (draft.version < 11) return build_upsample(builder, draft);
  // These steer cubic interpolation, anti-aliasing and cropping, none of which nearest has.
  draft.attributes.drop("cubic_coeff_a");
  draft.attributes.drop("extrapolation_value");
  draft.attributes.expect_int("exclude_outside", {0});
  draft.attributes.expect_int("antialias", {0});
  const auto is_empty = [](const Tensor* t) {
    return t && t->constant && t->constant->size() == 0;
  };
  for (std::size_t i = 1; i < draft.inputs.size(); ++i)
    if (is_empty(draft.inputs[i])) draft.inputs[i] = nullptr;
  // Only tf_crop_and_resize looks at the region of interest, and that is refused.
  if (draft.inputs.size() > 1) draft.inputs[1] = nullptr;
  const bool scales = draft.inputs.size() > 2 && draft.inputs[2],
             sizes = draft.inputs.size() > 3 && draft.inputs[3];
  if (scales == sizes) user_error("exactly one of scales and sizes must be given");
  list_all_axes(builder, draft);
}

void expect_test_mode(Draft& draft) {
  if (draft.attributes.take_int("is_test").value_or(0) != 1)
    user_error("attribute 'is_test' must be 1; export for inference");
}

/// The share that a Dropout leaves out, when it is known.
std::optional<double> dropout_ratio(GraphBuilder& builder, Draft& draft) {
  constexpr double kDefault = 0.5;
  if (draft.version < 12) return draft.attributes.take_float("ratio").value_or(kDefault);
  if (draft.inputs.size() < 2 || !draft.inputs[1]) return kDefault;
  const Constant* ratio = builder.value(draft.inputs[1]);
  if (!ratio || ratio->size() != 1) return {};
  return ratio->to_float(0);
}

/// Whether a Dropout may run in training mode, where it draws a mask.
bool may_train(GraphBuilder& builder, Draft& draft) {
  if (draft.version < 7) return draft.attributes.take_int("is_test").value_or(0) == 0;
  if (draft.inputs.size() < 3 || !draft.inputs[2]) return false;
  const Constant* training = builder.value(draft.inputs[2]);
  return !training || !training->is_int() || training->size() != 1 || training->ints()[0] != 0;
}

/// A Dropout that leaves nothing out is the identity, in training mode too: exporters write
/// F.dropout(x, p=0.0) so.
void build_dropout(GraphBuilder& builder, Draft& draft) {
  draft.attributes.drop("seed");
  const std::optional<double> ratio = dropout_ratio(builder, draft);
  if (may_train(builder, draft) && ratio != 0.0)
    user_error(
        "it drops values at random, as it is in training mode and its ratio is {}; export after "
        "model.eval(), or call F.dropout with training=self.training",
        ratio ? fmt::format("{}", *ratio) : "not constant");
  keep_outputs(draft, 1);
  draft.inputs.resize(1);
  draft.type = "Identity";
}

void build_batch_norm(GraphBuilder&, Draft& draft) {
  if (draft.version < 7) expect_test_mode(draft);
  if (draft.version < 9) draft.attributes.expect_int("spatial", {1});
  draft.attributes.expect_int("training_mode", {0});
  keep_outputs(draft, 1);
}

void build_reshape(GraphBuilder& builder, Draft& draft) {
  if (draft.version < 5) move_ints_to_input(builder, draft, "shape", 1);
}

void build_cast(GraphBuilder&, Draft& draft) {
  draft.attributes.expect_int("saturate", {1});
  draft.attributes.drop("round_mode");  // only a float of 8 exponent bits asks for it
  if (draft.version >= 6) return;
  const auto name = draft.attributes.take_string("to");
  onnx::TensorProto_DataType type = onnx::TensorProto::UNDEFINED;
  if (name && onnx::TensorProto_DataType_Parse(*name, &type))
    draft.attributes.set<std::int64_t>("to", type);
}

void build_top_k(GraphBuilder& builder, Draft& draft) {
  if (draft.version >= 10) return;
  const auto k = draft.attributes.take_int("k");
  if (!k) user_error("attribute 'k' is missing");
  if (draft.inputs.size() > 1) user_error("attribute 'k' and input 1 say the same thing");
  set_input(draft, 1, int_constant(builder, draft, "k", {*k}));
}

// C broadcasts to the product in every version; the flag only allowed it.
void build_gemm(GraphBuilder&, Draft& draft) {
  if (draft.version < 7) draft.attributes.expect_int("broadcast", {0, 1});
}

void build_transpose(GraphBuilder& builder, Draft& draft) {
  if (draft.attributes.has("perm")) return;
  Ints perm(builder.shape(draft.inputs.at(0)).size());
  std::iota(perm.rbegin(), perm.rend(), 0);
  draft.attributes.set("perm", std::move(perm));
}

void build_concat(GraphBuilder&, Draft& draft) {
  if (draft.version < 4) draft.attributes.set_default<std::int64_t>("axis", 1);
}

// Defined as an int, but written as either.
void build_im2col(GraphBuilder&, Draft& draft) {
  if (const auto value = draft.attributes.take_number("pad_value"))
    draft.attributes.set("pad_value", *value);
}

void build_sum_pool(GraphBuilder& builder, Draft& draft) {
  // Defined without it; every window of a file must say where it lies.
  if (draft.attributes.has("auto_pad")) user_error("attribute 'auto_pad' is not supported here");
  complete_average_pool(builder, draft);
}

/// Before opset 13, Softmax normalised over all axes from `axis` on.
void expand_softmax(GraphBuilder& builder, Draft draft) {
  if (draft.version >= 13) {
    builder.add(std::move(draft));
    return;
  }
  const Shape shape = builder.shape(draft.inputs.at(0));
  const std::size_t axis =
      ops::normalise_axis(draft.attributes.take_int("axis").value_or(1), shape.size());
  if (axis + 1 == shape.size()) {
    draft.attributes.set<std::int64_t>("axis", -1);
    builder.add(std::move(draft));
    return;
  }
  auto flatten = std::make_unique<ops::Flatten>();
  flatten->axis = static_cast<std::int64_t>(axis);
  Tensor* result = draft.outputs.at(0);
  Tensor* target = int_constant(builder, draft, "shape", shape);
  Tensor* rows = builder.graph.add_tensor(helper_name(draft, "rows"));
  draft.inputs.at(0) =
      builder.add_helper(std::move(flatten), {draft.inputs[0]}, helper_name(draft, "flat"));
  draft.outputs[0] = rows;
  draft.attributes.set<std::int64_t>("axis", -1);
  builder.add(std::move(draft));
  builder.add_helper(std::make_unique<ops::Reshape>(), {rows, target}, rows->name + "_unflat",
                     result);
}

Tensor* transpose(GraphBuilder& builder, Tensor* input, Ints perm, const std::string& name,
                  Tensor* output = nullptr) {
  auto op = std::make_unique<ops::Transpose>();
  op->perm = std::move(perm);
  return builder.add_helper(std::move(op), {input}, name, output);
}

/// Channels-last operators are the standard ones between transpositions; convolution weights are
/// [O, k..., I].
void expand_channels_last(GraphBuilder& builder, Draft draft) {
  const std::size_t rank = builder.shape(draft.inputs.at(0)).size();
  if (rank < 2) user_error("the input has no channel axis");
  Ints to_first(rank), to_last(rank);
  std::iota(to_first.begin(), to_first.end(), -1);
  std::iota(to_last.begin(), to_last.end(), 1);
  to_first[0] = to_last[0] = 0;
  to_first[1] = static_cast<std::int64_t>(rank) - 1;
  to_last[rank - 1] = 1;
  if (rank == 2) to_first = to_last = {0, 1};
  keep_outputs(draft, 1);
  Tensor* result = draft.outputs.at(0);
  Tensor* first = builder.graph.add_tensor(helper_name(draft, "first"));
  const std::string in = helper_name(draft, "in"), weights = helper_name(draft, "weights"),
                    out = helper_name(draft, "out");
  draft.inputs[0] = transpose(builder, draft.inputs[0], to_first, in);
  if (draft.type == "Conv" && draft.inputs.size() > 1 && draft.inputs[1]) {
    if (builder.shape(draft.inputs[1]).size() != rank)
      user_error("the weights must have {} axes", rank);
    draft.inputs[1] = transpose(builder, draft.inputs[1], to_first, weights);
  }
  draft.outputs[0] = first;
  draft.domain = "";
  build_node(builder, std::move(draft));
  transpose(builder, first, to_last, out, result);
}

constexpr std::array kRules = {
    RuleEntry{"", "Conv", complete_conv},
    RuleEntry{"", "ConvTranspose", complete_conv_transpose},
    RuleEntry{"", "MaxPool", complete_max_pool},
    RuleEntry{"", "AveragePool", complete_average_pool},
    RuleEntry{"", "QuantizeLinear", expand_quantize_linear},
    RuleEntry{"", "DequantizeLinear", build_dequantize_linear},
    RuleEntry{"", "Clip", build_clip},
    RuleEntry{"", "Pad", expand_pad},
    RuleEntry{"", "Split", expand_split},
    RuleEntry{"", "Slice", expand_slice},
    RuleEntry{"", "Expand", expand_expand},
    RuleEntry{"", "Tile", expand_tile},
    RuleEntry{"", "SpaceToDepth", expand_space_to_depth},
    RuleEntry{"", "Squeeze", build_squeeze},
    RuleEntry{"", "Unsqueeze", build_squeeze},
    RuleEntry{"", "Upsample", build_upsample},
    RuleEntry{"", "Resize", build_resize},
    RuleEntry{"", "Dropout", build_dropout},
    RuleEntry{"", "BatchNormalization", build_batch_norm},
    RuleEntry{"", "Reshape", build_reshape},
    RuleEntry{"", "Cast", build_cast},
    RuleEntry{"", "TopK", build_top_k},
    RuleEntry{"", "Gemm", build_gemm},
    RuleEntry{"", "Transpose", build_transpose},
    RuleEntry{"", "Concat", build_concat},
    RuleEntry{"", "Shape", expand_shape},
    RuleEntry{"", "ConstantOfShape", expand_constant_of_shape},
    RuleEntry{"", "Add", build_binary},
    RuleEntry{"", "Sub", build_binary},
    RuleEntry{"", "Mul", build_binary},
    RuleEntry{"", "Div", build_binary},
    RuleEntry{"", "Softmax", expand_softmax},
    RuleEntry{"", "LogSoftmax", expand_softmax},
    RuleEntry{"", "Neg", expand_neg},
    RuleEntry{"", "Abs", expand_abs},
    RuleEntry{"", "Sum", expand_sum},
    RuleEntry{"", "Max", expand_max},
    RuleEntry{"", "Min", expand_min},
    RuleEntry{"", "LeakyRelu", expand_leaky_relu},
    RuleEntry{"", "PRelu", expand_prelu},
    RuleEntry{"", "HardSigmoid", expand_hard_sigmoid},
    RuleEntry{"", "HardSwish", expand_hard_swish},
    RuleEntry{"", "Elu", expand_elu},
    RuleEntry{"", "Celu", expand_celu},
    RuleEntry{"", "Selu", expand_selu},
    RuleEntry{"", "Gelu", expand_gelu},
    RuleEntry{"", "Mish", expand_mish},
    RuleEntry{"", "Swish", expand_swish},
    RuleEntry{"", "ReduceMean", expand_reduce_mean},
    RuleEntry{"", "ReduceMax", expand_reduce_max},
    RuleEntry{"", "ReduceSum", expand_reduce_sum},
    RuleEntry{"", "GlobalMaxPool", expand_global_max_pool},
    RuleEntry{"", "ArgMax", expand_arg_max},
    RuleEntry{"", "ArgMin", expand_arg_min},
    RuleEntry{"", "QLinearConv", expand_qlinear_conv},
    RuleEntry{"", "QLinearMatMul", expand_qlinear_matmul},
    RuleEntry{"", "ConvInteger", expand_integer_product},
    RuleEntry{"", "MatMulInteger", expand_integer_product},
    RuleEntry{kMicrosoftDomain, "QuantizeLinear", expand_standard},
    RuleEntry{kMicrosoftDomain, "DequantizeLinear", expand_standard},
    RuleEntry{kMicrosoftDomain, "QLinearConv", expand_qlinear_conv},
    RuleEntry{kMicrosoftDomain, "QGemm", expand_qgemm},
    RuleEntry{kMicrosoftDomain, "QLinearAdd", expand_qlinear_binary},
    RuleEntry{kMicrosoftDomain, "QLinearMul", expand_qlinear_binary},
    RuleEntry{kMicrosoftDomain, "QLinearAveragePool", expand_qlinear_unary},
    RuleEntry{kMicrosoftDomain, "QLinearGlobalAveragePool", expand_qlinear_unary},
    RuleEntry{kMicrosoftDomain, "QLinearLeakyRelu", expand_qlinear_unary},
    RuleEntry{kMicrosoftDomain, "QLinearSigmoid", expand_qlinear_unary},
    RuleEntry{kMicrosoftDomain, "QLinearReduceMean", expand_qlinear_unary},
    RuleEntry{kMicrosoftDomain, "QLinearSoftmax", expand_qlinear_softmax},
    RuleEntry{kMicrosoftDomain, "QLinearConcat", expand_qlinear_concat},
    RuleEntry{kChannelsLastDomain, "Conv", expand_channels_last},
    RuleEntry{kChannelsLastDomain, "MaxPool", expand_channels_last},
    RuleEntry{kChannelsLastDomain, "BatchNormalization", expand_channels_last},
    RuleEntry{ops::kQonnxDomain, "Quant", build_quantiser},
    RuleEntry{ops::kQonnxDomain, "BipolarQuant", build_quantiser},
    RuleEntry{ops::kQonnxDomain, "Trunc", build_quantiser},
    RuleEntry{ops::kQonnxDomain, "FloatQuant", build_quantiser},
    RuleEntry{ops::kQonnxDomain, "MultiThreshold", build_quantiser},
    RuleEntry{ops::kQonnxDomain, "Im2Col", build_im2col},
    RuleEntry{ops::kQonnxDomain, "MaxPoolNHWC", complete_max_pool_nhwc},
    RuleEntry{ops::kAssayDomain, "SumPool", build_sum_pool},
};

}  // namespace

void keep_outputs(Draft& draft, std::size_t count) {
  for (std::size_t i = count; i < draft.outputs.size(); ++i)
    if (draft.outputs[i] && draft.used[i])
      user_error("output {} ('{}') is used, which is not supported", i,
                 printable(draft.outputs[i]->name));
  draft.outputs.resize(std::min(count, draft.outputs.size()));
}

void move_ints_to_input(GraphBuilder& builder, Draft& draft, std::string_view name,
                        std::size_t index) {
  auto values = draft.attributes.take_ints(name);
  if (!values) return;
  if (draft.inputs.size() > index)
    user_error("attribute '{}' and input {} say the same thing", name, index);
  set_input(draft, index, int_constant(builder, draft, name, std::move(*values)));
}

std::span<const RuleEntry> rules() { return kRules; }

const RuleEntry* find_rule(std::string_view domain, std::string_view type) {
  const auto it = std::ranges::find_if(
      kRules, [&](const RuleEntry& e) { return e.domain == domain && e.type == type; });
  return it == kRules.end() ? nullptr : &*it;
}

void build_node(GraphBuilder& builder, Draft draft) {
  if (draft.inputs.empty() || !draft.inputs[0]) user_error("input 0 is left out");
  if (draft.outputs.empty() || (!draft.outputs[0] && draft.type != "TopK" &&
                                draft.type != "LabelSelect" && draft.type != "Split"))
    user_error("it has no outputs");
  const RuleEntry* entry = find_rule(draft.domain, draft.type);
  if (entry && std::holds_alternative<Expansion>(entry->rule))
    return std::get<Expansion>(entry->rule)(builder, std::move(draft));
  if (entry) std::get<Rule>(entry->rule)(builder, draft);
  builder.add(std::move(draft));
}

}  // namespace assay
