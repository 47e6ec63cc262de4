// SPDX-License-Identifier: Apache-2.0
// A matrix of products with thresholds behind it; its weights come as a stream.
//
//   acc[r] = sum_c in[c] * W[c, r]           r < RowFolds * Pe, c < ColumnFolds * Simd
//   out[r] = #{k : acc[r] >= T[r, k]} + OutBias      (Steps = 0: acc[r])
//
// For every input vector: for every r / Pe, for every c / Simd one beat of weights, [r % Pe][c % Simd],
// with Popcount in bit planes [r % Pe][bit][c % Simd]. Depthwise: c is in[c, r], a tap of channel r;
// beats carry [c % Simd][r % Pe] elements in the order (r / Pe, c / Simd).
// Cycles per vector: RowFolds * ColumnFolds. Latency 6 from the last beat of a vector (5 with
// RowFolds = 1 or Depthwise), plus SumRegisters of assay_mvu.sv (with more than 8 products of a lane
// that a tree adds), plus, with thresholds, 2, or the bits of the count with Search.
// Golden: golden/hw/mvau.cc, golden/hw/vvau.cc.
module assay_mvu_layer #(
  parameter int unsigned Pe                = 1,
  parameter int unsigned Simd              = 1,
  parameter int unsigned RowFolds          = 1,  // rows of W, or channels / Pe
  parameter int unsigned ColumnFolds       = 1,  // columns of W, or taps / Simd
  parameter bit          Depthwise         = 1'b0,
  parameter int unsigned InBits            = 8,
  parameter bit          InSigned          = 1'b1,
  parameter bit          InBipolar         = 1'b0,
  parameter int unsigned WeightBits        = 8,
  parameter bit          WeightSigned      = 1'b1,
  parameter bit          WeightBipolar     = 1'b0,
  parameter bit          Xnor              = 1'b0,  // counts equal bits
  parameter bit          Popcount          = 1'b0,  // products by bit planes, else multipliers
  parameter bit          Dsp               = 1'b0,  // of DSP blocks
  parameter int unsigned DspLanes          = 1,     // rows that share a block: compile/hw/dsp_packing.h
  parameter int unsigned DspSpacing        = 1,     // bits between their products
  parameter int unsigned AccBits           = 16,
  parameter bit          AccSigned         = 1'b1,
  parameter int unsigned Steps             = 0,     // thresholds; 0: the sums themselves
  parameter bit          Search            = 1'b0,
  parameter int unsigned ThresholdRows     = 1,
  parameter bit          SharedThresholds  = 1'b1,
  parameter bit          BlockThresholds   = 1'b0,
  parameter bit          Writable          = 1'b0,  // thresholds, at run time
  parameter int unsigned OutBits           = 16,
  parameter int          OutBias           = 0,
  parameter              ThresholdFile     = "",
  localparam int unsigned InLanes = Simd * (Depthwise ? Pe : 1)
) (
  input  logic                          clk_i,
  input  logic                          rst_ni,  // synchronous

  input  logic [65:0]                   ring_i,  // of assay_store.sv
  output logic [65:0]                   ring_o,

  input  logic                          in_valid_i,
  output logic                          in_ready_o,
  input  logic [InLanes*InBits-1:0]     in_data_i,

  input  logic                          weights_valid_i,
  output logic                          weights_ready_o,
  input  logic [Pe*Simd*WeightBits-1:0] weights_data_i,

  output logic                          out_valid_o,
  input  logic                          out_ready_i,
  output logic [Pe*OutBits-1:0]         out_data_o
);
  if (RowFolds < 1) begin : g_bad_folding
    $error("assay_mvu_layer: RowFolds must be at least 1");
  end
  if (Steps == 0 && OutBits != AccBits) begin : g_bad_out
    $error("assay_mvu_layer: without thresholds OutBits must be AccBits");
  end

  logic                      vector_valid, vector_ready;
  logic [InLanes*InBits-1:0] vector_data;
  logic                      acc_valid, acc_ready;
  logic [Pe*AccBits-1:0]     acc_data;

  assay_replay_buffer #(
    .Simd       (Simd),
    .Channels   (Depthwise ? Pe : 1),
    .ElementBits(InBits),
    .Planes     (Popcount),
    .Length     (ColumnFolds),
    .Repeats    (Depthwise ? 1 : RowFolds)
  ) replay (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (in_valid_i),
    .in_ready_o (in_ready_o),
    .in_data_i  (in_data_i),
    .out_valid_o(vector_valid),
    .out_ready_i(vector_ready),
    .out_data_o (vector_data)
  );

  assay_mvu #(
    .Pe           (Pe),
    .Simd         (Simd),
    .ColumnFolds  (ColumnFolds),
    .Depthwise    (Depthwise),
    .InBits       (InBits),
    .InSigned     (InSigned),
    .InBipolar    (InBipolar),
    .WeightBits   (WeightBits),
    .WeightSigned (WeightSigned),
    .WeightBipolar(WeightBipolar),
    .Xnor         (Xnor),
    .Popcount     (Popcount),
    .Dsp          (Dsp),
    .DspLanes     (DspLanes),
    .DspSpacing   (DspSpacing),
    .AccBits      (AccBits)
  ) mvu (
    .clk_i          (clk_i),
    .rst_ni         (rst_ni),
    .in_valid_i     (vector_valid),
    .in_ready_o     (vector_ready),
    .in_data_i      (vector_data),
    .weights_valid_i(weights_valid_i),
    .weights_ready_o(weights_ready_o),
    .weights_data_i (weights_data_i),
    .out_valid_o    (acc_valid),
    .out_ready_i    (acc_ready),
    .out_data_o     (acc_data)
  );

  if (Steps == 0) begin : g_sums
    assay_skid #(
      .Bits(Pe * OutBits)
    ) skid (
      .clk_i      (clk_i),
      .rst_ni     (rst_ni),
      .in_valid_i (acc_valid),
      .in_ready_o (acc_ready),
      .in_data_i  (acc_data),
      .out_valid_o(out_valid_o),
      .out_ready_i(out_ready_i),
      .out_data_o (out_data_o)
    );
    assign ring_o = ring_i;
  end else begin : g_thresholds
    assay_thresholding #(
      .Pe              (Pe),
      .InBits          (AccBits),
      .InSigned        (AccSigned),
      .Steps           (Steps),
      .Search          (Search),
      .ThresholdRows   (ThresholdRows),
      .SharedThresholds(SharedThresholds),
      .BlockThresholds (BlockThresholds),
      .Writable        (Writable),
      .OutBits         (OutBits),
      .OutBias         (OutBias),
      .ThresholdFile   (ThresholdFile)
    ) thresholding (
      .clk_i      (clk_i),
      .rst_ni     (rst_ni),
      .ring_i     (ring_i),
      .ring_o     (ring_o),
      .in_valid_i (acc_valid),
      .in_ready_o (acc_ready),
      .in_data_i  (acc_data),
      .out_valid_o(out_valid_o),
      .out_ready_i(out_ready_i),
      .out_data_o (out_data_o)
    );
  end
endmodule
