// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Conv or ConvTranspose with a bias -> the same without, then Add of the bias in shape
/// [1,C,1,...]. A constant bias is reshaped, a quantised one together with its quantiser's
/// parameters; any other goes through a Reshape node.
///
/// Contract: exact.
bool extract_bias_from_conv(Graph& graph, PassContext& context);

}  // namespace assay
