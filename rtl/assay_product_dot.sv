// SPDX-License-Identifier: Apache-2.0
// Dot product of Simd elements by multipliers, modulo 2**SumBits: sum_o = sum_s in[s] * weight[s].
// Element s is bits [s*Bits +: Bits]. Latency 2 cycles of advance_i, and one for every register of
// the tree that adds them: behind each SumLevels of its levels, but not behind the last one.
module assay_product_dot #(
  parameter int unsigned Simd          = 1,
  parameter int unsigned InBits        = 8,
  parameter bit          InSigned      = 1'b1,
  parameter bit          InBipolar     = 1'b0,
  parameter int unsigned WeightBits    = 8,
  parameter bit          WeightSigned  = 1'b1,
  parameter bit          WeightBipolar = 1'b0,
  parameter bit          Dsp           = 1'b0,  // added by DSP blocks, too: no tree
  parameter int unsigned SumLevels     = 3,
  parameter int unsigned SumBits       = 20
) (
  input  logic                       clk_i,
  input  logic                       advance_i,
  input  logic [Simd*InBits-1:0]     in_i,
  input  logic [Simd*WeightBits-1:0] weight_i,
  output logic [SumBits-1:0]         sum_o
);
  // Signed operands that hold every element, unsigned ones too.
  localparam int unsigned ABits = InBits + (InSigned ? 0 : 1);
  localparam int unsigned BBits = WeightBits + (WeightSigned ? 0 : 1);

  logic signed [ABits+BBits-1:0] product[Simd];

  for (genvar s = 0; s < Simd; s++) begin : g_element
    logic [ABits-1:0] a;
    logic [BBits-1:0] b;

    assay_extend #(
      .InBits   (InBits),
      .InSigned (InSigned),
      .InBipolar(InBipolar),
      .OutBits  (ABits)
    ) extend_a (
      .in_i (in_i[s*InBits +: InBits]),
      .out_o(a)
    );

    assay_extend #(
      .InBits   (WeightBits),
      .InSigned (WeightSigned),
      .InBipolar(WeightBipolar),
      .OutBits  (BBits)
    ) extend_b (
      .in_i (weight_i[s*WeightBits +: WeightBits]),
      .out_o(b)
    );

    assay_product #(
      .ABits(ABits),
      .BBits(BBits),
      .Dsp  (Dsp)
    ) multiplier (
      .clk_i    (clk_i),
      .advance_i(advance_i),
      .a_i      (a),
      .b_i      (b),
      .product_o(product[s])
    );
  end

  logic [SumBits-1:0] sum;
  if (Dsp) begin : g_chain  // by the adders of the blocks
    always_comb begin
      sum = '0;
      for (int unsigned s = 0; s < Simd; s++) sum = sum + SumBits'(product[s]);
    end
  end else begin : g_tree
    localparam int unsigned Levels = $clog2(Simd);
    // Of a product: without the sign of an unsigned operand.
    localparam int unsigned Bits = InBits + WeightBits + (InSigned || WeightSigned ? 0 : 1);

    for (genvar l = 0; l <= Levels; l++) begin : g_level
      localparam int unsigned Width = Bits + l < SumBits ? Bits + l : SumBits;
      localparam int unsigned Nodes = (Simd + (1 << l) - 1) >> l;
      localparam int unsigned Under = (Simd + (1 << l) / 2 - 1) >> (l > 0 ? l - 1 : 0);
      localparam bit          Registered = l > 0 && l < Levels && l % SumLevels == 0;

      for (genvar n = 0; n < Nodes; n++) begin : g_node
        logic signed [Width-1:0] value, part;
        if (l == 0) begin : g_product
          assign value = Width'(product[n]);
        end else if (2 * n + 1 < Under) begin : g_adder
          // With a lowest bit that is cut off, Yosys makes an adder of each node, which is smaller.
          logic signed [Width-1:0] left, right;
          logic        [Width:0]   total;
          assign left  = Width'(g_level[l-1].g_node[2*n].part);
          assign right = Width'(g_level[l-1].g_node[2*n+1].part);
          assign total = {left, 1'b0} + {right, 1'b0};
          assign value = total[Width:1];

          logic unused_bit;
          assign unused_bit = total[0];
        end else begin : g_alone
          assign value = Width'(g_level[l-1].g_node[2*n].part);
        end

        if (Registered) begin : g_register
          always_ff @(posedge clk_i) begin
            if (advance_i) part <= value;
          end
        end else begin : g_wire
          assign part = value;
        end
      end
    end
    assign sum = SumBits'(g_level[Levels].g_node[0].part);
  end

  always_ff @(posedge clk_i) begin
    if (advance_i) sum_o <= sum;
  end
endmodule
