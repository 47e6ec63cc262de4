// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "harness/report/console.h"
#include "harness/report/weights.h"
#include "harness/rtl/simulation_options.h"

namespace assay {

struct WeightsOptions : SimulationOptions {
  std::filesystem::path from;  ///< the model of another training
  std::filesystem::path out;   ///< the folder for its run and for what a host writes
  bool replace = false;        ///< `out` may hold the run of a third
};

struct WeightsResult {
  report::Weights report;  ///< reports/weights.json in `out`
  std::string table;       ///< for people
};

/// Weights of another training of a run's network, for the hardware of the run. The other model is run in
/// `out`, with the run's own options, images and pre-processing, up to the stage that names its layers;
/// what has to be written into the accelerator of `dir` follows (reweighted()) and is left in `out`, as
/// weights.npy and weights.json. Then it is done: behind its data movers the accelerator works on the images
/// with its own weights, and in the middle of a transfer of all of them, twice, is held, read back, written,
/// read back and released. Every byte of every output has to be golden's: up to the frame that the hardware
/// says it had begun, of the run's weights, from there on of the other's.
/// UserError when the run has no run-time weights, when the other network is another one, and as of
/// RtlSession and run_flow(); NotEquivalentError when the other model's stages are not EQUIVALENT.
WeightsResult verify_weights(const WeightsOptions& options, const Console& console);

}  // namespace assay
