// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Takes tensors with a constant value out of the graph's inputs (exporters list initialisers
/// there).
///
/// Contract: exact.
bool remove_static_graph_inputs(Graph& graph, PassContext& context);

}  // namespace assay
