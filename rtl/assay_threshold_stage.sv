// SPDX-License-Identifier: Apache-2.0
// One stage of a pipelined binary search: the next bit of every lane's count,
//
//   prefix_o[l] = 2 * prefix_i[l] + (data[l] >= threshold[row, prefix_i[l]])
//
// Latency 1 cycle of advance_i. Data are compared unsigned. Word (row, prefix) of File holds the
// thresholds of all lanes, or one for all with Shared.
module assay_threshold_stage #(
  parameter int unsigned Pe        = 1,
  parameter int unsigned InBits    = 8,
  parameter int unsigned Stage     = 0,  // bits that are known already
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

  input  logic [Pe*InBits-1:0]    data_i,
  input  logic [RowWidth-1:0]     row_i,
  input  logic [Pe*CountBits-1:0] prefix_i,

  output logic [Pe*InBits-1:0]    data_o,
  output logic [RowWidth-1:0]     row_o,
  output logic [Pe*CountBits-1:0] prefix_o
);
  localparam int unsigned Words    = Rows << Stage;
  localparam int unsigned AddrBits = Words > 1 ? $clog2(Words) : 1;
  localparam int unsigned TBits    = InBits + 1;

  logic [Pe*CountBits-1:0] prefix;
  logic [Pe*TBits-1:0]     threshold;
  logic [Pe*AddrBits-1:0]  addr;

  always_ff @(posedge clk_i) begin
    if (advance_i) begin
      data_o <= data_i;
      row_o  <= row_i;
      prefix <= prefix_i;
    end
  end

  for (genvar l = 0; l < Pe; l++) begin : g_lane
    localparam int unsigned Row = LaneRows ? l * RowBits : 0;
    if (Stage == 0) begin : g_first
      assign addr[l*AddrBits +: AddrBits] = row_i[Row +: RowBits];
    end else if (Rows == 1) begin : g_one_row
      assign addr[l*AddrBits +: AddrBits] = prefix_i[l*CountBits +: Stage];
    end else begin : g_rows
      assign addr[l*AddrBits +: AddrBits] = {row_i[Row +: RowBits], prefix_i[l*CountBits +: Stage]};
    end

    logic reached;
    assign reached = {1'b0, data_o[l*InBits +: InBits]} >= threshold[l*TBits +: TBits];
    assign prefix_o[l*CountBits +: CountBits] =
        (prefix[l*CountBits +: CountBits] << 1) | CountBits'(reached);
  end

  assay_parameter_memory #(
    .Writable(Writable),
    .Lanes   (Pe),
    .Bits    (TBits),
    .Words   (Words),
    .Shared  (Shared),
    .Block   (Block && Words > 64),  // small memories stay in LUTs,
    .Late    (Words <= 32),          // and in those of the comparison
    .File    (File)
  ) memory (
    .clk_i (clk_i),
    .ring_i(ring_i),
    .ring_o(ring_o),
    .read_i(advance_i),
    .addr_i(addr),
    .data_o(threshold)
  );

  logic unused_bits;
  assign unused_bits = ^{row_i, prefix_i};
endmodule
