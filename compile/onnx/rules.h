// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/onnx/builder.h"

namespace assay {

/// Brings a draft to the IR's form in place, helper nodes in front of it included.
using Rule = void (*)(GraphBuilder&, Draft&);
/// The rule for an operator, or null when its form never changed.
Rule find_rule(std::string_view domain, std::string_view type);

/// Gives kernel_shape, strides, pads and dilations their full length; auto_pad becomes explicit
/// pads.
void complete_conv(GraphBuilder& builder, Draft& draft);
void complete_conv_transpose(GraphBuilder& builder, Draft& draft);
void complete_max_pool(GraphBuilder& builder, Draft& draft);
void complete_average_pool(GraphBuilder& builder, Draft& draft);
void complete_max_pool_nhwc(GraphBuilder& builder, Draft& draft);

/// Keeps the first `count` outputs; UserError when another one is read.
void keep_outputs(Draft& draft, std::size_t count);

}  // namespace assay
