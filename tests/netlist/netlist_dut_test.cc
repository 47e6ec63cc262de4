// SPDX-License-Identifier: Apache-2.0
#include "sim/netlist/netlist_dut.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>

#include "compile/base/error.h"
#include "netlist/random_netlist.h"

namespace assay::sim {
namespace {

using netlist::Initial;
using netlist::kOne;
using netlist::Net;
using netlist::Netlist;
using netlist::test::add_output;
using netlist::test::add_port;
using ::testing::HasSubstr;

/// A register of twelve bits between two streams: what comes is given a cycle later, without back-pressure.
Netlist register_view(Initial initial_valid, bool reset) {
  Netlist n;
  n.name = "view0";
  const Net clock = add_port(n, "clk_i", true, 1)[0], reset_n = add_port(n, "rst_ni", true, 1)[0],
            valid = add_port(n, "in0_valid_i", true, 1)[0],
            ready = add_port(n, "out0_ready_i", true, 1)[0];
  const std::vector<Net> data = add_port(n, "in0_data_i", true, 12);
  const Net in_reset = n.lut(0b01, {reset_n}), held = n.new_net();
  n.flip_flops.push_back({"valid", held, valid, clock, false, kOne,
                          reset ? in_reset : netlist::kZero, false, initial_valid});
  std::vector<Net> kept;
  for (const Net bit : data) {
    kept.push_back(n.new_net());
    n.flip_flops.push_back(
        {"data", kept.back(), bit, clock, false, kOne, netlist::kZero, false, Initial::kUnknown});
  }
  add_output(n, "in0_ready_o", {n.lut(0b10, {ready})});
  add_output(n, "out0_valid_o", {held});
  add_output(n, "out0_data_o", kept);
  return n;
}

void clock(Dut& dut) {
  *dut.clk = 0;
  dut.eval();
  *dut.clk = 1;
  dut.eval();
}

TEST(NetlistDut, TakesAndGivesAsADesignDoes) {
  const auto dut = netlist_dut(register_view(Initial::kUnknown, true), 1);
  ASSERT_EQ(dut->inputs.size(), 1U);
  ASSERT_EQ(dut->outputs.size(), 1U);
  EXPECT_EQ(dut->inputs[0].bits, 12);
  EXPECT_EQ(dut->outputs[0].bits, 12);
  *dut->rst_n = 0;
  clock(*dut);
  *dut->rst_n = 1;
  *dut->inputs[0].valid = 1;
  dut->inputs[0].data[0] = 0x5a;
  dut->inputs[0].data[1] = 0x0c;
  *dut->clk = 0;
  dut->eval();
  EXPECT_EQ(*dut->outputs[0].valid, 0) << "a register shows what it takes behind the edge";
  EXPECT_EQ(*dut->inputs[0].ready, 0);
  *dut->outputs[0].ready = 1;
  dut->eval();
  EXPECT_EQ(*dut->inputs[0].ready, 1);
  *dut->clk = 1;
  dut->eval();
  EXPECT_EQ(*dut->outputs[0].valid, 1);
  EXPECT_EQ(dut->outputs[0].data[0], 0x5a);
  EXPECT_EQ(dut->outputs[0].data[1], 0x0c);
  dut->eval();  // a clock that stays high is no edge
  *dut->inputs[0].valid = 0;
  dut->eval();
  EXPECT_EQ(*dut->outputs[0].valid, 1);
  clock(*dut);
  EXPECT_EQ(*dut->outputs[0].valid, 0);
}

// A valid that no reset reaches is what the device woke up with: some copies say one thing, some another.
TEST(NetlistDut, CopiesThatDoNotAgreeAreNoResult) {
  Netlist n = register_view(Initial::kUnknown, false);
  n.flip_flops[0].enable = n.port("in0_valid_i")->bits[0];  // stays what it was
  const auto dut = netlist_dut(std::move(n), 1);
  *dut->rst_n = 0;
  clock(*dut);  // in a reset nothing speaks
  *dut->rst_n = 1;
  *dut->clk = 0;
  try {
    dut->eval();
    FAIL() << "nothing was noticed";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("out0_valid_o"));
  }
}

TEST(NetlistDut, RefusesWhatIsNoView) {
  Netlist extra = register_view(Initial::kZero, true);
  add_output(extra, "led", {kOne});
  EXPECT_THROW(netlist_dut(std::move(extra), 1), UserError);
  Netlist lacking = register_view(Initial::kZero, true);
  std::erase_if(lacking.ports, [](const netlist::Port& p) { return p.name == "out0_data_o"; });
  EXPECT_THROW(netlist_dut(std::move(lacking), 1), UserError);
}

}  // namespace
}  // namespace assay::sim
