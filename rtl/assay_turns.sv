// SPDX-License-Identifier: Apache-2.0
// Whose turn it is: Beats[0] steps of stream 0, then Beats[1] of stream 1, and so on, again and
// again. Beats holds 8 decimal digits per stream, stream 0 first. turn_o is one-hot.
module assay_turns #(
  parameter int unsigned Streams = 2,
  parameter logic [64*Streams-1:0] Beats = "0000000100000001"
) (
  input  logic               clk_i,
  input  logic               rst_ni,  // synchronous

  input  logic               step_i,
  output logic [Streams-1:0] turn_o
);
  function automatic int unsigned beats_of(input int unsigned stream);
    beats_of = 0;
    for (int unsigned d = 0; d < 8; d++)
      beats_of = beats_of * 10 +
                 (32'(Beats[64*(Streams-1-stream) + 8*(7-d) +: 8]) - 32'd48);
  endfunction

  function automatic int unsigned most_beats();
    most_beats = 1;
    for (int unsigned s = 0; s < Streams; s++)
      if (beats_of(s) > most_beats) most_beats = beats_of(s);
  endfunction

  localparam int unsigned CountBits = most_beats() > 1 ? $clog2(most_beats()) : 1;

  logic [CountBits-1:0] count;  // steps of this stream so far
  logic [Streams-1:0]   ends;   // streams for which this step is the last
  logic                 last;

  for (genvar s = 0; s < Streams; s++) begin : g_stream
    localparam int unsigned Steps = beats_of(s);
    if (Steps < 1) begin : g_bad_beats
      $error("assay_turns: every stream needs a beat");
    end
    assign ends[s] = count == CountBits'(Steps - 1);
  end
  assign last = |(turn_o & ends);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      count  <= '0;
      turn_o <= Streams'(1);
    end else if (step_i) begin
      count <= last ? '0 : count + 1'b1;
      if (last) turn_o <= (turn_o << 1) | (turn_o >> (Streams - 1));  // a rotation
    end
  end
endmodule
