// SPDX-License-Identifier: Apache-2.0
// How many of its row's thresholds a lane reaches, all compared at once. Latency 2 cycles of
// advance_i. A word of {File, ".hex"} is a row: [lane][step], or [step] with Shared.
module assay_threshold_compare #(
  parameter int unsigned Pe        = 1,
  parameter int unsigned InBits    = 8,
  parameter int unsigned Steps     = 1,
  parameter int unsigned CountBits = 1,
  parameter int unsigned Rows      = 1,
  parameter bit          LaneRows  = 1'b0,  // every lane has a row of its own
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
  input  logic                    valid_i,  // the beat of one cycle of advance_i before
  output logic [Pe*CountBits-1:0] count_o
);
  localparam int unsigned TBits    = InBits + 1;
  localparam int unsigned LaneBits = Steps * TBits;

  function automatic logic [CountBits-1:0] reached(input logic [InBits-1:0] value,
                                                   input logic [LaneBits-1:0] row);
    reached = '0;
    for (int unsigned k = 0; k < Steps; k++)
      reached = reached + CountBits'({1'b0, value} >= row[k*TBits +: TBits]);
  endfunction

  logic [Pe*InBits-1:0] data;
  always_ff @(posedge clk_i) begin
    if (advance_i) data <= data_i;
  end

  logic [Pe*LaneBits-1:0] thresholds;
  if (LaneRows) begin : g_lane_rows
    assay_parameter_memory #(
      .Writable(Writable),
      .Lanes   (Pe),
      .Bits    (LaneBits),
      .Words   (Rows),
      .Shared  (Shared),
      .Block   (Block),
      .Late    (!Block && Rows <= 32),  // in the LUTs of the comparison
      .File    (File == "" ? "" : {File, ".hex"})
    ) memory (
      .clk_i (clk_i),
      .ring_i(ring_i),
      .ring_o(ring_o),
      .read_i(advance_i),
      .addr_i(row_i),
      .data_o(thresholds)
    );
  end else begin : g_one_row
    logic [(Shared ? 1 : Pe)*LaneBits-1:0] word;
    assay_parameter_memory #(
      .Writable(Writable),
      .Bits    ((Shared ? 1 : Pe) * LaneBits),
      .Words   (Rows),
      .Block   (Block),
      .Late    (!Block && Rows <= 32),  // in the LUTs of the comparison
      .File    (File == "" ? "" : {File, ".hex"})
    ) memory (
      .clk_i (clk_i),
      .ring_i(ring_i),
      .ring_o(ring_o),
      .read_i(advance_i),
      .addr_i(row_i),
      .data_o(word)
    );
    assign thresholds = {(Shared ? Pe : 1){word}};
  end

  for (genvar l = 0; l < Pe; l++) begin : g_lane
    always_ff @(posedge clk_i) begin
      if (advance_i && valid_i)
        count_o[l*CountBits +: CountBits] <= reached(data[l*InBits +: InBits],
                                              thresholds[l*LaneBits +: LaneBits]);
    end
  end
endmodule
