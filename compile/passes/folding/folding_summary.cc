// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/folding/folding_summary.h"

#include <algorithm>

#include "compile/hw/layer.h"

namespace assay {
namespace {

LayerSummary summary_of(const Node& node, const hw::Device& device) {
  const hw::Layer layer = hw::build_layer(node, false);
  LayerSummary summary;
  summary.node = &node;
  summary.partition = static_cast<const hw::HwOp&>(*node.op).partition;
  summary.cycles = layer.cycles;
  summary.estimate = hw::estimate_resources(layer, device);
  if (const auto* op = node.as<hw::MultiplyOp>()) {
    const std::int64_t vectors = hw::elements(node.outputs[0]) / hw::channels(node.outputs[0]);
    summary.macs = vectors * hw::elements(node.inputs[1]);
    summary.multipliers = op->pe * op->simd;
  }
  return summary;
}

}  // namespace

FoldingSummary folding_summary(const Graph& graph, const hw::Device& device) {
  FoldingSummary summary;
  for (const Node* node : graph.topological_order()) {
    if (!hw::find_layer(*node)) continue;
    summary.layers.push_back(summary_of(*node, device));
    const LayerSummary& layer = summary.layers.back();
    summary.interval = std::max(summary.interval, layer.cycles);
    summary.macs += layer.macs;
    summary.multipliers += layer.multipliers;
    summary.estimate += layer.estimate;
  }
  return summary;
}

double folding_efficiency(std::int64_t macs, std::int64_t interval, std::int64_t multipliers) {
  if (multipliers == 0 || interval == 0) return 0;
  return static_cast<double>(macs) /
         (static_cast<double>(interval) * static_cast<double>(multipliers));
}

}  // namespace assay
