// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compile/backend/fpga/pins.h"
#include "compile/backend/fpga/synthesis.h"
#include "compile/backend/shell/shell.h"
#include "compile/backend/verilog/stitch.h"
#include "compile/graph/graph.h"
#include "compile/hw/resources.h"
#include "harness/run/saved_run.h"

namespace assay {

/// Its module.
inline constexpr const char* kAccelerator = "accelerator";

/// As what resources of the family's parts are estimated.
hw::Family estimated_as(netlist::Family family);

/// Whose products go into DSP blocks: of all layers that their folding put there, where the part has so many
/// blocks. None of iCE40, as of some products there Yosys makes nothing.
std::vector<bool> layers_in_dsp(const std::vector<StitchedNode>& nodes, const fpga::Part& part);

/// The accelerator of a finished run, whose RTL was found EQUIVALENT.
class BuildSource {
 public:
  struct File {
    std::string name, text;
  };

  /// For a board with its shell around it, whose serial line has so many `baud`: the top is kShellTop
  /// then. UserError for a folder without a finished run, for RTL that was edited or is not what this
  /// program generates, for a run with several accelerators, and as of shell_accelerator(), shell_rtl()
  /// and clocks_per_bit(); NotEquivalentError unless run and RTL are EQUIVALENT.
  BuildSource(const std::filesystem::path& dir, const fpga::Target& target, double clock_mhz,
              std::int64_t baud);

  /// Sources and memories, for one folder.
  const std::vector<File>& files() const { return files_; }
  /// How files() are synthesised. `dsp`: all products may go into DSP blocks; else those of layers_in_dsp().
  fpga::SynthesisJob synthesis_job(bool dsp) const;
  /// What nextpnr is told of the pins.
  std::string constraints() const;
  std::string top() const { return shell ? std::string(kShellTop) : rtl.module; }

  SavedRun run;
  Graph graph;
  StitchedRtl rtl;
  std::string rtl_sha256;
  std::optional<std::int64_t> interval;  ///< cycles per frame, measured
  std::optional<ShellBoard> shell;       ///< around it

 private:
  void put_into_shell(int baud);
  void stitch_design();
  void require_same_rtl();
  void read_top_report();
  std::vector<fpga::TopPort> ports() const;
  std::vector<std::string> sources() const;
  /// "u_MatMul_0", in the order of the nodes.
  std::vector<std::string> layers() const;
  std::vector<fpga::LayerJob> layer_jobs() const;
  /// Those of the streams between layers and at the edge.
  std::vector<std::string> wires() const;

  const fpga::Target target_;
  const double clock_mhz_;
  std::vector<File> files_;
  std::vector<std::string> shell_sources_;
};

}  // namespace assay
