// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Removes operators that return their input unchanged, bit for bit and in the same shape:
/// Identity, DebugMarker, Pad by nothing, Add or Sub of exactly 0, Mul or Div by exactly 1,
/// Transpose in order, two Transposes that cancel, Reshape, Flatten, Squeeze, Unsqueeze to the same
/// shape, Cast to the same container, Concat of one tensor, Clip without bounds, pools with
/// one-element windows. An operator that broadcasts its input to a larger shape stays, and so does
/// one between a graph input and a graph output.
///
/// Contract: exact.
bool remove_identity_ops(Graph& graph, PassContext& context);

}  // namespace assay
