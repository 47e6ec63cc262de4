// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/streamline_report.h"

namespace assay {
namespace {

report::Quantiser quantiser(const QuantiserReport& q) {
  report::Quantiser entry;
  entry.node = q.node;
  entry.result = q.result;
  entry.checkpoint = q.checkpoint;
  entry.form = quantiser_form_name(q.form);
  entry.channels = q.channels;
  entry.steps = q.steps;
  entry.min = q.min;
  entry.max = q.max;
  entry.bits = q.bits;
  entry.constant_channels = q.constant_channels;
  entry.unreachable = q.unreachable;
  if (q.margin >= 0) entry.margin = q.margin;
  entry.ties = q.ties;
  entry.fraction_bits = q.fraction_bits;
  entry.pairs = q.pairs;
  entry.inseparable = q.inseparable;
  entry.folded = q.folded;
  return entry;
}

report::Width width(const WidthReport& w) {
  return {{},
          w.node,
          w.weights.name(),
          w.input.name(),
          w.accumulator.name(),
          w.min,
          w.max,
          w.weights_before.name(),
          w.accumulator_before.name()};
}

report::Unit unit(const UnitReport& u) {
  return {{},
          u.node,
          u.scales,
          u.multiplier_bits,
          u.weight_bits,
          u.weight_bits_before,
          u.accumulator_bits,
          u.taken};
}

/// Adds a stage's entries, each with its name.
template <typename T>
void add(const std::string& stage, const std::vector<T>& entries, std::vector<T>& all) {
  for (const T& entry : entries) all.emplace_back(entry).stage = stage;
}

/// A pass sees only the graph before it, where another node may carry a quantiser's checkpoint.
void name_checkpoints(const Graph& graph, PassReport& report) {
  for (QuantiserReport& quantiser : report.quantisers) {
    if (!quantiser.checkpoint.empty()) continue;
    for (const Checkpoint& checkpoint : graph.checkpoints())
      if (checkpoint.tensor->producer && checkpoint.tensor->producer->name == quantiser.result)
        quantiser.checkpoint = checkpoint.name;
  }
}

}  // namespace

report::StageStreamline streamline_report(PassReport report, const Graph& graph) {
  name_checkpoints(graph, report);
  report::StageStreamline section;
  for (const QuantiserReport& q : report.quantisers) section.quantisers.push_back(quantiser(q));
  for (const WidthReport& w : report.widths) section.widths.push_back(width(w));
  for (const UnitReport& u : report.units) section.units.push_back(unit(u));
  for (const StepRemark& r : report.remarks) section.remarks.push_back({{}, r.node, r.text});
  return section;
}

std::optional<report::Streamline> streamline_summary(const std::vector<report::Stage>& stages,
                                                     bool integer) {
  report::Streamline summary;
  summary.integer = integer;
  for (const report::Stage& stage : stages) {
    if (!stage.streamline) continue;
    summary.stages.push_back({stage.stage, stage.contract});
    add(stage.stage, stage.streamline->quantisers, summary.all.quantisers);
    add(stage.stage, stage.streamline->widths, summary.all.widths);
    add(stage.stage, stage.streamline->units, summary.all.units);
    add(stage.stage, stage.streamline->remarks, summary.all.remarks);
  }
  if (summary.stages.empty()) return {};
  return summary;
}

}  // namespace assay
