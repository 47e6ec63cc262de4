// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/scale_notes.h"

#include <fmt/format.h>

#include "compile/base/printable.h"
#include "compile/passes/pipeline/pass.h"
#include "harness/report/console.h"
#include "harness/report/sentence.h"

namespace assay {
namespace {

/// ": 1,069 LUTs, 18 DSPs, 0 block RAMs (estimate)"; empty before there are layers.
std::string cost_text(const std::optional<report::Folding>& folding, const std::string& node) {
  if (!folding) return "";
  for (const report::Folding::Node& layer : folding->nodes)
    if (layer.node == node)
      return fmt::format(": {} LUTs, {} DSPs, {} block RAMs (estimate)",
                         grouped(layer.estimates.lut), grouped(layer.estimates.dsp),
                         grouped(layer.estimates.bram));
  return "";
}

std::string unit_text(const report::Unit& unit, const std::optional<report::Folding>& folding) {
  return fmt::format(
      "exact: {} takes {} scales of its inputs into weights of {} bits ({} before), "
      "sums of {} bits{}",
      printable(unit.node), grouped(unit.scales), grouped(unit.weight_bits),
      grouped(unit.weight_bits_before), grouped(unit.accumulator_bits),
      cost_text(folding, unit.node));
}

}  // namespace

std::vector<std::string> scale_notes(const std::vector<report::Stage>& stages,
                                     const std::optional<report::Folding>& folding) {
  std::vector<std::string> notes;
  for (const report::Stage& stage : stages) {
    if (!stage.streamline) continue;
    for (const report::Unit& unit : stage.streamline->units)
      if (unit.taken) notes.push_back(unit_text(unit, folding));
    if (stage.contract != contract_name(Contract::kApproximate)) continue;
    for (const report::Remark& remark : stage.streamline->remarks)
      notes.push_back(
          fmt::format("approximate: {}: {}", printable(remark.node), sentence(remark.text)));
  }
  return notes;
}

}  // namespace assay
