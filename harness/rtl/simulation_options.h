// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "harness/run/images.h"
#include "harness/run/run_dir.h"
#include "sim/bench/bench.h"

namespace assay {

/// What every level that simulates is told.
struct SimulationOptions {
  std::filesystem::path dir;  ///< of a finished run
  ImageChoice images;         ///< by default the first kVerifiedImages of the run's
  std::vector<sim::Profile> profiles = {sim::Profile::kAlways, sim::Profile::kBursts};
  std::uint64_t seed = 1;
  bool as_is = false;           ///< simulates the RTL that lies in `dir`, whoever wrote it
  bool regenerate = false;      ///< puts generated RTL in the place of what was edited
  std::filesystem::path cache;  ///< of built models; empty: the user's own
  std::filesystem::path wave;   ///< .vcd or .fst, for the first mismatch; one design, one profile
  RunFinished finished;
};

}  // namespace assay
