// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// X - B with a constant float or real B -> X + (-B).
///
/// Contract: exact.
bool convert_sub_to_add(Graph& graph, PassContext& context);

}  // namespace assay
