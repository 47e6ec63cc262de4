// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "compile/base/error.h"
#include "netlist/cell_cases.h"
#include "netlist/plain_simulator.h"

namespace assay::netlist::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kNoRegisters =
    ".ACASCREG(0), .ADREG(0), .ALUMODEREG(0), .AREG(0), .BCASCREG(0), .BREG(0), .CARRYINREG(0), "
    ".CARRYINSELREG(0), .CREG(0), .DREG(0), .INMODEREG(0), .MREG(0), .OPMODEREG(0), .PREG(0)";
constexpr const char* kProduct =
    ", .OPMODE(7'b0000101), .INMODE(5'b0), .ALUMODE(4'b0), .CARRYINSEL(3'b0), .CARRYIN(1'b0)";

/// DSP48E2 with what Yosys 0.23 has of it: the ports.
std::string dsp_ports() {
  const std::string all = yosys_library("xilinx/cells_xtra.v");
  const std::size_t at = all.find("module DSP48E2 (...);");
  return yosys_library("xilinx/cells_sim.v") + all.substr(at, all.find("endmodule", at) - at) +
         "endmodule\n";
}

constexpr const char* kProductE2 =
    ", .OPMODE(9'b000000101), .INMODE(5'b0), .ALUMODE(4'b0), .CARRYINSEL(3'b0), .CARRYIN(1'b0)";

Netlist our_dsps(const std::vector<CellCase>& cases) {
  static const std::string library = dsp_ports();
  return with_our_models(cases, Family::kXilinx, library);
}

TEST(CellsDsp48, Multiplies) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  PlainSimulator simulator(
      our_dsps({{"DSP48E1", kNoRegisters, "A:30 B:18", "P:48", "", kProduct}}));
  for (const auto& [a, b, product] :
       {std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>{3, 5, 15},
        {0x3fffffff, 1, 0xffffffffffff},
        {0x1000000, 0x20000, 0x20000000000},
        {0xffffff, 0x1ffff, 0x1fffefe0001},
        {0x1000000, 0x1ffff, 0xfe0001000000}}) {
    simulator.set("c0_A", a);
    simulator.set("c0_B", b);
    simulator.settle();
    EXPECT_EQ(simulator.get("c0_P"), product) << a << ' ' << b;
  }
}

// Vivado connects wires that lead nowhere to outputs that nobody reads.
TEST(CellsDsp48, OutputsThatNobodyReadsNeedNoModel) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const std::string design = fmt::format(
      "module all(input [29:0] a, input [17:0] b, output [47:0] p);\n"
      "  wire [3:0] carries; wire pattern;\n  DSP48E1 #({}) u0 (.A(a), .B(b), .P(p), "
      ".CARRYOUT(carries), .PATTERNDETECT(pattern){});\nendmodule\n",
      kNoRegisters, kProduct);
  PlainSimulator simulator(
      with_our_models(design, Family::kXilinx, yosys_library("xilinx/cells_sim.v")));
  simulator.set("a", 3);
  simulator.set("b", 5);
  simulator.settle();
  EXPECT_EQ(simulator.get("p"), 15U);
}

// A parameter turns the clock: Yosys' model has none of these.
TEST(CellsDsp48, PinsMayBeInverted) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const std::string parameters =
      std::string(kNoRegisters) +
      ", .IS_ALUMODE_INVERTED(4'b0011), .IS_CARRYIN_INVERTED(1'b1), .IS_INMODE_INVERTED(5'b00001), "
      ".IS_OPMODE_INVERTED(7'b0110011), .IS_CLK_INVERTED(1'b1)";
  std::string registers = parameters;
  registers.replace(registers.find(".PREG(0)"), 8, ".PREG(1)");
  const std::string more =
      ", .OPMODE(7'b0), .INMODE(5'b1), .ALUMODE(4'b0), .CARRYINSEL(3'b0), .CARRYIN(1'b1), "
      ".CEP(1'b1), .RSTP(1'b0)";
  PlainSimulator simulator(
      our_dsps({{"DSP48E1", registers, "A:30 B:18 C:48", "P:48", "CLK", more}}));
  // C - A:B: OPMODE 0110011, ALUMODE 0011, no carry.
  simulator.set("c0_A", 2);
  simulator.set("c0_B", 7);
  simulator.set("c0_C", 1000000);
  simulator.settle();
  simulator.clock();
  EXPECT_EQ(simulator.get("c0_P"), 1000000 - ((2U << 18) + 7));
  EXPECT_EQ(simulator.netlist().flip_flops.size(), 48U);
  for (const FlipFlop& cell : simulator.netlist().flip_flops) EXPECT_TRUE(cell.falling);
}

constexpr const char* kDspInputs =
    "A:30 ACIN:30 B:18 BCIN:18 C:48 CARRYCASCIN CARRYIN CEA1 CEA2 CEAD CEALUMODE CEB1 CEB2 CEC "
    "CECARRYIN "
    "CECTRL CED CEINMODE CEM CEP D:25 PCIN:48 RSTA RSTALLCARRYIN RSTALUMODE RSTB RSTC RSTCTRL RSTD "
    "RSTINMODE RSTM RSTP";

class RandomDsp {
 public:
  RandomDsp(std::mt19937_64& random, bool second) : random_(random), second_(second) {}

  CellCase make(std::size_t number) {
    const bool sum = coin();
    // Two thirds have a product.
    const bool product = below(3) != 0, dynamic = sum && coin();
    const bool with_d = coin();
    const char* before = second_  ? with_d ? ".AMULTSEL(\"AD\")" : ".AMULTSEL(\"A\")"
                         : with_d ? ".USE_DPORT(\"TRUE\")"
                                  : ".USE_DPORT(\"FALSE\")";
    std::string text = fmt::format(".PREG({}), .USE_MULT(\"{}\"), {}", sum ? 1 : 0,
                                   product ? "MULTIPLY" : "NONE", before);
    for (const char* letter : {"A", "B"}) {
      const std::uint64_t registers = below(3);
      text +=
          fmt::format(", .{0}REG({1}), .{0}CASCREG({2}), .{0}_INPUT(\"{3}\")", letter, registers,
                      registers == 2 ? 1 + below(2) : registers, coin() ? "DIRECT" : "CASCADE");
      two_[letter[0] - 'A'] = registers != 1;
    }
    for (const char* stage : {"ADREG", "ALUMODEREG", "CARRYINREG", "CARRYINSELREG", "CREG", "DREG",
                              "INMODEREG", "MREG"})
      text += fmt::format(", .{}({})", stage, below(2));
    text += fmt::format(", .OPMODEREG({})", dynamic ? 0 : below(2));
    std::string inputs = kDspInputs;
    if (second_) inputs.replace(inputs.find("D:25"), 4, "D:27");
    return {second_ ? "DSP48E2" : "DSP48E1",
            text,
            inputs,
            "P:48 PCOUT:48 ACOUT:30 BCOUT:18",
            "CLK",
            more(fmt::format("c{}_", number), sum, product, dynamic)};
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool coin() { return below(2) != 0; }

  /// Bits of INMODE and ALUMODE are some of the pins' where they may be anything.
  std::string more(const std::string& prefix, bool sum, bool product, bool dynamic) {
    const char* const kXy[] = {"0000", "1100", "1000", "0011", "1111", "0010", "1110"};
    const char* const kZ[] = {"000", "001", "011", "101", "010", "110"};
    const std::string xy = product ? "0101" : kXy[below(sum ? 7 : 5)];
    const char* w = second_ ? "00" : "";
    std::string opmode = fmt::format("{}'b{}{}{}", second_ ? 9 : 7, w, kZ[below(sum ? 6 : 4)], xy);
    if (dynamic)
      opmode = fmt::format("{{{}'b{}01, {}D[7], 4'b{}}}", second_ ? 4 : 2, w, prefix, xy);
    const std::string first_b = two_[1] && coin() ? prefix + "D[0]" : "1'b0";
    const std::string first_a = two_[0] && coin() ? prefix + "D[1]" : "1'b0";
    const std::string alumode =
        coin() ? std::string("4'b0000")
               : fmt::format("{{{}, {}D[5:4]}}", product ? "2'b00" : prefix + "D[9:8]", prefix);
    return fmt::format(
        ", .OPMODE({}), .INMODE({{{}, {}D[4:2], {}}}), .ALUMODE({}), .CARRYINSEL(3'b0)", opmode,
        first_b, prefix, first_a, alumode);
  }

  std::mt19937_64& random_;
  bool second_;    ///< DSP48E2
  bool two_[2]{};  ///< the first register of A and of B may be taken, or there is none
};

/// Yosys' model of DSP48E1 with the widths and names of DSP48E2, without its W, which is 0.
std::string wider_model() {
  const std::string all = yosys_library("xilinx/cells_sim.v");
  const std::size_t at = all.find("module DSP48E1 (");
  std::string text = all.substr(at, all.find("endmodule", at) - at) + "endmodule\n";
  for (const auto& [old, by] :
       {std::pair<std::string, std::string>{"module DSP48E1", "module DSP48E2"},
        {"[24:0]", "[26:0]"},
        {"25'b0", "27'b0"},
        {"[42:0]", "[44:0]"},
        {"43'b", "45'b"},
        {"A_MULT[24]", "A_MULT[26]"},
        {"Mrx[42]", "Mrx[44]"},
        {"input [6:0] OPMODE", "input [8:0] OPMODE"},
        {"parameter USE_DPORT = \"FALSE\"", "parameter AMULTSEL = \"A\""},
        {"USE_DPORT == \"FALSE\"", "AMULTSEL == \"A\""},
        {"USE_DPORT == \"TRUE\"", "AMULTSEL == \"AD\""}}) {
    EXPECT_NE(text.find(old), std::string::npos) << old;
    for (std::size_t from = 0; (from = text.find(old, from)) != std::string::npos;
         from += by.size())
      text.replace(from, old.size(), by);
  }
  return text;
}

void expect_random_dsps(std::uint64_t seed, int count, bool second = false) {
  std::mt19937_64 random(seed);
  std::vector<CellCase> cases;
  for (int i = 0; i < count; ++i) cases.push_back(RandomDsp(random, second).make(cases.size()));
  Netlist reference =
      with_yosys_models(cases, second ? wider_model() : yosys_library("xilinx/cells_sim.v"));
  for (FlipFlop& cell : reference.flip_flops) cell.initial = Initial::kZero;
  expect_same(cases, our_dsps(cases), reference, 200);
}

TEST(CellsDsp48, AreAsInYosysModel) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_random_dsps(1, 4);
}

TEST(CellsDsp48Nightly, ManyAreAsInYosysModel) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  for (std::uint64_t seed = 2; seed < 22; ++seed) {
    SCOPED_TRACE(seed);
    expect_random_dsps(seed, 20);
  }
}

TEST(CellsDsp48, OfUltraScaleAreAsInYosysModelOfTheSeriesBefore) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_random_dsps(1, 4, true);
}

TEST(CellsDsp48Nightly, ManyOfUltraScaleAreAsInYosysModelOfTheSeriesBefore) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  for (std::uint64_t seed = 2; seed < 22; ++seed) {
    SCOPED_TRACE(seed);
    expect_random_dsps(seed, 20, true);
  }
}

TEST(CellsDsp48, OfUltraScaleMultiplies) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  PlainSimulator simulator(
      our_dsps({{"DSP48E2", kNoRegisters, "A:30 B:18", "P:48", "", kProductE2}}));
  for (const auto& [a, b, product] :
       {std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>{3, 5, 15},
        {0x3fffffff, 1, 0xffffffffffff},          // -1
        {0x1000000, 0x20000, 0xfe0000000000},     // 2^24 is positive here: -2^41
        {0x4000000, 0x20000, 0x80000000000},      // -2^26 x -2^17
        {0x3ffffff, 0x1ffff, 0x7fffbfe0001},      // (2^26 - 1) (2^17 - 1)
        {0x4000000, 0x1ffff, 0xf80004000000}}) {  // -2^26 (2^17 - 1)
    simulator.set("c0_A", a);
    simulator.set("c0_B", b);
    simulator.settle();
    EXPECT_EQ(simulator.get("c0_P"), product) << a << ' ' << b;
  }
}

/// What the vendor's guide says that W, X = A:B, Y = C, Z = PCIN and the carry become.
TEST(CellsDsp48, OfUltraScaleAddsFourNumbers) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  constexpr std::uint64_t kMask = (std::uint64_t{1} << 48) - 1, kRound = 0x123456789abc;
  std::string parameters = kNoRegisters;
  parameters.replace(parameters.find(".PREG(0)"), 8, ".PREG(1)");
  parameters += fmt::format(", .RND(48'h{:x}), .IS_RSTP_INVERTED(1'b1)", kRound);
  PlainSimulator simulator(our_dsps(
      {{"DSP48E2", parameters, "A:30 B:18 C:48 PCIN:48 CARRYIN D:27 RSTP", "P:48", "CLK",
        ", .CEP(1'b1), .INMODE(5'b0), .CARRYINSEL(3'b0), .OPMODE({c0_D[1:0], 7'b0011111}), "
        ".ALUMODE({2'b0, c0_D[3:2]})"}}));
  std::mt19937_64 random(3);
  std::uint64_t p = 0;
  for (int cycle = 0; cycle < 2000; ++cycle) {
    const std::uint64_t a = random() & 0x3fffffff, b = random() & 0x3ffff, c = random() & kMask,
                        z = random() & kMask, carry = random() & 1, w = random() & 3,
                        invert = random() & 3;
    const bool keeps = random() % 8 != 0;  // inverted, the reset is active at 0
    for (const auto& [pin, value] : {std::pair<const char*, std::uint64_t>{"c0_A", a},
                                     {"c0_B", b},
                                     {"c0_C", c},
                                     {"c0_PCIN", z},
                                     {"c0_CARRYIN", carry},
                                     {"c0_D", invert << 2 | w},
                                     {"c0_RSTP", keeps ? 1 : 0}})
      simulator.set(pin, value);
    simulator.settle();
    simulator.clock();
    const std::uint64_t fourth[] = {0, p, kRound, c};
    const std::uint64_t others = fourth[w] + (a << 18 | b) + c + carry;
    const std::uint64_t sums[] = {z + others, ~z + others, ~(z + others), z - others};
    p = keeps ? sums[invert] & kMask : 0;
    ASSERT_EQ(simulator.get("c0_P"), p) << "cycle " << cycle << " W " << w << " ALUMODE " << invert;
  }
}

void expect_dsp_refused(const std::string& parameters, const std::string& outputs,
                        const std::string& more, const std::string& why,
                        const std::string& cell = "DSP48E1") {
  SCOPED_TRACE(why);
  try {
    our_dsps({{cell, parameters, "A:30 B:18 C:48 CEP", outputs, "CLK", more}});
    ADD_FAILURE() << "not refused";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("cell 'u0' (" + cell + "): " + why));
  }
}

TEST(CellsDsp48, WhatHasNoModelIsRefusedByName) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const std::string none = kNoRegisters;
  const auto opmode = [](const std::string& mode) {
    return ", .INMODE(5'b0), .ALUMODE(4'b0), .CARRYINSEL(3'b0), .OPMODE(" + mode + ")";
  };
  expect_dsp_refused(none + ", .USE_SIMD(\"FOUR12\")", "P:48", kProduct,
                     "there is no model of parameter USE_SIMD = 'FOUR12'");
  expect_dsp_refused(none, "P:48 PATTERNDETECT", kProduct, "its output PATTERNDETECT has no model");
  expect_dsp_refused(none, "P:48 CARRYOUT:4", kProduct, "its output CARRYOUT has no model");
  expect_dsp_refused(none, "P:48", opmode("7'b0100101"),
                     "there is no model of OPMODE 010 01 01 with PREG = 0");
  expect_dsp_refused(none, "P:48", opmode("7'b0001101"), "there is no model of OPMODE 000 11 01");
  expect_dsp_refused(none, "P:48", opmode("{3'b000, c0_CEP, c0_CEP, 2'b01}"),
                     "there is no model of OPMODE 000 00 01");
  expect_dsp_refused(none + ", .USE_MULT(\"NONE\")", "P:48", kProduct,
                     "OPMODE takes a product, and USE_MULT is NONE");
  expect_dsp_refused(none, "P:48",
                     ", .OPMODE(7'b0000101), .INMODE(5'b0), .ALUMODE(4'b0), .CARRYINSEL(3'b1)",
                     "a carry in other than CARRYIN (CARRYINSEL is not 0) has no model");
  std::string one = none;
  one.replace(one.find(".AREG(0)"), 8, ".AREG(1)");
  expect_dsp_refused(one, "P:48", kProduct, "its pin CEA2 is used and not connected");
  expect_dsp_refused(one, "P:48",
                     ", .CEA2(1'b1), .OPMODE(7'b0000101), .INMODE(5'b1), .ALUMODE(4'b0), "
                     ".CARRYINSEL(3'b0)",
                     "INMODE takes the first of two registers where there is one");
  one.replace(one.find(".AREG(1)"), 8, ".AREG(3)");
  expect_dsp_refused(one, "P:48", kProduct, "there is no model of AREG = 3");
}

TEST(CellsDsp48, WhatHasNoModelOfUltraScaleIsRefusedByName) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const std::string none = kNoRegisters;
  const auto refused = [&](const std::string& parameters, const std::string& outputs,
                           const std::string& why, const std::string& more = kProductE2) {
    expect_dsp_refused(none + parameters, outputs, more, why, "DSP48E2");
  };
  refused(", .USE_WIDEXOR(\"TRUE\")", "P:48",
          "there is no model of parameter USE_WIDEXOR = 'TRUE'");
  refused("", "P:48 XOROUT:8", "its output XOROUT has no model");
  refused(", .PREADDINSEL(\"B\")", "P:48", "there is no model of parameter PREADDINSEL = 'B'");
  refused(", .BMULTSEL(\"AD\")", "P:48", "there is no model of parameter BMULTSEL = 'AD'");
  const std::string modes = ", .INMODE(5'b0), .CARRYINSEL(3'b0)";
  refused("", "P:48", "there is no model of OPMODE 01 000 01 01 with PREG = 0",
          modes + ", .ALUMODE(4'b0), .OPMODE(9'b010000101)");
  refused("", "P:48", "logic (ALUMODE) of four numbers (OPMODE's W) has no model",
          modes + ", .ALUMODE(4'b0100), .OPMODE(9'b110110011)");
}

struct Widths {
  int a, b;
  const char* sign;
};

/// Products of all signs, and such with registers and sums before and behind, as Yosys puts them into DSPs. The
/// sum before has all its bits: Yosys 0.23 makes it as wide as the DSP has it.
std::string xilinx_products(int number, const Widths& widths) {
  return fmt::format(R"(
    module products{4}(input clk, input reset, input enable, input {2} [{0}:0] a,
                       input {2} [{1}:0] b, input {2} [47:0] c, output {2} [{3}:0] p,
                       output reg {2} [{3}:0] q, output reg {2} [47:0] sum,
                       output reg {2} [47:0] other);
      reg {2} [{0}:0] ra, before; reg {2} [{1}:0] rb; reg {2} [{3}:0] rp, rs;
      assign p = a * b;
      wire {2} [{0}-1:0] half = a[{0}-1:0], other_half = ra[{0}-1:0];
      wire {2} [{3}:0] m = before * rb;
      always @(posedge clk) begin
        if (enable) ra <= a;
        if (reset) rb <= 0; else rb <= b;
        rp <= ra * rb;
        q <= rp;
        if (reset) sum <= 0; else if (enable) sum <= sum + a * b;
        before <= half + other_half;
        rs <= m;
        other <= enable ? c + rs : other + rs;
      end
      initial begin ra = 0; rb = 0; rp = 0; q = 0; sum = 0; other = 0; before = 0; rs = 0; end
    endmodule)",
                     widths.a - 1, widths.b - 1, widths.sign, widths.a + widths.b - 1, number);
}

/// All of them beside each other.
std::string xilinx_design(const std::vector<Widths>& all) {
  std::string modules, ports, body;
  for (int i = 0; i < static_cast<int>(all.size()); ++i) {
    const Widths& widths = all[static_cast<std::size_t>(i)];
    modules += xilinx_products(i, widths);
    ports += fmt::format(
        ", output [{1}:0] p{0}, output [{1}:0] q{0}, output [47:0] s{0}, "
        "output [47:0] t{0}",
        i, widths.a + widths.b - 1);
    body += fmt::format(
        "  products{0} u{0}(clk, reset, enable, a[{1}:0], b[{2}:0], c, p{0}, q{0}, "
        "s{0}, t{0});\n",
        i, widths.a - 1, widths.b - 1);
  }
  return modules +
         "\nmodule top(input clk, input reset, input enable, input [31:0] a, "
         "input [31:0] b, input [47:0] c" +
         ports + ");\n" + body + "endmodule\n";
}

void expect_products(const std::vector<Widths>& all, const char* family = "xc7") {
  const std::string verilog = xilinx_design(all);
  const Netlist synthesised =
      read_yosys_json(yosys_json({{"top.v", verilog}},
                                 fmt::format("read_verilog top.v; synth_xilinx -flatten -family {} "
                                             "-top top; write_json out.json",
                                             family)),
                      "top", Family::kXilinx, "out.json");
  EXPECT_EQ(first_difference(synthesised, as_gates(verilog), 300), "");
}

TEST(CellsDsp48, WhatSynthesisMakesOfProductsIsWhatTheyAre) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_products({{4, 4, ""}, {9, 9, "signed"}, {18, 25, "signed"}});
}

TEST(CellsDsp48, WhatSynthesisForUltraScaleMakesOfProductsIsWhatTheyAre) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_products({{9, 9, "signed"}, {18, 27, "signed"}}, "xcup");
}

TEST(CellsDsp48Nightly, WhatSynthesisMakesOfOtherProductsIsWhatTheyAre) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_products({{25, 18, "signed"}, {9, 9, ""}, {4, 4, "signed"}, {30, 20, "signed"}});
}

}  // namespace
}  // namespace assay::netlist::test
