// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Names tensors after the nodes: `Node_outN` for the N-th output, `Node_paramN` for the N-th
/// constant input (a shared constant after its first user), and `global_in`, `global_out` for the
/// graph's ends (`global_in_1`, ... for further ones). Checkpoints keep their own names. Run
/// give_unique_node_names first: node names must not look like these.
///
/// Contract: exact.
bool give_readable_tensor_names(Graph& graph, PassContext& context);

}  // namespace assay
