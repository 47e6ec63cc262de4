// SPDX-License-Identifier: Apache-2.0
// Thresholds lane by lane: out[l] = #{k : in[l] >= T[row, l, k]} + OutBias modulo 2**OutBits, where
// row counts the beats modulo ThresholdRows or, in frames of Height * Width pixels, is what
// assay_position_row makes of the pixel. BIPOLAR outputs: OutBias 0.
// Latency 3, or with Search 1 + the bits of the count; one beat per cycle.
// Golden: golden/hw/thresholding.cc.
module assay_thresholding #(
  parameter int unsigned Pe               = 1,
  parameter int unsigned InBits           = 8,
  parameter bit          InSigned         = 1'b1,
  parameter int unsigned Steps            = 1,
  parameter bit          Search           = 1'b0,  // binary search, else one comparator per step
  parameter int unsigned ThresholdRows    = 1,
  parameter bit          SharedThresholds = 1'b1,  // all lanes have the same ones
  parameter bit          BlockThresholds  = 1'b0,
  parameter bit          Writable         = 1'b0,  // at run time
  parameter int unsigned OutBits          = 1,
  parameter int          OutBias          = 0,
  parameter              ThresholdFile    = "",
  parameter int unsigned Height           = 1,  // more than one pixel: thresholds depend on the position
  parameter int unsigned Width            = 1,
  parameter int unsigned PixelBeats       = 1,
  parameter              LineFile         = "",
  parameter              ColumnFile       = ""
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,  // synchronous

  input  logic [65:0]           ring_i,  // of assay_store.sv
  output logic [65:0]           ring_o,

  input  logic                  in_valid_i,
  output logic                  in_ready_o,
  input  logic [Pe*InBits-1:0]  in_data_i,

  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output logic [Pe*OutBits-1:0] out_data_o
);
  localparam int unsigned RowBits = ThresholdRows > 1 ? $clog2(ThresholdRows) : 1;

  logic [RowBits-1:0] row;
  if (Height * Width > 1) begin : g_position
    assay_position_row #(
      .Folds     (PixelBeats),
      .Height    (Height),
      .Width     (Width),
      .RowBits   (RowBits),
      .LineFile  (LineFile),
      .ColumnFile(ColumnFile)
    ) position (
      .clk_i (clk_i),
      .rst_ni(rst_ni),
      .step_i(in_valid_i && in_ready_o),
      .row_o (row)
    );
  end else begin : g_count
    always_ff @(posedge clk_i) begin
      if (!rst_ni)                       row <= '0;
      else if (in_valid_i && in_ready_o) row <= row == RowBits'(ThresholdRows - 1) ? '0 : row + 1'b1;
    end
  end

  assay_threshold_unit #(
    .Pe              (Pe),
    .InBits          (InBits),
    .InSigned        (InSigned),
    .Steps           (Steps),
    .Search          (Search),
    .ThresholdRows   (ThresholdRows),
    .SharedThresholds(SharedThresholds),
    .BlockThresholds (BlockThresholds),
    .Writable        (Writable),
    .OutBits         (OutBits),
    .OutBias         (OutBias),
    .ThresholdFile   (ThresholdFile)
  ) unit (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .ring_i     (ring_i),
    .ring_o     (ring_o),
    .in_valid_i (in_valid_i),
    .in_ready_o (in_ready_o),
    .in_data_i  (in_data_i),
    .in_row_i   (row),
    .out_valid_o(out_valid_o),
    .out_ready_i(out_ready_i),
    .out_data_o (out_data_o)
  );
endmodule
