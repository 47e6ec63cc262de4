// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Removes nodes that reach no graph output and no checkpoint, and tensors that nobody uses.
///
/// Contract: exact.
bool remove_unused_tensors(Graph& graph, PassContext& context);

}  // namespace assay
