// SPDX-License-Identifier: Apache-2.0
#include "harness/regress/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compile/base/printable.h"

namespace assay {
namespace {

using Runs = std::vector<report::History::Run>;

/// Long enough to tell two programs apart.
constexpr std::size_t kShownHash = 12;

std::vector<report::History::Metric> metric_reports(const Measurement& now,
                                                    const Measurement* before) {
  std::map<std::pair<std::string, std::string>, std::int64_t> old;
  if (before)
    for (const Metric& metric : before->metrics) old[{metric.name, metric.node}] = metric.value;
  std::vector<report::History::Metric> metrics;
  for (const Metric& metric : now.metrics) {
    metrics.push_back({metric.name, metric.node, metric.value, {}});
    const auto it = old.find({metric.name, metric.node});
    if (it != old.end()) metrics.back().delta = metric.value - it->second;
  }
  return metrics;
}

report::History::Run run_report(const RecordedMeasurement& now, const Measurement* before) {
  report::History::Run report;
  report.run = now.run.id;
  report.time = now.run.time;
  report.suite = now.run.suite;
  report.assay = {now.run.version, now.run.program};
  report.baseline = now.baseline;
  if (before) report.same_setup = before->setup == now.measurement.setup;
  report.verdict = now.measurement.verdict;
  report.metrics = metric_reports(now.measurement, before);
  return report;
}

std::string delta_text(const std::optional<std::int64_t>& delta) {
  if (delta.value_or(0) == 0) return "";
  return fmt::format(" ({}{})", *delta > 0 ? "+" : "", grouped(*delta));
}

/// The metrics of the whole that any run has, in their order.
std::vector<std::string> columns(const Runs& runs) {
  std::vector<std::string> names;
  for (const report::History::Run& run : runs)
    for (const report::History::Metric& metric : run.metrics)
      if (metric.node.empty() && std::ranges::find(names, metric.metric) == names.end())
        names.push_back(metric.metric);
  return names;
}

std::string history_cell(const report::History::Run& run, const std::string& name) {
  for (const report::History::Metric& metric : run.metrics)
    if (metric.metric == name && metric.node.empty())
      return grouped(metric.value) + delta_text(metric.delta);
  return "-";
}

std::string note(const report::History::Run& run) {
  std::string text = run.baseline ? "baseline" : "";
  if (!run.same_setup.value_or(true)) text += std::string(text.empty() ? "" : ", ") + "other setup";
  return text.empty() ? "-" : text;
}

std::string node_changes(const Runs& runs) {
  std::string text;
  for (const report::History::Run& run : runs)
    for (const report::History::Metric& metric : run.metrics) {
      if (metric.node.empty() || metric.delta.value_or(0) == 0) continue;
      text += fmt::format("  {} {} of '{}': {}{}\n", run.time, metric.metric,
                          printable(metric.node), grouped(metric.value), delta_text(metric.delta));
    }
  return text;
}

std::string history_table(const Runs& runs) {
  const std::vector<std::string> metrics = columns(runs);
  std::vector<std::vector<std::string>> rows = {{"time", "assay", "verdict"}};
  rows[0].insert(rows[0].end(), metrics.begin(), metrics.end());
  rows[0].emplace_back("note");
  for (const report::History::Run& run : runs) {
    std::vector<std::string> row = {run.time, run.assay.sha256.substr(0, kShownHash), run.verdict};
    for (const std::string& name : metrics) row.push_back(history_cell(run, name));
    row.push_back(note(run));
    rows.push_back(std::move(row));
  }
  return table_text(rows);
}

}  // namespace

report::History history_report(const std::vector<RecordedMeasurement>& entries) {
  report::History history;
  const Measurement* before = nullptr;
  for (const RecordedMeasurement& entry : entries) {
    const Measurement& m = entry.measurement;
    if (!before || before->case_name != m.case_name || before->level != m.level) {
      before = nullptr;
      history.cases.push_back({m.case_name, m.level, {}});
    }
    history.cases.back().runs.push_back(run_report(entry, before));
    before = &m;
  }
  return history;
}

std::string history_text(const report::History& history) {
  std::string text;
  for (const report::History::Case& entry : history.cases)
    text +=
        fmt::format("{}{}, level {}\n{}{}", text.empty() ? "" : "\n", printable(entry.case_name),
                    entry.level, history_table(entry.runs), node_changes(entry.runs));
  return text;
}

}  // namespace assay
