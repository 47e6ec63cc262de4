// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// BatchNormalization with constant parameters -> Mul by A, Add of B, both of shape [1,C,1,...],
/// with the exact reals
///
///     A = scale / sqrt(var + epsilon)        B = bias - mean * A
///
/// (square roots stay symbolic). UserError when var + epsilon is not positive. Others are left
/// alone.
///
/// Contract: exact.
bool batch_norm_to_affine(Graph& graph, PassContext& context);

}  // namespace assay
