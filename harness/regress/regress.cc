// SPDX-License-Identifier: Apache-2.0
#include "harness/regress/regress.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "harness/regress/baseline_db.h"
#include "harness/regress/regression.h"
#include "harness/report/output_file.h"
#include "harness/run/identity.h"
#include "harness/run/run_dir.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr int kExitRegressed = 1, kExitNew = 3;

struct Outcome {
  Measurement measurement;
  Comparison comparison;
  bool accepted = false;
};

report::Regress::Case case_report(const Outcome& outcome) {
  const Measurement& m = outcome.measurement;
  report::Regress::Case report;
  report.case_name = m.case_name;
  report.level = m.level;
  report.verdict = m.verdict;
  report.reason = m.reason;
  report.standing = standing_name(outcome.comparison.standing);
  report.text = outcome.comparison.text;
  report.accepted = outcome.accepted;
  report.tool_failed = m.tool_failed;
  for (const Metric& metric : m.metrics)
    report.metrics.push_back({metric.name, metric.node, metric.value});
  for (const Change& change : outcome.comparison.changes)
    report.changes.push_back({change.name, change.node, change.before, change.now,
                              std::string(standing_name(change.standing))});
  return report;
}

/// What an outcome alone would make of the exit code; the order of the result decides which wins.
int exit_code_of(const Outcome& outcome) {
  if (outcome.accepted) return 0;
  switch (outcome.comparison.standing) {
    case Standing::kEqual:
    case Standing::kImproved:
    case Standing::kTolerated:
      return 0;
    case Standing::kRegressed:
    case Standing::kMissing:
      return kExitRegressed;
    case Standing::kNew:
    case Standing::kOther:
      return kExitNew;
    case Standing::kFailed:
      break;
  }
  return outcome.measurement.tool_failed ? kExitFailure : kExitBadInput;
}

int exit_code_of(const std::vector<Outcome>& outcomes) {
  for (const int code : {kExitRegressed, kExitFailure, kExitBadInput, kExitNew})
    if (std::ranges::any_of(outcomes, [&](const Outcome& o) { return exit_code_of(o) == code; }))
      return code;
  return 0;
}

/// The value of a metric of the whole, or "-".
std::string cell(const Measurement& m, std::string_view name) {
  for (const Metric& metric : m.metrics)
    if (metric.name == name && metric.node.empty()) return grouped(metric.value);
  return "-";
}

/// Why a case does not equal its baseline.
std::string remark(const Outcome& o) {
  if (!o.accepted) return o.comparison.text;
  if (o.measurement.verdict == kNotRun) return "was not run; its baseline is forgotten";
  const bool news = o.comparison.standing == Standing::kNew && o.comparison.changes.empty();
  return news ? "is the baseline from now on"
              : o.comparison.text + "; it is the baseline from now on";
}

/// What is said of a case below the table: nothing of one that equals its baseline; else one line,
/// and each delta.
std::string remarks(const Outcome& o) {
  const Comparison& comparison = o.comparison;
  if (comparison.standing == Standing::kEqual && comparison.same_setup) return "";
  std::string text =
      fmt::format("{} {} ({}): {}\n", standing_name(comparison.standing),
                  printable(o.measurement.case_name), o.measurement.level, remark(o));
  for (const Change& change : comparison.changes)
    text += fmt::format(
        "  {}: {}\n", change_text(change),
        change.standing == Standing::kOther ? "not judged" : standing_name(change.standing));
  return text;
}

std::string table(const std::vector<Outcome>& outcomes) {
  std::vector<std::vector<std::string>> rows = {
      {"case", "level", "verdict", "compared", "top-1 exact", "top-1 float", "cycles", "baseline"}};
  for (const Outcome& o : outcomes)
    rows.push_back(
        {printable(o.measurement.case_name, 60), o.measurement.level, o.measurement.verdict,
         cell(o.measurement, "compared"), cell(o.measurement, "top-1 exact"),
         cell(o.measurement, "top-1 float"), cell(o.measurement, "cycles"),
         std::string(standing_name(o.comparison.standing)) + (o.accepted ? ", accepted" : "")});
  std::string text = table_text(rows) + "\n";
  for (const Outcome& o : outcomes) text += remarks(o);
  return text;
}

/// "2 equal, 1 regressed": those that `counts` says yes to.
template <typename Counts>
std::string counted(const std::vector<Outcome>& outcomes, Counts counts) {
  std::string text;
  for (const std::string_view name : report::Regress::standings()) {
    const auto count = std::ranges::count_if(outcomes, [&](const Outcome& o) {
      return counts(o) && standing_name(o.comparison.standing) == name;
    });
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
  }
  return text;
}

/// The last line of --update: what it changed, and what could not be accepted.
std::string update_summary(const std::vector<Outcome>& outcomes) {
  const std::string accepted = counted(outcomes, [](const Outcome& o) { return o.accepted; });
  const std::string kept =
      counted(outcomes, [](const Outcome& o) { return !o.accepted && exit_code_of(o) == 0; });
  const std::string refused =
      counted(outcomes, [](const Outcome& o) { return exit_code_of(o) != 0; });
  return fmt::format("ACCEPTED: {}{}{}", accepted.empty() ? "nothing new" : accepted,
                     kept.empty() ? "" : "; as before: " + kept,
                     refused.empty() ? "" : "; NOT ACCEPTED: " + refused);
}

std::string summary(const std::vector<Outcome>& outcomes, int code, bool update) {
  if (update) return update_summary(outcomes);
  return fmt::format("{}: {}", code == 0 ? "PASSED" : "NOT PASSED",
                     counted(outcomes, [](const Outcome&) { return true; }));
}

/// The options, once their files can be written: before anything is.
const RegressOptions& checked(const RegressOptions& options) {
  if (!options.junit.empty()) check_output_file(options.junit, "--junit");
  if (!options.baseline.empty()) check_output_file(options.baseline, "--baseline");
  return options;
}

class Regress {
 public:
  Regress(const RegressOptions& options, const Console& console)
      : options_(checked(options)),
        console_(console),
        suite_(read_suite(options.suite)),
        dir_(options.out),
        db_(options.baseline.empty() ? dir_.file("baseline.db") : options.baseline,
            BaselineDb::Access::kWrite),
        cache_(options.cache) {}

  RegressResult run() {
    dir_.make_folder("cases");
    dir_.make_folder("reports");
    dir_.remove_half_written("reports");
    dir_.remove(kReport);
    dir_.log("start", {{"suite", options_.suite.string()}});
    for (std::size_t i = 0; i < suite_.cases.size(); ++i) run_case(i);
    look_for_missing();
    record();
    RegressResult result;
    result.exit_code = exit_code_of(outcomes_);
    result.report = report(result.exit_code);
    result.table = table(outcomes_) + summary(outcomes_, result.exit_code, options_.update) + "\n";
    dir_.write_report(kReport, result.report);
    if (!options_.junit.empty()) write_junit(result.report);
    dir_.log("end", {{"exit_code", result.exit_code}});
    return result;
  }

 private:
  static constexpr const char* kReport = "reports/regress.json";

  void run_case(std::size_t index) {
    const SuiteCase& entry = suite_.cases[index];
    console_.remark(
        fmt::format("case {} of {}: {}", index + 1, suite_.cases.size(), printable(entry.name)));
    const fs::path folder = dir_.file("cases") / safe_file_name(entry.name);
    for (Measurement& m : measure(entry, folder, cache_, console_)) {
      Outcome outcome{std::move(m), {}, false};
      outcome.comparison = compare_with_baseline(
          outcome.measurement,
          db_.baseline(outcome.measurement.case_name, outcome.measurement.level), entry.tolerance);
      outcome.accepted = accepts(outcome);
      dir_.log("case", {{"case", outcome.measurement.case_name},
                        {"level", outcome.measurement.level},
                        {"standing", standing_name(outcome.comparison.standing)}});
      outcomes_.push_back(std::move(outcome));
    }
  }

  /// Baselines of this suite that nothing was measured for: a case that is renamed or deleted must
  /// not take a regression with it.
  void look_for_missing() {
    const auto is_measured = [&](const BaselineName& name) {
      return std::ranges::any_of(outcomes_, [&](const Outcome& o) {
        return o.measurement.case_name == name.case_name && o.measurement.level == name.level;
      });
    };
    for (const BaselineName& name : db_.baselines_of(suite_.name)) {
      if (is_measured(name)) continue;
      Outcome outcome;
      outcome.measurement.case_name = name.case_name;
      outcome.measurement.level = name.level;
      outcome.measurement.verdict = kNotRun;
      outcome.comparison.standing = Standing::kMissing;
      outcome.comparison.text =
          "has a baseline, but the suite does not run it any more; was it renamed or deleted? "
          "--update forgets it";
      outcome.accepted = options_.update;
      outcomes_.push_back(std::move(outcome));
    }
  }

  /// Only what is right can be what later runs are held to.
  bool accepts(const Outcome& outcome) const {
    const Comparison& comparison = outcome.comparison;
    return options_.update && (comparison.standing != Standing::kEqual || !comparison.same_setup) &&
           is_right(outcome.measurement);
  }

  void record() {
    const report::Program program = assay_identity();
    std::vector<Measurement> measurements;
    std::vector<std::size_t> accepted;
    std::vector<BaselineName> forgotten;
    for (const Outcome& outcome : outcomes_) {
      const Measurement& m = outcome.measurement;
      if (m.verdict == kNotRun) {
        if (outcome.accepted) forgotten.push_back({m.case_name, m.level});
        continue;
      }
      if (outcome.accepted) accepted.push_back(measurements.size());
      measurements.push_back(m);
    }
    db_.record({0, utc_now(), suite_.name, program.version, program.sha256}, measurements, accepted,
               forgotten);
  }

  void write_junit(const report::Regress& report) const {
    std::vector<double> seconds;
    for (const Outcome& outcome : outcomes_) seconds.push_back(outcome.measurement.seconds);
    write_file(options_.junit, junit_xml(report, seconds));
  }

  report::Regress report(int code) const {
    report::Regress report;
    report.suite = suite_.name;
    report.assay = assay_identity();
    report.updated = options_.update;
    report.passed = code == 0;
    report.exit_code = code;
    for (const Outcome& outcome : outcomes_) report.cases.push_back(case_report(outcome));
    return report;
  }

  const RegressOptions& options_;
  const Console& console_;
  Suite suite_;
  WorkFolder dir_;
  BaselineDb db_;
  fs::path cache_;
  std::vector<Outcome> outcomes_;
};

}  // namespace

RegressResult regress(const RegressOptions& options, const Console& console) {
  return Regress(options, console).run();
}

}  // namespace assay
