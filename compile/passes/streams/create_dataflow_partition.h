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

}  // namespace assay
