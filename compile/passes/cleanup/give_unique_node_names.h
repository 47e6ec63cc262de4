// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Sorts the nodes topologically and names them `Op_i`, counting from 0 for each operator: Conv_0,
/// Conv_1, Quant_0, ...
///
/// Contract: exact.
bool give_unique_node_names(Graph& graph, PassContext& context);

}  // namespace assay
