// SPDX-License-Identifier: Apache-2.0
// Takes the beats of every vector from the inputs in turn: Beats[0] of input 0, then Beats[1] of
// input 1, and so on, extending each element to OutBits. Latency 1, one beat per cycle: cycles per
// frame = output beats.
// The tables are text, input 0 first: Beats has 8 decimal digits per input, InBits 2 (bits of an
// element), InKinds one letter (u: extended with zeros, s: with the sign, b: from bipolar).
// Input i is valid_i[i]; the data of the inputs stand side by side, input 0 least significant.
// Golden: golden/hw/streaming_concat.cc.
module assay_streaming_concat #(
  parameter int unsigned           Lanes    = 1,
  parameter int unsigned           Inputs   = 2,
  parameter int unsigned           DataBits = 16,  // of all inputs together
  parameter logic [64*Inputs-1:0]  Beats    = "0000000100000001",
  parameter logic [16*Inputs-1:0]  InBits   = "0808",
  parameter logic [8*Inputs-1:0]   InKinds  = "ss",
  parameter int unsigned           OutBits  = 8
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,  // synchronous

  input  logic [Inputs-1:0]        in_valid_i,
  output logic [Inputs-1:0]        in_ready_o,
  input  logic [DataBits-1:0]      in_data_i,

  output logic                     out_valid_o,
  input  logic                     out_ready_i,
  output logic [Lanes*OutBits-1:0] out_data_o
);
  if (Lanes < 1 || Inputs < 1 || OutBits < 1) begin : g_bad_size
    $error("assay_streaming_concat: Lanes, Inputs and OutBits must be at least 1");
  end

  function automatic int unsigned bits_of(input int unsigned i);
    bits_of = (32'(InBits[16*(Inputs-1-i) + 8 +: 8]) - 32'd48) * 10 +
              (32'(InBits[16*(Inputs-1-i) +: 8]) - 32'd48);
  endfunction

  // Where the data of input i begins.
  function automatic int unsigned offset_of(input int unsigned i);
    offset_of = 0;
    for (int unsigned j = 0; j < i; j++) offset_of = offset_of + Lanes * bits_of(j);
  endfunction

  if (offset_of(Inputs) != DataBits) begin : g_bad_data
    $error("assay_streaming_concat: DataBits must be Lanes times the sum of InBits");
  end

  logic [Inputs-1:0]        turn;  // one-hot: the input that gives this beat
  logic [Lanes*OutBits-1:0] wide   [0:Inputs-1];
  logic [Lanes*OutBits-1:0] chosen;
  logic                     skid_ready, valid;

  for (genvar i = 0; i < Inputs; i++) begin : g_input
    localparam int unsigned Bits   = bits_of(i);
    localparam int unsigned Offset = offset_of(i);
    localparam logic [7:0]  Kind   = InKinds[8*(Inputs-1-i) +: 8];

    for (genvar l = 0; l < Lanes; l++) begin : g_lane
      assay_extend #(
        .InBits(Bits), .InSigned(Kind != "u"), .InBipolar(Kind == "b"), .OutBits(OutBits)
      ) u_extend (
        .in_i(in_data_i[Offset + l*Bits +: Bits]), .out_o(wide[i][l*OutBits +: OutBits])
      );
    end
  end

  always_comb begin
    chosen = '0;
    for (int unsigned i = 0; i < Inputs; i++)
      if (turn[i]) chosen = chosen | wide[i];
  end

  assign valid      = |(turn & in_valid_i);
  assign in_ready_o = skid_ready ? turn : '0;

  assay_turns #(
    .Streams(Inputs), .Beats(Beats)
  ) u_turns (
    .clk_i(clk_i), .rst_ni(rst_ni), .step_i(valid && skid_ready), .turn_o(turn)
  );

  assay_skid #(
    .Bits(Lanes * OutBits)
  ) u_skid (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(valid), .in_ready_o(skid_ready), .in_data_i(chosen),
    .out_valid_o(out_valid_o), .out_ready_i(out_ready_i), .out_data_o(out_data_o)
  );
endmodule
