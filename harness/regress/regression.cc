// SPDX-License-Identifier: Apache-2.0
#include "harness/regress/regression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "compile/base/printable.h"
#include "harness/report/json.h"

namespace assay {
namespace {

/// What a measurement was made of, wherever the images lay.
Json setup_of(const Measurement& m) {
  Json setup = Json::parse(m.setup, nullptr, false);
  if (!setup.is_object()) return Json::object();
  if (const auto data = setup.find("data"); data != setup.end() && data->is_object())
    data->erase("name");
  return setup;
}

/// The entries of one object that the other lacks or has otherwise, in the order of both.
std::vector<std::string> differing_keys(const Json& a, const Json& b) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : a.items())
    if (!b.contains(key) || b[key] != value) keys.push_back(key);
  for (const auto& [key, value] : b.items())
    if (!a.contains(key)) keys.push_back(key);
  return keys;
}

/// In which entries two setups differ, single options by their names: "model, target_cycles".
std::string setup_difference(const Json& before, const Json& now) {
  std::string names;
  const auto add = [&](const std::string& key) {
    names += (names.empty() ? "" : ", ") + printable(key);
  };
  for (const std::string& key : differing_keys(before, now)) {
    const Json a = before.value(key, Json()), b = now.value(key, Json());
    if (key != "options" || !a.is_object() || !b.is_object())
      add(key);
    else
      for (const std::string& option : differing_keys(a, b)) add(option);
  }
  return names;
}

/// How many images a measurement saw; 0 where its setup does not say so.
std::int64_t images_of(const Json& setup) {
  const Json data = setup.value("data", Json());
  const Json count = data.is_object() ? data.value("images", Json()) : Json();
  return count.is_number_integer() ? count.get<std::int64_t>() : 0;
}

bool is_accuracy(const std::string& name) { return name.starts_with("top-"); }

Standing standing_of(bool better, bool within) {
  if (better) return Standing::kImproved;
  return within ? Standing::kTolerated : Standing::kRegressed;
}

/// Compares the metrics of two measurements by the rules of their setups.
class Differ {
 public:
  Differ(const Measurement& now, const Measurement& before, const Tolerance& tolerance)
      : now_(now), before_(before), tolerance_(tolerance) {
    const Json setup = setup_of(now), setup_before = setup_of(before);
    images_ = images_of(setup);
    images_before_ = images_of(setup_before);
    const auto differs = [&](const char* key) {
      return setup.value(key, Json()) != setup_before.value(key, Json());
    };
    other_images_ = differs("data") || differs("rtl_images");
    difference_ = setup_difference(setup_before, setup);
  }

  /// Names what was run otherwise than for the baseline; empty: nothing.
  const std::string& difference() const { return difference_; }
  bool other_images() const { return other_images_; }

  std::vector<Change> changes() const {
    std::map<std::pair<std::string, std::string>, const Metric*> left;
    for (const Metric& metric : before_.metrics) left[{metric.name, metric.node}] = &metric;
    std::vector<Change> changes;
    for (const Metric& metric : now_.metrics) {
      const auto it = left.find({metric.name, metric.node});
      const Change change = change_of(metric, it == left.end() ? nullptr : it->second);
      if (it != left.end()) left.erase(it);
      if (change.before != change.now || change.standing != Standing::kEqual)
        changes.push_back(change);
    }
    for (const Metric& metric : before_.metrics)
      if (left.contains({metric.name, metric.node}))
        changes.push_back({metric.name,
                           metric.node,
                           metric.value,
                           {},
                           listed_only(metric) ? Standing::kOther : Standing::kRegressed});
    // The whole before its layers.
    std::stable_partition(changes.begin(), changes.end(),
                          [](const Change& change) { return change.node.empty(); });
    return changes;
  }

 private:
  /// Of something else that was run, layers need not correspond, and how much there is to compare
  /// follows from images, network and folding.
  bool listed_only(const Metric& metric) const {
    return !difference_.empty() && (!metric.node.empty() || metric.name == "compared");
  }

  Change change_of(const Metric& metric, const Metric* before) const {
    Change change{metric.name, metric.node, {}, metric.value, Standing::kNew};
    if (before) {
      change.before = before->value;
      change.standing = judged(metric, before->value);
    }
    if (change.standing != Standing::kEqual && listed_only(metric))
      change.standing = Standing::kOther;
    return change;
  }

  Standing judged(const Metric& metric, std::int64_t before) const {
    if (other_images_ && is_accuracy(metric.name) && images_ > 0 && images_before_ > 0)
      return judged_share(metric.value, before);
    if (metric.value == before) return Standing::kEqual;
    const bool better = metric.more_is_better ? metric.value > before : metric.value < before;
    if (difference_.empty()) return standing_of(better, false);
    if (is_accuracy(metric.name) && images_ > 0) return judged_share(metric.value, before);
    const bool more = metric.more_is_better;  // of such metrics none may be less
    const double allowed = static_cast<double>(before) * (1 + tolerance_.cost / 100);
    return standing_of(better, !more && static_cast<double>(metric.value) <= allowed);
  }

  /// Right answers as percent of the images.
  Standing judged_share(std::int64_t now, std::int64_t before) const {
    // now / images - before / images_before, as a quotient of integers.
    const std::int64_t difference = now * images_before_ - before * images_;
    if (difference == 0) return Standing::kEqual;
    const double points =
        100.0 * static_cast<double>(difference) / static_cast<double>(images_ * images_before_);
    return standing_of(difference > 0, -points <= tolerance_.accuracy);
  }

  const Measurement& now_;
  const Measurement& before_;
  const Tolerance& tolerance_;
  std::int64_t images_ = 0, images_before_ = 0;
  bool other_images_ = false;
  std::string difference_;
};

bool has(const std::vector<Change>& changes, Standing standing) {
  return std::ranges::find(changes, standing, &Change::standing) != changes.end();
}

/// The worst first: what got worse must be said before what got better.
Standing overall(const std::vector<Change>& changes, bool other_images) {
  for (const Standing standing : {Standing::kRegressed, Standing::kNew})
    if (has(changes, standing)) return standing;
  if (other_images) return Standing::kOther;
  for (const Standing standing : {Standing::kTolerated, Standing::kImproved})
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

std::string comparison_text(const Comparison& comparison, std::size_t metrics) {
  if (comparison.standing == Standing::kEqual)
    return comparison.changes.empty() ? fmt::format("all {} numbers equal the baseline", metrics)
                                      : "all numbers that are judged equal the baseline";
  if (comparison.standing == Standing::kOther)
    return "nothing got worse, but on other images that is no pass; accept them with --update";
  return changes_text(comparison.changes, comparison.standing);
}

}  // namespace

std::string_view standing_name(Standing standing) {
  static constexpr std::array<std::string_view, 8> names = {
      "equal",       "improved",    "within tolerance", "regressed",
      "no baseline", "other setup", "failed",           "missing"};
  return names.at(static_cast<std::size_t>(standing));
}

std::string change_text(const Change& change) {
  const auto value = [](const std::optional<std::int64_t>& v) {
    return v ? grouped(*v) : std::string("none");
  };
  const std::string of = change.node.empty() ? "" : " of '" + printable(change.node) + "'";
  return fmt::format("{}{} {} -> {}", change.name, of, value(change.before), value(change.now));
}

Comparison compare_with_baseline(const Measurement& now, const std::optional<Measurement>& before,
                                 const Tolerance& tolerance) {
  const auto unmeasured = [](Standing standing, const std::string& text) {
    return Comparison{standing, text, true, {}};
  };
  const std::string verdict = fmt::format("{}: {}", now.verdict, now.reason);
  if (now.verdict == kFailed)
    return unmeasured(before && !now.tool_failed ? Standing::kRegressed : Standing::kFailed,
                      now.reason);
  // What was never seen to work has not got worse.
  if (now.verdict == verdict_name(Verdict::kInconclusive) && !before)
    return unmeasured(Standing::kFailed, verdict);
  const bool worse_than_before = before && is_right(*before) && now.verdict != before->verdict &&
                                 now.verdict != verdict_name(Verdict::kEquivalent);
  if (!is_right(now) || worse_than_before) return unmeasured(Standing::kRegressed, verdict);
  if (!before)
    return unmeasured(Standing::kNew, "nothing to compare with; accept it with --update");
  const Differ differ(now, *before, tolerance);
  Comparison result;
  result.changes = differ.changes();
  result.standing = overall(result.changes, differ.other_images());
  result.text = comparison_text(result, now.metrics.size());
  result.same_setup = differ.difference().empty();
  if (!result.same_setup)
    result.text = fmt::format("the baseline has another {}; {}", differ.difference(), result.text);
  return result;
}

}  // namespace assay
