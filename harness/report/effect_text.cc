// SPDX-License-Identifier: Apache-2.0
#include "harness/report/effect_text.h"

#include <fmt/format.h>

#include "harness/report/console.h"

namespace assay {

std::string accuracy_cell(const std::optional<report::Accuracy>& accuracy) {
  if (!accuracy) return "-";
  return fmt::format("{} ({} of {})", percent(accuracy->top1), accuracy->top1_correct,
                     accuracy->compared);
}

std::string effect_text(std::string_view stage, const report::Effect& effect) {
  const double share = effect.activations > 0 ? static_cast<double>(effect.changed) /
                                                    static_cast<double>(effect.activations)
                                              : 0;
  std::string text =
      fmt::format("stage {} changed {} of {} activations ({})", stage, grouped(effect.changed),
                  grouped(effect.activations), percent(share));
  if (effect.labels != 0)
    text +=
        fmt::format(" and {} of {} labels", grouped(effect.labels_changed), grouped(effect.labels));
  if (effect.accuracy_before && effect.accuracy_after)
    text += fmt::format("; top-1 {} before it, {} after it", accuracy_cell(effect.accuracy_before),
                        accuracy_cell(effect.accuracy_after));
  return text;
}

}  // namespace assay
