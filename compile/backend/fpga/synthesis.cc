// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/fpga/synthesis.h"

#include <fmt/format.h>

#include <set>

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

std::string synthesis_command(const SynthesisJob& job, bool dsp) {
  switch (job.family) {
    case Family::kIce40:
      return fmt::format("synth_ice40{}", dsp ? " -dsp" : "");
    case Family::kEcp5:
      return fmt::format("synth_ecp5{}", dsp ? "" : " -nodsp");
    case Family::kXilinx:
      // No pads: what is around the design brings them. No shift registers in LUTs: Yosys 0.23 forgets the
      // enable of those that it makes of FDREs, and registers that stay what they are can be proved.
      return fmt::format("synth_xilinx -family {} -flatten -noiopad -noclkbuf -nosrl{}",
                         job.generation, dsp ? "" : " -nodsp");
  }
  ASSAY_INVARIANT(false, "a family has no synthesis");
}

std::string read_sources(const std::vector<std::string>& sources) {
  std::string text;
  for (const std::string& source : sources)
    text += fmt::format("read_verilog -sv -defer {}\n", source);
  return text;
}

std::string layer_command(const SynthesisJob& job, const LayerJob& layer) {
  return synthesis_command(job, job.dsp || layer.dsp);
}

/// Reads a layer by itself, in a module that Yosys names after it and its parameters.
std::string lone_layer(const SynthesisJob& job, const LayerJob& layer) {
  return fmt::format(
      "{0}read_verilog -sv <<assay_end\nmodule {1};\n{2}endmodule\nassay_end\n"
      "hierarchy -check -top {1}\ndelete {1}\n{3}",
      read_sources(layer.sources), kLoneLayer, layer.instance, memory_styles(job.family));
}

/// The layers' modules have the name that Yosys forms of a module and its parameters, so that it takes
/// them where it would make them. While the rest becomes gates they are empty, and quickly looked at.
std::string boxes(const SynthesisJob& job) {
  std::string text;
  for (const LayerJob& layer : job.layer_jobs)
    text += fmt::format("read_rtlil {}\n", layer_files(layer).box);
  return text;
}

/// None of them is made of its sources once more, which are there for their parameters alone. Yosys names
/// a module of few parameters after these, one of many after their hash.
std::string no_other_layers(const SynthesisJob& job) {
  std::set<std::string> modules;
  for (const LayerJob& layer : job.layer_jobs) modules.insert(layer.module);
  std::string text;
  for (const std::string& module : modules)
    text += fmt::format("select -assert-none $paramod*?{0} $paramod?{0}?*\n", module);
  return text;
}

std::string layers_for_boxes(const SynthesisJob& job) {
  if (job.layer_jobs.empty()) return "";
  std::string text = fmt::format("delete =A:{}\n", kLoneLayer);
  for (const LayerJob& layer : job.layer_jobs)
    text += fmt::format("read_rtlil {}\n", layer_files(layer).gates);
  return text + fmt::format("hierarchy -check -top {}\nflatten\nopt_clean\n", job.top);
}

/// What nobody asks for is chosen before ABC makes tables: of iCE40 and ECP5 earlier, of 7 series with them,
/// where the gates would still have it open.
std::string_view choices(Family family) {
  return family == Family::kXilinx ? "opt_expr -mux_undef -noclkinv\n" : "";
}

/// Up to and without the renaming of cells, which takes a third of the time and which nobody reads.
std::string mapping(const SynthesisJob& job, const std::string& gates) {
  const std::string command = fmt::format("{} -top {}", synthesis_command(job, job.dsp), job.top);
  return fmt::format(
      "{0} -run begin:map_luts\n"
      "{3}{4}"
      "json -o {2} {1}\n"
      "{0} -run map_luts:check\n",
      command, job.top, gates, layers_for_boxes(job), choices(job.family));
}

}  // namespace

std::vector<std::string> yosys_arguments(const std::string& script) {
  return {"-q", "-e", "implicitly declared", script};
}

LayerFiles layer_files(const LayerJob& layer) {
  return {layer.name + ".il", layer.name + ".box.il"};
}

// Without what newer ones note of where cells came from: an older Yosys may have to read it.
std::string layer_script(const SynthesisJob& job, const LayerJob& layer) {
  const LayerFiles files = layer_files(layer);
  return fmt::format(
      "{1}{2} -run begin:map_luts\n"
      "setattr -mod -set {0} 1 A:top\nsetattr -mod -unset top A:{0}\n"
      "delete */t:$scopeinfo\nselect A:{0}\nattrmap -remove src\nwrite_rtlil -selected {3}\n"
      "blackbox\nselect =A:{0}\nwrite_rtlil -selected {4}\n",
      kLoneLayer, lone_layer(job, layer), layer_command(job, layer), files.gates, files.box);
}

LayerNetlists layer_netlists(const LayerJob& layer) {
  return {layer.name + ".gates.json", layer.name + ".rtl.json"};
}

std::string layer_gates_script(const LayerJob& layer) {
  return fmt::format("read_rtlil {}\nhierarchy -auto-top\nrename -top {}\njson -o {} {}\n",
                     layer_files(layer).gates, kLoneLayer, layer_netlists(layer).gates, kLoneLayer);
}

// What nothing drives is 0: that the gates are the same for one choice of it is what there is to prove.
std::string layer_rtl_script(const SynthesisJob& job, const LayerJob& layer, bool optimised) {
  return fmt::format(
      "{}hierarchy -auto-top\nproc\nflatten\n{}memory -nomap\nopt_clean\n{} -run {}\n"
      "setundef -undriven -zero\ntechmap\nsimplemap\nopt_clean\nrename -top {}\njson -o {} {}\n",
      lone_layer(job, layer), optimised ? "opt\n" : "", layer_command(job, layer),
      job.family == Family::kXilinx ? "map_memory:fine" : "map_ram:map_gates", kLoneLayer,
      layer_netlists(layer).rtl, kLoneLayer);
}

std::string link_script(const SynthesisJob& job, const SynthesisFiles& files) {
  std::string text = read_sources(job.sources);
  if (!job.path.empty()) text += cell_library(job.family);
  text += boxes(job);
  text += fmt::format("hierarchy -check -top {}\n{}{}", job.top, no_other_layers(job),
                      memory_styles(job.family));
  for (const std::string& wire : job.wires)
    text += fmt::format("select -assert-count 1 {0}/w:{1}\nsetattr -set keep 1 {0}/w:{1}\n",
                        job.design, wire);
  text += mapping(job, files.gates) + "check -mapped -assert\n";
  // Yosys' models of cells that are modules with contents cannot be written.
  if (job.family == Family::kEcp5) text += "blackbox =A:whitebox\n";
  return text + fmt::format("write_json {}\n", files.netlist);
}

std::string synthesis_script(const SynthesisJob& job, const SynthesisFiles& files) {
  std::string text;
  for (const LayerJob& layer : job.layer_jobs) text += layer_script(job, layer) + "design -reset\n";
  return text + link_script(job, files);
}

}  // namespace assay::fpga
