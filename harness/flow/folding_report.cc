// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/folding_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/base/printable.h"
#include "compile/graph/hw_ops.h"
#include "compile/hw/layer.h"
#include "compile/passes/folding/folding_summary.h"
#include "compile/passes/folding/set_folding.h"
#include "harness/report/console.h"

namespace assay {
namespace {

report::Folding::Goal goal_of(const PassOptions& options) {
  if (options.device.empty()) return {options.target_cycles, {}, {}};
  report::Folding::Goal goal{{}, options.device, options.device_share};
  if (options.device_cycles > 0) goal.target_cycles = options.device_cycles;
  return goal;
}

/// Whether the target is kept; nothing where a device alone was the goal.
std::optional<bool> reached(std::int64_t cycles, const PassOptions& options) {
  const std::optional<std::int64_t> target = goal_of(options).target_cycles;
  if (!target) return {};
  return cycles <= *target;
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

/// A layer that computes; converters and FIFOs only pass on.
bool computes(const report::Folding::Node& node) {
  return node.op != hw::StreamingFIFO::kType && node.op != hw::StreamingDataWidthConverter::kType;
}

/// Says how many layers miss the target, and which by most; empty when none does.
std::string target_warning(const report::Folding& report) {
  std::int64_t layers = 0, slow = 0;
  const report::Folding::Node* slowest = nullptr;
  for (const report::Folding::Node& node : report.nodes) {
    layers += computes(node) ? 1 : 0;
    slow += computes(node) && !node.reached.value_or(true) ? 1 : 0;
    if (!slowest || node.cycles > slowest->cycles) slowest = &node;
  }
  if (!slowest || report.reached.value_or(true)) return "";
  return fmt::format(
      "the target of {} cycles per frame is not reached: {} of {} layers are slower, '{}' takes "
      "{} ({:.1f} times the target)",
      grouped(*report.goal.target_cycles), grouped(slow), grouped(layers), printable(slowest->node),
      grouped(slowest->cycles),
      static_cast<double>(slowest->cycles) / static_cast<double>(*report.goal.target_cycles));
}

}  // namespace

std::string device_warning(const report::Resources& needs, const report::Device& device,
                           bool chosen) {
  struct Amount {
    const char* name;
    std::int64_t needs, has;
  };
  const report::Resources& has = device.has;
  std::string text;
  double worst = 0;
  for (const Amount& a :
       {Amount{"LUTs", needs.lut, has.lut}, Amount{"flip-flops", needs.ff, has.ff},
        Amount{"block RAMs", needs.bram, has.bram}, Amount{"DSP blocks", needs.dsp, has.dsp}}) {
    if (a.needs <= a.has) continue;
    text += fmt::format("{}{} {} of {}", text.empty() ? "" : ", ", grouped(a.needs), a.name,
                        grouped(a.has));
    if (a.has > 0)
      worst = std::max(worst, static_cast<double>(a.needs) / static_cast<double>(a.has));
  }
  if (text.empty()) return "";
  return fmt::format("the design does not fit {}{}: it is estimated to take {}{}", device.name,
                     chosen ? "" : ", the part that costs are weighed by without --device", text,
                     worst > 0 ? fmt::format(" ({:.1f} times the part)", worst) : "");
}

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
  const std::string beyond =
      device_warning(report.estimates, report.device, report.goal.device.has_value());
  report.fits = beyond.empty();
  for (const std::string& warning : {target_warning(report), beyond})
    if (!warning.empty()) report.warnings.push_back(warning);
  return report;
}

}  // namespace assay
