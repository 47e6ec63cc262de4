// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/fpga/synthesis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/temp_dir.h"
#include "compile/backend/fpga/cell_counts.h"
#include "compile/backend/fpga/parts.h"
#include "compile/backend/fpga/tools.h"
#include "compile/backend/verilog/rtl_library.h"
#include "compile/base/error.h"
#include "compile/base/file.h"

namespace assay::fpga {
namespace {

using netlist::Family;
using ::testing::HasSubstr;
using ::testing::Not;

SynthesisJob job(Family family) {
  return {"top", {"a.sv", "top.sv"}, "top", "", {"u_a", "u_b"}, {}, {"s_valid"}, family, false};
}

/// The first of two layers by itself, and the second one like it.
SynthesisJob layered_job(Family family) {
  SynthesisJob layered = job(family);
  layered.layer_jobs = {{"u_a", "a", "  a #(.N(2)) u_layer ();\n", {"a.sv"}, {"u_a_weights.hex"}}};
  return layered;
}

const SynthesisFiles kFiles = {"n.json", "g.json"};

TEST(SynthesisScript, IsTheSameBytesForTheSameJob) {
  EXPECT_EQ(link_script(job(Family::kIce40), kFiles),
            "read_verilog -sv -defer a.sv\n"
            "read_verilog -sv -defer top.sv\n"
            "hierarchy -check -top top\n"
            "setattr -set ram_style \"registers\" m:* a:lut_rom a:lut_ram %u %i\n"
            "select -assert-count 1 top/w:s_valid\n"
            "setattr -set keep 1 top/w:s_valid\n"
            "synth_ice40 -top top -run begin:map_luts\n"
            "json -o g.json top\n"
            "synth_ice40 -top top -run map_luts:check\n"
            "check -mapped -assert\n"
            "write_json n.json\n");
}

TEST(SynthesisScript, MakesGatesOfALayerByItself) {
  EXPECT_EQ(layer_script(layered_job(Family::kIce40), layered_job(Family::kIce40).layer_jobs[0]),
            "read_verilog -sv -defer a.sv\n"
            "read_verilog -sv <<assay_end\n"
            "module assay_lone_layer;\n"
            "  a #(.N(2)) u_layer ();\n"
            "endmodule\n"
            "assay_end\n"
            "hierarchy -check -top assay_lone_layer\n"
            "delete assay_lone_layer\n"
            "setattr -set ram_style \"registers\" m:* a:lut_rom a:lut_ram %u %i\n"
            "synth_ice40 -run begin:map_luts\n"
            "setattr -mod -set assay_lone_layer 1 A:top\n"
            "setattr -mod -unset top A:assay_lone_layer\n"
            "delete */t:$scopeinfo\n"
            "select A:assay_lone_layer\n"
            "attrmap -remove src\n"
            "write_rtlil -selected u_a.il\n"
            "blackbox\n"
            "select =A:assay_lone_layer\n"
            "write_rtlil -selected u_a.box.il\n");
}

TEST(SynthesisScript, PutsLayersTogether) {
  EXPECT_EQ(link_script(layered_job(Family::kIce40), kFiles),
            "read_verilog -sv -defer a.sv\n"
            "read_verilog -sv -defer top.sv\n"
            "read_rtlil u_a.box.il\n"
            "hierarchy -check -top top\n"
            "select -assert-none $paramod*?a $paramod?a?*\n"
            "setattr -set ram_style \"registers\" m:* a:lut_rom a:lut_ram %u %i\n"
            "select -assert-count 1 top/w:s_valid\n"
            "setattr -set keep 1 top/w:s_valid\n"
            "synth_ice40 -top top -run begin:map_luts\n"
            "delete =A:assay_lone_layer\n"
            "read_rtlil u_a.il\n"
            "hierarchy -check -top top\n"
            "flatten\n"
            "opt_clean\n"
            "json -o g.json top\n"
            "synth_ice40 -top top -run map_luts:check\n"
            "check -mapped -assert\n"
            "write_json n.json\n");
}

/// Two layers of one kind, one of which is told to be inverted.
constexpr const char* kPair = R"(
module a #(parameter int N = 1) (input logic clk_i, input logic [3:0] d, output logic [3:0] q);
  always_ff @(posedge clk_i) q <= d + N;
endmodule
module top (input logic clk_i, input logic [3:0] d, output logic [3:0] q);
  logic [3:0] m;
  a #(.N(2)) u_a (.clk_i(clk_i), .d(d), .q(m));
  a #(.N(2)) u_b (.clk_i(clk_i), .d(m), .q(q));
endmodule
)";

/// The netlist of kPair; `spoil` may change the script that makes the layer's gates.
std::string pair_netlist(const std::function<void(std::string&)>& spoil) {
  const TempDir dir;
  SynthesisJob pair = layered_job(Family::kIce40);
  pair.sources = {"pair.sv"};
  pair.wires = {"m"};
  pair.layer_jobs[0].sources = {"pair.sv"};
  std::string layer = layer_script(pair, pair.layer_jobs[0]);
  spoil(layer);
  write_file(dir.path() / "pair.sv", kPair);
  write_file(dir.path() / "layer.ys", layer);
  write_file(dir.path() / "link.ys", link_script(pair, kFiles));
  for (const char* script : {"layer.ys", "link.ys"})
    run_tool(find_tool("yosys"), yosys_arguments(script), dir.path(), std::chrono::seconds(300));
  return read_file(dir.path() / kFiles.netlist);
}

TEST(SynthesisLayers, AreTakenForEveryInstance) {
  if (!has_tool("yosys")) GTEST_SKIP() << "needs yosys";
  const CellCounts counts =
      count_cells(pair_netlist([](std::string&) {}), job(Family::kIce40), "n.json");
  EXPECT_EQ(counts.total.ff, 8);
  ASSERT_EQ(counts.layers.size(), 2U);
  EXPECT_EQ(counts.layers[0].ff, 4);
  EXPECT_EQ(counts.layers[1].ff, 4);
  EXPECT_EQ(counts.types.count("a"), 0U);
}

TEST(SynthesisLayers, OfOtherParametersAreNotTaken) {
  if (!has_tool("yosys")) GTEST_SKIP() << "needs yosys";
  // Yosys would make the right ones itself.
  const auto other = [](std::string& layer) { layer.replace(layer.find(".N(2)"), 5, ".N(3)"); };
  try {
    pair_netlist(other);
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("selection is not empty: $paramod*?a"));
  }
}

TEST(SynthesisScript, LeavesProductsInLutsUnlessTold) {
  SynthesisJob ecp5 = job(Family::kEcp5);
  EXPECT_THAT(synthesis_script(ecp5, kFiles), HasSubstr("synth_ecp5 -nodsp"));
  EXPECT_THAT(link_script(ecp5, kFiles), HasSubstr("blackbox =A:whitebox"));
  ecp5.dsp = true;
  EXPECT_THAT(synthesis_script(ecp5, kFiles), Not(HasSubstr("-nodsp")));
  SynthesisJob ice40 = job(Family::kIce40);
  EXPECT_THAT(synthesis_script(ice40, kFiles), Not(HasSubstr("-dsp")));
  ice40.dsp = true;
  EXPECT_THAT(synthesis_script(ice40, kFiles), HasSubstr("-dsp"));
  EXPECT_THAT(synthesis_script(job(Family::kXilinx), kFiles), HasSubstr("-family xc7"));
  SynthesisJob ultrascale = job(Family::kXilinx);
  ultrascale.generation = xilinx_generation(*find_target("xczu7ev").part);
  EXPECT_THAT(synthesis_script(ultrascale, kFiles), HasSubstr("-family xcup"));
  EXPECT_EQ(xilinx_generation(*find_target("xc7a35t").part), "xc7");
}

TEST(SynthesisScript, PutsProductsOfSingleLayersIntoDspBlocks) {
  SynthesisJob layered = layered_job(Family::kXilinx);
  layered.layer_jobs.push_back(layered.layer_jobs[0]);
  layered.layer_jobs[1].dsp = true;
  EXPECT_THAT(layer_script(layered, layered.layer_jobs[0]), HasSubstr(" -nodsp"));
  EXPECT_THAT(layer_script(layered, layered.layer_jobs[1]), Not(HasSubstr("-nodsp")));
  // Layers are gates by then, and what is between them has no products.
  EXPECT_THAT(link_script(layered, kFiles), HasSubstr("-nodsp"));
  layered.dsp = true;
  EXPECT_THAT(synthesis_script(layered, kFiles), Not(HasSubstr("-nodsp")));
}

/// As WebAssembly Yosys has little stack.
TEST(SynthesisPlain, EveryYosysReadsCountsOfManyBits) {
  if (!has_tool("yosys")) GTEST_SKIP() << "needs yosys";
  const TempDir dir;
  std::string read;
  for (const RtlFile& file : rtl_sources("assay_popcount_dot")) {
    write_file(dir.path() / std::string(file.name), file.text);
    read += fmt::format("read_verilog -sv -defer {}\n", file.name);
  }
  write_file(
      dir.path() / "wide.ys",
      read + "chparam -set Simd 384 assay_popcount_dot\nhierarchy -top assay_popcount_dot\n");
  for (const Tool& yosys : find_tools("yosys"))
    EXPECT_NO_THROW(run_tool(yosys, {"-q", "wide.ys"}, dir.path(), std::chrono::seconds(300)))
        << yosys.program;
}

TEST(SynthesisPlain, MemoriesOfLutsNeedNoScript) {
  if (!has_tool("yosys")) GTEST_SKIP() << "needs yosys";
  struct Memory {
    std::string module, parameters;
  };
  const TempDir dir;
  for (const Memory& memory :
       {Memory{"assay_lane_rom", "-set Lanes 2 -set Bits 4 -set Words 8 -set Shared 1"},
        Memory{"assay_rom", "-set Words 16"}, Memory{"assay_ram", "-set Words 16"},
        Memory{"assay_weight_memory", "-set Words 4"}, Memory{"assay_fifo", "-set Depth 16"}}) {
    std::string read;
    for (const RtlFile& file : rtl_sources(memory.module)) {
      write_file(dir.path() / std::string(file.name), file.text);
      read += fmt::format("read_verilog -sv {}\n", file.name);
    }
    for (const char* synth :
         {"synth_ice40", "synth_ecp5", "synth_xilinx -family xc7", "synth_xilinx -family xcup"}) {
      write_file(dir.path() / "plain.ys",
                 fmt::format("{}chparam {} {}\n{} -top {}\n", read, memory.parameters,
                             memory.module, synth, memory.module));
      EXPECT_NO_THROW(
          run_tool(find_tool("yosys"), {"-q", "plain.ys"}, dir.path(), std::chrono::seconds(300)))
          << memory.module << ": " << synth;
    }
  }
}

/// A register of u_a (2) that a table (3) reads for a register of u_b (4), and a table that nothing
/// reads. Wire 2 is u_a's by two names and u_b's input by another.
constexpr const char* kNetlist = R"({"modules": {
  "LUT4": {"cells": {"x": {"type": "SB_LUT4", "port_directions": {}, "connections": {}}}},
  "top": {"cells": {
    "$auto$1": {"type": "SB_DFF", "port_directions": {"D": "input", "Q": "output"},
                "connections": {"D": ["0"], "Q": [2]}},
    "$abc$2": {"type": "SB_LUT4", "port_directions": {"I0": "input", "O": "output"},
               "connections": {"I0": [2], "O": [3]}},
    "u_b.state": {"type": "SB_DFFE", "port_directions": {"D": "input", "Q": "output"},
                  "connections": {"D": [3], "Q": [4]}},
    "$flatten\\u_b.ram": {"type": "SB_RAM40_4K", "port_directions": {}, "connections": {}},
    "$abc$3": {"type": "SB_LUT4", "port_directions": {"O": "output"},
               "connections": {"O": [9]}}},
   "netnames": {"u_a.out_o": {"bits": [2]}, "u_b.in_i": {"bits": [2]},
                "u_b.deep.in_i": {"bits": [2]}, "s_valid": {"bits": [2]}}}}})";

TEST(CellCounts, GiveEveryCellToOneLayer) {
  const CellCounts counts = count_cells(kNetlist, job(Family::kIce40), "n.json");
  EXPECT_EQ(counts.total, (Usage{2, 2, 0, 1, 0}));
  ASSERT_EQ(counts.layers.size(), 2U);
  EXPECT_EQ(counts.layers[0], (Usage{0, 1, 0, 0, 0}));
  EXPECT_EQ(counts.layers[1], (Usage{1, 1, 0, 1, 0}));
  EXPECT_EQ(counts.between, (Usage{1, 0, 0, 0, 0}));
  EXPECT_EQ(counts.types.at("SB_LUT4"), 2);
  EXPECT_EQ(counts.owners.of("$auto$1_DFFLC"), 0U);
  EXPECT_EQ(counts.owners.of("$abc$2_LC"), 1U);
  EXPECT_EQ(counts.owners.of("u_b.state"), 1U);
  EXPECT_EQ(counts.owners.of("u_bx.state"), counts.owners.none());
  EXPECT_EQ(counts.owners.of("$abc$3"), counts.owners.none());
}

/// Two registers of a shell, one by its name and one by its wire's, with a table between, and another
/// table that a register of u_a reads.
constexpr const char* kInShell = R"({"modules": {"top": {"cells": {
    "$flatten\\u_core.\\u_shell.$1": {"type": "SB_DFF",
      "port_directions": {"D": "input", "Q": "output"}, "connections": {"D": ["0"], "Q": [2]}},
    "$abc$1": {"type": "SB_LUT4", "port_directions": {"I0": "input", "O": "output"},
               "connections": {"I0": [2], "O": [3]}},
    "$auto$2": {"type": "SB_DFF", "port_directions": {"D": "input", "Q": "output"},
                "connections": {"D": [3], "Q": [4]}},
    "$abc$2": {"type": "SB_LUT4", "port_directions": {"I0": "input", "O": "output"},
               "connections": {"I0": [4], "O": [5]}},
    "u_core.u_accelerator.u_a.state": {"type": "SB_DFF",
      "port_directions": {"D": "input", "Q": "output"}, "connections": {"D": [5], "Q": [6]}}},
   "netnames": {"u_core.u_shell.full": {"bits": [4]}, "u_core.data": {"bits": [6]}}}}})";

TEST(CellCounts, WhatIsTheShellsIsNoLayers) {
  SynthesisJob shelled = job(Family::kIce40);
  shelled.path = "u_core.u_accelerator.";
  const CellCounts counts = count_cells(kInShell, shelled, "n.json");
  EXPECT_EQ(counts.layers[0], (Usage{1, 1, 0, 0, 0}));
  EXPECT_EQ(counts.between, (Usage{1, 2, 0, 0, 0}));
  EXPECT_EQ(counts.owners.of("$auto$2_DFFLC"), counts.owners.none());
  EXPECT_EQ(counts.owners.of("u_core.u_shell.link"), counts.owners.none());
  EXPECT_EQ(counts.owners.of("u_core.u_accelerator.u_a.state"), 0U);
}

TEST(CellCounts, AreInUnitsOfTheFamily) {
  // From the makers' libraries guides: LUTs, flip-flops, carries, block RAMs, DSP blocks.
  const std::map<std::string, Usage> cells = {
      {"SB_LUT4", {1, 0, 0, 0, 0}},   {"SB_CARRY", {0, 0, 1, 0, 0}},
      {"SB_DFFESR", {0, 1, 0, 0, 0}}, {"SB_RAM40_4K", {0, 0, 0, 1, 0}},
      {"SB_MAC16", {0, 0, 0, 0, 1}},  {"LUT4", {1, 0, 0, 0, 0}},
      {"CCU2C", {2, 0, 1, 0, 0}},     {"TRELLIS_FF", {0, 1, 0, 0, 0}},
      {"DP16KD", {0, 0, 0, 1, 0}},    {"TRELLIS_DPR16X4", {4, 0, 0, 0, 0}},
      {"PDPW16KD", {0, 0, 0, 1, 0}},  {"MULT18X18D", {0, 0, 0, 0, 1}},
      {"LUT1", {1, 0, 0, 0, 0}},      {"LUT2", {1, 0, 0, 0, 0}},
      {"LUT3", {1, 0, 0, 0, 0}},      {"LUT5", {1, 0, 0, 0, 0}},
      {"LUT6", {1, 0, 0, 0, 0}},      {"CARRY4", {0, 0, 1, 0, 0}},
      {"FDRE", {0, 1, 0, 0, 0}},      {"SRL16E", {1, 0, 0, 0, 0}},
      {"RAM32M", {4, 0, 0, 0, 0}},    {"RAM64M", {4, 0, 0, 0, 0}},
      {"RAM16X1D", {2, 0, 0, 0, 0}},  {"RAM32X1D", {2, 0, 0, 0, 0}},
      {"RAM64X1D", {2, 0, 0, 0, 0}},  {"RAM128X1D", {4, 0, 0, 0, 0}},
      {"RAM256X1D", {8, 0, 0, 0, 0}}, {"RAM32X1S", {1, 0, 0, 0, 0}},
      {"RAM64X1S", {1, 0, 0, 0, 0}},  {"RAMB18E1", {0, 0, 0, 1, 0}},
      {"RAMB36E1", {0, 0, 0, 2, 0}},  {"DSP48E1", {0, 0, 0, 0, 1}},
      {"CARRY8", {0, 0, 1, 0, 0}},    {"RAM32M16", {8, 0, 0, 0, 0}},
      {"RAM64M8", {8, 0, 0, 0, 0}},   {"RAMB18E2", {0, 0, 0, 1, 0}},
      {"RAMB36E2", {0, 0, 0, 2, 0}},  {"DSP48E2", {0, 0, 0, 0, 1}},
      {"MUXF7", {0, 0, 0, 0, 0}}};
  for (const auto& [type, usage] : cells) {
    const std::string netlist = fmt::format(
        R"({{"modules": {{"top": {{"cells": {{"u_a.x": {{"type": "{}", "port_directions": {{}},)"
        R"( "connections": {{}}}}}}, "netnames": {{}}}}}}}})",
        type);
    EXPECT_EQ(count_cells(netlist, job(Family::kXilinx), "n.json").total, usage) << type;
  }
}

/// A RAM of 72 bits with these parities (nets in brackets), whose upper ones a table reads or not.
std::string wide_ram(const std::string& parity_b, const std::string& data_b, bool read) {
  return fmt::format(
      R"({{"modules": {{"top": {{"cells": {{"u_a.m": {{"type": "RAMB36E1",
        "port_directions": {{"DOPBDOP": "output"}},
        "connections": {{"DIADI": [2, 3], "DIBDI": {}, "DIPADIP": [4, 5], "DIPBDIP": {},
                         "DOPBDOP": [8, 9]}}}},
        "u_a.t": {{"type": "LUT1", "port_directions": {{"I0": "input", "O": "output"}},
                  "connections": {{"I0": [{}], "O": [11]}}}}}}, "netnames": {{}}}}}}}})",
      data_b, parity_b, read ? 9 : 10);
}

TEST(CellCounts, ParitiesThatYosysWritesTwiceAreAFault) {
  const auto fault = [](const std::string& netlist) {
    return count_cells(netlist, job(Family::kXilinx), "n.json").fault;
  };
  EXPECT_THAT(fault(wide_ram("[4, 5]", "[6, 7]", true)), HasSubstr("'u_a.m'"));
  EXPECT_EQ(fault(wide_ram("[4, 5]", "[6, 7]", false)), "") << "nobody reads them";
  EXPECT_EQ(fault(wide_ram("[12, 5]", "[6, 7]", true)), "") << "bits of their own";
  EXPECT_EQ(fault(wide_ram("[4, 5]", "[2, 3]", true)), "") << "both halves are the same word";
  EXPECT_EQ(fault(wide_ram(R"(["x", "x"])", "[6, 7]", true)), "");
}

TEST(CellCounts, RefuseWhatIsNoNetlist) {
  const std::string text = kNetlist;
  for (const std::string& bad :
       {std::string(), std::string("{}"), text.substr(0, text.size() / 2), std::string("[1")})
    EXPECT_THROW(count_cells(bad, job(Family::kIce40), "n.json"), UserError);
  SynthesisJob other = job(Family::kIce40);
  other.top = "another";
  EXPECT_THROW(count_cells(text, other, "n.json"), UserError);
}

}  // namespace
}  // namespace assay::fpga
