// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Gemm -> [Transpose] MatMul [Mul alpha] [Mul beta] [Add]. A transposition of constant weights is
/// applied to the constant, one of quantised weights to the constants behind the quantiser
/// (weights, per-channel scales and zero points); any other becomes a Transpose node. beta is
/// multiplied into a constant C. Factors of 1 leave no node.
///
/// Contract: exact.
bool gemm_to_matmul(Graph& graph, PassContext& context);

}  // namespace assay
