// SPDX-License-Identifier: Apache-2.0
// Quantises a combination of streams, lane by lane; c is the channel:
//
//   table form   out = #{k : X0 >= T[c, X1, k]} + OutBias             two streams
//   line form    out = #{k : sum_i M[c, i] * Xi >= T[c, k]} + OutBias       modulo 2**OutBits
//
// A beat moves when all streams have one. One beat per cycle: cycles per frame are its beats.
// Latency 3, or with Search 1 + the bits of the count; the line form has 3 more.
// in_data_i holds the streams' beats, stream 0 lowest; in each, lane 0 lowest. Stream i has
// 7 bits of Widths{Low,High} from 7 * (i % 4) on, and bit i of SignedStreams and BipolarStreams. The
// table's rows are (c / Pe, the bits of X1). Golden: golden/hw/join_threshold.cc.
module assay_join_threshold #(
  parameter int unsigned Pe                = 1,
  parameter int unsigned ChannelFolds      = 1,  // channels / Pe
  parameter bit          Line              = 1'b0,
  parameter int unsigned Streams           = 2,
  parameter int unsigned WidthsLow         = 1032,  // 8 and 8 bits
  parameter int unsigned WidthsHigh        = 0,
  parameter int unsigned SignedStreams     = 0,
  parameter int unsigned BipolarStreams    = 0,
  parameter int unsigned MultiplierBits    = 2,  // line form only: two's complement
  parameter int unsigned MultiplierRows    = 1,
  parameter bit          SharedMultipliers = 1'b1,  // all lanes have the same ones
  parameter int unsigned SumBits           = 10,    // two's complement, holds every sum
  parameter              MultiplierFile    = "",
  parameter int unsigned Steps             = 1,
  parameter bit          Search            = 1'b0,
  parameter int unsigned ThresholdRows     = 256,
  parameter bit          SharedThresholds  = 1'b1,
  parameter bit          BlockThresholds   = 1'b0,
  parameter bit          Writable          = 1'b0,  // multipliers and thresholds, at run time
  parameter int unsigned OutBits           = 1,
  parameter int          OutBias           = 0,
  parameter              ThresholdFile     = "",
  localparam int unsigned W0 = WidthsLow % 128,
  localparam int unsigned W1 = (WidthsLow >> 7) % 128,
  localparam int unsigned W2 = (WidthsLow >> 14) % 128,
  localparam int unsigned W3 = (WidthsLow >> 21) % 128,
  localparam int unsigned W4 = WidthsHigh % 128,
  localparam int unsigned W5 = (WidthsHigh >> 7) % 128,
  localparam int unsigned W6 = (WidthsHigh >> 14) % 128,
  localparam int unsigned W7 = (WidthsHigh >> 21) % 128,
  localparam int unsigned InBits = Pe * (W0 + W1 + W2 + W3 + W4 + W5 + W6 + W7)
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,  // synchronous

  input  logic [65:0]           ring_i,  // of assay_store.sv
  output logic [65:0]           ring_o,

  input  logic [Streams-1:0]    in_valid_i,
  output logic [Streams-1:0]    in_ready_o,
  input  logic [InBits-1:0]     in_data_i,

  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output logic [Pe*OutBits-1:0] out_data_o
);
  if (Streams < 2 || Streams > 8 || (!Line && Streams != 2)) begin : g_bad_streams
    $error("assay_join_threshold: Streams must be 2, or up to 8 in line form");
  end
  if (Pe < 1 || ChannelFolds < 1) begin : g_bad_folding
    $error("assay_join_threshold: Pe and ChannelFolds must be at least 1");
  end

  localparam int unsigned RowBits  = ThresholdRows > 1 ? $clog2(ThresholdRows) : 1;
  localparam int unsigned FoldBits = ChannelFolds > 1 ? $clog2(ChannelFolds) : 1;
  localparam int unsigned DataBits = Line ? SumBits : W0;
  localparam int unsigned RowWidth = Line ? RowBits : Pe * RowBits;

  logic [65:0]            ring;                // from the multipliers to the thresholds
  logic                   valid, ready, step;  // a beat of all streams together
  logic [FoldBits-1:0]    fold;                // of the beat that is taken now
  logic                   data_valid, data_ready;
  logic [Pe*DataBits-1:0] data;
  logic [RowWidth-1:0]    row;

  assign valid = &in_valid_i;
  assign step  = valid && ready;
  for (genvar i = 0; i < Streams; i++) begin : g_ready
    assign in_ready_o[i] = step;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni)   fold <= '0;
    else if (step) fold <= fold == FoldBits'(ChannelFolds - 1) ? '0 : fold + 1'b1;
  end

  if (Line) begin : g_line
    logic [FoldBits-1:0] row_fold;
    assay_weighted_sum #(
      .Pe               (Pe),
      .Folds            (ChannelFolds),
      .Streams          (Streams),
      .WidthsLow        (WidthsLow),
      .WidthsHigh       (WidthsHigh),
      .SignedStreams    (SignedStreams),
      .BipolarStreams   (BipolarStreams),
      .MultiplierBits   (MultiplierBits),
      .MultiplierRows   (MultiplierRows),
      .SharedMultipliers(SharedMultipliers),
      .SumBits          (SumBits),
      .Writable         (Writable),
      .MultiplierFile   (MultiplierFile)
    ) weighted_sum (
      .clk_i      (clk_i),
      .rst_ni     (rst_ni),
      .ring_i     (ring_i),
      .ring_o     (ring),
      .in_valid_i (valid),
      .in_ready_o (ready),
      .in_data_i  (in_data_i),
      .in_fold_i  (fold),
      .out_valid_o(data_valid),
      .out_ready_i(data_ready),
      .out_data_o (data),
      .out_fold_o (row_fold)
    );
    if (ThresholdRows > 1) begin : g_rows
      assign row = row_fold;
    end else begin : g_row
      logic unused_fold;
      assign unused_fold = ^row_fold;
      assign row         = '0;
    end
  end else begin : g_table
    assign ring       = ring_i;
    assign data_valid = valid;
    assign ready      = data_ready;
    assign data       = in_data_i[0 +: Pe*W0];
    for (genvar l = 0; l < Pe; l++) begin : g_lane
      if (ThresholdRows == 1 << W1) begin : g_shared
        assign row[l*RowBits +: RowBits] = in_data_i[Pe*W0 + l*W1 +: W1];
      end else begin : g_own
        assign row[l*RowBits +: RowBits] = {fold, in_data_i[Pe*W0 + l*W1 +: W1]};
      end
    end
    logic unused_fold;
    assign unused_fold = ^fold;
  end

  assay_threshold_unit #(
    .Pe              (Pe),
    .InBits          (DataBits),
    .InSigned        (Line || SignedStreams % 2 == 1),
    .Steps           (Steps),
    .Search          (Search),
    .ThresholdRows   (ThresholdRows),
    .LaneRows        (!Line),
    .SharedThresholds(SharedThresholds),
    .BlockThresholds (BlockThresholds),
    .Writable        (Writable),
    .OutBits         (OutBits),
    .OutBias         (OutBias),
    .ThresholdFile   (ThresholdFile)
  ) unit (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .ring_i     (ring),
    .ring_o     (ring_o),
    .in_valid_i (data_valid),
    .in_ready_o (data_ready),
    .in_data_i  (data),
    .in_row_i   (row),
    .out_valid_o(out_valid_o),
    .out_ready_i(out_ready_i),
    .out_data_o (out_data_o)
  );
endmodule
