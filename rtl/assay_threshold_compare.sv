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
  parameter              File      = "",
  localparam int unsigned RowBits = Rows > 1 ? $clog2(Rows) : 1,
  localparam int unsigned RowWidth = (LaneRows ? Pe : 1) * RowBits
) (
  input  logic                    clk_i,
  input  logic                    advance_i,
  input  logic [Pe*InBits-1:0]    data_i,  // unsigned
  input  logic [RowWidth-1:0]     row_i,
  input  logic                    valid_i,  // the beat of one cycle of advance_i before
  output logic [Pe*CountBits-1:0] count_o
);
  localparam int unsigned TBits    = InBits + 1;
  localparam int unsigned WordBits = (Shared ? 1 : Pe) * Steps * TBits;

  function automatic logic [CountBits-1:0] reached(input logic [InBits-1:0] value,
                                                   input logic [Steps*TBits-1:0] thresholds);
    reached = '0;
    for (int unsigned k = 0; k < Steps; k++)
      reached = reached + CountBits'({1'b0, value} >= thresholds[k*TBits +: TBits]);
  endfunction

  logic [Pe*InBits-1:0] data;
  always_ff @(posedge clk_i) begin
    if (advance_i) data <= data_i;
  end

  for (genvar r = 0; r < (LaneRows ? Pe : 1); r++) begin : g_row
    logic [WordBits-1:0] word;
    assay_rom #(
      .Bits (WordBits),
      .Words(Rows),
      .Block(Block),
      .File (File == "" ? "" : {File, ".hex"})
    ) rom (
      .clk_i (clk_i),
      .read_i(advance_i),
      .addr_i(row_i[r*RowBits +: RowBits]),
      .data_o(word)
    );

    logic unused_word;  // a lane with a row of its own needs its part only
    assign unused_word = ^word;
  end

  for (genvar l = 0; l < Pe; l++) begin : g_lane
    logic [Steps*TBits-1:0] row;
    assign row = g_row[LaneRows ? l : 0].word[(Shared ? 0 : l)*Steps*TBits +: Steps*TBits];

    always_ff @(posedge clk_i) begin
      if (advance_i && valid_i)
        count_o[l*CountBits +: CountBits] <= reached(data[l*InBits +: InBits], row);
    end
  end
endmodule
