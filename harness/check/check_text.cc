// SPDX-License-Identifier: Apache-2.0
#include "harness/check/check_text.h"

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {

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
  const Canaries& canaries = check.tally.canaries;
  text += fmt::format("\n{}: {}; {} of {} planted faults caught\n",
                      verdict_name(check.judgement.verdict), check.judgement.reason,
                      canaries.caught, canaries.planted);
  if (const Difference* first = check.tally.first())
    text += "first difference: " + difference_text(*first) + "\n";
  return text;
}

}  // namespace assay
