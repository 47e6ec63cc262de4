// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/device_folding.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/hw/devices.h"
#include "compile/passes/folding/folding_summary.h"
#include "compile/passes/folding/set_folding.h"
#include "compile/passes/streams/insert_width_converters.h"
#include "harness/flow/fifos.h"
#include "harness/report/console.h"

namespace assay {
namespace {

using hw::Resources;

constexpr int kMostRounds = 4;

/// What an accelerator takes, and its FIFOs of that.
struct Taken {
  Resources all, fifos;
};

/// Of folded layers, once they have converters and FIFOs. Where FIFOs cannot be sized nothing: the stage that
/// inserts them says why.
Taken taken(Graph graph, const PassOptions& options, const hw::Device& device) {
  PassContext context{.options = options};
  insert_width_converters(graph, context);
  try {
    insert_sized_fifos(graph, context);
  } catch (const UserError&) {
    return {};
  }
  Taken taken;
  for (const LayerSummary& layer : folding_summary(graph, device).layers) {
    taken.all += layer.estimate;
    if (layer.node->as<hw::StreamingFIFO>()) taken.fifos += layer.estimate;
  }
  return taken;
}

bool within(const Resources& r, const Resources& has, std::int64_t share) {
  const auto fits = [&](std::int64_t takes, std::int64_t there) {
    return takes <= there * share / 100;
  };
  return fits(r.lut, has.lut) && fits(r.ff, has.ff) && fits(r.bram, has.bram) &&
         fits(r.dsp, has.dsp);
}

Resources most(const Resources& a, const Resources& b) {
  return {std::max(a.lut, b.lut), std::max(a.ff, b.ff), std::max(a.bram, b.bram),
          std::max(a.dsp, b.dsp)};
}

void add_remark(const Graph& graph, const Resources& reserve, PassReport& report) {
  const auto& nodes = graph.nodes();
  const auto first = std::ranges::find_if(
      nodes, [](const auto& node) { return hw::find_layer(*node) != nullptr; });
  if (first == nodes.end() || reserve == Resources{}) return;
  report.remarks.push_back(
      {(*first)->name,
       fmt::format("layers leave {} LUTs, {} flip-flops and {} block RAMs of the device's share to "
                   "FIFOs",
                   grouped(reserve.lut), grouped(reserve.ff), grouped(reserve.bram))});
}

}  // namespace

bool fold_with_fifos(Graph& graph, PassContext& context) {
  const hw::Device& device = hw::find_device(context.options.device);
  const PassOptions& options = context.options;
  Resources reserve;
  for (int round = 1;; ++round) {
    Graph folded = graph;
    PassContext again = context;
    const bool changed = set_folding(folded, again, reserve);
    const Taken takes = taken(folded, options, device);
    const Resources needed = most(reserve, takes.fifos);
    if (round == kMostRounds || needed == reserve ||
        within(takes.all, device.has, options.device_share)) {
      add_remark(folded, reserve, again.report);
      graph = std::move(folded);
      context = std::move(again);
      return changed;
    }
    reserve = needed;
  }
}

}  // namespace assay
