// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ice40/extract.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "backend/ice40_bits.h"
#include "backend/ice40_flow.h"

namespace assay::ice40::test {
namespace ice40_extract_test {

using ::testing::HasSubstr;

/// Registers of all kinds, an adder, a comparator and a ROM.
constexpr const char* kSmall = R"(
  module top(input clk, input reset, input enable, input [7:0] a, input [7:0] b,
           output reg [8:0] sum, output reg [3:0] count, output less, output reg [7:0] data);
  reg [7:0] rom [0:511];
  integer i;
  initial for (i = 0; i < 512; i = i + 1) rom[i] = i * i / 3 + (i >> 2);
  reg [7:0] read;
  always @(posedge clk) begin
    read <= rom[{b[0], a}];
    if (reset) sum <= 9'h0a5; else if (enable) sum <= {1'b0, a} + {1'b0, b} + {8'b0, count[0]};
    if (enable) if (reset) count <= 4'h3; else count <= count + 4'h1;
    if (reset) data <= 0; else data <= read ^ data;
  end
  assign less = sum[7:0] < read;
endmodule)";

const Built& small() {
  static const Built built = build(kSmall, Device::k1k);
  return built;
}

TEST(Ice40Extract, SmallDesignIsAsSynthesised) {
  NEEDS_ICE40_TOOLS();
  const Extraction extraction = small().extract();
  expect_equal(small().synthesised, extraction.netlist, 2000);
  EXPECT_TRUE(extraction.netlist.clock_makers.empty());
  EXPECT_GT(extraction.switches, 300);
}

/// A second opinion, from other people's reading of the format.
TEST(Ice40Extract, SmallDesignIsAsIceboxHasIt) {
  NEEDS_ICE40_TOOLS();
  for (const char* name : {"iceunpack", "icebox_vlog"})
    if (!fpga::has_tool(name)) GTEST_SKIP() << name << " (fpga-icestorm) is not installed";
  const TempDir folder;
  folder.write("design.bin", small().routed.bitstream);
  folder.write("design.pcf", small().constraints);
  const std::chrono::seconds limit(120);
  run_tool(fpga::find_tool("iceunpack"), {"design.bin", "design.asc"}, folder.path(), limit);
  const std::string verilog = run_tool(
      fpga::find_tool("icebox_vlog"),
      {"-s", "-l", "-p", "design.pcf", "-c", "-n", "top", "design.asc"}, folder.path(), limit);
  const netlist::Netlist other = netlist::read_yosys_json(synthesise(verilog, folder), "top",
                                                          netlist::Family::kIce40, "top.json");
  EXPECT_EQ(differences(other, small().extract().netlist, 2000), 0);
  EXPECT_EQ(other.memories.size(), 1U);
}

/// Wide enough for cascades of carries over tiles, and for registers with every kind of control.
std::string random_design(unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
  std::string body;
  constexpr unsigned kRegisters = 10;
  const auto operand = [&] { return fmt::format("r{}", below(kRegisters)); };
  for (unsigned i = 0; i < kRegisters; ++i) {
    constexpr const char* kOperators[] = {"+", "-", "^", "&", "|", "+"};
    std::string next = fmt::format("{} {} {}", operand(), kOperators[below(6)], operand());
    if (below(2) == 0) next = fmt::format("(x < {} ? {} : {} - x)", operand(), next, operand());
    if (i < 2) next += " ^ x";
    std::string statement = fmt::format("r{} <= {};", i, next);
    if (below(2) == 0) statement = fmt::format("if (c[{}]) {}", below(4), statement);
    if (below(2) == 0)
      statement = fmt::format("if (c[{}]) r{} <= {}; else {}", below(4), i, below(1024), statement);
    if (below(4) == 0) statement = fmt::format("if (c[{}]) begin {} end", below(4), statement);
    body += fmt::format("  reg [{}:0] r{} = 0;\n  always @(posedge clk) {}\n", 3 + below(12), i,
                        statement);
  }
  std::string out;
  for (unsigned i = 0; i < kRegisters; ++i) out += fmt::format("{}r{}", i == 0 ? "" : " ^ ", i);
  return fmt::format(
      "module top(input clk, input [7:0] x, input [3:0] c, output [13:0] y);\n{}  assign y = {};\n"
      "endmodule\n",
      body, out);
}

class Ice40ExtractRandom : public ::testing::TestWithParam<unsigned> {};

TEST_P(Ice40ExtractRandom, IsAsSynthesised) {
  NEEDS_ICE40_TOOLS();
  const std::string verilog = random_design(GetParam());
  SCOPED_TRACE(verilog);
  const Built built = build(verilog, Device::k1k, GetParam());
  expect_equal(built.synthesised, built.extract().netlist, 500);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Ice40ExtractRandom, ::testing::Values(1U));

using Ice40ExtractRandomNightly = Ice40ExtractRandom;
TEST_P(Ice40ExtractRandomNightly, IsAsSynthesised) {
  NEEDS_ICE40_TOOLS();
  const Built built = build(random_design(GetParam()), Device::k8k, GetParam());
  expect_equal(built.synthesised, built.extract().netlist, 500);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Ice40ExtractRandomNightly, ::testing::Range(2U, 15U));

/// All sixteen pairs of modes of a block RAM, written and read, with contents, masks and enables.
std::string ram_design() {
  std::mt19937 random(3);
  std::string body = "  wire [15:0] q [0:15];\n";
  for (int i = 0; i < 16; ++i) {
    std::string contents;
    for (int k = 0; k < 16; ++k) {
      contents += fmt::format(", .INIT_{:X}(256'h", k);
      for (int word = 0; word < 8; ++word) contents += fmt::format("{:08x}", random());
      contents += ")";
    }
    body += fmt::format(
        "  SB_RAM40_4K #(.READ_MODE({}), .WRITE_MODE({}){}) m{} (.RDATA(q[{}]), .RADDR(ra), "
        ".RCLK(clk),"
        " .RCLKE(e[0]), .RE(e[1]), .WADDR(wa), .WCLK(clk), .WCLKE(e[2]), .WE(e[3]), .MASK({}),"
        " .WDATA(d));\n",
        i / 4, i % 4, contents, i, i, i % 4 == 0 ? "m" : "16'h0");
  }
  return "module top(input clk, input [10:0] ra, input [10:0] wa, input [15:0] d, input [15:0] m,\n"
         "           input [3:0] e, input [3:0] s, output reg [15:0] y);\n" +
         body + "  always @(posedge clk) y <= q[s];\nendmodule\n";
}

TEST(Ice40Extract, BlockRamsOfAllModesAreAsSynthesised) {
  NEEDS_ICE40_TOOLS();
  const Built built = build(ram_design(), Device::k1k);
  const Extraction extraction = built.extract();
  EXPECT_EQ(extraction.netlist.memories.size(), 16U);
  expect_equal(built.synthesised, extraction.netlist, 3000);
}

class Ice40ExtractOn : public ::testing::TestWithParam<Device> {};

TEST_P(Ice40ExtractOn, OtherDevicesAreAsSynthesised) {
  NEEDS_ICE40_TOOLS();
  const std::string verilog = R"(
  module top(input clk, input we, input [7:0] a, input [5:0] d, output reg [5:0] q, output reg [7:0] s);
  reg [5:0] m [0:255];
  integer i;
  initial for (i = 0; i < 256; i = i + 1) m[i] = 5 * i + 1;
  always @(posedge clk) begin
    q <= m[a];
    if (we) m[s] <= d;
    if (d == 0) s <= 8'h81; else if (!we) s <= s + {2'b0, q};
  end
endmodule)";
  const Built built = build(verilog, GetParam());
  expect_equal(built.synthesised, built.extract().netlist, 2000);
  const Device other = GetParam() == Device::k8k ? Device::k1k : Device::k8k;
  Built elsewhere = built;
  elsewhere.device = other;
  EXPECT_THAT(message_of<UserError>([&] { elsewhere.extract(); }),
              HasSubstr("the database is for"));
}

INSTANTIATE_TEST_SUITE_P(Devices, Ice40ExtractOn, ::testing::Values(Device::k8k, Device::k5k));

constexpr const char* kCounter = R"(
  reg [5:0] n = 0;
  always @(posedge c) n <= n + {5'b0, up};
  assign y = n;
endmodule)";

/// The same counter, its clock taken another way, is the same netlist.
void expect_counter(const std::string& verilog, const std::string& pll,
                    const std::string& clock = "") {
  static const Built plain = build(
      std::string("module top(input clk, input up, output [5:0] y); wire c = clk;") + kCounter,
      Device::k1k);
  std::string constraints = plain.constraints;
  if (!clock.empty()) {
    const std::size_t pin = constraints.find("set_io clk ") + 11;
    constraints.replace(pin, constraints.find('\n', pin) - pin, clock);
  }
  const Built other = build(verilog, Device::k1k, 1, constraints);
  const Extraction extraction = other.extract();
  expect_equal(plain.synthesised, extraction.netlist, 300);
  std::vector<netlist::ClockMaker> makers;
  if (!pll.empty())
    makers.push_back({pll, {{"DIVR", 0}, {"DIVF", 65}, {"DIVQ", 4}, {"FILTER_RANGE", 1}}});
  EXPECT_EQ(extraction.netlist.clock_makers, makers);
  if (pll.empty()) return;
  const netlist::Netlist synthesised =
      netlist::read_yosys_json(other.json, "top", netlist::Family::kIce40, "top.json");
  EXPECT_EQ(synthesised.clock_makers, makers);
  expect_equal(plain.synthesised, synthesised, 300);
}

TEST(Ice40Extract, ClockStraightFromItsPad) {
  NEEDS_ICE40_TOOLS();
  expect_counter(std::string(R"(module top(input clk, input up, output [5:0] y); wire c;
  SB_GB_IO #(.PIN_TYPE(6'b000001)) b(.PACKAGE_PIN(clk), .GLOBAL_BUFFER_OUTPUT(c));)") +
                     kCounter,
                 "");
}

TEST(Ice40Extract, ClockFromAPll) {
  NEEDS_ICE40_TOOLS();
  expect_counter(std::string(R"(module top(input clk, input up, output [5:0] y); wire c;
  SB_PLL40_CORE #(.FEEDBACK_PATH("SIMPLE"), .DIVR(0), .DIVF(7'd65), .DIVQ(3'd4), .FILTER_RANGE(3'd1))
    b(.REFERENCECLK(clk), .PLLOUTGLOBAL(c), .RESETB(1'b1), .BYPASS(1'b0));)") +
                     kCounter,
                 "SB_PLL40_CORE");
}

TEST(Ice40Extract, ClockFromAPllAtItsPad) {
  NEEDS_ICE40_TOOLS();
  expect_counter(std::string(R"(module top(input clk, input up, output [5:0] y); wire c;
  SB_PLL40_PAD #(.FEEDBACK_PATH("SIMPLE"), .DIVR(0), .DIVF(7'd65), .DIVQ(3'd4), .FILTER_RANGE(3'd1))
    b(.PACKAGEPIN(clk), .PLLOUTGLOBAL(c), .RESETB(1'b1), .BYPASS(1'b0));)") +
                     kCounter,
                 "SB_PLL40_PAD", "49");
}

TEST(Ice40Extract, APllThatMayStopIsRefused) {
  NEEDS_ICE40_TOOLS();
  for (const auto& [pins, why] :
       {std::pair(".RESETB(up), .BYPASS(1'b0)", "a PLL whose RESETB is not 1 has no model"),
        {".RESETB(1'b1), .BYPASS(up)", "a PLL whose BYPASS is not 0 has no model"},
        {".RESETB(1'b1), .BYPASS(1'b1)", "a PLL whose BYPASS is not 0 has no model"}}) {
    const Built built = build(
        std::string("module top(input clk, input up, output [5:0] y); wire c;\n"
                    "SB_PLL40_CORE #(.FEEDBACK_PATH(\"SIMPLE\"), .DIVR(0), .DIVF(7'd65), "
                    ".DIVQ(3'd4), .FILTER_RANGE(3'd1)) b(.REFERENCECLK(clk), .PLLOUTGLOBAL(c), ") +
            pins + ");" + kCounter,
        Device::k1k, 1,
        "set_io clk 21\nset_io up 2\nset_io y[0] 3\nset_io y[1] 4\nset_io y[2] 7\n"
        "set_io y[3] 8\nset_io y[4] 9\nset_io y[5] 10\n");
    EXPECT_THAT(message_of<UserError>([&] { built.extract(); }), HasSubstr(why));
  }
}

/// A design that has no model, and a word of why.
void expect_refused(const std::string& body, const char* why, Device device = Device::k1k) {
  const std::string clock = device == Device::k5k ? "35" : "21";
  const Built built =
      build("module top(input clk, input a, input b, output y);" + body + " endmodule", device, 1,
            "set_io clk " + clock + "\nset_io a 2\nset_io b 3\nset_io y 4\n");
  EXPECT_THAT(message_of<UserError>([&] { built.extract(); }), HasSubstr(why)) << body;
}

TEST(Ice40Extract, RefusesWhatHasNoModel) {
  NEEDS_ICE40_TOOLS();
  expect_refused(
      "reg q; always @(posedge clk or posedge b) if (b) q <= 0; else q <= a; assign y = q;",
      "asynchronous");
  expect_refused(
      "reg q; always @(posedge clk) q <= a; reg p; always @(negedge clk) p <= b;"
      "assign y = q ^ p;",
      "clock of its own");
  expect_refused("assign y = a ? b : 1'bz;", "has type 101001");
  expect_refused("SB_IO #(.PIN_TYPE(6'b000000)) p(.PACKAGE_PIN(a), .INPUT_CLK(clk), .D_IN_0(y));",
                 "has type 000000");
  expect_refused("SB_WARMBOOT w(.BOOT(a), .S1(b), .S0(1'b0)); assign y = b;", "hard block");
  expect_refused(
      "wire [15:0] o; SB_SPRAM256KA m(.CLOCK(clk), .ADDRESS({14{a}}), .DATAIN({16{b}}), "
      ".MASKWREN(4'hf), .WREN(a), .CHIPSELECT(1'b1), .STANDBY(1'b0), .SLEEP(1'b0), "
      ".POWEROFF(1'b1), .DATAOUT(o)); assign y = o[0];",
      "hard block", Device::k5k);
}

TEST(Ice40Extract, RefusesWhatTheConstraintsDoNotSay) {
  NEEDS_ICE40_TOOLS();
  const auto refusal = [&](const std::string& from, const std::string& to) {
    Built built = small();
    built.constraints.replace(built.constraints.find(from), from.size(), to);
    return message_of<UserError>([&] { built.extract(); });
  };
  EXPECT_THAT(refusal("set_io less ", "#"), HasSubstr("names no port for it"));
  EXPECT_THAT(refusal("set_io a[3] ", "#"), HasSubstr("that nothing drives"));
  EXPECT_THAT(refusal("set_io a[3] ", "set_io a[8] "), HasSubstr("no pin for bit 3"));
  EXPECT_THAT(refusal("set_io a[3] ", "set_io sum[9] "), HasSubstr("no pin for bit 3"));
  EXPECT_THAT(refusal("set_io a[7] ", "set_io sum[9] "), HasSubstr("inputs and outputs"));
  EXPECT_THAT(refusal("set_io a[3] ", "set_io a[3] X"), HasSubstr("no pin 'X"));
  EXPECT_THAT(refusal("set_io", "set_it"), HasSubstr("line 1: 'set_it"));
  EXPECT_THAT(refusal("set_io a[3] ", "set_io a[2] "), HasSubstr("names a port that has a pin"));
  Built elsewhere = small();
  const std::string db = chipdb_of(Device::k1k);
  EXPECT_THAT(message_of<UserError>([&] {
                extract_ice40({elsewhere.routed.bitstream, "a", db, "db", elsewhere.constraints,
                               "c", "bga9"});
              }),
              HasSubstr("no package 'bga9'"));
}

}  // namespace ice40_extract_test
}  // namespace assay::ice40::test
