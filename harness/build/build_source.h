// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compile/backend/fpga/pins.h"
#include "compile/backend/shell/shell.h"
#include "compile/backend/verilog/stitch.h"
#include "compile/graph/graph.h"
#include "harness/run/saved_run.h"

namespace assay {

/// The accelerator of a finished run, whose RTL was found EQUIVALENT.
class BuildSource {
 public:
  struct File {
    std::string name, text;
  };

  /// UserError for a folder without a finished run, for RTL that was edited or is not what this program
  /// generates, and for a run with several accelerators; NotEquivalentError unless run and RTL are
  /// EQUIVALENT.
  explicit BuildSource(const std::filesystem::path& dir);
  /// Puts a board's shell around it: its top is kShellTop then. UserError as of shell_accelerator(),
  /// shell_rtl() and clocks_per_bit().
  void put_into_shell(const fpga::Target& target, double clock_mhz, int baud);

  /// Sources and memories, for one folder.
  const std::vector<File>& files() const { return files_; }
  std::vector<std::string> sources() const;
  /// "u_MatMul_0", in the order of the nodes.
  std::vector<std::string> layers() const;
  /// Those of the streams between layers and at the edge.
  std::vector<std::string> wires() const;
  /// What nextpnr is told of the pins.
  std::string constraints(const fpga::Target& target, double clock_mhz) const;
  std::string top() const { return shell ? std::string(kShellTop) : rtl.module; }

  SavedRun run;
  Graph graph;
  StitchedRtl rtl;
  std::string rtl_sha256;
  std::optional<std::int64_t> interval;  ///< cycles per frame, measured
  std::optional<ShellBoard> shell;       ///< around it

 private:
  void stitch_design();
  void require_same_rtl();
  void read_top_report();
  std::vector<fpga::TopPort> ports() const;

  std::vector<File> files_;
  std::vector<std::string> shell_sources_;
};

}  // namespace assay
