// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/report/console.h"
#include "harness/report/query.h"
#include "harness/run/preprocess.h"

namespace assay {

struct ExecOptions {
  std::filesystem::path model, output;
  std::vector<std::string> inputs;              ///< X.npy, or NAME=X.npy of several
  std::filesystem::path dump;                   ///< folder for integers; empty: none
  PreprocessChoice preprocess{.kind = "none"};  ///< in front of a network of one input
  bool exact = true;                            ///< else the float reference
};

/// Runs a network as it stands, or with a pre-processing in front of it, on the images of .npy files, one for each of its inputs (N first;
/// integers, or floats that float32 holds exactly), image by image, and writes its outputs: the
/// first to `output`, output NAME of several to STEM.NAME.npy beside it. Exact outputs are the exact reals rounded once to float64, float ones
/// float32, labels int64. With `dump`, the integers of every quantiser, one .npy each, and
/// scales.json. UserError, with nothing written, when an input is missing, unknown or does not fit.
report::Exec run_exec(const ExecOptions& options, const Console& console);

}  // namespace assay
