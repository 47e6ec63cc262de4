// SPDX-License-Identifier: Apache-2.0
// Hands the beats of every vector to the outputs in turn: the first Beats[0] to output 0, then
// Beats[1] to output 1, and so on. Latency 1, one beat per cycle: cycles per frame = input beats.
// Beats holds 8 decimal digits per output, output 0 first. Output i is valid_o[i],
// data_o[i*Bits +: Bits]. Golden: golden/hw/streaming_split.cc.
module assay_streaming_split #(
  parameter int unsigned Bits    = 8,
  parameter int unsigned Outputs = 2,
  parameter logic [64*Outputs-1:0] Beats = "0000000100000001"
) (
  input  logic                    clk_i,
  input  logic                    rst_ni,  // synchronous

  input  logic                    in_valid_i,
  output logic                    in_ready_o,
  input  logic [Bits-1:0]         in_data_i,

  output logic [Outputs-1:0]      out_valid_o,
  input  logic [Outputs-1:0]      out_ready_i,
  output logic [Outputs*Bits-1:0] out_data_o
);
  if (Bits < 1 || Outputs < 1) begin : g_bad_size
    $error("assay_streaming_split: Bits and Outputs must be at least 1");
  end

  logic               held;
  logic [Bits-1:0]    data;
  logic [Outputs-1:0] turn;  // one-hot: the output that gets this beat

  assign out_valid_o = held ? turn : '0;
  assign out_data_o  = {Outputs{data}};

  assay_turns #(
    .Streams(Outputs), .Beats(Beats)
  ) u_turns (
    .clk_i(clk_i), .rst_ni(rst_ni), .step_i(|(out_valid_o & out_ready_i)), .turn_o(turn)
  );

  // The queue stands in front, so that in_ready_o has no path from out_ready_i.
  assay_skid #(
    .Bits(Bits)
  ) u_skid (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(in_valid_i), .in_ready_o(in_ready_o), .in_data_i(in_data_i),
    .out_valid_o(held), .out_ready_i(|(turn & out_ready_i)), .out_data_o(data)
  );
endmodule
