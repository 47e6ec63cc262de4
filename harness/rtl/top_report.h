// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/report/json.h"
#include "harness/rtl/rtl_session.h"
#include "harness/rtl/top_run.h"
#include "harness/rtl/verify_top.h"

namespace assay {

/// A partition with all that was found out about it.
struct VerifiedTop {
  PreparedTop prepared;
  sim::Model model;
  std::vector<SimRun> runs;
  SimRun canary;
  std::optional<TokenCheck> tokens;  ///< where a run was complete under "always"
  Judgement judgement;
};

struct TopReportInput {
  const std::vector<VerifiedTop>& tops;
  const VerifyTopOptions& options;
  const RtlSession& session;
};

Verdict overall_verdict(const std::vector<VerifiedTop>& tops);
/// reports/rtl-top.json.
Json top_report(const TopReportInput& input);
/// The same for people.
std::string top_table(const TopReportInput& input);

}  // namespace assay
