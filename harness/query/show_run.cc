// SPDX-License-Identifier: Apache-2.0
#include "harness/query/show_run.h"

#include <fmt/format.h>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "harness/check/run_table.h"
#include "harness/flow/remade.h"
#include "harness/flow/stage_list.h"
#include "harness/report/console.h"
#include "harness/report/headline.h"
#include "harness/report/optional_report.h"
#include "harness/run/built_reports.h"
#include "harness/run/saved_run.h"

namespace assay {
namespace {

template <Record T>
void add_level(const std::string& level, report::ShowRun& shown, const SavedRun& run) {
  const std::string name = "reports/" + level + ".json";
  const std::optional<T> report = optional_report<T>(run.dir / name);
  if (!report) return;
  const report::RtlHead& head = report->head;
  if (head.stage_sha256 != run.stages.back().sha256)
    shown.faults.push_back(name + ": is about another stage");
  shown.levels.push_back(
      {level, head.stage, head.verdict, head.predicted, head.compared, head.differing, {}});
}

/// What was built, and what is behind data movers.
void add_built(report::ShowRun& shown, const SavedRun& run) {
  BuiltReports built = built_reports(run);
  for (const report::Bits& b : built.bits)
    shown.levels.push_back({level_of(b), b.stage, b.verdict, b.predicted, b.compared, b.differing,
                            b.proof ? std::optional(b.proof->verdict) : std::nullopt});
  for (const auto& [level, head, reason] : built.systems)
    shown.levels.push_back(
        {level, head.stage, head.verdict, head.predicted, head.compared, head.differing, {}});
  shown.faults.insert(shown.faults.end(), built.faults.begin(), built.faults.end());
}

void conclude(report::ShowRun& shown) {
  Headline headline(shown.run);
  for (const report::ShowRun::Level& level : shown.levels)
    headline.note(level.level, level.verdict);
  if (!shown.faults.empty()) {
    headline.reason = fmt::format("the run was {}, but what it was about has changed since",
                                  verdict_name(headline.verdict));
    headline.verdict = Verdict::kInconclusive;
  }
  shown.verdict = headline.verdict;
  shown.reason = headline.reason;
}

}  // namespace

LedgerCheck check_run(const std::filesystem::path& dir, bool made_again) {
  LedgerCheck check = check_ledger(dir);
  if (!check.faults.empty()) return check;
  const auto add = [&](const std::string& fault) {
    if (!fault.empty()) check.faults.push_back(fmt::format("{}: {}", kRunReport, fault));
  };
  try {
    const SavedRun run = read_run_alone(dir);
    add(stage_list_fault(run));
    if (made_again && check.faults.empty()) add(remade_fault(run));
    check.absent = absent_sources(run);
    for (std::string& replaced : replaced_sources(run)) check.faults.push_back(std::move(replaced));
  } catch (const UserError& error) {
    add(error.what());
  }
  return check;
}

report::ShowRun show_run(const std::filesystem::path& dir) {
  const SavedRun run = read_run_alone(dir);
  LedgerCheck ledger = check_run(dir, false);
  report::ShowRun shown;
  shown.run = run.report;
  shown.timing = optional_report<report::Timing>(dir / "reports" / "timing.json");
  shown.checked = ledger.checked;
  shown.faults = std::move(ledger.faults);
  shown.absent = std::move(ledger.absent);
  add_level<report::RtlNode>("rtl-node", shown, run);
  add_level<report::RtlTop>("rtl-top", shown, run);
  add_built(shown, run);
  conclude(shown);
  return shown;
}

std::string show_run_text(const report::ShowRun& shown) {
  std::string text = fmt::format("{}: {}\n", verdict_name(shown.verdict), shown.reason);
  for (const std::string& fault : shown.faults) text += fault + "\n";
  for (const std::string& absent : shown.absent) text += absent + "\n";
  text += "\n" + run_table(shown.run, shown.timing);
  for (const report::ShowRun::Level& level : shown.levels)
    text += fmt::format("{}: {}: {} of {} predicted beats compared, {} differing{}\n",
                        printable(level.level), verdict_name(level.verdict),
                        grouped(level.compared), grouped(level.predicted), grouped(level.differing),
                        level.proof ? "; " + printable(*level.proof) : "");
  return text;
}

}  // namespace assay
