// SPDX-License-Identifier: Apache-2.0
// Copies every beat to all outputs. Each output is taken at its own time; the next beat comes when
// all have been. Latency 1, one beat per cycle: cycles per frame = beats.
// Output i is valid_o[i], data_o[i*Bits +: Bits]. Golden: golden/hw/duplicate_streams.cc.
module assay_duplicate_streams #(
  parameter int unsigned Bits    = 8,
  parameter int unsigned Outputs = 2
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
    $error("assay_duplicate_streams: Bits and Outputs must be at least 1");
  end

  logic               held;  // the beat that is being handed out
  logic [Bits-1:0]    data;
  logic [Outputs-1:0] done;  // outputs that have taken it
  logic               finish;

  assign out_valid_o = held ? ~done : '0;
  assign out_data_o  = {Outputs{data}};
  assign finish      = &(done | out_ready_i);

  always_ff @(posedge clk_i) begin
    if (!rst_ni)   done <= '0;
    else if (held) done <= finish ? '0 : done | out_ready_i;
  end

  // The queue stands in front, so that in_ready_o has no path from out_ready_i.
  assay_skid #(
    .Bits(Bits)
  ) u_skid (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(in_valid_i), .in_ready_o(in_ready_o), .in_data_i(in_data_i),
    .out_valid_o(held), .out_ready_i(finish), .out_data_o(data)
  );
endmodule
