// SPDX-License-Identifier: Apache-2.0
#include "netlist/cell_cases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sstream>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/process.h"
#include "netlist/plain_simulator.h"

namespace assay::netlist::test {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "assay_netlist_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) tool_error("no folder '{}'", name);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path path;
};

struct Pin {
  std::string name;
  int width = 1;
};

std::vector<Pin> pins(const std::string& text) {
  std::vector<Pin> all;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const std::size_t at = word.find(':');
    const int width = at == std::string::npos ? 1 : std::stoi(word.substr(at + 1));
    all.push_back({word.substr(0, at), width});
  }
  return all;
}

/// "input [3:0] c0_A, "
std::string declarations(const std::string& direction, const std::string& text, std::size_t at) {
  std::string all;
  for (const Pin& pin : pins(text))
    all += fmt::format(", {} [{}:0] c{}_{}", direction, pin.width - 1, at, pin.name);
  return all;
}

std::string connections(const CellCase& c, std::size_t at) {
  std::string all;
  for (const Pin& pin : pins(c.clocks)) all += fmt::format(", .{}(clk)", pin.name);
  for (const Pin& pin : pins(c.inputs + " " + c.outputs))
    all += fmt::format(", .{}(c{}_{})", pin.name, at, pin.name);
  return all.substr(2) + c.more;
}

}  // namespace

bool has_yosys() {
  try {
    return !find_program("yosys", "yosys").empty();
  } catch (const ToolError&) {
    return false;
  }
}

fs::path yosys_folder() {
  return fs::canonical(find_program("yosys", "yosys")).parent_path().parent_path() / "share" /
         "yosys";
}

std::string yosys_library(const std::string& name) { return read_file(yosys_folder() / name); }

std::string yosys_json(const std::vector<std::pair<std::string, std::string>>& files,
                       const std::string& commands) {
  const Folder folder;
  for (const auto& [name, text] : files) write_file(folder.path / name, text);
  const ProcessResult result =
      run_process({find_program("yosys", "yosys").string(), "-q", "-p", commands}, folder.path,
                  std::chrono::seconds(800));
  if (!result.ok()) tool_error("Yosys failed (exit code {}):\n{}", result.exit_code, result.output);
  return read_file(folder.path / "out.json");
}

std::string design_of(const std::vector<CellCase>& cases) {
  std::string ports = "input clk", body;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    ports +=
        declarations("input", cases[i].inputs, i) + declarations("output", cases[i].outputs, i);
    body += fmt::format("  {} #({}) u{} ({});\n", cases[i].cell, cases[i].parameters, i,
                        connections(cases[i], i));
  }
  return fmt::format("module all({});\n{}endmodule\n", ports, body);
}

Netlist with_our_models(const std::string& design, Family family, const std::string& library) {
  const std::string json = yosys_json(
      {{"cells.v", library}, {"design.v", design}},
      fmt::format("read_verilog -icells -lib -nowb -I{} cells.v; read_verilog -icells design.v; "
                  "hierarchy -top all; write_json out.json",
                  yosys_folder().string() + "/ecp5"));
  return read_yosys_json(json, "all", family, "out.json");
}

Netlist with_our_models(const std::vector<CellCase>& cases, Family family,
                        const std::string& library) {
  return with_our_models(design_of(cases), family, library);
}

Netlist with_yosys_models(const std::vector<CellCase>& cases, const std::string& library) {
  const std::string json = yosys_json(
      {{"cells.v", library}, {"design.v", design_of(cases)}},
      fmt::format("read_verilog -icells -defer -I{} cells.v; read_verilog -icells design.v; "
                  "hierarchy -top all; proc; flatten; opt_expr; opt_clean; memory_map; "
                  "opt_expr; opt_clean; techmap; opt_expr; opt_clean; write_json out.json",
                  yosys_folder().string() + "/ecp5"));
  Netlist netlist = read_yosys_json(json, "all", Family::kIce40, "out.json");
  simplify(netlist);
  return netlist;
}

Netlist as_gates(const std::string& verilog) {
  const std::string json =
      yosys_json({{"top.v", verilog}},
                 "read_verilog top.v; hierarchy -top top; proc; flatten; opt_expr; opt_clean; "
                 "techmap; opt_expr; opt_clean; write_json out.json");
  Netlist netlist = read_yosys_json(json, "top", Family::kIce40, "out.json");
  simplify(netlist);
  return netlist;
}

std::string first_difference(const Netlist& a, const Netlist& b, int cycles, bool unknown) {
  PlainSimulator first(a, unknown), second(b, unknown);
  std::mt19937_64 random(7);
  for (int cycle = 0; cycle < cycles; ++cycle) {
    for (const Port& port : a.ports)
      if (port.input && port.name != "clk") {
        const std::uint64_t value = random();
        first.set(port.name, value);
        second.set(port.name, value);
      }
    first.settle();
    second.settle();
    for (const Port& port : a.ports)
      if (!port.input && first.get(port.name) != second.get(port.name))
        return fmt::format("{} in cycle {}: {}, not {}", port.name, cycle, first.get(port.name),
                           second.get(port.name));
    first.clock();
    second.clock();
  }
  return "";
}

void expect_same(const std::vector<CellCase>& cases, const Netlist& ours, const Netlist& reference,
                 int cycles) {
  for (const bool unknown : {false, true}) {
    const std::string difference = first_difference(ours, reference, cycles, unknown);
    if (difference.empty()) continue;
    const CellCase& c = cases[std::stoul(difference.substr(1))];
    FAIL() << c.cell << " #(" << c.parameters << ") " << difference << " as in Yosys' model";
  }
}

}  // namespace assay::netlist::test
