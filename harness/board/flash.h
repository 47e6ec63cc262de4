// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "harness/report/console.h"

namespace assay {

struct FlashOptions {
  std::filesystem::path dir;  ///< of a finished run
  std::string target;         ///< a board that 'assay build' made a bitstream for
};

/// Writes the bitstream in DIR/build/TARGET into the board's flash with openFPGALoader; what it said.
/// UserError as of read_run(), when there is no such bitstream, it is not what the build's report
/// says, it is of other RTL than the run's, or the board is none that openFPGALoader knows; ToolError when that is missing
/// or fails.
std::string flash(const FlashOptions& options, const Console& console);

}  // namespace assay
