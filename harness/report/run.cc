// SPDX-License-Identifier: Apache-2.0
#include "harness/report/run.h"

#include <fmt/format.h>

#include "harness/report/effect_text.h"

namespace assay::report {

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
  f("notes", notes);
  f("warnings", warnings);
  f("unseen", unseen);
  f("blind", blind);
  f("recorded", recorded);
  f("stages", stages);
  f("simulation", simulation);
  f.where_given("files", files);
  f.where_given("checksum", checksum);
  f.where_given("rtl_top", rtl_top);
}

void RunSimulation::fields(Fields& f) {
  f("level", level);
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
  if (!simulation || exit_code(verdict) != 0 || exit_code(simulation->verdict) == 0) return;
  verdict = simulation->verdict;
  reason = fmt::format("the stages agree, but level {} is {}: {}", simulation->level,
                       verdict_name(verdict), simulation->reason);
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
