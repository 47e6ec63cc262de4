// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compile/netlist/yosys_json.h"

namespace assay::fpga {

/// A layer of the design, which becomes gates by itself.
struct LayerJob {
  std::string name;      ///< of its first instance, and of its files: "u_MatMul_0"
  std::string module;    ///< of the library, "assay_mvau"
  std::string instance;  ///< Verilog of one with its parameters, to which nothing is connected
  std::vector<std::string> sources, memories;  ///< names of files in the job's folder
  bool dsp = false;                            ///< its products may go into DSP blocks
};

/// What is synthesised: sources and memory files that lie in one folder.
struct SynthesisJob {
  std::string top;                   ///< the module
  std::vector<std::string> sources;  ///< names of .sv files in the folder
  /// The module of the layers, and the path of its instance: the top itself and "", or what a shell is
  /// around, and "u_core.u_accelerator.".
  std::string design, path;
  std::vector<std::string> layers;  ///< instances of the design, "u_MatMul_0"
  /// Of instances of equal modules and parameters one.
  std::vector<LayerJob> layer_jobs;
  /// Wires of the design that the netlist is to have by their names, whatever becomes of the logic around
  /// them.
  std::vector<std::string> wires;
  netlist::Family family = netlist::Family::kIce40;
  /// All products may go into DSP blocks; else those of LayerJob::dsp, and all others into LUTs, whatever
  /// Yosys likes.
  bool dsp = false;
  std::string_view generation = "xc7";  ///< of kXilinx: xilinx_generation()
};

/// What Yosys writes.
struct SynthesisFiles {
  std::string netlist;  ///< flat, of the family's cells alone
  /// The same a step earlier: the family's registers, memories and carries, and between them gates,
  /// before ABC makes tables of these.
  std::string gates;
};

/// The command line of Yosys for a script: silent, and what is used without being declared is an error.
std::vector<std::string> yosys_arguments(const std::string& script);

/// What Yosys makes of a layer: its module as registers, memories, carries and gates, and the same module
/// empty, with nothing but its ports.
struct LayerFiles {
  std::string gates, box;
};
LayerFiles layer_files(const LayerJob& layer);

/// The Yosys script that writes layer_files(). The same bytes for the same job.
std::string layer_script(const SynthesisJob& job, const LayerJob& layer);

/// Netlists of a layer for a proof, module kLoneLayer: what stands in layer_files(), and the layer as its RTL
/// says it, all gates and registers, but with memories as the family has them.
struct LayerNetlists {
  std::string gates, rtl;
};
inline constexpr const char* kLoneLayer = "assay_lone_layer";
LayerNetlists layer_netlists(const LayerJob& layer);

/// The Yosys scripts that write them. `optimised`: Yosys' `opt` is run on the RTL, without which it finds no
/// block RAM in some.
std::string layer_gates_script(const LayerJob& layer);
std::string layer_rtl_script(const SynthesisJob& job, const LayerJob& layer, bool optimised);

/// The Yosys script that puts the layers' gates together, makes tables of them all at once, so that the
/// longest path of the whole decides where area may be saved, and writes the files. The same bytes for
/// the same job.
std::string link_script(const SynthesisJob& job, const SynthesisFiles& files);

/// All of them one after the other, for who wants to see it done by one Yosys.
std::string synthesis_script(const SynthesisJob& job, const SynthesisFiles& files);

}  // namespace assay::fpga
