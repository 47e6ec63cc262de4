// SPDX-License-Identifier: Apache-2.0
// Marks the last of every Beats beats: out_data_o has one more bit on top, TLAST. Latency 1, one
// beat per cycle: cycles per frame = Beats. Golden: golden/hw/tlast_marker.cc.
module assay_tlast_marker #(
  parameter int unsigned Bits  = 8,
  parameter int unsigned Beats = 1  // per frame
) (
  input  logic            clk_i,
  input  logic            rst_ni,  // synchronous

  input  logic            in_valid_i,
  output logic            in_ready_o,
  input  logic [Bits-1:0] in_data_i,

  output logic            out_valid_o,
  input  logic            out_ready_i,
  output logic [Bits:0]   out_data_o
);
  if (Bits < 1 || Beats < 1) begin : g_bad_size
    $error("assay_tlast_marker: Bits and Beats must be at least 1");
  end

  localparam int unsigned BeatBits = Beats > 1 ? $clog2(Beats) : 1;

  logic [BeatBits-1:0] beat;
  logic                last;

  assign last = beat == BeatBits'(Beats - 1);

  always_ff @(posedge clk_i) begin
    if (!rst_ni)                       beat <= '0;
    else if (in_valid_i && in_ready_o) beat <= last ? '0 : beat + 1'b1;
  end

  assay_skid #(
    .Bits(Bits + 1)
  ) u_skid (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(in_valid_i), .in_ready_o(in_ready_o), .in_data_i({last, in_data_i}),
    .out_valid_o(out_valid_o), .out_ready_i(out_ready_i), .out_data_o(out_data_o)
  );
endmodule
