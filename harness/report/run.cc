// SPDX-License-Identifier: Apache-2.0
#include "harness/report/run.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/report/effect_text.h"

namespace assay::report {

void HostStep::fields(Fields& f) {
  f("output", output);
  f("node", node);
}

void Run::fields(Fields& f) {
  f.schema(kSchema);
  f.stage_verdict("verdict", verdict);
  f("reason", reason);
  f("model", model);
  f("data", data);
  f("images", images);
  f("preprocess", preprocess);
  f("until", until);
  f("inputs", inputs);
  f("approximate", approximate);
  f("accuracy_means_nothing", accuracy_means_nothing);
  f.where_given("host", host);
  f("notes", notes);
  f("warnings", warnings);
  f("unseen", unseen);
  f("blind", blind);
  f("recorded", recorded);
  f("stages", stages);
  f("levels", levels);
  f.where_given("files", files);
  f.where_given("checksum", checksum);
  f.where_given("rtl_top", rtl_top);
}

std::string RunLevel::name() const { return target ? level + " of " + *target : level; }

std::string RunLevel::report_file() const {
  return fmt::format("reports/{}{}.json", level, target ? "-" + *target : "");
}

void RunLevel::fields(Fields& f) {
  f("level", level);
  f("target", target);
  f("verdict", verdict);
  f("reason", reason);
}

Verdict Run::stages_verdict() const {
  Verdict all = stages.empty() ? Verdict::kInconclusive : Verdict::kEquivalent;
  bool approximates = false;
  for (const StageSummary& stage : stages) {
    all = worse(all, stage.verdict);
    approximates = approximates || stage.effect.has_value();
  }
  if (all != Verdict::kEquivalent) return all;
  if (blind) return Verdict::kInconclusive;
  return approximates ? Verdict::kApproximate : all;
}

std::string Run::stages_reason() const {
  if (stages.empty()) return "there is no stage";
  std::string text = stages.back().reason;
  if (blind && exit_code(stages.back().verdict) == 0) text = *blind;
  for (const StageSummary& stage : stages)
    if (stage.effect) text += "; approximate: " + effect_text(stage.stage, *stage.effect);
  return text;
}

void Run::conclude() {
  verdict = stages_verdict();
  reason = stages_reason();
  if (exit_code(verdict) != 0) return;
  const auto failed = std::ranges::find_if(
      levels, [](const RunLevel& level) { return exit_code(level.verdict) != 0; });
  if (failed == levels.end()) return;
  verdict = failed->verdict;
  reason = fmt::format("the stages agree, but level {} is {}: {}", failed->name(),
                       verdict_name(verdict), failed->reason);
}

void ShowRun::Level::fields(Fields& f) {
  f("level", level);
  f("stage", stage);
  f("verdict", verdict);
  f("predicted", predicted);
  f("compared", compared);
  f("differing", differing);
  f("proof", proof);
}

void ShowRun::fields(Fields& f) {
  f.schema(kSchema);
  f.stage_verdict("verdict", verdict);
  f("reason", reason);
  f("checked", checked);
  f("faults", faults);
  f("absent", absent);
  f("levels", levels);
  f("run", run);
  f("timing", timing);
}

}  // namespace assay::report
