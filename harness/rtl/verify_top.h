// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/report/console.h"
#include "harness/report/json.h"
#include "harness/report/verdict.h"
#include "harness/run/images.h"
#include "harness/run/run_dir.h"
#include "sim/bench/bench.h"

namespace assay {

struct VerifyTopOptions {
  std::filesystem::path dir;  ///< of a finished run
  ImageChoice images;         ///< by default the first kVerifiedImages of the run's
  std::vector<sim::Profile> profiles = {sim::Profile::kAlways, sim::Profile::kBursts};
  std::uint64_t seed = 1;
  double clock_mhz = 100;
  std::filesystem::path cache;  ///< of built models; empty: build/models in `dir`
  std::filesystem::path wave;   ///< a VCD file for the first mismatch; one profile
  RunFinished finished;
};

struct VerifyTopResult {
  Verdict verdict = Verdict::kInconclusive;
  Json report;        ///< reports/rtl-top.json
  std::string table;  ///< for people
};

/// Level rtl-top: writes every dataflow partition of a run's last stage as one design to rtl/top
/// (rtl/top_<p> where there are several), simulates it on what golden has at its inputs, frames
/// back to back, and compares every beat of its outputs and of every stream inside with golden's,
/// under each profile (all but "always" with a reset in the middle of a frame). Latency and the
/// steady interval are measured under "always". Each partition also gets a run with one bit of what
/// a stream inside should carry changed, which must be noticed there. Runs that an earlier call
/// made with equal contents are not repeated. UserError for a folder without hardware layers or
/// with layers that do not fit together; ToolError when Verilator or the compiler is missing or
/// fails.
VerifyTopResult verify_top(const VerifyTopOptions& options, const Console& console);

}  // namespace assay
