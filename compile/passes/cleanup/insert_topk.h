// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/graph.h"

namespace assay {

/// Whether an output of known shape is one row of logits per image: nothing but the last axis and
/// the batch is longer than 1. Only then do labels mean classes; a map has none.
bool is_row_of_logits(const Tensor& output);

/// Puts TopK(k, largest, sorted) on the last axis of the single output: the indices, ties to the
/// lower one, become the graph's output and the checkpoint `label`; the former output keeps its
/// checkpoint. UserError when there are several outputs, the output is an index already or no row of
/// logits, 1 <= k <= classes does not hold, or a checkpoint `label` exists.
///
/// Contract: exact (adds a checkpoint, changes none).
void insert_topk(Graph& graph, std::int64_t k);

}  // namespace assay
