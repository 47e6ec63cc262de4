// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/streamline_json.h"

#include <nlohmann/json.hpp>

#include "harness/report/schema.h"

namespace assay {
namespace {

Json quantiser_json(const QuantiserReport& q) {
  return {{"node", q.node},
          {"result", q.result},
          {"checkpoint", q.checkpoint},
          {"form", quantiser_form_name(q.form)},
          {"channels", q.channels},
          {"steps", q.steps},
          {"min", q.min},
          {"max", q.max},
          {"bits", q.bits},
          {"constant_channels", q.constant_channels},
          {"unreachable", q.unreachable},
          {"margin", q.margin < 0 ? Json() : Json(q.margin)},
          {"ties", q.ties},
          {"fraction_bits", q.fraction_bits},
          {"pairs", q.pairs},
          {"inseparable", q.inseparable},
          {"folded", q.folded}};
}

Json width_json(const WidthReport& w) {
  return {{"node", w.node},
          {"weights", w.weights.name()},
          {"input", w.input.name()},
          {"accumulator", w.accumulator.name()},
          {"min", w.min},
          {"max", w.max},
          {"weights_before", w.weights_before.name()},
          {"accumulator_before", w.accumulator_before.name()}};
}

Json unit_json(const UnitReport& u) {
  return {{"node", u.node},
          {"scales", u.scales},
          {"multiplier_bits", u.multiplier_bits},
          {"weight_bits", u.weight_bits},
          {"weight_bits_before", u.weight_bits_before},
          {"accumulator_bits", u.accumulator_bits},
          {"taken", u.taken}};
}

}  // namespace

Json streamline_json(const PassReport& report) {
  Json quantisers = Json::array(), widths = Json::array(), units = Json::array(),
       remarks = Json::array();
  for (const QuantiserReport& q : report.quantisers) quantisers.push_back(quantiser_json(q));
  for (const WidthReport& w : report.widths) widths.push_back(width_json(w));
  for (const UnitReport& u : report.units) units.push_back(unit_json(u));
  for (const StepRemark& r : report.remarks)
    remarks.push_back({{"node", r.node}, {"text", r.text}});
  return {{"quantisers", std::move(quantisers)},
          {"widths", std::move(widths)},
          {"units", std::move(units)},
          {"remarks", std::move(remarks)}};
}

Json streamline_summary(const std::vector<Json>& stage_reports, bool integer) {
  Json stages = Json::array();
  Json lists = {{"quantisers", Json::array()},
                {"widths", Json::array()},
                {"units", Json::array()},
                {"remarks", Json::array()}};
  for (const Json& report : stage_reports) {
    const Json& section = report.at("streamline");
    if (section.is_null()) continue;
    stages.push_back({{"stage", report.at("stage")}, {"contract", report.at("contract")}});
    for (auto& [key, list] : lists.items())
      for (const Json& entry : section.at(key)) {
        Json named = {{"stage", report.at("stage")}};
        named.update(entry);
        list.push_back(std::move(named));
      }
  }
  if (stages.empty()) return {};
  Json summary = {
      {"schema", kStreamlineSchema}, {"integer", integer}, {"stages", std::move(stages)}};
  summary.update(lists);
  return summary;
}

}  // namespace assay
