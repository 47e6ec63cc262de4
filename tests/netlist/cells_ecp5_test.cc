// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "netlist/cell_cases.h"
#include "netlist/plain_simulator.h"

namespace assay::netlist::test {
namespace {

const std::string& ecp5_library() {
  static const std::string text = yosys_library("ecp5/cells_sim.v");
  return text;
}

void expect_ecp5_as_yosys(const std::vector<CellCase>& cases) {
  expect_same(cases, with_our_models(cases, Family::kEcp5, ecp5_library()),
              with_yosys_models(cases, ecp5_library()), 200);
}

TEST(CellsEcp5, LogicIsAsInYosysModels) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  std::vector<CellCase> cases{{"PFUMX", "", "ALUT BLUT C0", "Z", ""},
                              {"L6MUX21", "", "D0 D1 SD", "Z", ""},
                              {"INV", "", "A", "Z", ""},
                              {"LUT2", ".INIT(4'h9)", "A B", "Z", ""}};
  for (const char* table : {"1", "8000", "6996", "cafe", "5a3c"})
    cases.push_back({"LUT4", fmt::format(".INIT(16'h{})", table), "A B C D", "Z", ""});
  for (const char* first : {"YES", "NO"})
    for (const char* second : {"YES", "NO"})
      cases.push_back({"CCU2C",
                       fmt::format(".INIT0(16'h96aa), .INIT1(16'h5a3c), .INJECT1_0(\"{}\"), "
                                   ".INJECT1_1(\"{}\")",
                                   first, second),
                       "CIN A0 B0 C0 D0 A1 B1 C1 D1", "S0 S1 COUT", ""});
  expect_ecp5_as_yosys(cases);
}

std::vector<CellCase> ecp5_flip_flops(const char* clock) {
  std::vector<CellCase> cases;
  for (const char* enable : {"1", "0", "CE", "INV"})
    for (const char* reset : {"LSR", "INV"})
      for (const char* value : {"RESET", "SET"})
        cases.push_back({"TRELLIS_FF",
                         fmt::format(".CLKMUX(\"{}\"), .CEMUX(\"{}\"), .LSRMUX(\"{}\"), "
                                     ".REGSET(\"{}\"), .SRMODE(\"LSR_OVER_CE\")",
                                     clock, enable, reset, value),
                         "CE LSR DI", "Q", "CLK"});
  return cases;
}

TEST(CellsEcp5, FlipFlopsAreAsInYosysModels) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  for (const char* clock : {"CLK", "INV"}) {
    expect_ecp5_as_yosys(ecp5_flip_flops(clock));
    for (const FlipFlop& cell :
         with_our_models(ecp5_flip_flops(clock), Family::kEcp5, ecp5_library()).flip_flops)
      EXPECT_EQ(cell.falling, std::string(clock) == "INV");
  }
}

TEST(CellsEcp5, LutRamsAreAsInYosysModels) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  std::vector<CellCase> cases;
  for (const char* enable : {"WRE", "INV", "1", "0"})
    cases.push_back({"TRELLIS_DPR16X4",
                     fmt::format(".WREMUX(\"{}\"), .INITVAL(64'h0123456789abcdef)", enable),
                     "DI:4 WAD:4 WRE RAD:4", "DO:4", "WCK"});
  expect_ecp5_as_yosys(cases);
}

// The model in Yosys' library leaves the last word undefined.
TEST(CellsEcp5, OldLutRamsHoldTheirText) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const std::vector<CellCase> cases{
      {"DPR16X4C", ".INITVAL(\"0xf123456789abcde0\")", "DI:4 WAD:4 WRE RAD:4", "DO:4", "WCK"}};
  PlainSimulator simulator(with_our_models(cases, Family::kEcp5, ecp5_library()));
  const auto read = [&](std::uint64_t address) {
    simulator.set("c0_RAD", address);
    simulator.settle();
    return simulator.get("c0_DO");
  };
  EXPECT_EQ(read(0), 0U);
  EXPECT_EQ(read(1), 0xeU);
  EXPECT_EQ(read(15), 0xfU);
  simulator.set("c0_WAD", 15);
  simulator.set("c0_DI", 5);
  simulator.clock();
  EXPECT_EQ(read(15), 0xfU);
  simulator.set("c0_WRE", 1);
  simulator.clock();
  EXPECT_EQ(read(15), 5U);
  EXPECT_EQ(read(14), 1U);
}

/// What the vendor's memory guide says of a block RAM: 2048 units of 8 bits and a ninth, which ports below 9
/// bits do not see.
class RamTruth {
 public:
  std::vector<bool> bits = std::vector<bool>(2048 * 9);

  static std::size_t at(int width, std::uint64_t address, int bit) {
    const std::size_t i = address * static_cast<std::size_t>(width) + static_cast<std::size_t>(bit);
    return width < 9 ? i / 8 * 9 + i % 8 : i;
  }
  std::uint64_t read(int width, std::uint64_t address) const {
    std::uint64_t value = 0;
    for (int i = 0; i < width; ++i) value |= std::uint64_t{bits[at(width, address, i)]} << i;
    return value;
  }
};

std::string names(const std::string& prefix, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += fmt::format("{}{} ", prefix, i);
  return all;
}

std::string init_values(std::mt19937_64& random, RamTruth& truth) {
  std::string text;
  for (std::size_t row = 0; row < 64; ++row) {
    std::string digits;
    for (std::size_t word = 0; word < 16; ++word) {
      const std::uint64_t value = random() & 0x3ffff;
      for (std::size_t i = 0; i < 18; ++i) truth.bits[(row * 16 + word) * 18 + i] = value >> i & 1U;
      digits = fmt::format("{:05x}", value) + digits;
    }
    text += fmt::format(", .INITVAL_{:02X}(320'h{})", row, digits);
  }
  return text;
}

int address_shift(int width) {
  return width == 36 ? 5 : width == 18 ? 4 : width == 9 ? 3 : width == 4 ? 2 : width == 2 ? 1 : 0;
}

/// A port of the truth and of the simulator, fed alike.
struct RamPort {
  char name;
  int width;
  bool enable = false, write = false;
  std::uint64_t address = 0, data = 0;
  std::uint64_t out = 0;  ///< what is expected

  std::uint64_t place() const { return address >> address_shift(width); }
  std::size_t block() const { return RamTruth::at(width, place(), 0) / 36; }
  bool writes_bit(int i) const {
    return enable && write && (width < 18 || (address >> (i / 9) & 1U) != 0);
  }
  void feed(PlainSimulator& simulator, const std::string& kind, std::uint64_t value,
            int bits) const {
    for (int i = 0; i < bits; ++i)
      simulator.set(fmt::format("c0_{}{}{}", kind, name, i), value >> i & 1U);
  }
};

/// A 36 bit wide pair is one write port A and one read port B.
void run_ram(int width_a, int width_b, const std::string& mode) {
  SCOPED_TRACE(fmt::format("widths {} and {}, {}", width_a, width_b, mode));
  std::mt19937_64 random(5);
  RamTruth truth;
  const CellCase c{
      "DP16KD",
      fmt::format(".DATA_WIDTH_A({}), .DATA_WIDTH_B({}), .WRITEMODE_A(\"{}\"), .WRITEMODE_B(\"{}\")"
                  "{}",
                  width_a, width_b, mode, mode, init_values(random, truth)),
      "CEA WEA CEB " + std::string(width_a == 36 ? "" : "WEB ") + names("ADA", 14) +
          names("DIA", 18) + names("ADB", 14) + names("DIB", 18),
      names("DOA", 18) + names("DOB", 18), "CLKA CLKB"};
  PlainSimulator simulator(with_our_models({c}, Family::kEcp5, ecp5_library()));
  const bool wide = width_a == 36;
  RamPort a{'A', width_a}, b{'B', width_b};
  for (int cycle = 0; cycle < 3000; ++cycle) {
    for (RamPort* port : {&a, &b}) {
      port->enable = random() % 4 != 0, port->write = random() % 2 != 0 && (port == &a || !wide);
      // Few places, so that what is written is read again.
      port->address = (random() % 64 << 5 | random() % 32) & 0x3fff;
      port->data = random() & (wide ? 0xfffffffff : 0x3ffff);
    }
    // At one place with a write the vendor promises nothing.
    if (a.block() == b.block()) a.enable = false, b.write = false;
    for (RamPort* port : {&a, &b}) {
      port->feed(simulator, "AD", port->address, 14);
      simulator.set(fmt::format("c0_CE{}", port->name), port->enable);
      if (port == &a || !wide) simulator.set(fmt::format("c0_WE{}", port->name), port->write);
    }
    a.feed(simulator, "DI", a.data, 18);
    b.feed(simulator, "DI", wide ? a.data >> 18 : b.data, 18);
    for (RamPort* port : {&a, &b})
      if (port->enable && !(port->write && mode == "NORMAL"))
        port->out = truth.read(port->width, port->place());
    for (const RamPort* port : {&a, &b})
      for (int i = 0; i < port->width; ++i)
        if (port->writes_bit(i))
          truth.bits[RamTruth::at(port->width, port->place(), i)] = port->data >> i & 1U;
    simulator.settle();
    simulator.clock();
    const auto pins = [&](char name) {
      std::uint64_t value = 0;
      for (int i = 0; i < 18; ++i) value |= simulator.get(fmt::format("c0_DO{}{}", name, i)) << i;
      return value;
    };
    if (!wide) {
      ASSERT_EQ(pins('A'), a.out) << cycle;
    }
    ASSERT_EQ(wide && width_b == 36 ? pins('B') << 18 | pins('A') : pins('B'), b.out) << cycle;
  }
}

TEST(CellsEcp5, BlockRamsAreAsDocumented) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  for (const auto& [a, b] : {std::pair{18, 18}, {9, 18}, {18, 9}, {9, 9}, {1, 1}, {1, 4}, {4, 2}})
    for (const char* mode : {"NORMAL", "READBEFOREWRITE"}) run_ram(a, b, mode);
  for (const int width : {36, 18, 9}) run_ram(36, width, "NORMAL");
}

TEST(CellsEcp5, MultipliersMultiply) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  for (const bool is_signed : {false, true}) {
    const CellCase c{"MULT18X18D", "", names("A", 18) + names("B", 18), names("P", 36), ""};
    std::string design = design_of({c});
    design.replace(design.find(".A0("), 0,
                   fmt::format(".SIGNEDA(1'b{0}), .SIGNEDB(1'b{0}), ", is_signed ? 1 : 0));
    PlainSimulator simulator(read_yosys_json(
        yosys_json({{"design.v", design}, {"bb.v", yosys_library("ecp5/cells_bb.v")}},
                   "read_verilog -lib bb.v; read_verilog design.v; write_json out.json"),
        "all", Family::kEcp5, "out.json"));
    std::mt19937_64 random(3);
    for (int i = 0; i < 300; ++i) {
      std::uint64_t a = random() & 0x3ffff, b = random() & 0x3ffff;
      if (i == 0) a = b = 0x20000;
      if (i == 1) a = b = 0x3ffff;
      for (int k = 0; k < 18; ++k) {
        simulator.set(fmt::format("c0_A{}", k), a >> k & 1U);
        simulator.set(fmt::format("c0_B{}", k), b >> k & 1U);
      }
      simulator.settle();
      std::uint64_t product = 0;
      for (int k = 0; k < 36; ++k) product |= simulator.get(fmt::format("c0_P{}", k)) << k;
      const auto value = [&](std::uint64_t x) {
        return static_cast<std::int64_t>(x) - (is_signed && x >= 0x20000 ? 0x40000 : 0);
      };
      ASSERT_EQ(product, static_cast<std::uint64_t>(value(a) * value(b)) & 0xfffffffff) << a << b;
    }
  }
}

}  // namespace
}  // namespace assay::netlist::test
