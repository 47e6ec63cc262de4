// SPDX-License-Identifier: Apache-2.0
// What is around an adder graph, whose module is generated (compile/backend/verilog/adder_text.h): the
// graph is between in_data_i and acc_i, with Stages registers in it that move with advance_o, and acc_i
// is the sums of the beat that was taken Stages moves before.
//
//   out[r] = #{k : acc[r] >= T[r, k]} + OutBias      (Steps = 0: acc[r])
//
// One beat per cycle. Latency Stages + 1, plus, with thresholds, 2, or the bits of the count with Search.
module assay_adder_layer #(
  parameter int unsigned Pe               = 1,
  parameter int unsigned Stages           = 0,
  parameter int unsigned AccBits          = 16,
  parameter bit          AccSigned        = 1'b1,
  parameter int unsigned Steps            = 0,  // thresholds; 0: the sums themselves
  parameter bit          Search           = 1'b0,
  parameter int unsigned ThresholdRows    = 1,
  parameter bit          SharedThresholds = 1'b1,
  parameter bit          BlockThresholds  = 1'b0,
  parameter int unsigned OutBits          = 16,
  parameter int          OutBias          = 0,
  parameter              ThresholdFile    = ""
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,  // synchronous

  input  logic                  in_valid_i,
  output logic                  in_ready_o,

  output logic                  advance_o,
  input  logic [Pe*AccBits-1:0] acc_i,

  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output logic [Pe*OutBits-1:0] out_data_o
);
  if (Steps == 0 && OutBits != AccBits) begin : g_bad_out
    $error("assay_adder_layer: without thresholds OutBits must be AccBits");
  end

  logic acc_valid, acc_ready;

  assign in_ready_o = advance_o;
  if (Stages == 0) begin : g_at_once
    assign acc_valid = in_valid_i;
    assign advance_o = acc_ready;
  end else begin : g_stages
    logic [Stages-1:0] valid;
    always_ff @(posedge clk_i) begin
      if (!rst_ni)        valid <= '0;
      else if (advance_o) valid <= Stages'({valid, in_valid_i});
    end
    assign acc_valid = valid[Stages-1];
    assign advance_o = acc_ready || !acc_valid;
  end

  if (Steps == 0) begin : g_sums
    assay_skid #(
      .Bits(Pe * OutBits)
    ) skid (
      .clk_i      (clk_i),
      .rst_ni     (rst_ni),
      .in_valid_i (acc_valid),
      .in_ready_o (acc_ready),
      .in_data_i  (acc_i),
      .out_valid_o(out_valid_o),
      .out_ready_i(out_ready_i),
      .out_data_o (out_data_o)
    );
  end else begin : g_thresholds
    logic [65:0] unused_ring;
    assay_thresholding #(
      .Pe              (Pe),
      .InBits          (AccBits),
      .InSigned        (AccSigned),
      .Steps           (Steps),
      .Search          (Search),
      .ThresholdRows   (ThresholdRows),
      .SharedThresholds(SharedThresholds),
      .BlockThresholds (BlockThresholds),
      .OutBits         (OutBits),
      .OutBias         (OutBias),
      .ThresholdFile   (ThresholdFile)
    ) thresholding (
      .clk_i      (clk_i),
      .rst_ni     (rst_ni),
      .ring_i     ('0),
      .ring_o     (unused_ring),
      .in_valid_i (acc_valid),
      .in_ready_o (acc_ready),
      .in_data_i  (acc_i),
      .out_valid_o(out_valid_o),
      .out_ready_i(out_ready_i),
      .out_data_o (out_data_o)
    );
  end
endmodule
