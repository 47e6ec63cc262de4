// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/onnx/export.h"

namespace assay {

/// Nodes that are a network of their own, in a file of its own.
struct PartitionFile {
  std::int64_t index = 0;
  std::string file;  ///< beside the parent
  std::vector<const Node*> nodes;
  std::vector<const Tensor*> inputs, outputs;  ///< as DataflowPartition
};

/// The graph as an ONNX file in which one node stands for the partition's, StreamingDataflowPartition as the
/// reference flow has it: attributes `model`, the file, and `partition_id`. No path leaves the partition and comes back. No
/// import takes it, as what the node does is in the other file. Metadata and errors as of export_bytes(), without
/// checkpoints.
std::string export_parent(const Graph& graph, const ForeignMetadata& metadata,
                          const PartitionFile& partition);

}  // namespace assay
