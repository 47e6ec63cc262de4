// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "compile/base/error.h"
#include "compile/netlist/ice40_mac.h"
#include "compile/netlist/product.h"
#include "netlist/cell_cases.h"
#include "netlist/plain_simulator.h"

namespace assay::netlist::test {
namespace {

using ::testing::HasSubstr;

/// All inputs but the resets, which have no model.
constexpr const char* kMacInputs =
    "CE A:16 B:16 C:16 D:16 AHOLD BHOLD CHOLD DHOLD OLOADTOP OLOADBOT ADDSUBTOP ADDSUBBOT OHOLDTOP "
    "OHOLDBOT CI ACCUMCI SIGNEXTIN";
constexpr const char* kNoResets =
    ", .IRSTTOP(1'b0), .IRSTBOT(1'b0), .ORSTTOP(1'b0), .ORSTBOT(1'b0)";

CellCase mac(const std::string& parameters) {
  return {"SB_MAC16", parameters, kMacInputs, "O:32 CO ACCUMCO SIGNEXTOUT", "CLK", kNoResets};
}

Netlist our_mac(const CellCase& c) {
  return with_our_models({c}, Family::kIce40, yosys_library("ice40/cells_sim.v"));
}

std::vector<Net> inputs(Netlist& netlist, std::size_t count) {
  std::vector<Net> nets(count);
  for (Net& net : nets) net = netlist.new_net();
  return nets;
}

TEST(Product, CopiesOfASignTakeNoTables) {
  Netlist small, wide;
  const std::vector<Net> a = inputs(small, 4), b = inputs(small, 3);
  product_of(small, a, b, 7);
  std::vector<Net> c = inputs(wide, 4), d = inputs(wide, 3);
  c.resize(16, c.back());
  d.resize(16, d.back());
  EXPECT_EQ(product_of(wide, c, d, 32).size(), 32U);
  EXPECT_EQ(wide.luts.size(), small.luts.size());
}

TEST(CellsMac16, MultipliesBySigns) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  struct Product {
    int signs;  ///< bit 0: of A, bit 1: of B
    std::uint64_t a, b, product;
  };
  for (const Product& p : {Product{0, 0xffff, 0xffff, 0xfffe0001},
                           {0, 0x8000, 3, 0x18000},
                           {3, 0x8000, 0x8000, 0x40000000},
                           {3, 0xffff, 5, 0xfffffffb},
                           {1, 0xffff, 0xffff, 0xffff0001},
                           {2, 0xffff, 0xffff, 0xffff0001},
                           {2, 0x8000, 0x8000, 0xc0000000}}) {
    PlainSimulator simulator(
        our_mac(mac(fmt::format(".A_SIGNED({}), .B_SIGNED({}), .TOPOUTPUT_SELECT(3), "
                                ".BOTOUTPUT_SELECT(3)",
                                p.signs & 1, p.signs >> 1))));
    simulator.set("c0_A", p.a);
    simulator.set("c0_B", p.b);
    simulator.settle();
    EXPECT_EQ(simulator.get("c0_O"), p.product) << p.signs << ' ' << p.a << ' ' << p.b;
  }
}

// 1000 * 1000 = 0xf4240: the carry from the lower half's 0x4240 comes with the fourth sum.
TEST(CellsMac16, AccumulatesIn32Bits) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  PlainSimulator simulator(
      our_mac(mac(".TOPOUTPUT_SELECT(1), .BOTOUTPUT_SELECT(1), .TOPADDSUB_LOWERINPUT(2), "
                  ".BOTADDSUB_LOWERINPUT(2), .TOPADDSUB_CARRYSELECT(2), .NEG_TRIGGER(1)")));
  for (const FlipFlop& cell : simulator.netlist().flip_flops) EXPECT_TRUE(cell.falling);
  simulator.set("c0_A", 1000);
  simulator.set("c0_B", 1000);
  simulator.set("c0_CE", 1);
  for (const std::uint64_t sum : {0, 1000000, 2000000, 3000000, 4000000}) {
    EXPECT_EQ(simulator.get("c0_O"), sum);
    simulator.settle();
    simulator.clock();
  }
  simulator.set("c0_OHOLDTOP", 1);
  simulator.set("c0_CE", 0);
  simulator.settle();
  simulator.clock();
  EXPECT_EQ(simulator.get("c0_O"), 5000000U);
  simulator.set("c0_CE", 1);
  simulator.settle();
  simulator.clock();  // the lower half alone
  EXPECT_EQ(simulator.get("c0_O"), (5000000U & 0xffff0000) + ((5000000U + 0x4240) & 0xffff));
}

/// Yosys' model with the clock's edge left out, and resets that wait for it, which they never do here.
Netlist yosys_macs(const std::vector<CellCase>& cases) {
  std::string library = yosys_library("ice40/cells_sim.v");
  const auto replace = [&](const std::string& old, const std::string& by) {
    std::size_t at = library.find(old);
    EXPECT_NE(at, std::string::npos) << old;
    for (; at != std::string::npos; at = library.find(old)) library.replace(at, old.size(), by);
  };
  replace("clock = CLK ^ NEG_TRIGGER;", "clock = CLK;");
  for (const char* reset : {"IRSTTOP", "IRSTBOT", "ORSTTOP", "ORSTBOT"})
    replace(fmt::format("posedge clock, posedge {}", reset), "posedge clock");
  Netlist netlist = with_yosys_models(cases, library);
  for (FlipFlop& cell : netlist.flip_flops) cell.initial = Initial::kZero;
  return netlist;
}

void expect_random_macs(std::uint64_t seed, int count) {
  std::mt19937_64 random(seed);
  std::vector<CellCase> cases;
  for (int i = 0; i < count; ++i) {
    std::string parameters = fmt::format(".NEG_TRIGGER({})", seed % 2);
    // Most are of 16 x 16 bits with all registers within or none, as synthesis makes them.
    const std::uint64_t common = random() % 8;
    for (const Ice40MacField& field : kIce40MacSettings) {
      std::uint64_t value = random() % (1U << field.bits);
      const bool within = field.name.find("MULT_REG") != std::string_view::npos &&
                          field.name != "PIPELINE_16x16_MULT_REG2";
      if (common < 4 && (within || field.name == "MODE_8x8"))
        value = field.name == "MODE_8x8" ? 0 : common & 1U;
      parameters += fmt::format(", .{}({})", field.name, value);
    }
    cases.push_back(mac(parameters));
  }
  expect_same(cases, with_our_models(cases, Family::kIce40, yosys_library("ice40/cells_sim.v")),
              yosys_macs(cases), 150);
}

TEST(CellsMac16, AreAsInYosysModel) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_random_macs(1, 6);
}

TEST(CellsMac16Nightly, ManyAreAsInYosysModel) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  for (std::uint64_t seed = 2; seed < 22; ++seed) {
    SCOPED_TRACE(seed);
    expect_random_macs(seed, 20);
  }
}

TEST(CellsMac16, ResetsAreRefusedByName) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  CellCase c = mac("");
  c.more = ", .IRSTTOP(1'b0), .IRSTBOT(c0_CE), .ORSTTOP(1'b0), .ORSTBOT(1'b0)";
  try {
    our_mac(c);
    ADD_FAILURE() << "not refused";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("cell 'u0' (SB_MAC16): an asynchronous reset has no model: "
                                        "its pin IRSTBOT"));
  }
}

Netlist with_macs(const std::string& verilog) {
  return read_yosys_json(
      yosys_json({{"top.v", verilog}},
                 "read_verilog top.v; synth_ice40 -dsp -top top; write_json out.json"),
      "top", Family::kIce40, "out.json");
}

/// Products of all signs, and such with registers in all places, as Yosys puts them into DSPs. Of one with two
/// registers behind it Yosys 0.23 makes nothing at all.
std::string products(int a, int b, const char* sign) {
  return fmt::format(R"(
    module top(input clk, input reset, input enable, input {2} [{0}:0] a, input {2} [{1}:0] b,
               input {2} [31:0] c, output {2} [{3}:0] p, output reg {2} [{3}:0] q,
               output reg {2} [31:0] sum, output reg {2} [31:0] other);
      reg {2} [{0}:0] ra; reg {2} [{1}:0] rb;
      assign p = a * b;
      always @(posedge clk) begin
        if (enable) begin ra <= a; rb <= b; end
        q <= ra * rb;
        sum <= reset ? c : sum + a * b;
        other <= c - ra * b;
      end
      initial begin ra = 0; rb = 0; q = 0; sum = 0; other = 0; end
    endmodule)",
                     a - 1, b - 1, sign, a + b - 1);
}

TEST(CellsMac16, WhatSynthesisMakesOfProductsIsWhatTheyAre) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  for (const auto& [a, b, sign] : {std::tuple{16, 16, "signed"}, {8, 8, ""}, {12, 5, "signed"}}) {
    SCOPED_TRACE(fmt::format("{} x {} {}", a, b, sign));
    const std::string verilog = products(a, b, sign);
    EXPECT_EQ(first_difference(with_macs(verilog), as_gates(verilog), 300), "");
  }
}

}  // namespace
}  // namespace assay::netlist::test
