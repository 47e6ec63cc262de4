// SPDX-License-Identifier: Apache-2.0
#include "harness/regress/regression.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "compile/base/printable.h"
#include "harness/report/json.h"

namespace assay {
namespace {

/// The top-level entries in which two setups differ: "data, images".
std::string setup_difference(const std::string& a, const std::string& b) {
  const Json left = Json::parse(a, nullptr, false), right = Json::parse(b, nullptr, false);
  std::string names;
  if (left.is_object() && right.is_object())
    for (const auto& [key, value] : right.items())
      if (!left.contains(key) || left[key] != value) names += (names.empty() ? "" : ", ") + key;
  return names.empty() ? "setup" : names;
}

Change change_of(const Metric& metric, const Metric* before) {
  Change change{metric.name, metric.node, {}, metric.value, Standing::kNew};
  if (!before) return change;
  change.before = before->value;
  const bool better =
      metric.more_is_better ? metric.value > before->value : metric.value < before->value;
  change.standing = metric.value == before->value ? Standing::kEqual
                    : better                      ? Standing::kImproved
                                                  : Standing::kRegressed;
  return change;
}

std::vector<Change> changes_between(const Measurement& now, const Measurement& before) {
  std::map<std::pair<std::string, std::string>, const Metric*> left;
  for (const Metric& metric : before.metrics) left[{metric.name, metric.node}] = &metric;
  std::vector<Change> changes;
  for (const Metric& metric : now.metrics) {
    const auto it = left.find({metric.name, metric.node});
    const Change change = change_of(metric, it == left.end() ? nullptr : it->second);
    if (it != left.end()) left.erase(it);
    if (change.standing != Standing::kEqual) changes.push_back(change);
  }
  for (const Metric& metric : before.metrics)
    if (left.contains({metric.name, metric.node}))
      changes.push_back({metric.name, metric.node, metric.value, {}, Standing::kRegressed});
  return changes;
}

bool has(const std::vector<Change>& changes, Standing standing) {
  return std::ranges::find(changes, standing, &Change::standing) != changes.end();
}

/// The worst first: what got worse must be said before what got better.
Standing overall(const std::vector<Change>& changes) {
  for (const Standing standing : {Standing::kRegressed, Standing::kNew, Standing::kImproved})
    if (has(changes, standing)) return standing;
  return Standing::kEqual;
}

std::string changes_text(const std::vector<Change>& changes, Standing standing) {
  constexpr int kShown = 3;
  std::string text;
  int count = 0;
  for (const Change& change : changes) {
    if (change.standing != standing) continue;
    if (++count <= kShown) text += (count == 1 ? "" : "; ") + change_text(change);
  }
  return count > kShown ? text + fmt::format("; and {} more", count - kShown) : text;
}

}  // namespace

std::string_view standing_name(Standing standing) {
  switch (standing) {
    case Standing::kEqual:
      return "equal";
    case Standing::kImproved:
      return "improved";
    case Standing::kRegressed:
      return "regressed";
    case Standing::kNew:
      return "no baseline";
    case Standing::kOther:
      return "other setup";
    case Standing::kFailed:
      break;
  }
  return "failed";
}

std::string change_text(const Change& change) {
  const auto value = [](const std::optional<std::int64_t>& v) {
    return v ? grouped(*v) : std::string("none");
  };
  const std::string of = change.node.empty() ? "" : " of '" + printable(change.node) + "'";
  return fmt::format("{}{} {} -> {}", change.name, of, value(change.before), value(change.now));
}

Comparison compare_with_baseline(const Measurement& now, const std::optional<Measurement>& before) {
  if (now.verdict == kFailed)
    return {before && !now.tool_failed ? Standing::kRegressed : Standing::kFailed, now.reason, {}};
  // What was never seen to work has not got worse.
  if (now.verdict == verdict_name(Verdict::kInconclusive) && !before)
    return {Standing::kFailed, fmt::format("{}: {}", now.verdict, now.reason), {}};
  if (now.verdict != verdict_name(Verdict::kEquivalent))
    return {Standing::kRegressed, fmt::format("{}: {}", now.verdict, now.reason), {}};
  if (!before) return {Standing::kNew, "nothing to compare with; accept it with --update", {}};
  if (now.setup != before->setup)
    return {Standing::kOther,
            fmt::format("the baseline has another {}; accept the new one with --update",
                        setup_difference(before->setup, now.setup)),
            {}};
  Comparison result;
  result.changes = changes_between(now, *before);
  result.standing = overall(result.changes);
  result.text = result.standing == Standing::kEqual
                    ? fmt::format("all {} numbers equal the baseline", now.metrics.size())
                    : changes_text(result.changes, result.standing);
  return result;
}

}  // namespace assay
