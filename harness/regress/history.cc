// SPDX-License-Identifier: Apache-2.0
#include "harness/regress/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "compile/base/printable.h"
#include "harness/report/schema.h"

namespace assay {
namespace {

/// Long enough to tell two programs apart.
constexpr std::size_t kShownHash = 12;

std::string string_at(const Json& json, const char* key) { return json.at(key).get<std::string>(); }

Json metrics_json(const Measurement& now, const Measurement* before) {
  std::map<std::pair<std::string, std::string>, std::int64_t> old;
  if (before)
    for (const Metric& metric : before->metrics) old[{metric.name, metric.node}] = metric.value;
  Json metrics = Json::array();
  for (const Metric& metric : now.metrics) {
    const auto it = old.find({metric.name, metric.node});
    metrics.push_back({{"metric", metric.name},
                       {"node", metric.node},
                       {"value", metric.value},
                       {"delta", it == old.end() ? Json() : Json(metric.value - it->second)}});
  }
  return metrics;
}

Json run_json(const RecordedMeasurement& now, const Measurement* before) {
  return {{"run", now.run.id},
          {"time", now.run.time},
          {"suite", now.run.suite},
          {"assay", {{"version", now.run.version}, {"sha256", now.run.program}}},
          {"baseline", now.baseline},
          {"same_setup", before ? Json(before->setup == now.measurement.setup) : Json()},
          {"verdict", now.measurement.verdict},
          {"metrics", metrics_json(now.measurement, before)}};
}

std::string delta_text(const Json& delta) {
  if (delta.is_null() || delta == 0) return "";
  const auto value = delta.get<std::int64_t>();
  return fmt::format(" ({}{})", value > 0 ? "+" : "", grouped(value));
}

/// The metrics of the whole that any run has, in their order.
std::vector<std::string> columns(const Json& runs) {
  std::vector<std::string> names;
  for (const Json& run : runs)
    for (const Json& metric : run.at("metrics")) {
      const std::string name = string_at(metric, "metric");
      if (string_at(metric, "node").empty() && std::ranges::find(names, name) == names.end())
        names.push_back(name);
    }
  return names;
}

std::string cell(const Json& run, const std::string& name) {
  for (const Json& metric : run.at("metrics"))
    if (string_at(metric, "metric") == name && string_at(metric, "node").empty())
      return grouped(metric.at("value").get<std::int64_t>()) + delta_text(metric.at("delta"));
  return "-";
}

std::string note(const Json& run) {
  std::string text = run.at("baseline").get<bool>() ? "baseline" : "";
  if (run.at("same_setup") == Json(false))
    text += std::string(text.empty() ? "" : ", ") + "other setup";
  return text.empty() ? "-" : text;
}

std::string node_changes(const Json& runs) {
  std::string text;
  for (const Json& run : runs)
    for (const Json& metric : run.at("metrics")) {
      const Json& delta = metric.at("delta");
      if (string_at(metric, "node").empty() || delta.is_null() || delta == 0) continue;
      text += fmt::format("  {} {} of '{}': {}{}\n", string_at(run, "time"),
                          string_at(metric, "metric"), printable(string_at(metric, "node")),
                          grouped(metric.at("value").get<std::int64_t>()), delta_text(delta));
    }
  return text;
}

}  // namespace

Json history_json(const std::vector<RecordedMeasurement>& entries) {
  Json cases = Json::array();
  const Measurement* before = nullptr;
  for (const RecordedMeasurement& entry : entries) {
    const Measurement& m = entry.measurement;
    if (!before || before->case_name != m.case_name || before->level != m.level) {
      before = nullptr;
      cases.push_back({{"case", m.case_name}, {"level", m.level}, {"runs", Json::array()}});
    }
    cases.back()["runs"].push_back(run_json(entry, before));
    before = &m;
  }
  return {{"schema", kHistorySchema}, {"cases", std::move(cases)}};
}

std::string history_text(const Json& history) {
  std::string text;
  for (const Json& entry : history.at("cases")) {
    const Json& runs = entry.at("runs");
    const std::vector<std::string> metrics = columns(runs);
    std::vector<std::vector<std::string>> rows = {{"time", "assay", "verdict"}};
    rows[0].insert(rows[0].end(), metrics.begin(), metrics.end());
    rows[0].emplace_back("note");
    for (const Json& run : runs) {
      std::vector<std::string> row = {string_at(run, "time"),
                                      string_at(run.at("assay"), "sha256").substr(0, kShownHash),
                                      string_at(run, "verdict")};
      for (const std::string& name : metrics) row.push_back(cell(run, name));
      row.push_back(note(run));
      rows.push_back(std::move(row));
    }
    text += fmt::format("{}{}, level {}\n{}{}", text.empty() ? "" : "\n",
                        printable(string_at(entry, "case")), string_at(entry, "level"),
                        table_text(rows), node_changes(runs));
  }
  return text;
}

}  // namespace assay
