// SPDX-License-Identifier: Apache-2.0
// How many of its row's thresholds a lane reaches, by binary search among 2**CountBits - 1 sorted
// ones: one stage per bit, the most significant first. Latency CountBits cycles of advance_i, the
// last comparison is behind the last register. Stage s reads the file {File, "_<s>.hex"}, s as one
// hexadecimal digit.
module assay_threshold_search #(
  parameter int unsigned Pe        = 1,
  parameter int unsigned InBits    = 8,
  parameter int unsigned CountBits = 1,
  parameter int unsigned Rows      = 1,
  parameter bit          LaneRows  = 1'b0,
  parameter bit          Shared    = 1'b1,
  parameter bit          Block     = 1'b0,
  parameter bit          Writable  = 1'b0,
  parameter              File      = "",
  localparam int unsigned RowBits = Rows > 1 ? $clog2(Rows) : 1,
  localparam int unsigned RowWidth = (LaneRows ? Pe : 1) * RowBits
) (
  input  logic                    clk_i,

  input  logic [65:0]             ring_i,  // of assay_store.sv
  output logic [65:0]             ring_o,
  input  logic                    advance_i,
  input  logic [Pe*InBits-1:0]    data_i,  // unsigned
  input  logic [RowWidth-1:0]     row_i,
  output logic [Pe*CountBits-1:0] count_o
);
  if (CountBits > 16) begin : g_bad_count
    $error("assay_threshold_search: CountBits must be at most 16");
  end

  // Between stages s and s + 1, at position s + 1.
  logic [(CountBits+1)*Pe*InBits-1:0]    data;
  logic [(CountBits+1)*RowWidth-1:0]     row;
  logic [(CountBits+1)*Pe*CountBits-1:0] prefix;
  logic [(CountBits+1)*66-1:0]           ring;

  assign data[0 +: Pe*InBits]      = data_i;
  assign row[0 +: RowWidth]        = row_i;
  assign prefix[0 +: Pe*CountBits] = '0;
  assign ring[0 +: 66]             = ring_i;
  assign ring_o  = ring[CountBits*66 +: 66];
  assign count_o = prefix[CountBits*Pe*CountBits +: Pe*CountBits];

  for (genvar s = 0; s < CountBits; s++) begin : g_stage
    localparam logic [7:0] Digit = s < 10 ? 8'(48 + s) : 8'(87 + s);

    assay_threshold_stage #(
      .Pe       (Pe),
      .InBits   (InBits),
      .Stage    (s),
      .CountBits(CountBits),
      .Rows     (Rows),
      .LaneRows (LaneRows),
      .Shared   (Shared),
      .Block    (Block),
      .Writable (Writable),
      .File     (File == "" ? "" : {File, "_", Digit, ".hex"})
    ) stage (
      .clk_i    (clk_i),
      .ring_i   (ring[s*66 +: 66]),
      .ring_o   (ring[(s+1)*66 +: 66]),
      .advance_i(advance_i),
      .data_i   (data[s*Pe*InBits +: Pe*InBits]),
      .row_i    (row[s*RowWidth +: RowWidth]),
      .prefix_i (prefix[s*Pe*CountBits +: Pe*CountBits]),
      .data_o   (data[(s+1)*Pe*InBits +: Pe*InBits]),
      .row_o    (row[(s+1)*RowWidth +: RowWidth]),
      .prefix_o (prefix[(s+1)*Pe*CountBits +: Pe*CountBits])
    );
  end

  logic unused_ends;
  assign unused_ends = ^{data[CountBits*Pe*InBits +: Pe*InBits], row[CountBits*RowWidth +: RowWidth]};
endmodule
