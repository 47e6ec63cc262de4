// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "harness/report/run.h"

namespace assay {

/// What is said first of a run: the worst of the stages' and the simulations' verdicts, and why.
class Headline {
 public:
  /// Begins with what the stages say.
  explicit Headline(const report::Run& run);
  /// Counts the verdict of a level, "rtl-node" or "rtl-top", too.
  void note(std::string_view level, Verdict of_level);

  Verdict verdict;
  std::string reason;
};

}  // namespace assay
