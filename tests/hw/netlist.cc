// SPDX-License-Identifier: Apache-2.0
#include "hw/netlist.h"

#include <set>
#include <sstream>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "harness/node_model.h"
#include "sim/process.h"

namespace assay::hw::test {
namespace {

namespace fs = std::filesystem;

fs::path yosys() { return sim::find_program("yosys", "yosys"); }

/// The simulation models of a target's cells, as they come with Yosys.
fs::path cell_library(Target target) {
  const fs::path share = fs::canonical(yosys()).parent_path().parent_path() / "share" / "yosys";
  return share / (target == Target::kIce40 ? "ice40" : "xilinx") / "cells_sim.v";
}

std::string synthesis(Target target, const std::string& module) {
  // iCE40 has no memories of LUTs, and Yosys refuses to make them of flip-flops unless told so;
  // neither does it make memories that are only read of LUTs when they ask for it.
  if (target == Target::kIce40)
    return fmt::format(
        "setattr -set ram_style \"registers\" -unset rom_style m:* a:ram_style=distributed %i\n"
        "synth_ice40 -top {}\n",
        module);
  // No pads: the bench sits where they would be.
  return fmt::format(
      "setattr -unset ram_style -unset rom_style m:* a:rom_style=distributed %i\n"
      "synth_xilinx -noiopad -noclkbuf -nodsp -top {}\n",
      module);
}

/// Puts the cells' models in their place, as gates: Verilator 5.006 computes some of the models
/// wrongly, carry chains among them.
std::string insert_models(Target target, const std::string& module) {
  return fmt::format(
      "read_verilog -overwrite -DNO_ICE40_DEFAULT_ASSIGNMENTS {}\n"
      "hierarchy -top {}\nproc\nflatten\nopt\nsimplemap\nopt\nsplitnets\n",
      cell_library(target).string(), module);
}

/// What stands in a library between a module's name and its end; empty: it has no such module.
std::string module_text(const std::string& library, const std::string& module) {
  for (const char* follows : {" ", "("}) {
    const std::size_t at = library.find("module " + module + follows);
    if (at != std::string::npos) return library.substr(at, library.find("endmodule", at) - at);
  }
  return "";
}

void refuse_empty_cells(const std::string& netlist, const std::string& library) {
  std::set<std::string> used;
  std::istringstream lines(netlist);
  for (std::string line, word; std::getline(lines, line);)
    if (std::istringstream(line) >> word) used.insert(word);
  for (const std::string& cell : used) {
    const std::string text = module_text(library, cell);
    const bool works =
        text.find("assign") != std::string::npos || text.find("always") != std::string::npos;
    if (!text.empty() && !works) tool_error("{} has no simulation model in Yosys' library", cell);
  }
}

}  // namespace

bool has_yosys() {
  try {
    return !yosys().empty();
  } catch (const ToolError&) {
    return false;
  }
}

std::string read_rtl(const Prepared& p) {
  std::string commands;
  for (const NodeRtl::File& file : p.rtl.files)
    commands += fmt::format("read_verilog -sv -defer {}\n", file.name);
  return commands + fmt::format("hierarchy -check -top {}\n", p.rtl.module);
}

void run_yosys(const Prepared& p, const std::string& commands, std::chrono::seconds limit) {
  for (const NodeRtl::File& file : p.rtl.files) write_file(p.data / file.name, file.text);
  write_file(p.data / "commands.ys", commands);
  const sim::ProcessResult result =
      sim::run_process({yosys().string(), "-q", "-e", "implicitly declared", "commands.ys"}, p.data,
                       limit);
  if (!result.ok()) tool_error("Yosys failed (exit code {}):\n{}", result.exit_code, result.output);
}

sim::ModelSpec synthesise(const Prepared& p, Target target) {
  const std::string& module = p.rtl.module;
  run_yosys(p, read_rtl(p) + synthesis(target, module) + "write_verilog -noattr cells.v\n" +
                   insert_models(target, module) + "write_verilog -noattr netlist.v\n");
  refuse_empty_cells(read_file(p.data / "cells.v"), read_file(cell_library(target)));
  sim::ModelSpec spec;
  add_design(spec, p.rtl);
  spec.sources = {{module + ".v", read_file(p.data / "netlist.v")}};
  spec.netlist = true;
  spec.assertions = false;
  return spec;
}

}  // namespace assay::hw::test
