// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Hardware layers that become one accelerator.
struct DataflowPartition {
  std::int64_t index = 0;
  std::vector<const Node*> nodes;  ///< hardware layers, in topological order
  /// The streams that enter and leave, each once: tensors that layers of the partition read while
  /// what gives them, views apart, lies outside, and those that they give to the outside.
  std::vector<const Tensor*> inputs, outputs;
};

/// Numbers the partitions in HwOp::partition: no path leaves one and comes back. Software in
/// between starts a new one; views do not. Contract: exact.
bool create_dataflow_partition(Graph& graph, PassContext& context);

/// The partitions as numbered, in order.
std::vector<DataflowPartition> dataflow_partitions(const Graph& graph);

/// Its layers and the views between them, in topological order.
std::vector<const Node*> nodes_between_ends(const Graph& graph, const DataflowPartition& partition);
/// Those as a network of their own, from the partition's inputs to its outputs, by the same names, without
/// checkpoints.
Graph partition_graph(const Graph& graph, const DataflowPartition& partition);

}  // namespace assay
