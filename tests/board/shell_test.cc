// SPDX-License-Identifier: Apache-2.0
// The text of boards' shells.
#include "compile/backend/shell/shell.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <regex>

#include "base/temp_dir.h"
#include "board/toy.h"
#include "compile/backend/fpga/parts.h"
#include "compile/backend/fpga/tools.h"
#include "compile/backend/ice40/place_route.h"
#include "compile/backend/shell/pll.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/process.h"

namespace assay::board::test {
namespace {

using ::testing::HasSubstr;

ShellBoard board_with(ShellBoard::Pll pll, double pad_mhz, double clock_mhz) {
  ShellBoard board;
  board.name = "some";
  board.pll = pll;
  board.pad_mhz = pad_mhz;
  board.clock_mhz = clock_mhz;
  board.clock_pin = "J3";
  board.receive_pin = "B10";
  board.send_pin = "B12";
  return board;
}

std::string top_of(const ShellBoard& board) {
  ShellSpec spec = toy_spec(kToyClocks);
  spec.board = board;
  return shell_rtl(spec).back().text;
}

double number(const std::string& text, const std::string& parameter) {
  std::smatch match;
  EXPECT_TRUE(std::regex_search(text, match, std::regex(parameter + R"(\((?:\d+'d)?(\d+)\))")))
      << text;
  return match.empty() ? 0 : std::stod(match[1]);
}

std::string refusal(const std::function<void()>& body) {
  try {
    body();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

bool has_yosys() {
  try {
    find_program("yosys", "yosys");
    return true;
  } catch (const ToolError&) {
    return false;
  }
}

TEST(Shell, PllsMakeTheClock) {
  // 25 MHz * 2 * 8 = 400 MHz, the slowest that the oscillator runs; 100 MHz * 8 / 2^4.
  EXPECT_THAT(top_of(board_with(ShellBoard::Pll::kEcp5, 25, 50)),
              HasSubstr(".CLKI_DIV(1), .CLKFB_DIV(2), .CLKOP_DIV(8)"));
  const ShellBoard ecp5 = board_with(ShellBoard::Pll::kEcp5, 25, 50);
  EXPECT_EQ(pll_cell(ecp5), "EHXPLLL");
  for (const auto& [name, value] : pll_settings(ecp5))
    EXPECT_TRUE(
        std::regex_search(top_of(ecp5), std::regex(fmt::format(R"({}(\(| = ){}\b)", name, value))))
        << name;
  EXPECT_EQ(pll_cell(board_with(ShellBoard::Pll::kNone, 12, 12)), "");
  EXPECT_THAT(top_of(board_with(ShellBoard::Pll::kIce40, 100, 50)),
              HasSubstr(".DIVR(4'd0), .DIVF(7'd7), .DIVQ(3'd4)"));
  for (const double clock : {50.0, 40.0, 64.0}) {
    const std::string text = top_of(board_with(ShellBoard::Pll::kIce40, 100, clock));
    const double oscillator = 100 / (number(text, "DIVR") + 1) * (number(text, "DIVF") + 1);
    EXPECT_GE(oscillator, 533);
    EXPECT_LE(oscillator, 1066);
    EXPECT_NEAR(oscillator / std::exp2(number(text, "DIVQ")), clock, clock / 100);
  }
  for (const double clock : {50.0, 62.5, 80.0}) {
    const std::string text = top_of(board_with(ShellBoard::Pll::kEcp5, 25, clock));
    const double made = 25 / number(text, "CLKI_DIV") * number(text, "CLKFB_DIV");
    EXPECT_NEAR(made, clock, clock / 100);
    EXPECT_GE(made * number(text, "CLKOP_DIV"), 400);
    EXPECT_LE(made * number(text, "CLKOP_DIV"), 800);
  }
  // The phase detector takes at most 400 MHz.
  EXPECT_THAT(top_of(board_with(ShellBoard::Pll::kEcp5, 400, 400)),
              HasSubstr(".CLKI_DIV(1), .CLKFB_DIV(1)"));
  EXPECT_THAT(top_of(board_with(ShellBoard::Pll::kEcp5, 401, 401)),
              HasSubstr(".CLKI_DIV(2), .CLKFB_DIV(2)"));
  EXPECT_THAT(refusal([] { top_of(board_with(ShellBoard::Pll::kIce40, 12, 3)); }),
              HasSubstr("its PLL cannot make 3 MHz of 12 MHz"));
  EXPECT_THAT(refusal([] { top_of(board_with(ShellBoard::Pll::kNone, 12, 24)); }),
              HasSubstr("without a PLL its clock is 12 MHz, not 24"));
}

TEST(Shell, RatesAreDivisorsOfTheClock) {
  EXPECT_EQ(clocks_per_bit(12, 115200), 104);
  EXPECT_EQ(clocks_per_bit(12, 3000000), 4);
  EXPECT_EQ(clocks_per_bit(100, 1000000), 100);
  for (const int baud : {4000000, 5000000, 0, -1})
    EXPECT_NE(refusal([&] { clocks_per_bit(12, baud); }), "") << baud;
  EXPECT_THAT(refusal([] { clocks_per_bit(12, 2800000); }), HasSubstr("cannot make 2800000 baud"));
}

TEST(Shell, RefusesWhatIsNoHash) {
  for (const std::string& hash : {std::string(63, 'a'), std::string(64, 'A'), std::string("0);")})
    EXPECT_THAT(refusal([&] {
                  ShellSpec spec = toy_spec(kToyClocks);
                  spec.content_hash = hash;
                  shell_rtl(spec);
                }),
                HasSubstr("is no SHA-256"));
}

TEST(Shell, TakesOneStreamEachWay) {
  StitchedRtl rtl;
  rtl.module = "accelerator";
  rtl.slaves.resize(2);
  rtl.masters.resize(1);
  EXPECT_THAT(refusal([&] { shell_accelerator(rtl); }),
              HasSubstr("has 2 input and 1 output streams"));
}

TEST(Shell, SaysWhereThePadsAre) {
  const ShellBoard board = board_with(ShellBoard::Pll::kNone, 12, 12);
  EXPECT_EQ(shell_pcf(board), "set_io clk_i J3\nset_io rx_i B10\nset_io tx_o B12\n");
  EXPECT_THAT(shell_lpf(board), HasSubstr("LOCATE COMP \"tx_o\" SITE \"B12\";"));
  EXPECT_THAT(shell_lpf(board), HasSubstr("FREQUENCY PORT \"clk_i\" 12 MHZ;"));
}

/// A PLL may be tied to a pad, which another PLL then cannot have.
TEST(Shell, EveryBoardsPllHasAPlace) {
  for (const char* tool : {"yosys", "nextpnr-ice40", "icepack"})
    if (!fpga::has_tool(tool)) GTEST_SKIP() << "needs yosys, nextpnr-ice40 and fpga-icestorm";
  int boards = 0;
  for (const fpga::Board& board : fpga::boards()) {
    const fpga::Target target = fpga::find_target(board.name);
    if (target.part->family != netlist::Family::kIce40) continue;
    SCOPED_TRACE(board.name);
    const auto pll = board.clock_on_pll ? ShellBoard::Pll::kIce40Pad : ShellBoard::Pll::kIce40;
    const ShellBoard shell{board.name,   board.clock_mhz, board.clock_mhz == 12 ? 24.0 : 50.0,
                           pll,          board.clock,     board.uart_rx,
                           board.uart_tx};
    const TempDir folder;
    folder.write("top.sv",
                 "module top(input clk_i, input rx_i, output logic tx_o);\n"
                 "  logic clock, locked;\n" +
                     pll_text(shell) +
                     "  always_ff @(posedge clock) tx_o <= rx_i & locked;\nendmodule\n");
    const std::chrono::seconds limit(120);
    fpga::run_tool(fpga::find_tool("yosys"),
                   {"-q", "-p", "read_verilog -sv top.sv; synth_ice40 -top top; write_json t.json"},
                   folder.path(), limit);
    const fpga::PlaceRouteJob job{target.part,      "top", read_file(folder.path() / "t.json"),
                                  shell_pcf(shell), 20,    1};
    const auto routed = ice40::place_route_ice40(
        job, folder.path(), {fpga::find_tool("nextpnr-ice40"), fpga::find_tool("icepack"), limit});
    EXPECT_FALSE(routed.bitstream.empty());
    ++boards;
  }
  EXPECT_GE(boards, 4);
}

TEST(Shell, TopsElaborateInYosys) {
  if (!has_yosys()) GTEST_SKIP() << "needs yosys; install the Debian package yosys";
  using Pll = ShellBoard::Pll;
  for (const auto& [board, library] :
       {std::pair<ShellBoard, std::string>{board_with(Pll::kNone, 12, 12), "ice40/cells_sim.v"},
        {board_with(Pll::kIce40, 100, 50), "ice40/cells_sim.v"},
        {board_with(Pll::kIce40Pad, 12, 24), "ice40/cells_sim.v"},
        {board_with(Pll::kEcp5, 25, 50), "ecp5/cells_bb.v"}}) {
    const TempDir folder;
    ShellSpec spec = toy_spec(kToyClocks);
    spec.board = board;
    write_file(folder.path() / "toy.sv", toy_text());
    for (const NodeRtl::File& file : shell_rtl(spec))
      write_file(folder.path() / file.name, file.text);
    const ProcessResult result = run_process(
        {find_program("yosys", "yosys").string(), "-q", "-e", "implicitly declared", "-p",
         fmt::format("read_verilog -sv -lib +/{}; read_verilog -sv *.sv; hierarchy -check -top {}; "
                     "proc; check -assert",
                     library, kShellTop)},
        folder.path(), std::chrono::seconds(120));
    EXPECT_TRUE(result.ok()) << result.output;
  }
}

}  // namespace
}  // namespace assay::board::test
