// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/fpga/synthesis.h"

#include <fmt/format.h>

#include "compile/base/error.h"

namespace assay::fpga {
namespace {

using netlist::Family;

/// What the family's synthesis needs to be told of memories that ask for LUTs, which the RTL marks for
/// Yosys, so that a plain synthesis may do as it likes. Yosys knows such ones only where something
/// writes them; iCE40 has none at all, and they become flip-flops.
std::string_view memory_styles(Family family) {
  if (family == Family::kIce40)
    return "setattr -set ram_style \"registers\" m:* a:lut_rom a:lut_ram %u %i\n";
  return "setattr -set ram_style \"logic\" m:* a:lut_rom %i\n"
         "setattr -set ram_style \"distributed\" m:* a:lut_ram %i\n";
}

/// The family's cells, which a shell names: its PLL.
std::string_view cell_library(Family family) {
  if (family == Family::kIce40) return "read_verilog -lib +/ice40/cells_sim.v\n";
  if (family == Family::kEcp5) return "read_verilog -lib +/ecp5/cells_sim.v +/ecp5/cells_bb.v\n";
  return "";
}

std::string synthesis_command(const SynthesisJob& job) {
  switch (job.family) {
    case Family::kIce40:
      return fmt::format("synth_ice40{}", job.dsp ? " -dsp" : "");
    case Family::kEcp5:
      return fmt::format("synth_ecp5{}", job.dsp ? "" : " -nodsp");
    case Family::kXilinx:
      // No pads: what is around the design brings them.
      return fmt::format("synth_xilinx -family xc7 -flatten -noiopad -noclkbuf{}",
                         job.dsp ? "" : " -nodsp");
  }
  ASSAY_INVARIANT(false, "a family has no synthesis");
}

/// Up to and without the renaming of cells, which takes a third of the time and which nobody reads.
std::string mapping(const SynthesisJob& job, const std::string& gates) {
  const std::string command = fmt::format("{} -top {}", synthesis_command(job), job.top);
  return fmt::format(
      "{0} -run begin:map_luts\n"
      "json -o {2} {1}\n"
      "{0} -run map_luts:check\n",
      command, job.top, gates);
}

}  // namespace

std::string synthesis_script(const SynthesisJob& job, const SynthesisFiles& files) {
  std::string text;
  for (const std::string& source : job.sources)
    text += fmt::format("read_verilog -sv -defer {}\n", source);
  if (!job.path.empty()) text += cell_library(job.family);
  text += fmt::format("hierarchy -check -top {}\n{}", job.top, memory_styles(job.family));
  for (const std::string& wire : job.wires)
    text += fmt::format("select -assert-count 1 {0}/w:{1}\nsetattr -set keep 1 {0}/w:{1}\n",
                        job.design, wire);
  text += mapping(job, files.gates) + "check -mapped -assert\n";
  // Yosys' models of cells that are modules with contents cannot be written.
  if (job.family == Family::kEcp5) text += "blackbox =A:whitebox\n";
  return text + fmt::format("write_json {}\n", files.netlist);
}

}  // namespace assay::fpga
