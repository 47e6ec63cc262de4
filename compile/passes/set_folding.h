// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// The folding of one layer.
struct NodeFolding {
  std::string node, type;
  std::vector<std::pair<std::string, std::int64_t>> fields;  ///< "PE", 4
  std::int64_t cycles = 0;                                   ///< per frame
  bool reached = false;                                      ///< cycles <= the target
};

struct FoldingReport {
  std::int64_t target = 0;
  std::vector<NodeFolding> nodes;  ///< in topological order
  std::int64_t slowest = 0;        ///< the most cycles of a layer
};

/// Unfolds every layer as little as needed for `target` cycles per frame: the least number of
/// lanes, and among equals the most SIMD. Generators of grouped windows and their readers are
/// unfolded together. A layer that cannot reach the target gets its fastest folding, and the report
/// says so. Layers keep the implementation and the parallel windows that they have. UserError only
/// for a layer that cannot be built at all. Contract: exact.
bool set_folding(Graph& graph, std::int64_t target, FoldingReport& report);

}  // namespace assay
