// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/scale_notes.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "compile/base/printable.h"
#include "compile/passes/pipeline/pass.h"
#include "harness/report/console.h"

namespace assay {
namespace {

std::string name_of(const Json& entry) { return printable(entry.at("node").get<std::string>()); }
std::string count(const Json& value) { return grouped(value.get<std::int64_t>()); }

/// ": 1,069 LUTs, 18 DSPs, 0 block RAMs (estimate)"; empty before there are layers.
std::string cost_text(const Json& folding, const Json& node) {
  if (folding.is_null()) return "";
  for (const Json& layer : folding.at("nodes")) {
    if (layer.at("node") != node) continue;
    const Json& e = layer.at("estimates");
    return fmt::format(": {} LUTs, {} DSPs, {} block RAMs (estimate)", count(e.at("lut")),
                       count(e.at("dsp")), count(e.at("bram")));
  }
  return "";
}

std::string unit_text(const Json& unit, const Json& folding) {
  return fmt::format(
      "exact: {} takes {} scales of its inputs into weights of {} bits ({} before), "
      "sums of {} bits{}",
      name_of(unit), count(unit.at("scales")), count(unit.at("weight_bits")),
      count(unit.at("weight_bits_before")), count(unit.at("accumulator_bits")),
      cost_text(folding, unit.at("node")));
}

}  // namespace

Json scale_notes(const std::vector<Json>& stages, const Json& folding) {
  Json notes = Json::array();
  for (const Json& stage : stages) {
    const Json& streamline = stage.at("streamline");
    if (streamline.is_null()) continue;
    for (const Json& unit : streamline.at("units"))
      if (unit.at("taken").get<bool>()) notes.push_back(unit_text(unit, folding));
    if (stage.at("contract") != contract_name(Contract::kApproximate)) continue;
    for (const Json& remark : streamline.at("remarks"))
      notes.push_back(fmt::format("approximate: {}: {}", name_of(remark),
                                  printable(remark.at("text").get<std::string>(), 4096)));
  }
  return notes;
}

}  // namespace assay
