// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "compile/graph/graph.h"
#include "golden/exact/executor.h"

namespace assay {

/// What a node's inputs hold in one frame, row-major; one for each of run_time_inputs().
using NodeFrame = std::vector<std::vector<std::int64_t>>;

/// The tensors that a node reads and that are no constants, each once.
std::vector<const Tensor*> run_time_inputs(const Node& node);

/// A hardware node as a graph of its own, which golden computes from the node's definition on any
/// inputs of their data types.
class NodeAlone {
 public:
  explicit NodeAlone(const Node& node);
  NodeAlone(const NodeAlone&) = delete;
  NodeAlone& operator=(const NodeAlone&) = delete;
  /// Per output of the node row-major integers; nothing for one that is left out.
  std::vector<std::vector<std::int64_t>> outputs(const NodeFrame& frame) const;

 private:
  Graph graph_;
  std::vector<bool> given_;  ///< per output
  std::unique_ptr<ExactExecutor> golden_;
};

}  // namespace assay
