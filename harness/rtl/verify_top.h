// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/report/console.h"
#include "harness/report/rtl.h"
#include "harness/rtl/simulation_options.h"

namespace assay {

struct VerifyTopOptions : SimulationOptions {
  double clock_mhz = 100;
};

struct VerifyTopResult {
  report::RtlTop report;  ///< reports/rtl-top.json
  std::string table;      ///< for people
};

/// Level rtl-top: writes every dataflow partition of a run's last stage as one design to rtl/top
/// (rtl/top_<p> where there are several), simulates it on what golden has at its inputs, frames
/// back to back, and compares every beat of its outputs and of every stream inside with golden's,
/// under each profile (all but "always" with a reset in the middle of a frame). Latency and the
/// steady interval are measured under "always". Each partition also gets runs with faults planted on
/// every stream, which must be noticed there (canaries.h). Runs that an earlier call made with equal
/// contents are not repeated. UserError for a folder without hardware layers or
/// with layers that do not fit together; ToolError when Verilator or the compiler is missing or
/// fails.
VerifyTopResult verify_top(const VerifyTopOptions& options, const Console& console);

}  // namespace assay
