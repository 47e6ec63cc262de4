// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "compile/base/error.h"
#include "netlist/cell_cases.h"
#include "netlist/plain_simulator.h"

namespace assay::netlist::test {
namespace {

const std::string& xilinx_library() {
  static const std::string text = yosys_library("xilinx/cells_sim.v");
  return text;
}

/// Cells of UltraScale+ of which Yosys 0.23 has the ports alone.
const std::string& ultrascale_library() {
  static const std::string text = [] {
    const std::string all = yosys_library("xilinx/cells_xtra.v");
    std::string chosen;
    for (const char* cell : {"RAMB18E2", "RAMB36E2", "BUFGCE"}) {
      const std::size_t at = all.find(fmt::format("module {} (...);", cell));
      chosen += all.substr(at, all.find("endmodule", at) - at) + "endmodule\n";
    }
    return chosen;
  }();
  return text;
}

std::string all_replaced(std::string text, std::string_view old, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(old, at)) != std::string::npos; at += by.size())
    text.replace(at, old.size(), by);
  return text;
}

void expect_cell_refused(const CellCase& c, const std::string& library, const std::string& why) {
  SCOPED_TRACE(why);
  try {
    with_our_models({c}, Family::kXilinx, library);
    ADD_FAILURE() << "not refused";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(fmt::format("cell 'u0' ({}): {}", c.cell, why)));
  }
}

void expect_xilinx_as_yosys(const std::vector<CellCase>& cases) {
  expect_same(cases, with_our_models(cases, Family::kXilinx, xilinx_library()),
              with_yosys_models(cases, xilinx_library()), 200);
}

TEST(CellsXilinx, LogicIsAsInYosysModels) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  std::vector<CellCase> cases{
      {"INV", "", "I", "O", ""},
      {"IBUF", "", "I", "O", ""},
      {"OBUF", "", "I", "O", ""},
      {"BUFG", "", "I", "O", ""},
      {"VCC", "", "", "P", ""},
      {"GND", "", "", "G", ""},
      {"MUXF7", "", "I0 I1 S", "O", ""},
      {"MUXF8", "", "I0 I1 S", "O", ""},
      {"MUXF9", "", "I0 I1 S", "O", ""},
      {"CARRY8", "", "CI CI_TOP DI:8 S:8", "CO:8 O:8", ""},
      {"CARRY8", ".CARRY_TYPE(\"DUAL_CY4\")", "CI CI_TOP DI:8 S:8", "CO:8 O:8", ""},
      {"LUT6_2", ".INIT(64'h123456789abcdef1)", "I0 I1 I2 I3 I4 I5", "O5 O6", ""},
      {"CARRY4", "", "CI CYINIT DI:4 S:4", "CO:4 O:4", ""}};
  std::string inputs;
  for (int size = 1; size <= 6; ++size) {
    inputs += fmt::format("I{} ", size - 1);
    for (const std::uint64_t table : {0x123456789abcdef1U, 0xcafe5a3c96e80ff2U})
      cases.push_back({fmt::format("LUT{}", size),
                       fmt::format(".INIT({}'h{:x})", 1 << size,
                                   size == 6 ? table : table & ((1ULL << (1 << size)) - 1)),
                       inputs, "O", ""});
  }
  expect_xilinx_as_yosys(cases);
}

TEST(CellsXilinx, FlipFlopsAndShiftersAreAsInYosysModels) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  for (const int falling : {0, 1}) {
    std::vector<CellCase> cases;
    for (const int init : {0, 1})
      for (const int inverted : {0, 1})
        for (const char* reset : {"R", "S"})
          cases.push_back({reset[0] == 'R' ? "FDRE" : "FDSE",
                           fmt::format(".INIT({}), .IS_C_INVERTED({}), .IS_D_INVERTED({}), "
                                       ".IS_{}_INVERTED({})",
                                       init, falling, 1 - inverted, reset, inverted),
                           std::string("CE D ") + reset, "Q", "C"});
    cases.push_back({"SRL16E", fmt::format(".INIT(16'hb5c2), .IS_CLK_INVERTED({})", falling),
                     "A0 A1 A2 A3 CE D", "Q", "CLK"});
    cases.push_back({"SRLC32E", fmt::format(".INIT(32'hb5c2137e), .IS_CLK_INVERTED({})", falling),
                     "A:5 CE D", "Q Q31", "CLK"});
    expect_xilinx_as_yosys(cases);
    const Netlist netlist = with_our_models(cases, Family::kXilinx, xilinx_library());
    for (const FlipFlop& cell : netlist.flip_flops) EXPECT_EQ(cell.falling, falling == 1);
  }
}

// Yosys' models as far as a clear or preset that is never active lets them go.
TEST(CellsXilinx, FlipFlopsThatAreNeverClearedAreAsInYosysModels) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  std::string library = xilinx_library();
  for (const char* sensitive : {", posedge CLR", ", negedge CLR", ", posedge PRE", ", negedge PRE"})
    library = all_replaced(library, sensitive, "");
  std::vector<CellCase> cases;
  for (const char* pin : {"CLR", "PRE"})
    for (const int init : {0, 1})
      for (const int inverted : {0, 1})
        cases.push_back({pin[0] == 'C' ? "FDCE" : "FDPE",
                         fmt::format(".INIT({0}), .IS_D_INVERTED({1}), .IS_{2}_INVERTED({1})", init,
                                     inverted, pin),
                         "CE D", "Q", "C", fmt::format(", .{}(1'b{})", pin, inverted)});
  const Netlist ours = with_our_models(cases, Family::kXilinx, xilinx_library());
  expect_same(cases, ours, with_yosys_models(cases, library), 200);
  const CellCase falling{"FDCE", ".IS_C_INVERTED(1)", "CE D", "Q", "C", ", .CLR(1'b0)"};
  const Netlist turned = with_our_models({falling}, Family::kXilinx, xilinx_library());
  ASSERT_EQ(turned.flip_flops.size(), 1U);
  EXPECT_TRUE(turned.flip_flops[0].falling);
  EXPECT_FALSE(ours.flip_flops[0].falling);
}

TEST(CellsXilinx, FlipFlopsThatMayBeClearedAreRefused) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const std::string clear = "an asynchronous CLR has no model but where it is a constant",
                    preset = "an asynchronous PRE has no model but where it is a constant";
  expect_cell_refused({"FDCE", "", "CE D CLR", "Q", "C"}, xilinx_library(), clear);
  expect_cell_refused({"FDCE", "", "CE D", "Q", "C", ", .CLR(1'b1)"}, xilinx_library(), clear);
  expect_cell_refused({"FDCE", ".IS_CLR_INVERTED(1)", "CE D", "Q", "C", ", .CLR(1'b0)"},
                      xilinx_library(), clear);
  expect_cell_refused({"FDPE", "", "CE D PRE", "Q", "C"}, xilinx_library(), preset);
}

TEST(CellsXilinx, BuffersOfClocksThatNeverStopAreWires) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const std::string& library = ultrascale_library();
  for (const CellCase& c :
       std::vector<CellCase>{{"BUFGCE", "", "I", "O", "", ", .CE(1'b1)"},
                             {"BUFGCE", ".IS_CE_INVERTED(1)", "I", "O", "", ", .CE(1'b0)"}}) {
    PlainSimulator simulator(with_our_models({c}, Family::kXilinx, library));
    for (const std::uint64_t level : {0U, 1U, 0U}) {
      simulator.set("c0_I", level);
      simulator.settle();
      EXPECT_EQ(simulator.get("c0_O"), level);
    }
  }
  expect_cell_refused({"BUFGCE", "", "I CE", "O", ""}, library,
                      "a clock that its CE can stop has no model");
  expect_cell_refused({"BUFGCE", ".IS_I_INVERTED(1)", "I", "O", "", ", .CE(1'b1)"}, library,
                      "a clock that it inverts has no model");
}

constexpr const char* kQuadContents =
    ".INIT_A(64'h123456789abcdef0), .INIT_B(64'hcafe), .INIT_C(64'h5a5a5a5a5a5a5a5a), "
    ".INIT_D(64'hf00f0ff012343210)";

TEST(CellsXilinx, LutRamsAreAsInYosysModels) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_xilinx_as_yosys(
      {{"RAM32M", kQuadContents, "ADDRA:5 ADDRB:5 ADDRC:5 ADDRD:5 DIA:2 DIB:2 DIC:2 DID:2 WE",
        "DOA:2 DOB:2 DOC:2 DOD:2", "WCLK"},
       {"RAM16X1D", ".INIT(16'h6b3c)", "D WE A0 A1 A2 A3 DPRA0 DPRA1 DPRA2 DPRA3", "DPO SPO",
        "WCLK"},
       {"RAM32X1S", ".INIT(32'h6b3c1278)", "D WE A0 A1 A2 A3 A4", "O", "WCLK"}});
}

constexpr const char* kEightContents =
    ".INIT_A(64'h123456789abcdef0), .INIT_B(64'hcafe), .INIT_C(64'h5a5a5a5a5a5a5a5a), "
    ".INIT_D(64'hf00f0ff012343210), .INIT_E(64'h1), .INIT_F(64'h8000000000000000), "
    ".INIT_G(64'h77), .INIT_H(64'h0123456701234567)";
constexpr const char* kEightOutputs = "DOA:2 DOB:2 DOC:2 DOD:2 DOE:2 DOF:2 DOG:2 DOH:2";

TEST(CellsXilinxNightly, EightLutRamsAreAsInYosysModels) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_xilinx_as_yosys(
      {{"RAM32M16", kEightContents,
        "ADDRA:5 ADDRB:5 ADDRC:5 ADDRD:5 ADDRE:5 ADDRF:5 ADDRG:5 ADDRH:5 DIA:2 DIB:2 DIC:2 DID:2 "
        "DIE:2 DIF:2 DIG:2 DIH:2 WE",
        kEightOutputs, "WCLK"},
       {"RAM64M8", kEightContents,
        "ADDRA:6 ADDRB:6 ADDRC:6 ADDRD:6 ADDRE:6 ADDRF:6 ADDRG:6 ADDRH:6 DIA DIB DIC DID DIE DIF "
        "DIG DIH WE",
        "DOA DOB DOC DOD DOE DOF DOG DOH", "WCLK"}});
}

TEST(CellsXilinxNightly, LargerLutRamsAreAsInYosysModels) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_xilinx_as_yosys(
      {{"RAM64M", kQuadContents, "ADDRA:6 ADDRB:6 ADDRC:6 ADDRD:6 DIA DIB DIC DID WE",
        "DOA DOB DOC DOD", "WCLK"},
       {"RAM32X1D", ".INIT(32'h6b3c1278)", "D WE A0 A1 A2 A3 A4 DPRA0 DPRA1 DPRA2 DPRA3 DPRA4",
        "DPO SPO", "WCLK"},
       {"RAM64X1D", ".INIT(64'h6b3c127890abcdef)",
        "D WE A0 A1 A2 A3 A4 A5 DPRA0 DPRA1 DPRA2 DPRA3 DPRA4 DPRA5", "DPO SPO", "WCLK"},
       {"RAM64X1S", ".INIT(64'h6b3c127890abcdef)", "D WE A0 A1 A2 A3 A4 A5", "O", "WCLK"}});
}

// As a vector of bits Yosys' models of these take long to elaborate.
TEST(CellsXilinx, LargeLutRamsHoldWhatIsWritten) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  for (const int bits : {7, 8}) {
    const std::vector<CellCase> cases{
        {fmt::format("RAM{}X1D", 1 << bits), fmt::format(".INIT({}'h5a)", 1 << bits),
         fmt::format("D WE A:{0} DPRA:{0}", bits), "DPO SPO", "WCLK"}};
    PlainSimulator simulator(with_our_models(cases, Family::kXilinx, xilinx_library()));
    std::vector<bool> truth(std::size_t{1} << bits);
    for (const std::size_t one : {1, 3, 4, 6}) truth[one] = true;
    std::mt19937_64 random(1);
    for (int cycle = 0; cycle < 1000; ++cycle) {
      const std::uint64_t a = random() % truth.size(), b = random() % truth.size();
      const bool d = random() % 2 != 0, write = random() % 2 != 0;
      for (const auto& [name, value] : {std::pair<const char*, std::uint64_t>{"c0_A", a},
                                        {"c0_DPRA", b},
                                        {"c0_D", d},
                                        {"c0_WE", write}})
        simulator.set(name, value);
      simulator.settle();
      ASSERT_EQ(simulator.get("c0_SPO"), truth[a]);
      ASSERT_EQ(simulator.get("c0_DPO"), truth[b]);
      simulator.clock();
      if (write) truth[a] = d;
    }
  }
}

/// What the vendor's guide says of a block RAM: bytes, each with a ninth bit that ports below 9 bits do not
/// see.
struct XilinxTruth {
  std::vector<bool> data, parity;

  std::vector<bool>::reference at(int width, std::uint64_t place, int bit) {
    if (width < 9) return data[place * static_cast<unsigned>(width) + static_cast<unsigned>(bit)];
    const std::uint64_t byte =
        place * static_cast<unsigned>(width / 9) + static_cast<unsigned>(bit / 9);
    return bit % 9 == 8 ? parity[byte] : data[byte * 8 + static_cast<unsigned>(bit % 9)];
  }
};

struct XilinxPins {
  std::string address, enable, writes, in, parity_in, out, parity_out;
};

/// What the 7 series and UltraScale+ call differently.
struct Generation {
  const char *suffix, *in, *out;

  std::string cell(bool large) const { return (large ? "RAMB36" : "RAMB18") + std::string(suffix); }
  bool second() const { return suffix[1] == '2'; }
  /// Of port A (0) or B.
  XilinxPins pins(int port) const {
    const std::string letter = port == 0 ? "A" : "B";
    const auto around = [&](const std::string& text) { return text + letter + text; };
    return {port == 0 ? "ADDRARDADDR" : "ADDRBWRADDR",
            port == 0 ? "ENARDEN" : "ENBWREN",
            port == 0 ? "WEA" : "WEBWE",
            around(in),
            around(in + std::string("P")),
            around(out),
            around(out + std::string("P"))};
  }
};
constexpr Generation kSeries7{"E1", "DI", "DO"}, kUltraScale{"E2", "DIN", "DOUT"};

class XilinxRun {
 public:
  XilinxRun(const Generation& generation, bool large, bool simple, int width_a, int width_b,
            std::string mode)
      : pins_{generation.pins(0), generation.pins(1)},
        large_(large),
        simple_(simple),
        width_{width_a, width_b},
        mode_(std::move(mode)) {
    const int n = large ? 32 : 16;
    const std::string form = generation.second() ? ".DOA_REG(0), .DOB_REG(0)"
                             : simple            ? ".RAM_MODE(\"SDP\")"
                                                 : ".RAM_MODE(\"TDP\")";
    const CellCase c{
        generation.cell(large),
        fmt::format("{}, .READ_WIDTH_A({}), .WRITE_WIDTH_A({}), .READ_WIDTH_B({}), "
                    ".WRITE_WIDTH_B({}), .WRITE_MODE_A(\"{}\"), .WRITE_MODE_B(\"{}\"){}{}",
                    form, width_a, simple ? 0 : width_a, simple ? 0 : width_b, width_b, mode_,
                    mode_, contents("INIT_", n * 1024, truth_.data),
                    contents("INITP_", n * 128, truth_.parity)),
        fmt::format(
            "ADDRARDADDR:{0} ADDRBWRADDR:{0} ENARDEN ENBWREN {5}:{1} {6}:{1} {7}:{2} {8}:{2} "
            "WEA:{3} WEBWE:{4}",
            !large                ? 14
            : generation.second() ? 15
                                  : 16,
            n, n / 8, lanes(0), lanes(1), pins_[0].in, pins_[1].in, pins_[0].parity_in,
            pins_[1].parity_in),
        fmt::format("{2}:{0} {3}:{0} {4}:{1} {5}:{1}", n, n / 8, pins_[0].out, pins_[1].out,
                    pins_[0].parity_out, pins_[1].parity_out),
        "CLKARDCLK CLKBWRCLK"};
    // The pins of lanes beside the data repeat the others, as Yosys and the vendor have it.
    std::string design = design_of({c});
    replace(design, ".WEA(c0_WEA)", fmt::format(".WEA({{{}{{c0_WEA}}}})", n / 8 / lanes(0)));
    replace(design, ".WEBWE(c0_WEBWE)",
            fmt::format(".WEBWE({{{}{{c0_WEBWE}}}})", n / 4 / lanes(1)));
    simulator_ = std::make_unique<PlainSimulator>(with_our_models(
        design, Family::kXilinx, generation.second() ? ultrascale_library() : xilinx_library()));
  }

  void run(int cycles) {
    for (int cycle = 0; cycle < cycles && !::testing::Test::HasFatalFailure(); ++cycle) step(cycle);
  }

 private:
  struct Act {
    bool enable = false;
    std::uint64_t address = 0, lanes = 0;
    std::vector<bool> data, expected = std::vector<bool>(72);
  };

  /// At most the pins that there are.
  int lanes(int port) const {
    return std::clamp(width_[port] / 9, 1, (large_ ? 4 : 2) * (port == 1 ? 2 : 1));
  }

  static void replace(std::string& text, const std::string& old, const std::string& by) {
    text.replace(text.find(old), old.size(), by);
  }

  std::string contents(const char* name, int bits, std::vector<bool>& truth) {
    std::string text;
    for (int row = 0; row < bits / 256; ++row) {
      std::string digits;
      for (int i = 0; i < 64; ++i) {
        const std::uint64_t digit = random_() % 16;
        for (int k = 0; k < 4; ++k) truth.push_back(digit >> k & 1U);
        digits = fmt::format("{:x}", digit) + digits;
      }
      text += fmt::format(", .{}{:02X}(256'h{})", name, row, digits);
    }
    return text;
  }

  std::uint64_t place(const Act& act, int width) const {
    int shift = 0;
    for (int w = width < 9 ? width : width / 9 * 8; w > 1; w /= 2) ++shift;
    return (act.address & (large_ ? 0x7fff : 0x3fff)) >> shift;
  }
  bool writes(int port) const { return port == 1 || !simple_; }
  bool reads(int port) const { return port == 0 || !simple_; }

  void feed(const XilinxPins& pins, const Act& act) {
    const auto name = [](const std::string& pin) { return std::string("c0_") + pin; };
    simulator_->set(name(pins.address), act.address);
    simulator_->set(name(pins.enable), act.enable);
    simulator_->set(name(pins.writes), act.lanes);
    std::uint64_t data = 0, parity = 0;
    for (int i = 0; i < (large_ ? 36 : 18); ++i)
      (i % 9 == 8 ? parity : data) |= std::uint64_t{act.data[static_cast<std::size_t>(i)]}
                                      << (i % 9 == 8 ? i / 9 : i / 9 * 8 + i % 9);
    simulator_->set(name(pins.in), data);
    simulator_->set(name(pins.parity_in), parity);
  }

  bool seen(const XilinxPins& pins, int bit) const {
    return simulator_->get("c0_" + (bit % 9 == 8 ? pins.parity_out : pins.out)) >>
               (bit % 9 == 8 ? bit / 9 : bit / 9 * 8 + bit % 9) &
           1U;
  }

  void step(int cycle) {
    for (int port : {0, 1}) {
      Act& act = acts_[port];
      act.enable = random_() % 4 != 0;
      act.address = random_() % 8 << 9 | random_() % 8 << 3 | random_() % 8;
      act.lanes = random_() & random_();
      act.data.clear();
      for (int i = 0; i < 72; ++i) act.data.push_back(random_() % 2 != 0);
    }
    // At one place with a write only READ_FIRST promises anything.
    if ((acts_[0].address ^ acts_[1].address) >> 6 == 0 && mode_ != "READ_FIRST")
      acts_[0].enable = false;
    if ((acts_[0].address ^ acts_[1].address) >> 6 == 0 && !simple_) acts_[0].lanes = 0;
    Act low = acts_[0];
    const bool full = simple_ && width_[1] == (large_ ? 72 : 36);
    if (full) low.data = acts_[1].data;
    feed(pins_[0], low);
    Act high = acts_[1];
    if (full) high.data.erase(high.data.begin(), high.data.begin() + (large_ ? 36 : 18));
    feed(pins_[1], high);
    expect();
    simulator_->settle();
    simulator_->clock();
    for (int port : {0, 1})
      for (int i = 0; reads(port) && i < width_[port]; ++i) {
        const int half = large_ ? 36 : 18;
        const bool got =
            seen(pins_[port == 1 || (simple_ && i >= half) ? 1 : 0], simple_ ? i % half : i);
        ASSERT_EQ(got, acts_[port].expected[static_cast<std::size_t>(i)])
            << "port " << port << " bit " << i << " in cycle " << cycle;
      }
  }

  bool written(int port, int bit) const {
    return writes(port) && (acts_[port].lanes >> bit / 9 & 1U) != 0;
  }

  void expect() {
    for (int port : {0, 1}) {
      Act& act = acts_[port];
      bool any = false;
      for (int i = 0; i < width_[port]; ++i) any |= written(port, i);
      if (!reads(port) || !act.enable || (any && mode_ == "NO_CHANGE" && !simple_)) continue;
      for (int i = 0; i < width_[port]; ++i)
        act.expected[static_cast<std::size_t>(i)] =
            !simple_ && mode_ == "WRITE_FIRST" && written(port, i)
                ? act.data[static_cast<std::size_t>(i)]
                : static_cast<bool>(truth_.at(width_[port], place(act, width_[port]), i));
    }
    for (int port : {0, 1})
      for (int i = 0; acts_[port].enable && i < width_[port]; ++i)
        if (written(port, i))
          truth_.at(width_[port], place(acts_[port], width_[port]), i) =
              acts_[port].data[static_cast<std::size_t>(i)];
  }

  std::mt19937_64 random_{9};
  XilinxTruth truth_;
  XilinxPins pins_[2];
  bool large_, simple_;
  int width_[2];
  std::string mode_;
  Act acts_[2];
  std::unique_ptr<PlainSimulator> simulator_;
};

void run_block_ram(const Generation& generation, bool large, bool simple, int width_a, int width_b,
                   const char* mode) {
  SCOPED_TRACE(fmt::format("{} {} {} and {}, {}", generation.cell(large), simple ? "SDP" : "TDP",
                           width_a, width_b, mode));
  XilinxRun(generation, large, simple, width_a, width_b, mode).run(1500);
}

void run_dual_port(const Generation& generation) {
  for (const char* mode : {"READ_FIRST", "WRITE_FIRST", "NO_CHANGE"}) {
    run_block_ram(generation, false, false, 18, 18, mode);
    run_block_ram(generation, false, false, 9, 18, mode);
    run_block_ram(generation, true, false, 36, 9, mode);
    run_block_ram(generation, true, false, 1, 4, mode);
  }
}

TEST(CellsXilinx, DualPortBlockRamsAreAsDocumented) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  run_dual_port(kSeries7);
}

TEST(CellsXilinx, DualPortBlockRamsOfUltraScaleAreAsDocumented) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  run_dual_port(kUltraScale);
}

/// A memory whose registers are its own beside one with flip-flops behind it.
std::string registered_pair(const char* priority) {
  std::string rams, registers;
  const std::string common =
      ".RAM_MODE(\"TDP\"), .READ_WIDTH_A(18), .WRITE_WIDTH_A(18), .READ_WIDTH_B(18), "
      ".WRITE_WIDTH_B(18), .WRITE_MODE_A(\"READ_FIRST\"), .WRITE_MODE_B(\"READ_FIRST\"), "
      ".EN_ECC_READ(\"FALSE\"), .INIT_00(256'h0123456789abcdeffedcba98765432100f1e2d3c4b5a6978)";
  const std::string pins =
      ".CLKARDCLK(clk), .CLKBWRCLK(clk), .ENARDEN(en), .ENBWREN(1'b1), .REGCEAREGCE(ce), "
      ".REGCEB(ce), .RSTREGARSTREG(rst), .RSTREGB(rst), .ADDRARDADDR({2'b0, a, 6'b0}), "
      ".ADDRBWRADDR({2'b0, b, 6'b0}), .WEA({4{we}}), .WEBWE(8'b0), .DIADI({16'b0, d})";
  for (const char* own : {"1", "0"})
    rams += fmt::format(
        "  RAMB36E1 #({0}, .DOA_REG({1}), .DOB_REG({1}), .RSTREG_PRIORITY_A(\"{2}\"), "
        ".RSTREG_PRIORITY_B(\"{2}\")) m{1} ({3}, .DOADO(a{1}), .DOBDO(b{1}));\n",
        common, own, priority, pins);
  for (int i = 0; i < 16; ++i)
    for (const char* port : {"a", "b"})
      registers += fmt::format(
          "  FDRE {0}r{1} (.C(clk), .CE(ce), .R({2}), .D({0}0[{1}]), .Q({0}_behind[{1}]));\n", port,
          i, std::string(priority) == "RSTREG" ? "rst" : "both");
  return "module all(input clk, en, ce, rst, we, input [7:0] a, b, input [15:0] d,\n"
         "  output [15:0] a_own, b_own, a_behind, b_behind);\n"
         "  wire [31:0] a0, b0, a1, b1;\n  wire both;\n"
         "  LUT2 #(.INIT(4'h8)) l (.I0(ce), .I1(rst), .O(both));\n"
         "  assign a_own = a1[15:0];\n  assign b_own = b1[15:0];\n" +
         rams + registers + "endmodule\n";
}

void expect_registers_behind(const std::string& library, bool second) {
  for (const char* priority : {"RSTREG", "REGCE"}) {
    std::string design = registered_pair(priority);
    for (const auto& [one, other] : {std::pair{"RAMB36E1", "RAMB36E2"},
                                     {".RAM_MODE(\"TDP\"), ", ""},
                                     {".DIADI(", ".DINADIN("},
                                     {".DOADO(", ".DOUTADOUT("},
                                     {".DOBDO(", ".DOUTBDOUT("}})
      if (second) design = all_replaced(design, one, other);
    PlainSimulator simulator(with_our_models(design, Family::kXilinx, library));
    std::mt19937_64 random(5);
    std::set<std::uint64_t> seen;
    for (int cycle = 0; cycle < 2000; ++cycle) {
      for (const char* pin : {"en", "ce", "we"}) simulator.set(pin, random() % 4 != 0);
      simulator.set("rst", random() % 8 == 0);
      for (const char* pin : {"a", "b"}) simulator.set(pin, random() % 4);
      simulator.set("d", random() & 0xffff);
      simulator.settle();
      ASSERT_EQ(simulator.get("a_own"), simulator.get("a_behind")) << priority << " " << cycle;
      ASSERT_EQ(simulator.get("b_own"), simulator.get("b_behind")) << priority << " " << cycle;
      seen.insert(simulator.get("a_own"));
      simulator.clock();
    }
    EXPECT_GT(seen.size(), 100U);
  }
}

TEST(CellsXilinx, RegistersBehindABlockRamAreFlipFlops) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_registers_behind(xilinx_library(), false);
  expect_registers_behind(xilinx_library() + ultrascale_library(), true);
}

void run_simple_dual_port(const Generation& generation) {
  for (const auto& [a, b] : {std::pair{36, 36}, {18, 36}, {36, 9}, {2, 1}})
    run_block_ram(generation, false, true, a, b, "READ_FIRST");
  for (const auto& [a, b] : {std::pair{72, 72}, {36, 72}, {72, 18}, {9, 36}})
    run_block_ram(generation, true, true, a, b, "READ_FIRST");
}

TEST(CellsXilinx, SimpleBlockRamsAreAsDocumented) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  run_simple_dual_port(kSeries7);
}

TEST(CellsXilinx, SimpleBlockRamsOfUltraScaleAreAsDocumented) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  run_simple_dual_port(kUltraScale);
}

TEST(CellsXilinx, WhatSynthesisForUltraScaleMakesOfMemoriesIsWhatTheyAre) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const std::string verilog = R"(
    module top(input clk, input write, input read, input [5:0] at, input [5:0] from,
               input [17:0] d, output reg [17:0] q, output reg [8:0] sum);
      (* ram_style = "block" *) reg [17:0] mem [0:63];
      integer i;
      initial begin
        q = 0; sum = 0;
        for (i = 0; i < 64; i = i + 1) mem[i] = i * 4099 + 17;
      end
      always @(posedge clk) begin
        if (write) mem[at] <= d;
        if (read) q <= mem[from];
        sum <= sum + q[8:0];
      end
    endmodule)";
  const std::string json = yosys_json(
      {{"top.v", verilog}},
      "read_verilog top.v; synth_xilinx -flatten -family xcup -top top; write_json out.json");
  EXPECT_NE(json.find("RAMB18E2"), std::string::npos);
  EXPECT_NE(json.find("CARRY8"), std::string::npos);
  const std::string gates = yosys_json(
      {{"top.v", verilog}},
      "read_verilog top.v; hierarchy -top top; proc; opt_expr; opt_clean; memory -nordff; "
      "opt_expr; opt_clean; techmap; opt_expr; opt_clean; write_json out.json");
  EXPECT_EQ(first_difference(read_yosys_json(json, "top", Family::kXilinx, "out.json"),
                             read_yosys_json(gates, "top", Family::kIce40, "out.json"), 2000),
            "");
}

TEST(CellsXilinx, WhatBlockRamsOfUltraScaleHaveBesidesIsRefusedByName) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const std::string plain =
      ".READ_WIDTH_A(36), .WRITE_WIDTH_B(36), .DOA_REG(0), .DOB_REG(0), "
      ".WRITE_MODE_A(\"READ_FIRST\")";
  const auto refused = [&](const std::string& parameters, const std::string& inputs,
                           const std::string& outputs, const std::string& why) {
    expect_cell_refused({"RAMB36E2", plain + parameters, "ADDRARDADDR:15 ENARDEN" + inputs,
                         "DOUTADOUT:32" + outputs, "CLKARDCLK CLKBWRCLK"},
                        ultrascale_library(), why);
  };
  refused(", .CASCADE_ORDER_A(\"FIRST\")", "", "",
          "there is no model of parameter CASCADE_ORDER_A = 'FIRST'");
  refused("", " CASDOMUXB", "", "a cascade (CASDOMUXB is not 0) has no model");
  refused("", "", " CASDOUTA:32", "its output CASDOUTA has no model");
  refused(", .ENADDRENA(\"TRUE\")", "", "", "there is no model of parameter ENADDRENA = 'TRUE'");
  refused(", .RDADDRCHANGEB(\"TRUE\")", "", "",
          "there is no model of parameter RDADDRCHANGEB = 'TRUE'");
  refused("", " SLEEP", "", "sleep (SLEEP is not 0) has no model");
  refused(", .EN_ECC_READ(\"TRUE\")", "", "",
          "there is no model of parameter EN_ECC_READ = 'TRUE'");
  refused(", .EN_ECC_PIPE(\"TRUE\")", "", "",
          "there is no model of parameter EN_ECC_PIPE = 'TRUE'");
  refused("", "", " SBITERR", "its output SBITERR has no model");
  refused("", " RSTRAMARSTRAM", "", "a reset of its data has no model");
  refused(", .INIT_A(1)", "", "", "data that start as INIT_A have no model");
}

}  // namespace
}  // namespace assay::netlist::test
