// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/fpga/synthesis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/backend/fpga/cell_counts.h"
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
  return {"top", {"a.sv", "top.sv"}, "top", "", {"u_a", "u_b"}, {"s_valid"}, family, false};
}

TEST(SynthesisScript, IsTheSameBytesForTheSameJob) {
  EXPECT_EQ(synthesis_script(job(Family::kIce40), "n.json"),
            "read_verilog -sv -defer a.sv\n"
            "read_verilog -sv -defer top.sv\n"
            "hierarchy -check -top top\n"
            "setattr -set ram_style \"registers\" m:* a:lut_rom a:lut_ram %u %i\n"
            "select -assert-count 1 top/w:s_valid\n"
            "setattr -set keep 1 top/w:s_valid\n"
            "synth_ice40 -top top -run begin:check\n"
            "check -mapped -assert\n"
            "write_json n.json\n");
}

TEST(SynthesisScript, LeavesProductsInLutsUnlessTold) {
  SynthesisJob ecp5 = job(Family::kEcp5);
  EXPECT_THAT(synthesis_script(ecp5, "n.json"), HasSubstr("synth_ecp5 -nodsp"));
  EXPECT_THAT(synthesis_script(ecp5, "n.json"), HasSubstr("blackbox =A:whitebox"));
  ecp5.dsp = true;
  EXPECT_THAT(synthesis_script(ecp5, "n.json"), Not(HasSubstr("-nodsp")));
  SynthesisJob ice40 = job(Family::kIce40);
  EXPECT_THAT(synthesis_script(ice40, "n.json"), Not(HasSubstr("-dsp")));
  ice40.dsp = true;
  EXPECT_THAT(synthesis_script(ice40, "n.json"), HasSubstr("-dsp"));
  EXPECT_THAT(synthesis_script(job(Family::kXilinx), "n.json"), HasSubstr("-family xc7"));
}

/// A register of u_a (2) that a table (3) reads for a register of u_b (4), and a table that nothing
/// reads. Wire 2 is u_a's by two names and u_b's input by another.
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
    for (const char* synth : {"synth_ice40", "synth_ecp5", "synth_xilinx -family xc7"}) {
      write_file(dir.path() / "plain.ys",
                 fmt::format("{}chparam {} {}\n{} -top {}\n", read, memory.parameters,
                             memory.module, synth, memory.module));
      EXPECT_NO_THROW(
          run_tool(find_tool("yosys"), {"-q", "plain.ys"}, dir.path(), std::chrono::seconds(300)))
          << memory.module << ": " << synth;
    }
  }
}

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
