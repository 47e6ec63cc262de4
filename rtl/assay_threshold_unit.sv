// SPDX-License-Identifier: Apache-2.0
// Counts, lane by lane, the thresholds of a row that the input reaches, and makes the count a value:
//
//   out[l] = #{k : in[l] >= T[row, l, k]} + OutBias      modulo 2**OutBits
//
// The row comes with the beat: one index for all lanes, or with LaneRows one for each, lane 0 in the
// least significant bits. Latency 3, or with Search 1 + the bits of the count; one beat per cycle; a
// stall stops all stages at once. Memory contents: compile/hw/threshold_unit.h.
module assay_threshold_unit #(
  parameter int unsigned Pe               = 1,
  parameter int unsigned InBits           = 8,
  parameter bit          InSigned         = 1'b1,
  parameter int unsigned Steps            = 1,
  parameter bit          Search           = 1'b0,  // binary search, else one comparator per step
  parameter int unsigned ThresholdRows    = 1,
  parameter bit          LaneRows         = 1'b0,
  parameter bit          SharedThresholds = 1'b1,  // all lanes have the same ones
  parameter bit          BlockThresholds  = 1'b0,
  parameter bit          Writable         = 1'b0,  // at run time
  parameter int unsigned OutBits          = 1,
  parameter int          OutBias          = 0,
  parameter              ThresholdFile    = "",
  localparam int unsigned RowBits = ThresholdRows > 1 ? $clog2(ThresholdRows) : 1,
  localparam int unsigned RowWidth = (LaneRows ? Pe : 1) * RowBits
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,  // synchronous

  input  logic [65:0]           ring_i,  // of assay_store.sv
  output logic [65:0]           ring_o,

  input  logic                  in_valid_i,
  output logic                  in_ready_o,
  input  logic [Pe*InBits-1:0]  in_data_i,
  input  logic [RowWidth-1:0]   in_row_i,

  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output logic [Pe*OutBits-1:0] out_data_o
);
  if (Pe < 1 || InBits < 1 || OutBits < 1) begin : g_bad_size
    $error("assay_threshold_unit: Pe, InBits and OutBits must be at least 1");
  end
  if (Steps < 1 || Steps > 65535) begin : g_bad_steps
    $error("assay_threshold_unit: Steps must be in [1, 65535]");
  end
  if (ThresholdRows < 1) begin : g_bad_rows
    $error("assay_threshold_unit: ThresholdRows must be at least 1");
  end

  localparam int unsigned CountBits = $clog2(Steps + 1);
  localparam int unsigned Latency   = Search ? CountBits : 2;  // without the queue at the end

  logic                    advance;
  logic [Latency-1:0]      valid;
  logic [Pe*InBits-1:0]    code;
  logic [Pe*CountBits-1:0] count;
  logic [Pe*OutBits-1:0]   value;

  // The order of signed numbers is that of unsigned ones with the top bit inverted.
  for (genvar l = 0; l < Pe; l++) begin : g_code
    assign code[l*InBits +: InBits] =
        in_data_i[l*InBits +: InBits] ^ (InBits'(InSigned) << (InBits - 1));
  end

  if (Search) begin : g_search
    assay_threshold_search #(
      .Pe       (Pe),
      .InBits   (InBits),
      .CountBits(CountBits),
      .Rows     (ThresholdRows),
      .LaneRows (LaneRows),
      .Shared   (SharedThresholds),
      .Block    (BlockThresholds),
      .Writable (Writable),
      .File     (ThresholdFile)
    ) search (
      .clk_i    (clk_i),
      .ring_i   (ring_i),
      .ring_o   (ring_o),
      .advance_i(advance),
      .data_i   (code),
      .row_i    (in_row_i),
      .count_o  (count)
    );
  end else begin : g_compare
    assay_threshold_compare #(
      .Pe       (Pe),
      .InBits   (InBits),
      .Steps    (Steps),
      .CountBits(CountBits),
      .Rows     (ThresholdRows),
      .LaneRows (LaneRows),
      .Shared   (SharedThresholds),
      .Block    (BlockThresholds),
      .Writable (Writable),
      .File     (ThresholdFile)
    ) compare (
      .clk_i    (clk_i),
      .ring_i   (ring_i),
      .ring_o   (ring_o),
      .advance_i(advance),
      .data_i   (code),
      .row_i    (in_row_i),
      .valid_i  (valid[0]),
      .count_o  (count)
    );
  end

  for (genvar l = 0; l < Pe; l++) begin : g_value
    assign value[l*OutBits +: OutBits] =
        OutBits'(count[l*CountBits +: CountBits]) + OutBits'(OutBias);
  end

  assign in_ready_o = advance;
  always_ff @(posedge clk_i) begin
    if (!rst_ni)      valid <= '0;
    else if (advance) valid <= Latency'({valid, in_valid_i});
  end

  assay_skid #(
    .Bits(Pe * OutBits)
  ) skid (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (valid[Latency-1]),
    .in_ready_o (advance),
    .in_data_i  (value),
    .out_valid_o(out_valid_o),
    .out_ready_i(out_ready_i),
    .out_data_o (out_data_o)
  );
endmodule
