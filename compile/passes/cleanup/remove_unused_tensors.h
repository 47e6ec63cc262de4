// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/graph.h"

namespace assay {

/// Removes nodes that reach no graph output and no checkpoint, and tensors that nobody uses.
///
/// Contract: exact.
bool remove_unused_tensors(Graph& graph);

}  // namespace assay
