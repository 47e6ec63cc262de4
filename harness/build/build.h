// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compile/base/error.h"
#include "harness/report/build.h"
#include "harness/report/console.h"
#include "harness/run/run_dir.h"

namespace assay {

struct BuildOptions {
  std::filesystem::path dir;  ///< of a finished run
  std::string target;         ///< a part or a board
  std::int64_t seed = 1;
  std::int64_t seeds = 1;  ///< placements that are tried, from `seed` on; the fastest is kept
  std::optional<double> clock_mhz;  ///< that is aimed at; nothing: the board's, or kBuildClock
  std::optional<int> baud;          ///< of a board's serial line; nothing: kBuildBaud
  bool dsp = false;               ///< all products may go into DSP blocks, not only layers_in_dsp()
  std::filesystem::path collect;  ///< results of Vivado to take back; empty: none
  bool netlist_only = false;      ///< ends behind the netlist, which a later call keeps
  RunFinished finished;
};

inline constexpr double kBuildClock = 50;  ///< of a part, and the most that a board gets unasked
inline constexpr int kBuildBaud = 115200;

struct BuildResult {
  report::Build report;  ///< reports/build-TARGET.json
  std::string table;     ///< for people
};

/// The design takes more than the part has, by what was synthesised. Exit code 2, as other things that
/// cannot be done.
class DoesNotFitError : public UserError {
 public:
  DoesNotFitError(const std::string& message, double share) : UserError(message), times(share) {}
  double times = 1;  ///< what is short, of what there is
};

/// Makes a bitstream of a run's accelerator, for a board with its shell around it (shell.h), in
/// DIR/build/TARGET: netlist.json (Yosys), constraints,
/// routed and bitstream (nextpnr, packer), and reports/build-TARGET.json. Equal inputs, tools and seed
/// give equal bytes. A step that an earlier call did with the same inputs is kept while its files are
/// what they were. Errors as of BuildSource and find_target(); DoesNotFitError; ToolError for tools
/// that are missing or fail.
BuildResult build(const BuildOptions& options, const Console& console);

/// UserError where what the options say of clock, seeds and serial line cannot be: all that can be known
/// before there is a run.
void check_build_options(const BuildOptions& options);

}  // namespace assay
