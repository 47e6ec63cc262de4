// SPDX-License-Identifier: Apache-2.0
// Sum of two streams: y = x0 + x1, lane by lane, modulo 2**OutBits (the output's type holds every
// sum). Latency 1, one beat per cycle: cycles per frame = beats.
// Lane l is data[l*Bits +: Bits]. A bipolar element is one bit, 0 for -1 and 1 for +1.
// Golden: golden/hw/add_streams.cc.
module assay_add_streams #(
  parameter int unsigned Lanes      = 1,
  parameter int unsigned In0Bits    = 8,
  parameter bit          In0Signed  = 1'b1,
  parameter bit          In0Bipolar = 1'b0,
  parameter int unsigned In1Bits    = 8,
  parameter bit          In1Signed  = 1'b1,
  parameter bit          In1Bipolar = 1'b0,
  parameter int unsigned OutBits    = 9
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,  // synchronous

  input  logic                     in0_valid_i,
  output logic                     in0_ready_o,
  input  logic [Lanes*In0Bits-1:0] in0_data_i,

  input  logic                     in1_valid_i,
  output logic                     in1_ready_o,
  input  logic [Lanes*In1Bits-1:0] in1_data_i,

  output logic                     out_valid_o,
  input  logic                     out_ready_i,
  output logic [Lanes*OutBits-1:0] out_data_o
);
  if (Lanes < 1 || In0Bits < 1 || In1Bits < 1 || OutBits < 1) begin : g_bad_size
    $error("assay_add_streams: Lanes, In0Bits, In1Bits and OutBits must be at least 1");
  end
  if ((In0Bipolar && In0Bits != 1) || (In1Bipolar && In1Bits != 1)) begin : g_bad_bipolar
    $error("assay_add_streams: a bipolar input has 1 bit");
  end

  logic                     skid_ready;
  logic [Lanes*OutBits-1:0] sums;

  // Both inputs move together.
  assign in0_ready_o = skid_ready && in1_valid_i;
  assign in1_ready_o = skid_ready && in0_valid_i;

  for (genvar l = 0; l < Lanes; l++) begin : g_lane
    logic [OutBits-1:0] x0, x1;

    assay_extend #(
      .InBits(In0Bits), .InSigned(In0Signed), .InBipolar(In0Bipolar), .OutBits(OutBits)
    ) u_x0 (
      .in_i(in0_data_i[l*In0Bits +: In0Bits]), .out_o(x0)
    );
    assay_extend #(
      .InBits(In1Bits), .InSigned(In1Signed), .InBipolar(In1Bipolar), .OutBits(OutBits)
    ) u_x1 (
      .in_i(in1_data_i[l*In1Bits +: In1Bits]), .out_o(x1)
    );
    assign sums[l*OutBits +: OutBits] = x0 + x1;
  end

  assay_skid #(
    .Bits(Lanes * OutBits)
  ) u_skid (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(in0_valid_i && in1_valid_i), .in_ready_o(skid_ready), .in_data_i(sums),
    .out_valid_o(out_valid_o), .out_ready_i(out_ready_i), .out_data_o(out_data_o)
  );
endmodule
