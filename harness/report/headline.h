// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "harness/report/json.h"
#include "harness/report/verdict.h"

namespace assay {

/// What is said first of a run: the worst of the stages' and the simulations' verdicts, and why.
class Headline {
 public:
  /// Begins with what the stages' report, reports/run.json, says.
  explicit Headline(const Json& run);
  /// Counts the report of a level, "rtl-node" or "rtl-top", too; null: was not simulated.
  void note(std::string_view level, const Json& report);

  Verdict verdict;
  std::string reason;
};

}  // namespace assay
