// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "compile/netlist/netlist.h"
#include "compile/netlist/yosys_json.h"

/// Cells of a family beside what Yosys' own simulation models make of them.
namespace assay::netlist::test {

/// Whether there is a yosys in PATH; tests that need one skip otherwise, with this message.
bool has_yosys();
inline constexpr std::string_view kNoYosys = "needs yosys; install the Debian package yosys";

/// Runs Yosys commands in a folder of their own that holds these files, and returns what they wrote to
/// "out.json". ToolError when Yosys fails.
std::string yosys_json(const std::vector<std::pair<std::string, std::string>>& files,
                       const std::string& commands);

/// A file of those that come with Yosys ("ice40/cells_sim.v").
std::string yosys_library(const std::string& name);
std::filesystem::path yosys_folder();

/// A cell with parameters and pins to compare.
struct CellCase {
  std::string cell;
  std::string parameters;  ///< as in Verilog: ".LUT_INIT(16'h1234), ..."
  std::string inputs;      ///< "I0 I1 RADDR:11"
  std::string outputs;
  std::string clocks;  ///< pins that are the clock
  std::string more{};  ///< further connections: ", .CE(1'b1)"
};

/// A design whose ports are the pins of all cells, "c0_I0", and the clock "clk".
std::string design_of(const std::vector<CellCase>& cases);

/// A design with our models of the cells.
Netlist with_our_models(const std::string& design, Family family, const std::string& library);
Netlist with_our_models(const std::vector<CellCase>& cases, Family family,
                        const std::string& library);
/// The design elaborated by Yosys with the models in `library`.
Netlist with_yosys_models(const std::vector<CellCase>& cases, const std::string& library);

/// Module `top` in Yosys' own gates.
Netlist as_gates(const std::string& verilog);

/// Feeds both the same random inputs for as many cycles; the first output that differs, empty: none does. State
/// that is unknown is as `unknown` says.
std::string first_difference(const Netlist& a, const Netlist& b, int cycles, bool unknown = false);

/// Feeds both the same random inputs for as many cycles from both initial states, and compares all outputs.
void expect_same(const std::vector<CellCase>& cases, const Netlist& ours, const Netlist& reference,
                 int cycles);

}  // namespace assay::netlist::test
