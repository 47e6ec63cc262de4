// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/hw/devices.h"

namespace assay {

/// A hardware layer in figures.
struct LayerSummary {
  const Node* node = nullptr;
  std::int64_t partition = 0;
  std::int64_t cycles = 0;       ///< per frame
  std::int64_t macs = 0;         ///< products per frame; 0 for a layer without
  std::int64_t multipliers = 0;  ///< products per cycle, at most
  hw::Resources estimate;
};

/// The layers of a graph, in figures.
struct FoldingSummary {
  std::vector<LayerSummary> layers;  ///< in topological order
  std::int64_t interval = 0;         ///< the most cycles of a layer
  std::int64_t macs = 0, multipliers = 0;
  hw::Resources estimate;
};

/// The resources are those on the device.
FoldingSummary folding_summary(const Graph& graph, const hw::Device& device);

/// The share of the multipliers' cycles that products take: macs / (interval * multipliers); 0
/// without multipliers.
double folding_efficiency(std::int64_t macs, std::int64_t interval, std::int64_t multipliers);

}  // namespace assay
