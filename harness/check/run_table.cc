// SPDX-License-Identifier: Apache-2.0
#include "harness/check/run_table.h"

#include <fmt/format.h>

#include "compile/base/printable.h"
#include "harness/check/check.h"
#include "harness/check/recorded_report.h"
#include "harness/report/console.h"
#include "harness/report/sentence.h"

namespace assay {
namespace {

std::string time_cell(const std::optional<report::Timing>& timing, std::size_t index) {
  if (!timing || index >= timing->stages.size()) return "-";
  const report::Timing::Stage& entry = timing->stages[index];
  return entry.resumed ? "kept" : fmt::format("{:.2f} s", entry.seconds);
}

/// Where results differ by themselves no count says whether a planted difference was seen.
std::string faults_cell(const report::StageSummary& stage) {
  if (stage.verdict == Verdict::kDifferent) return "-";
  return grouped(stage.canaries.caught) + " of " + grouped(stage.canaries.planted);
}

/// How long the stages took; empty without times.
std::string total_time(const std::optional<report::Timing>& timing) {
  if (!timing) return "";
  double seconds = 0;
  std::size_t kept = 0;
  for (const report::Timing::Stage& entry : timing->stages) {
    seconds += entry.seconds;
    kept += entry.resumed ? 1 : 0;
  }
  std::string text = fmt::format("{} stages in {:.1f} s{}\n", timing->stages.size(), seconds,
                                 kept > 0 ? fmt::format(", {} kept from before", kept) : "");
  if (timing->steps)
    for (const report::Timing::Stage& step : *timing->steps)
      text += fmt::format("{}: {}\n", step.stage,
                          step.resumed ? "kept" : fmt::format("{:.2f} s", step.seconds));
  return text;
}

/// A line for each approximate stage: what it changed.
std::string approximate_text(const report::Run& run) {
  std::string text;
  for (const report::StageSummary& stage : run.stages)
    if (stage.effect)
      text += fmt::format("APPROXIMATE: {}\n", effect_text(stage.stage, *stage.effect));
  return text;
}

std::string stages_table(const report::Run& run, const std::optional<report::Timing>& timing) {
  std::vector<std::vector<std::string>> rows = {{"stage", "contract", "verdict", "checkpoints",
                                                 "elements", "differing", "faults caught",
                                                 "top-1 exact", "top-1 float", "time"}};
  for (std::size_t i = 0; i < run.stages.size(); ++i) {
    const report::StageSummary& stage = run.stages[i];
    rows.push_back({stage.stage, stage.contract, std::string(verdict_name(stage.verdict)),
                    grouped(stage.checkpoints), grouped(stage.compared), grouped(stage.differing),
                    faults_cell(stage), accuracy_cell(stage.accuracy.exact),
                    accuracy_cell(stage.accuracy.floating), time_cell(timing, i)});
  }
  return table_text(rows);
}

/// Where the run stopped, and what differs first there.
std::string stop_text(const report::StageSummary& last) {
  std::string text;
  if (last.verdict != Verdict::kEquivalent && last.verdict != Verdict::kApproximate)
    text += fmt::format("stopped behind {}: no later stage was built\n", last.stage);
  if (last.first_difference)
    text += fmt::format("first difference: stage {}, {}\n", last.stage,
                        difference_text(*last.first_difference));
  return text;
}

}  // namespace

std::string unseen_text(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& line : sentences)
    text += fmt::format("NOT SEEN by these images: {}\n", sentence(line));
  return text;
}

std::string warnings_text(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& warning : sentences)
    text += fmt::format("WARNING: {}\n", sentence(warning));
  return text;
}

std::string levels_text(const report::Run& run) {
  if (run.levels.size() < 2) return "";
  std::string text = "\n";
  for (const report::RunLevel& level : run.levels)
    text += fmt::format("{}: {}{}{}\n", printable(level.name()), verdict_name(level.verdict),
                        level.reason.empty() ? "" : ": ", printable(level.reason, 4096));
  const bool holds = exit_code(run.verdict) == 0;
  return text + fmt::format("{}: {}\n", verdict_name(run.verdict),
                            holds ? "from the model to the " + printable(run.levels.back().name())
                                  : printable(run.reason, 4096));
}

std::string run_table(const report::Run& run, const std::optional<report::Timing>& timing) {
  std::string text = stages_table(run, timing) + "\n" + total_time(timing) + approximate_text(run);
  for (const std::string& note : run.notes) text += note + "\n";
  if (run.recorded) text += recorded_text(*run.recorded);
  // What is asked for behind the stages has a say of its own.
  text += fmt::format("{}{}: {}\n",
                      run.levels.empty() ? "" : "stages: ", verdict_name(run.stages_verdict()),
                      run.stages_reason());
  text += stop_text(run.stages.back());
  if (run.accuracy_means_nothing)
    text += "The images are made up: accuracy means nothing on them. Give --data for real ones.\n";
  return text + warnings_text(run.warnings) + unseen_text(run.unseen);
}

}  // namespace assay
