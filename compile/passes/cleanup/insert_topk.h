// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/graph.h"

namespace assay {

/// Puts TopK(k, largest, sorted) on the last axis of the single output: the indices, ties to the
/// lower one, become the graph's output and the checkpoint `label`; the former output keeps its
/// checkpoint. UserError when there are several outputs, the output is an index already, 1 <= k <=
/// classes does not hold, or a checkpoint `label` exists.
///
/// Contract: exact (adds a checkpoint, changes none).
void insert_topk(Graph& graph, std::int64_t k);

}  // namespace assay
