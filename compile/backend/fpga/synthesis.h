// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compile/netlist/yosys_json.h"

namespace assay::fpga {

/// What is synthesised: sources and memory files that lie in one folder.
struct SynthesisJob {
  std::string top;                   ///< the module
  std::vector<std::string> sources;  ///< names of .sv files in the folder
  /// The module of the layers, and the path of its instance: the top itself and "", or what a shell is
  /// around, and "u_core.u_accelerator.".
  std::string design, path;
  std::vector<std::string> layers;  ///< instances of the design, "u_MatMul_0"
  /// Wires of the design that the netlist is to have by their names, whatever becomes of the logic around
  /// them.
  std::vector<std::string> wires;
  netlist::Family family = netlist::Family::kIce40;
  bool dsp = false;  ///< products may go into DSP blocks; else into LUTs, whatever Yosys likes
};

/// What Yosys writes.
struct SynthesisFiles {
  std::string netlist;  ///< flat, of the family's cells alone
  /// The same a step earlier: the family's registers, memories and carries, and between them gates,
  /// before ABC makes tables of these.
  std::string gates;
};

/// The Yosys script that writes the files. The same bytes for the same job.
std::string synthesis_script(const SynthesisJob& job, const SynthesisFiles& files);

}  // namespace assay::fpga
