// SPDX-License-Identifier: Apache-2.0
// One element as an integer of OutBits bits in two's complement, modulo 2**OutBits. A bipolar
// element is one bit, 0 for -1 and 1 for +1. Combinational.
module assay_extend #(
  parameter int unsigned InBits    = 8,
  parameter bit          InSigned  = 1'b1,
  parameter bit          InBipolar = 1'b0,
  parameter int unsigned OutBits   = 9
) (
  input  logic [InBits-1:0]  in_i,
  output logic [OutBits-1:0] out_o
);
  if (InBits < 1 || OutBits < 1) begin : g_bad_size
    $error("assay_extend: InBits and OutBits must be at least 1");
  end
  if (InBipolar && InBits != 1) begin : g_bad_bipolar
    $error("assay_extend: a bipolar element has 1 bit");
  end

  if (InBipolar && OutBits > 1) begin : g_bipolar
    assign out_o = {{(OutBits - 1){!in_i[0]}}, 1'b1};
  end else if (InBipolar) begin : g_odd
    logic unused_in;
    assign unused_in = ^in_i;
    assign out_o     = 1'b1;
  end else if (OutBits > InBits) begin : g_wider
    assign out_o = {{(OutBits - InBits){InSigned && in_i[InBits-1]}}, in_i};
  end else if (OutBits < InBits) begin : g_narrower
    logic unused_in;
    assign unused_in = ^in_i[InBits-1:OutBits];
    assign out_o     = in_i[OutBits-1:0];
  end else begin : g_same
    assign out_o = in_i;
  end
endmodule
