// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <variant>

#include "compile/onnx/builder.h"

namespace assay {

/// Brings a draft to the IR's form in place, helper nodes in front of it included.
using Rule = void (*)(GraphBuilder&, Draft&);
/// Adds the nodes of the IR that together are the draft's operator.
using Expansion = void (*)(GraphBuilder&, Draft);

/// How an operator of a file becomes what the IR has.
struct RuleEntry {
  std::string_view domain, type;
  std::variant<Rule, Expansion> rule;
};
std::span<const RuleEntry> rules();
/// The entry for an operator, or null when its form never changed.
const RuleEntry* find_rule(std::string_view domain, std::string_view type);

/// Gives kernel_shape, strides, pads and dilations their full length; auto_pad becomes explicit
/// pads.
void complete_conv(GraphBuilder& builder, Draft& draft);
void complete_conv_transpose(GraphBuilder& builder, Draft& draft);
void complete_max_pool(GraphBuilder& builder, Draft& draft);
void complete_average_pool(GraphBuilder& builder, Draft& draft);
void complete_max_pool_nhwc(GraphBuilder& builder, Draft& draft);

/// Quantisers whose parameters may come through Identity nodes.
void build_quantiser(GraphBuilder& builder, Draft& draft);
void build_dequantize_linear(GraphBuilder& builder, Draft& draft);
/// Element types of 2 and 4 bits become a Clip behind it.
void expand_quantize_linear(GraphBuilder& builder, Draft draft);

/// Sums and functions that are linear in pieces.
void expand_neg(GraphBuilder& builder, Draft draft);
void expand_abs(GraphBuilder& builder, Draft draft);
void expand_sum(GraphBuilder& builder, Draft draft);
void expand_max(GraphBuilder& builder, Draft draft);
void expand_min(GraphBuilder& builder, Draft draft);
void expand_leaky_relu(GraphBuilder& builder, Draft draft);
void expand_prelu(GraphBuilder& builder, Draft draft);
void expand_hard_sigmoid(GraphBuilder& builder, Draft draft);
void expand_hard_swish(GraphBuilder& builder, Draft draft);

/// Functions of Exp, Erf, Sigmoid, Softplus and Tanh.
void expand_elu(GraphBuilder& builder, Draft draft);
void expand_celu(GraphBuilder& builder, Draft draft);
void expand_selu(GraphBuilder& builder, Draft draft);
void expand_gelu(GraphBuilder& builder, Draft draft);
void expand_mish(GraphBuilder& builder, Draft draft);
void expand_swish(GraphBuilder& builder, Draft draft);

/// Pools over whole axes, and the index of the largest or smallest element.
void expand_reduce_mean(GraphBuilder& builder, Draft draft);
void expand_reduce_max(GraphBuilder& builder, Draft draft);
void expand_reduce_sum(GraphBuilder& builder, Draft draft);
void expand_global_max_pool(GraphBuilder& builder, Draft draft);
void expand_arg_max(GraphBuilder& builder, Draft draft);
void expand_arg_min(GraphBuilder& builder, Draft draft);

/// Picking and arranging elements.
void expand_split(GraphBuilder& builder, Draft draft);
void expand_slice(GraphBuilder& builder, Draft draft);
void expand_expand(GraphBuilder& builder, Draft draft);
void expand_tile(GraphBuilder& builder, Draft draft);
void expand_pad(GraphBuilder& builder, Draft draft);
void expand_space_to_depth(GraphBuilder& builder, Draft draft);

/// Shapes as numbers.
void expand_shape(GraphBuilder& builder, Draft draft);
void expand_constant_of_shape(GraphBuilder& builder, Draft draft);
/// The scales or sizes of a Resize that names its axes, as those of all axes.
void list_all_axes(GraphBuilder& builder, Draft& draft);
/// Before opset 7 the axes of the second operand began at an axis of the first that the node names.
void build_binary(GraphBuilder& builder, Draft& draft);

/// Operators on quantised tensors.
void expand_qlinear_conv(GraphBuilder& builder, Draft draft);
void expand_qlinear_matmul(GraphBuilder& builder, Draft draft);
void expand_integer_product(GraphBuilder& builder, Draft draft);
void expand_qgemm(GraphBuilder& builder, Draft draft);
void expand_qlinear_binary(GraphBuilder& builder, Draft draft);
void expand_qlinear_unary(GraphBuilder& builder, Draft draft);
void expand_qlinear_softmax(GraphBuilder& builder, Draft draft);
void expand_qlinear_concat(GraphBuilder& builder, Draft draft);
/// Another domain's copy of a standard operator.
void expand_standard(GraphBuilder& builder, Draft draft);

/// An attribute of older versions that has become input `index`.
void move_ints_to_input(GraphBuilder& builder, Draft& draft, std::string_view name,
                        std::size_t index);
/// Keeps the first `count` outputs; UserError when another one is read.
void keep_outputs(Draft& draft, std::size_t count);

}  // namespace assay
