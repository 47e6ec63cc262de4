// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

#include "compile/graph/graph.h"

namespace assay {

/// The axis along which the classes of an output of known shape lie: the only one behind the batch
/// that is longer than 1 ([N,K], [N,K,1,1], [N,1,K]), or that of a single vector [K]. Nothing where
/// there are several or none: labels mean no classes of a map or of one number.
std::optional<std::size_t> class_axis(const Tensor& output);
/// Whether the output of one image is one row of classes: not [6,30], which is six.
bool is_row_of_classes(const Tensor& output);

/// Whether a network gets labels where `topk` of them are asked for, at least one: its single output
/// is real, no quantiser's, and one row of logits per image, of which no host makes anything else.
bool gets_labels(const Graph& network, std::int64_t topk);

/// Puts TopK(k, largest, sorted) on the classes of the single output, flattened to [N,K] where they
/// do not lie along its last axis: the indices, ties to the lower one, become the graph's output and
/// the checkpoint `label`; the former output keeps its checkpoint. UserError when there are several
/// outputs, the output is an index already or no row of logits, 1 <= k <= classes does not hold, or a
/// checkpoint `label` exists.
///
/// Contract: exact (adds a checkpoint, changes none).
void insert_topk(Graph& graph, std::int64_t k);

}  // namespace assay
