// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "netlist/cell_cases.h"
#include "netlist/plain_simulator.h"

namespace assay::netlist::test {
namespace {

/// The library with what its parser of Verilog takes, and RAMs of two words: all of them would be 4096
/// flip-flops each.
std::string small_library() {
  std::string text = yosys_library("ice40/cells_sim.v");
  const auto replace = [&](const std::string& old, const std::string& by) {
    const std::size_t at = text.find(old);
    ASSERT_NE(at, std::string::npos) << old;
    text.replace(at, old.size(), by);
  };
  replace("reg [15:0] memory [0:255];", "reg [15:0] memory [0:1];");
  replace("for (i=0; i<16; i=i+1) begin", "for (i=0; i<2; i=i+1) begin");
  for (const char* block :
       {" 1*16 + i] = INIT_1", " 2*16 + i] = INIT_2", " 3*16 + i] = INIT_3", " 4*16 + i] = INIT_4",
        " 5*16 + i] = INIT_5", " 6*16 + i] = INIT_6", " 7*16 + i] = INIT_7", " 8*16 + i] = INIT_8",
        " 9*16 + i] = INIT_9", "10*16 + i] = INIT_A", "11*16 + i] = INIT_B", "12*16 + i] = INIT_C",
        "13*16 + i] = INIT_D", "14*16 + i] = INIT_E", "15*16 + i] = INIT_F"})
    replace(std::string("memory[") + block, "// ");
  return text;
}

void expect_as_yosys(const std::vector<CellCase>& cases, const std::string& library, int cycles) {
  expect_same(cases, with_our_models(cases, Family::kIce40, yosys_library("ice40/cells_sim.v")),
              with_yosys_models(cases, library), cycles);
}

TEST(CellsIce40, LogicIsAsInYosysModels) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  std::vector<CellCase> cases{
      {"SB_CARRY", "", "I0 I1 CI", "CO", ""},
      {"SB_GB", "", "USER_SIGNAL_TO_GLOBAL_BUFFER", "GLOBAL_BUFFER_OUTPUT", ""}};
  for (const char* table : {"1", "8000", "6996", "cafe", "00ff", "5a3c"})
    cases.push_back({"SB_LUT4", fmt::format(".LUT_INIT(16'h{})", table), "I0 I1 I2 I3", "O", ""});
  expect_as_yosys(cases, yosys_library("ice40/cells_sim.v"), 200);
}

/// That the comparison sees a model with a wrong row, whichever it is.
TEST(CellsIce40, AWrongRowOfAModelIsSeen) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const auto table = [](unsigned rows) {
    return std::vector<CellCase>{
        {"SB_LUT4", fmt::format(".LUT_INIT(16'h{:04x})", rows), "I0 I1 I2 I3", "O", ""}};
  };
  const std::string library = yosys_library("ice40/cells_sim.v");
  const Netlist reference = with_yosys_models(table(0xcafe), library);
  const auto difference = [&](unsigned rows) {
    return first_difference(with_our_models(table(rows), Family::kIce40, library), reference, 200);
  };
  for (unsigned row = 0; row < 16; ++row) EXPECT_NE(difference(0xcafe ^ (1U << row)), "") << row;
  EXPECT_EQ(difference(0xcafe), "");
}

std::vector<CellCase> flip_flops(const std::string& edge) {
  std::vector<CellCase> cases;
  for (const char* kind : {"", "E", "SR", "SS", "ESR", "ESS"}) {
    const std::string name = kind;
    std::string inputs = "D";
    if (name.starts_with('E')) inputs += " E";
    if (name.ends_with('R')) inputs += " R";
    if (name.ends_with("SS")) inputs += " S";
    cases.push_back({"SB_DFF" + edge + name, "", inputs, "Q", "C"});
  }
  return cases;
}

TEST(CellsIce40, FlipFlopsAreAsInYosysModels) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  for (const char* edge : {"", "N"})
    expect_as_yosys(flip_flops(edge), yosys_library("ice40/cells_sim.v"), 200);
}

TEST(CellsIce40, FallingFlipFlopsFall) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const Netlist netlist =
      with_our_models(flip_flops("N"), Family::kIce40, yosys_library("ice40/cells_sim.v"));
  for (const FlipFlop& cell : netlist.flip_flops) {
    EXPECT_TRUE(cell.falling) << cell.name;
    EXPECT_EQ(cell.initial, Initial::kZero) << cell.name;
  }
}

void expect_rams_as_yosys(std::initializer_list<std::pair<int, int>> modes) {
  std::vector<CellCase> cases;
  for (const auto& [read, write] : modes)
    cases.push_back({"SB_RAM40_4K",
                     fmt::format(".READ_MODE({}), .WRITE_MODE({}), .INIT_0(32'h{:04x}9abc)", read,
                                 write, 0x1234 * (read + 4 * write) & 0x7fff),
                     "RCLKE RE RADDR:11 WCLKE WE WADDR:11 MASK:16 WDATA:16", "RDATA:16",
                     "RCLK WCLK"});
  Netlist ours = with_our_models(cases, Family::kIce40, yosys_library("ice40/cells_sim.v"));
  Netlist reference = with_yosys_models(cases, small_library());
  // Only two words are there: the address's other bits are 0.
  for (Netlist* netlist : {&ours, &reference})
    for (Port& port : netlist->ports)
      for (std::size_t i = 1; port.name.ends_with("ADDR") && i < 8; ++i)
        port.bits[i] = netlist->new_net();
  expect_same(cases, ours, reference, 300);
}

TEST(CellsIce40, BlockRamsAreAsInYosysModels) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_rams_as_yosys({{0, 3}, {3, 0}, {1, 2}, {2, 1}});
}

TEST(CellsIce40Nightly, BlockRamsOfTheSameModesAreAsInYosysModels) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_rams_as_yosys({{0, 0}, {1, 1}, {2, 2}, {3, 3}});
}

// All of the address and all of the contents, by hand: a bit in each corner.
TEST(CellsIce40, BlockRamsHaveTheirWordsInOrder) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const CellCase c{
      "SB_RAM40_4KNR",
      ".INIT_0(256'h0002_0001), .INIT_9({16'h8421, 240'h0}), .INIT_F({16'hffee, 240'h7})",
      "RADDR:11 WADDR:11 WDATA:16", "RDATA:16", "RCLKN"};
  std::string design = design_of({c});
  const std::string clock = ".RCLKN(clk)";
  design.replace(design.find(clock), clock.size(), clock + ", .RE(1'b1), .WCLK(1'b0)");
  PlainSimulator simulator(
      with_our_models(design, Family::kIce40, yosys_library("ice40/cells_sim.v")));
  EXPECT_TRUE(simulator.netlist().memories.at(0).reads.at(0).falling);
  for (const auto& [address, word] :
       {std::pair{0, 1}, {1, 2}, {2, 0}, {9 * 16 + 15, 0x8421}, {15 * 16, 7}, {255, 0xffee}}) {
    simulator.set("c0_RADDR", static_cast<std::uint64_t>(address));
    simulator.settle();
    simulator.clock();
    EXPECT_EQ(simulator.get("c0_RDATA"), static_cast<std::uint64_t>(word)) << address;
  }
}

}  // namespace
}  // namespace assay::netlist::test
