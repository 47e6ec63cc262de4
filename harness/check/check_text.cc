// SPDX-License-Identifier: Apache-2.0
#include "harness/check/check_text.h"

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

/// "; 45 of 45 planted faults caught". Where results differ by themselves no count says whether a
/// planted difference was seen.
std::string planted_text(const StageCheck& check) {
  if (check.judgement.verdict == Verdict::kDifferent) return "";
  const Canaries& canaries = check.tally.canaries;
  return fmt::format("; {} of {} planted faults caught", canaries.caught, canaries.planted);
}

}  // namespace

std::string check_text(const StageCheck& check) {
  std::vector<std::vector<std::string>> rows = {
      {"checkpoint", "kind", "predicted", "compared", "differing", "node"}};
  for (std::size_t i = 0; i < check.plan.checkpoints.size(); ++i) {
    const ComparedCheckpoint& pair = check.plan.checkpoints[i];
    const CheckpointTally& tally = check.tally.checkpoints[i];
    rows.push_back({printable(pair.name), std::string(checkpoint_kind_name(pair.kind)),
                    grouped(tally.predicted), grouped(tally.compared), grouped(tally.differing),
                    pair.candidate ? printable(pair.node) : "(missing)"});
  }
  std::string text = table_text(rows);
  text += fmt::format("\n{}: {}{}\n", verdict_name(check.judgement.verdict), check.judgement.reason,
                      planted_text(check));
  if (const Difference* first = check.tally.first())
    text += "first difference: " + difference_text(*first) + "\n";
  return text;
}

}  // namespace assay
