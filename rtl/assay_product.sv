// SPDX-License-Identifier: Apache-2.0
// Signed product, in a DSP block or in LUTs. Latency 1 cycle of advance_i.
module assay_product #(
  parameter int unsigned ABits = 8,
  parameter int unsigned BBits = 8,
  parameter bit          Dsp   = 1'b0
) (
  input  logic                          clk_i,
  input  logic                          advance_i,
  input  logic signed [ABits-1:0]       a_i,
  input  logic signed [BBits-1:0]       b_i,
  output logic signed [ABits+BBits-1:0] product_o
);
  // Attributes cannot depend on parameters, so the multiplier stands here twice.
  if (Dsp) begin : g_dsp
    (* use_dsp = "yes" *) logic signed [ABits+BBits-1:0] product;
    always_ff @(posedge clk_i) begin
      if (advance_i) product <= a_i * b_i;
    end
    assign product_o = product;
  end else begin : g_lut
    (* use_dsp = "no" *) logic signed [ABits+BBits-1:0] product;
    always_ff @(posedge clk_i) begin
      if (advance_i) product <= a_i * b_i;
    end
    assign product_o = product;
  end
endmodule
