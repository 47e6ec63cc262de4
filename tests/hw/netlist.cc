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
std::string cell_library(Target target) {
  const fs::path share = fs::canonical(yosys()).parent_path().parent_path() / "share" / "yosys";
  return read_file(share / (target == Target::kIce40 ? "ice40" : "xilinx") / "cells_sim.v");
}

std::string synthesis(Target target, const std::string& module) {
  // No pads: the bench sits where they would be. iCE40 has no memories of LUTs, and Yosys refuses
  // to make them of flip-flops unless told so.
  if (target == Target::kIce40)
    return fmt::format(
        "setattr -set ram_style \"registers\" -unset rom_style m:* a:ram_style=distributed %i\n"
        "synth_ice40 -top {}\n",
        module);
  return fmt::format("synth_xilinx -noiopad -noclkbuf -nodsp -top {}\n", module);
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

void run_yosys(const Prepared& p, const std::string& commands) {
  for (const NodeRtl::File& file : p.rtl.files) write_file(p.data / file.name, file.text);
  write_file(p.data / "commands.ys", commands);
  const sim::ProcessResult result =
      sim::run_process({yosys().string(), "-q", "-e", "implicitly declared", "commands.ys"}, p.data,
                       std::chrono::seconds(600));
  if (!result.ok()) tool_error("Yosys failed (exit code {}):\n{}", result.exit_code, result.output);
}

sim::ModelSpec synthesise(const Prepared& p, Target target) {
  run_yosys(p, read_rtl(p) + synthesis(target, p.rtl.module) + "write_verilog -noattr netlist.v\n");
  const std::string netlist = read_file(p.data / "netlist.v"), library = cell_library(target);
  refuse_empty_cells(netlist, library);
  sim::ModelSpec spec;
  add_design(spec, p.rtl);
  spec.sources = {{p.rtl.module + ".v", netlist}, {"cells_sim.v", library}};
  spec.netlist = true;
  spec.assertions = false;
  if (target == Target::kIce40) spec.defines = {"NO_ICE40_DEFAULT_ASSIGNMENTS"};
  return spec;
}

}  // namespace assay::hw::test
