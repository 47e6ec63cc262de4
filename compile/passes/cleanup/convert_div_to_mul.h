// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// X / B with a constant float or real B -> X * (1/B) with the exact reciprocal. Left alone when an
/// element of B has none (zero, or a sum of several roots).
///
/// Contract: exact.
bool convert_div_to_mul(Graph& graph, PassContext& context);

}  // namespace assay
