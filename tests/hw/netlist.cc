// SPDX-License-Identifier: Apache-2.0
#include "hw/netlist.h"

#include <set>
#include <sstream>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/process.h"
#include "harness/rtl/node_model.h"

namespace assay::hw::test {
namespace {

namespace fs = std::filesystem;

fs::path yosys() { return find_program("yosys", "yosys"); }

void replace(std::string& text, const std::string& old, const std::string& by) {
  const std::size_t at = text.find(old);
  if (at == std::string::npos) tool_error("Yosys' library of cells does not say '{}'", old);
  text.replace(at, old.size(), by);
}

/// The simulation models of a target's cells, as they come with Yosys.
std::string cell_library(Target target) {
  const fs::path share = fs::canonical(yosys()).parent_path().parent_path() / "share" / "yosys";
  if (target == Target::kIce40) return read_file(share / "ice40" / "cells_sim.v");
  std::string text = read_file(share / "xilinx" / "cells_sim.v");
  // Verilator 5.006 computes this one wrongly: the same bit by bit.
  replace(text, "assign O = S ^ {CO[2:0], CI | CYINIT};",
          "wire c0 = S[0] ? CI | CYINIT : DI[0];\n"
          "wire c1 = S[1] ? c0 : DI[1];\n"
          "wire c2 = S[2] ? c1 : DI[2];\n"
          "assign O[0] = S[0] ^ (CI | CYINIT);\n"
          "assign O[1] = S[1] ^ c0;\n"
          "assign O[2] = S[2] ^ c1;\n"
          "assign O[3] = S[3] ^ c2;\n");
  replace(text, "assign CO[0] = S[0] ? CI | CYINIT : DI[0];", "assign CO[0] = c0;");
  replace(text, "assign CO[1] = S[1] ? CO[0] : DI[1];", "assign CO[1] = c1;");
  replace(text, "assign CO[2] = S[2] ? CO[1] : DI[2];", "assign CO[2] = c2;");
  replace(text, "assign CO[3] = S[3] ? CO[2] : DI[3];", "assign CO[3] = S[3] ? c2 : DI[3];");
  return text;
}

std::string script_of(Target target, const std::string& module) {
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
      "synth_xilinx -family {} -flatten -noiopad -noclkbuf -nodsp -top {}\n",
      target == Target::kUltraScale ? "xcup" : "xc7", module);
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
  const ProcessResult result = run_process(
      {yosys().string(), "-q", "-e", "implicitly declared", "commands.ys"}, p.data, limit);
  if (!result.ok()) tool_error("Yosys failed (exit code {}):\n{}", result.exit_code, result.output);
}

void add_netlist(sim::ModelSpec& spec, const Prepared& p, Target target) {
  run_yosys(p, read_rtl(p) + script_of(target, p.rtl.module) +
                   "splitnets\nwrite_verilog -noattr netlist.v\n");
  const std::string netlist = read_file(p.data / "netlist.v"), library = cell_library(target);
  refuse_empty_cells(netlist, library);
  std::vector<sim::SourceFile> sources = std::move(spec.sources);
  add_design(spec, p.rtl);
  if (sources.empty()) sources = {{"cells_sim.v", library}};
  sources.push_back({p.rtl.module + ".v", netlist});
  spec.sources = std::move(sources);
  spec.netlist = true;
  spec.assertions = false;
  if (target == Target::kIce40) spec.defines = {"NO_ICE40_DEFAULT_ASSIGNMENTS"};
}

}  // namespace assay::hw::test
