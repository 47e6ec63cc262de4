// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compile/backend/verilog/stitch.h"
#include "compile/backend/zynq/project.h"
#include "harness/report/vivado.h"

namespace assay {

/// In build/BOARD: where files of results are kept, and the netlist of the accelerator among them.
inline constexpr const char* kResultsFolder = "results";
inline constexpr const char* kCollectedNetlist = "netlist.v";

/// What build.sh left in its folder results.
struct VivadoResults {
  struct File {
    std::string name, bytes;
  };
  std::vector<File> files;  ///< those that are known, all as they were left
  std::vector<report::Vivado::Check> checks;
  report::Vivado::Synthesis synthesis;
  bool timing_met = false;
  const File* file(std::string_view name) const;
};

/// Reads results from `folder`, or from the folder results in it, and looks at nothing else: files by name, none
/// that is a link or larger than such files are, each with the hash that SHA256SUMS has. `rtl` gives the layers and
/// their estimates. UserError naming the file where something is not there that makes them this project's, of
/// another project, board or part, edited or cut off; what else is missing is an INCONCLUSIVE check.
VivadoResults read_vivado_results(const std::filesystem::path& folder,
                                  const zynq::ProjectIdentity& project, const hw::Board& board,
                                  const StitchedRtl& rtl);

}  // namespace assay
