// SPDX-License-Identifier: Apache-2.0
// Two-entry queue that cuts the path from out_ready_i to in_ready_o.
// Latency 1, one beat per cycle. Most layers end in one, or begin with it where their input
// is narrower.
module assay_skid #(
  parameter int unsigned Bits = 8
) (
  input  logic            clk_i,
  input  logic            rst_ni,  // synchronous

  input  logic            in_valid_i,
  output logic            in_ready_o,
  input  logic [Bits-1:0] in_data_i,

  output logic            out_valid_o,
  input  logic            out_ready_i,
  output logic [Bits-1:0] out_data_o
);
  if (Bits < 1) begin : g_bad_bits
    $error("assay_skid: Bits must be at least 1");
  end

  logic            spare_valid;  // the second entry, behind out_data_o
  logic [Bits-1:0] spare_data;
  logic            take;

  assign in_ready_o = !spare_valid;
  assign take       = out_ready_i || !out_valid_o;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      out_valid_o <= 1'b0;
      spare_valid <= 1'b0;
    end else if (take) begin
      out_valid_o <= in_valid_i || spare_valid;
      spare_valid <= 1'b0;
    end else if (in_valid_i) begin
      spare_valid <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin  // data needs no reset: valid guards it
    if (take) out_data_o <= spare_valid ? spare_data : in_data_i;
    if (!spare_valid) spare_data <= in_data_i;
  end
endmodule
