// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/verilog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/netlist/gates.h"

namespace assay::netlist::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A register that counts a & b, and a memory of four units of three bits that is read as two.
Netlist worked() {
  Netlist n;
  n.name = "worked";
  const Net clock = n.new_net(), a = n.new_net(), b = n.new_net(), q = n.new_net();
  n.ports = {{"clk_i", true, {clock}}, {"in", true, {a, b}}};
  const Net both = n.lut(kAnd, {a, b});
  n.flip_flops.push_back({.name = "count",
                          .q = q,
                          .d = both,
                          .clock = clock,
                          .enable = a,
                          .reset = b,
                          .reset_value = true,
                          .initial = Initial::kZero});
  Memory memory;
  memory.unit_bits = 3;
  memory.units = {1, 2, 5, 7};
  Memory::ReadPort& read = memory.reads.emplace_back();
  read.address = {a};
  for (int i = 0; i < 6; ++i) read.data.push_back(n.new_net());
  read.clock = clock;
  Memory::WritePort& write = memory.writes.emplace_back();
  write.address = {a, b};
  write.data = {a, kOne, n.new_net()};
  write.enables = {q, q, kOne};
  write.clock = clock;
  n.ports.push_back({"out", false, {both, q, read.data[5]}});
  n.names["u.sum"] = {both, q};
  n.memories.push_back(std::move(memory));
  return n;
}

TEST(ToVerilog, SaysWhatANetlistDoes) {
  const Netlist netlist = worked();
  verify(netlist);
  const VerilogText verilog = to_verilog(netlist, {"u.sum", "nobody"});
  for (const char* line :
       {"module \\worked (", "  input [1:0] \\in ", "  output [2:0] \\out \n", "wire n6;",
        "reg n5;", "assign n3 = \\in [0];", "assign n6 = 4'h8 >> {n4, n3};",
        "initial n5 = {1{1'b0}};", "always @(posedge n2) n5 <= n4 ? 1'b1 : n3 ? n6 : n5;",
        "reg [2:0] m0 [0:3];", "initial $readmemh(\"worked_m0.hex\", m0);",
        "wire [63:0] m0_r0_a = (64'd2 * {1'b0, {n3}});",
        "always @(posedge n2) if (1'b1) m0_r0 <= {(m0_r0_a + 64'd1 < 64'd4 ? m0[m0_r0_a + 64'd1] : "
        "3'b0), (m0_r0_a + 64'd0 < 64'd4 ? m0[m0_r0_a + 64'd0] : 3'b0)};",
        "assign n12 = m0_r0[5];",
        // What nothing drives is 0.
        "[2] <= 1'b0;", "if (n5 && (64'd1 * {1'b0, {n4, n3}}) + 64'd0 < 64'd4) m0[",
        "wire [1:0] \\u.sum = {n5, n6};", "assign \\out = {n12, n5, n6};", "endmodule\n"})
    EXPECT_THAT(verilog.text, HasSubstr(line));
  EXPECT_THAT(verilog.text, Not(HasSubstr("nobody")));
  ASSERT_EQ(verilog.memories.size(), 1U);
  EXPECT_EQ(verilog.memories[0].name, "worked_m0.hex");
  EXPECT_EQ(verilog.memories[0].text, "1\n2\n5\n7\n");
}

}  // namespace
}  // namespace assay::netlist::test
