// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "harness/report/hardware.h"

namespace assay {

struct BenchOptions {
  std::filesystem::path dir;  ///< of a finished run
  double clock_mhz = 100;
  std::int64_t frames = 10;  ///< back to back, for the cycles of the whole
  std::string device;        ///< for the estimates; empty: the run's, or kCostDevice
};

/// The cycles and the throughput of a run's layers, by their formulas, and of its accelerators:
/// by the slowest formula, by the token model and, where reports/rtl-top.json has simulated this
/// very stage and the RTL that is there, as measured there. UserError when the folder holds no finished
/// run whose last stage is folded, or that stage or its RTL was changed since; NotEquivalentError when
/// the run is not EQUIVALENT.
report::Bench bench(const BenchOptions& options);

/// The report as tables for people.
std::string bench_table(const report::Bench& report);
/// The report as comma-separated values: a line per layer, then one per accelerator and source of
/// its numbers. Names are quoted, and safe from spreadsheets that would compute them.
std::string bench_csv(const report::Bench& report);

}  // namespace assay
