// SPDX-License-Identifier: Apache-2.0
// EHXPLLL as a cell: which of it has a model.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "compile/netlist/yosys_json.h"
#include "netlist/ecp5_clock.h"
#include "netlist/plain_simulator.h"

namespace assay::netlist::test {
namespace {

using ::testing::HasSubstr;

/// q follows d with a clock that a PLL makes of clk.
constexpr const char* kPllDesign = R"({"modules":{"top":{"attributes":{},"ports":{
 "clk":{"direction":"input","bits":[2]},"d":{"direction":"input","bits":[3]},
 "q":{"direction":"output","bits":[5]},"lock":{"direction":"output","bits":[6]}},
"cells":{
 "f":{"type":"TRELLIS_FF","parameters":{},"connections":{"CLK":[4],"DI":[3],"Q":[5],"LSR":["0"],"CE":["1"]}},
 "p":{"type":"EHXPLLL","attributes":{"ICP_CURRENT":"00001100","LPF_RESISTOR":"00001000","src":"top.v:1"},
  "parameters":{"CLKI_DIV":"00101","CLKFB_DIV":"01100","CLKOP_DIV":"01010","CLKOP_CPHASE":"00101",
   "CLKOS_ENABLE":"DISABLED","CLKOS2_ENABLE":"DISABLED","CLKOS3_ENABLE":"DISABLED"},
  "connections":{"CLKI":[2],"CLKFB":[4],"CLKOP":[4],"LOCK":[6],"RST":["0"],"STDBY":["0"],"PHASESEL0":["0"],
   "PHASESEL1":["0"],"PHASEDIR":["0"],"PHASESTEP":["0"],"PHASELOADREG":["0"],"PLLWAKESYNC":["0"],
   "ENCLKOP":["0"]}}},
"netnames":{}}}})";

Netlist read(const std::string& text) {
  return read_yosys_json(text, "top", Family::kEcp5, "top.json");
}

std::string with(const std::string& old, const std::string& by) {
  std::string text = kPllDesign;
  const std::size_t at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return text.replace(at, old.size(), by);
}

std::string pll_refusal(const std::string& old, const std::string& by) {
  try {
    read(with(old, by));
  } catch (const UserError& error) {
    return error.what();
  }
  return "taken";
}

TEST(Ecp5Pll, MakesTheClock) {
  const Netlist n = read(kPllDesign);
  EXPECT_EQ(n.clock_makers, std::vector{test::ecp5_clock()});
  EXPECT_EQ(clock_of(n), n.port("clk")->bits[0]);
  PlainSimulator simulator(n);
  for (const bool d : {true, false, true}) {
    simulator.set("d", d ? 1 : 0);
    simulator.settle();
    EXPECT_EQ(simulator.get("lock"), 1U);
    simulator.clock();
    simulator.settle();
    EXPECT_EQ(simulator.get("q"), d ? 1U : 0U);
  }
}

TEST(Ecp5Pll, EverySettingIsKeptOrRefused) {
  const std::vector<ClockMaker> same = read(kPllDesign).clock_makers;
  for (const char* chosen : {"\"CLKI_DIV\":\"00101\"", "\"CLKFB_DIV\":\"01100\"",
                             "\"CLKOP_DIV\":\"01010\"", "\"CLKOP_CPHASE\":\"00101\"",
                             "\"ICP_CURRENT\":\"00001100\"", "\"LPF_RESISTOR\":\"00001000\""}) {
    const std::string text = chosen;
    EXPECT_NE(read(with(text, text.substr(0, text.find(':')) + ":\"111\"")).clock_makers, same)
        << text;
  }
  EXPECT_NE(read(with("\"parameters\":{\"CLKI", "\"parameters\":{\"CLKOP_FPHASE\":\"1\",\"CLKI"))
                .clock_makers,
            same);
  for (const auto& [name, value] : {std::pair("CLKOP_ENABLE", "DISABLED"),
                                    {"FEEDBK_PATH", "INT_OP"},
                                    {"CLKOP_TRIM_POL", "FALLING"},
                                    {"OUTDIVIDER_MUXA", "REFCLK"},
                                    {"STDBY_ENABLE", "ENABLED"},
                                    {"REFIN_RESET", "ENABLED"},
                                    {"SYNC_ENABLE", "ENABLED"},
                                    {"INT_LOCK_STICKY", "DISABLED"},
                                    {"DPHASE_SOURCE", "ENABLED"},
                                    {"PLLRST_ENA", "ENABLED"},
                                    {"INTFB_WAKE", "ENABLED"}})
    EXPECT_THAT(pll_refusal("\"parameters\":{\"CLKI",
                            fmt::format("\"parameters\":{{\"{}\":\"{}\",\"CLKI", name, value)),
                HasSubstr(fmt::format("a PLL whose {} is {} has no model", name, value)));
  for (const char* name : {"CLKOP_TRIM_DELAY", "PLL_LOCK_MODE", "CLKOS2_DIV", "CLKOS3_FPHASE"})
    EXPECT_THAT(pll_refusal("\"parameters\":{\"CLKI",
                            fmt::format("\"parameters\":{{\"{}\":\"11\",\"CLKI", name)),
                HasSubstr(fmt::format("a PLL whose {} is 3 has no model", name)));
  // What is absent is what nextpnr takes it for, whatever Yosys' library says.
  EXPECT_THAT(pll_refusal("\"CLKOS2_ENABLE\":\"DISABLED\",", ""),
              HasSubstr("CLKOS2_ENABLE is ENABLED"));
  EXPECT_THAT(pll_refusal("\"CLKI_DIV\":\"00101\"", "\"@ICP_CURRENT\":\"1\""),
              HasSubstr("the model has no parameter @ICP_CURRENT"));
}

TEST(Ecp5Pll, WhatCanStopOrChangeItIsRefusedByName) {
  for (const char* pin : {"RST", "STDBY", "PHASESEL0", "PHASESEL1", "PHASEDIR", "PHASESTEP",
                          "PHASELOADREG", "PLLWAKESYNC", "ENCLKOP"})
    for (const char* net : {"3", "\"1\""})
      EXPECT_THAT(
          pll_refusal(fmt::format("\"{}\":[\"0\"]", pin), fmt::format("\"{}\":[{}]", pin, net)),
          HasSubstr(fmt::format("no model of one whose {} is not 0", pin)));
  EXPECT_THAT(pll_refusal("\"RST\":[\"0\"],", ""), HasSubstr("its pin RST is not connected"));
  EXPECT_THAT(pll_refusal("\"RST\"", "\"ENCLKOS2\":[3],\"RST\""),
              HasSubstr("whose ENCLKOS2 changes"));
  EXPECT_THAT(pll_refusal("\"CLKFB\":[4]", "\"CLKFB\":[2]"),
              HasSubstr("no model of other feedback"));
  EXPECT_THAT(pll_refusal("\"LOCK\":[6]", "\"INTLOCK\":[6]"),
              HasSubstr("its output INTLOCK has no model"));
}

TEST(Ecp5Pll, AClockThatGoesPastItIsRefused) {
  EXPECT_THAT(pll_refusal("\"CLK\":[4]", "\"CLK\":[2]"),
              HasSubstr("the clock of 'f' is not the one that EHXPLLL makes"));
}

}  // namespace
}  // namespace assay::netlist::test
