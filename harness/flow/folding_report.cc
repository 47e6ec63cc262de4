// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/folding_report.h"

#include "compile/hw/layer.h"
#include "compile/passes/folding/folding_summary.h"
#include "compile/passes/folding/set_folding.h"

namespace assay {
namespace {

report::Folding::Goal goal_of(const PassOptions& options) {
  if (options.device.empty()) return {options.target_cycles, {}, {}};
  return {{}, options.device, options.device_share};
}

/// Whether the target is kept; nothing where a device was the goal.
std::optional<bool> reached(std::int64_t cycles, const PassOptions& options) {
  if (!options.device.empty()) return {};
  return cycles <= options.target_cycles;
}

report::Folding::Node node_report(const LayerSummary& layer, std::int64_t interval,
                                  const PassOptions& options) {
  const Node& node = *layer.node;
  report::Folding::Node entry;
  entry.node = node.name;
  entry.op = node.op->type();
  entry.partition = layer.partition;
  for (const hw::FoldingRule& rule : hw::find_layer(node)->rules(node))
    entry.folding.emplace_back(rule.field, rule.value);
  entry.ram_style = node.as<hw::HwOp>()->ram_style;
  if (const auto* product = node.as<hw::MultiplyOp>()) entry.mem_mode = product->mem_mode;
  entry.cycles = layer.cycles;
  entry.reached = reached(layer.cycles, options);
  entry.macs = layer.macs;
  entry.multipliers = layer.multipliers;
  entry.efficiency = folding_efficiency(layer.macs, interval, layer.multipliers);
  entry.estimates = resources_report(layer.estimate);
  return entry;
}

}  // namespace

report::Resources resources_report(const hw::Resources& r) { return {r.lut, r.ff, r.bram, r.dsp}; }

report::Device device_report(const hw::Device& device) {
  return {std::string(device.name), std::string(hw::family_name(device.family)), device.block_bits,
          resources_report(device.has)};
}

report::Folding folding_report(const Graph& graph, std::string_view stage,
                               std::string_view stage_sha256, const PassOptions& options) {
  const hw::Device& device =
      hw::find_device(options.device.empty() ? kCostDevice : std::string_view(options.device));
  const FoldingSummary summary = folding_summary(graph, device);
  report::Folding report;
  report.stage = stage;
  report.stage_sha256 = stage_sha256;
  report.goal = goal_of(options);
  report.interval = summary.interval;
  report.reached = reached(summary.interval, options);
  report.macs = summary.macs;
  report.multipliers = summary.multipliers;
  report.efficiency = folding_efficiency(summary.macs, summary.interval, summary.multipliers);
  report.estimates = resources_report(summary.estimate);
  report.device = device_report(device);
  for (const LayerSummary& layer : summary.layers)
    report.nodes.push_back(node_report(layer, summary.interval, options));
  return report;
}

}  // namespace assay
