// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Transpose of a Quant, BipolarQuant or FloatQuant over constants -> the quantiser over transposed
/// constants (data and per-channel parameters). The quantiser itself stays.
///
/// Contract: exact.
bool fold_transpose_into_quant(Graph& graph, PassContext& context);

}  // namespace assay
