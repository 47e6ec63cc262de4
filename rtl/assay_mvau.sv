// SPDX-License-Identifier: Apache-2.0
// Matrix times vector, with thresholds behind it and its weights in a memory. Row r of the weights
// belongs to lane r % Pe:
//
//   acc[r] = sum_c in[c] * W[c, r]           r < RowFolds * Pe, c < ColumnFolds * Simd
//   out[r] = #{k : acc[r] >= T[r, k]} + OutBias      (Steps = 0: acc[r])
//
// Depthwise: c is in[c, r], a tap of channel r, whose weights are its own; a beat carries
// [c % Simd][r % Pe] elements.
// Cycles per vector: RowFolds * ColumnFolds, frame after frame. Latency, the order of beats and of
// weights: assay_mvu_layer.sv, which also is the layer for weights from outside.
// Golden: golden/hw/mvau.cc, golden/hw/vvau.cc.
module assay_mvau #(
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
  parameter bit          RegisteredWeights = 1'b0,
  parameter bit          BlockWeights      = 1'b0,
  parameter bit          WritableWeights   = 1'b0,  // at run time, the thresholds with them
  parameter              WeightFile        = "",
  parameter int unsigned Steps             = 0,     // thresholds; 0: the sums themselves
  parameter bit          Search            = 1'b0,
  parameter int unsigned ThresholdRows     = 1,
  parameter bit          SharedThresholds  = 1'b1,
  parameter bit          BlockThresholds   = 1'b0,
  parameter int unsigned OutBits           = 16,
  parameter int          OutBias           = 0,
  parameter              ThresholdFile     = "",
  localparam int unsigned InLanes = Simd * (Depthwise ? Pe : 1)
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,  // synchronous

  input  logic [65:0]               ring_i,  // of assay_store.sv
  output logic [65:0]               ring_o,

  input  logic                      in_valid_i,
  output logic                      in_ready_o,
  input  logic [InLanes*InBits-1:0] in_data_i,

  output logic                      out_valid_o,
  input  logic                      out_ready_i,
  output logic [Pe*OutBits-1:0]     out_data_o
);
  logic                          weights_valid, weights_ready;
  logic [Pe*Simd*WeightBits-1:0] weights_data;
  logic [65:0]                   ring;

  assay_weight_memory #(
    .Bits      (Pe * Simd * WeightBits),
    .Words     (RowFolds * ColumnFolds),
    .Registered(RegisteredWeights),
    .Block     (BlockWeights),
    .Writable  (WritableWeights),
    .File      (WeightFile)
  ) weights (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .ring_i     (ring_i),
    .ring_o     (ring),
    .out_valid_o(weights_valid),
    .out_ready_i(weights_ready),
    .out_data_o (weights_data)
  );

  assay_mvu_layer #(
    .Pe              (Pe),
    .Simd            (Simd),
    .RowFolds        (RowFolds),
    .ColumnFolds     (ColumnFolds),
    .Depthwise       (Depthwise),
    .InBits          (InBits),
    .InSigned        (InSigned),
    .InBipolar       (InBipolar),
    .WeightBits      (WeightBits),
    .WeightSigned    (WeightSigned),
    .WeightBipolar   (WeightBipolar),
    .Xnor            (Xnor),
    .Popcount        (Popcount),
    .Dsp             (Dsp),
    .DspLanes        (DspLanes),
    .DspSpacing      (DspSpacing),
    .AccBits         (AccBits),
    .AccSigned       (AccSigned),
    .Steps           (Steps),
    .Search          (Search),
    .ThresholdRows   (ThresholdRows),
    .SharedThresholds(SharedThresholds),
    .BlockThresholds (BlockThresholds),
    .Writable        (WritableWeights),
    .OutBits         (OutBits),
    .OutBias         (OutBias),
    .ThresholdFile   (ThresholdFile)
  ) layer (
    .clk_i          (clk_i),
    .rst_ni         (rst_ni),
    .ring_i         (ring),
    .ring_o         (ring_o),
    .in_valid_i     (in_valid_i),
    .in_ready_o     (in_ready_o),
    .in_data_i      (in_data_i),
    .weights_valid_i(weights_valid),
    .weights_ready_o(weights_ready),
    .weights_data_i (weights_data),
    .out_valid_o    (out_valid_o),
    .out_ready_i    (out_ready_i),
    .out_data_o     (out_data_o)
  );
endmodule
