// SPDX-License-Identifier: Apache-2.0
#include "harness/report/headline.h"

#include <fmt/format.h>

namespace assay {

Headline::Headline(const report::Run& run) : verdict(run.verdict), reason(run.reason) {}

void Headline::note(std::string_view level, Verdict of_level) {
  if (of_level == verdict || of_level == Verdict::kEquivalent) return;  // no news
  if (worse(verdict, of_level) != of_level) return;
  verdict = of_level;
  reason = fmt::format("the stages agree, but level {} is {}", level, verdict_name(of_level));
}

}  // namespace assay
