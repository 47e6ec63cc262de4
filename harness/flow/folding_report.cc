// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/folding_report.h"

#include <nlohmann/json.hpp>

#include "compile/hw/layer.h"
#include "compile/passes/folding/folding_summary.h"
#include "compile/passes/folding/set_folding.h"
#include "harness/report/schema.h"

namespace assay {
namespace {

Json goal_json(const PassOptions& options) {
  const bool device = !options.device.empty();
  return {{"target_cycles", device ? Json() : Json(options.target_cycles)},
          {"device", device ? Json(options.device) : Json()},
          {"device_share", device ? Json(options.device_share) : Json()}};
}

/// Whether the target is kept; null where a device was the goal.
Json reached(std::int64_t cycles, const PassOptions& options) {
  return options.device.empty() ? Json(cycles <= options.target_cycles) : Json();
}

Json node_json(const LayerSummary& layer, std::int64_t interval, const PassOptions& options) {
  const Node& node = *layer.node;
  Json folding = Json::object();
  for (const hw::FoldingRule& rule : hw::find_layer(node)->rules(node))
    folding[rule.field] = rule.value;
  const auto* product = node.as<hw::MultiplyOp>();
  return {{"node", node.name},
          {"operator", node.op->type()},
          {"partition", layer.partition},
          {"folding", std::move(folding)},
          {"ram_style", node.as<hw::HwOp>()->ram_style},
          {"mem_mode", product ? Json(product->mem_mode) : Json()},
          {"cycles", layer.cycles},
          {"reached", reached(layer.cycles, options)},
          {"macs", layer.macs},
          {"multipliers", layer.multipliers},
          {"efficiency", folding_efficiency(layer.macs, interval, layer.multipliers)},
          {"estimates", resources_json(layer.estimate)}};
}

}  // namespace

Json resources_json(const hw::Resources& r) {
  return {{"lut", r.lut}, {"ff", r.ff}, {"bram", r.bram}, {"dsp", r.dsp}};
}

Json device_json(const hw::Device& device) {
  return {{"name", device.name},
          {"family", hw::family_name(device.family)},
          {"block_ram_bits", device.block_bits},
          {"has", resources_json(device.has)}};
}

Json folding_report(const Graph& graph, std::string_view stage, std::string_view stage_sha256,
                    const PassOptions& options) {
  const hw::Device& device =
      hw::find_device(options.device.empty() ? kCostDevice : std::string_view(options.device));
  const FoldingSummary summary = folding_summary(graph, device);
  Json nodes = Json::array();
  for (const LayerSummary& layer : summary.layers)
    nodes.push_back(node_json(layer, summary.interval, options));
  return {{"schema", kFoldingSchema},
          {"stage", stage},
          {"stage_sha256", stage_sha256},
          {"goal", goal_json(options)},
          {"interval", summary.interval},
          {"reached", reached(summary.interval, options)},
          {"macs", summary.macs},
          {"multipliers", summary.multipliers},
          {"efficiency", folding_efficiency(summary.macs, summary.interval, summary.multipliers)},
          {"estimates", resources_json(summary.estimate)},
          {"device", device_json(device)},
          {"nodes", std::move(nodes)}};
}

}  // namespace assay
