// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/report/rtl.h"
#include "harness/rtl/rtl_level.h"
#include "harness/rtl/top_run.h"

namespace assay {

/// A partition with all that was found out about it.
struct VerifiedTop : Simulations {
  PreparedTop prepared;
  std::optional<TokenCheck> tokens;  ///< where a run was complete under "always"
  /// Cycles a frame takes for ever, by the token model, where the RTL moves as it says; nothing, too, where frames
  /// take turns.
  std::optional<std::int64_t> steady_interval;
};

/// reports/rtl-top.json.
report::RtlTop top_report(const RtlLevel& level, double clock_mhz,
                          const std::vector<VerifiedTop>& tops);
/// The same for people.
std::string top_table(const RtlLevel& level, double clock_mhz, const report::RtlTop& report);

}  // namespace assay
