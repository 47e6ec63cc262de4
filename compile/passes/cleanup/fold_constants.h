// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Replaces nodes whose inputs are all constants by their exact value, and Shape by the static
/// shape of its input.
///
/// Folded: Add Sub Mul Div Pow Identity DebugMarker Cast Transpose Reshape Flatten Squeeze
/// Unsqueeze Concat Gather Pad Shape Sign Relu Clip. Float arithmetic is done in exact reals, never
/// in float32; integers must stay within their container. Left alone: every quantiser (its integers
/// are the network's meaning), a Clip in front of DequantizeLinear (it tells the bit width), and
/// what has no exact value here (division by zero or by a sum of several roots, powers other than
/// integers and square roots of rationals, overflow).
///
/// Contract: exact.
bool fold_constants(Graph& graph, PassContext& context);

}  // namespace assay
