// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "harness/report/console.h"
#include "harness/report/query.h"

namespace assay {

struct ExecOptions {
  std::filesystem::path model, input, output;
  std::filesystem::path dump;  ///< folder for integers; empty: none
  bool exact = true;           ///< else the float reference
};

/// Runs a network as it stands on the images of an .npy file (N first; float32 or uint8), image by
/// image, and writes its outputs: the first to `output`, output NAME of several to
/// STEM.NAME.npy beside it. Exact outputs are the exact reals rounded once to float64, float ones
/// float32, labels int64. With `dump`, the integers of every quantiser, one .npy each, and
/// scales.json. UserError, with nothing written, when the input does not fit.
report::Exec run_exec(const ExecOptions& options, const Console& console);

}  // namespace assay
