// SPDX-License-Identifier: Apache-2.0
// Full adders side by side: of bits i, i + Count and i + 2*Count, ones_o[i] + 2*twos_o[i] are ones.
// Combinational; a simulator adds whole words at once.
module assay_full_adders #(
  parameter int unsigned Count = 1
) (
  input  logic [3*Count-1:0] bits_i,
  output logic [Count-1:0]   ones_o,
  output logic [Count-1:0]   twos_o
);
  logic [Count-1:0] a, b, c;
  assign {c, b, a} = bits_i;
  assign ones_o = a ^ b ^ c;
  assign twos_o = (a & b) | (c & (a | b));
endmodule
