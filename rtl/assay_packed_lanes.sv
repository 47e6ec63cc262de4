// SPDX-License-Identifier: Apache-2.0
// Lanes sums of products of the same activations with weights of their own, as assay_mvu.sv has them,
// Lanes products in one multiplier of a DSP block:
//
//   P = a * x + c,   a = sum_i 2**(Spacing*i) * b_i,   c = sum_{i < Lanes - 1} 2**(Spacing*i) * d
//
// b_i is weight i, made a number from 0 on (its top bit inverted) but for the last lane's, and
// d >= 0 takes off again what that adds. So field i < Lanes - 1 of P is w_i * x + Offset, from 0 to
// below 2**FieldBits, and the last one, on top, is w_i * x. Where fields overlap by a bit, a field
// has a carry of the one below, which its lowest bit shows, as that of a product is known.
// Why that is exact, and the most lanes: compile/hw/dsp_packing.h.
// Latency 3 from the last beat of a sum, and one for every register of the trees that add products:
// behind each SumLevels of their levels, but not behind the last one. Lane order: weights [lane][s].
module assay_packed_lanes #(
  parameter int unsigned Lanes        = 2,
  parameter int unsigned Spacing      = 16,
  parameter int unsigned Simd         = 1,
  parameter int unsigned ColumnFolds  = 1,
  parameter int unsigned InBits       = 8,
  parameter bit          InSigned     = 1'b0,
  parameter int unsigned WeightBits   = 8,
  parameter bit          WeightSigned = 1'b1,
  parameter int unsigned SumLevels    = 3,
  parameter int unsigned AccBits      = 24
) (
  input  logic                             clk_i,
  input  logic                             advance_i,
  input  logic [Simd*InBits-1:0]           in_i,
  input  logic [Lanes*Simd*WeightBits-1:0] weight_i,
  input  logic                             sum_valid_i,  // a cycle of advance_i before the sum is added
  input  logic                             sum_first_i,
  output logic [Lanes*AccBits-1:0]         acc_o
);
  localparam int unsigned FieldBits = InBits + WeightBits - (InSigned ? 1 : 0);
  localparam bit          Overlap   = Spacing < FieldBits;

  if (Lanes < 1) begin : g_bad_lanes
    $error("assay_packed_lanes: Lanes must be at least 1");
  end
  if (Spacing + 1 < FieldBits || Spacing > FieldBits) begin : g_bad_spacing
    $error("assay_packed_lanes: Spacing must be what a product needs, or a bit less");
  end
  if (InBits < 2 || WeightBits < 2 || (InSigned && (!WeightSigned || WeightBits > InBits))) begin : g_bad_operands
    $error("assay_packed_lanes: operands have 2 bits, signed activations signed weights of no more bits");
  end

  localparam int unsigned Last    = Lanes - 1;
  localparam int unsigned XBits   = InBits + (InSigned ? 0 : 1);
  localparam int unsigned ABits   = Spacing * Last + WeightBits + (WeightSigned ? 0 : 1);
  localparam int unsigned TopBits = InBits + WeightBits + (WeightSigned ? 0 : 1);
  localparam int unsigned PBits   = Spacing * Last + TopBits;

  localparam int unsigned Levels    = $clog2(Simd);
  localparam int unsigned Registers = Levels > 0 ? (Levels - 1) / SumLevels : 0;

  function automatic int unsigned nodes_of(input int unsigned level);  // of an adder tree
    nodes_of = (Simd + (1 << level) - 1) >> level;
  endfunction

  // Element s of all lanes side by side.
  function automatic logic [ABits-1:0] packed_weights(input logic [Lanes*Simd*WeightBits-1:0] weights,
                                                      input int unsigned s);
    packed_weights = '0;
    for (int unsigned i = 0; i < Lanes; i++)
      packed_weights[i*Spacing +: WeightBits] =
          weights[(i*Simd + s)*WeightBits +: WeightBits] ^
          (WeightBits'(WeightSigned && i + 1 < Lanes) << (WeightBits - 1));
  endfunction

  // What lanes but the last have too much, as something to add: for each the largest activation less
  // x, which is x with its bits inverted, but for a sign.
  function automatic logic [PBits-1:0] taken_off(input logic [InBits-1:0] x);
    taken_off = '0;
    for (int unsigned i = 0; i + 1 < Lanes; i++)
      taken_off[i*Spacing+WeightBits-1 +: InBits] =
          WeightSigned ? ~x ^ (InBits'(InSigned) << (InBits - 1)) : '0;
  endfunction

  for (genvar s = 0; s < Simd; s++) begin : g_element
    logic signed [XBits-1:0]       x;
    logic signed [ABits+XBits-1:0] product;
    logic        [PBits-1:0]       addend;
    (* use_dsp = "yes" *) logic [PBits-1:0] fields;
    if (InSigned) begin : g_signed
      assign x = in_i[s*InBits +: InBits];
    end else begin : g_unsigned
      assign x = {1'b0, in_i[s*InBits +: InBits]};
    end

    always_ff @(posedge clk_i) begin
      if (advance_i) begin
        product <= $signed(packed_weights(weight_i, s)) * x;
        addend  <= taken_off(x[InBits-1:0]);
      end
    end
    assign fields = PBits'(product) + addend;

    logic x_odd;
    always_ff @(posedge clk_i) begin
      if (advance_i) x_odd <= x[0];
    end

    for (genvar i = 0; i < Lanes; i++) begin : g_field
      logic free;  // whether no carry came from the field below
      if (Overlap && i > 0) begin : g_carry
        logic weight_odd;
        always_ff @(posedge clk_i) begin
          if (advance_i) weight_odd <= weight_i[(i*Simd + s)*WeightBits];
        end
        assign free = !(fields[i*Spacing] ^ (weight_odd & x_odd));
      end else begin : g_none
        assign free = 1'b0;
      end
    end

    logic unused_product;  // bits above those of the fields
    assign unused_product = ^{product, x_odd};
  end

  for (genvar i = 0; i < Lanes; i++) begin : g_lane
    // With its carry on top a field is a signed number, 2**Spacing less than it was.
    localparam bit          Top      = i == Last;
    localparam int unsigned TermBits = Top ? TopBits : FieldBits;
    localparam bit          Signed   = Top ? WeightSigned : Overlap;
    localparam int unsigned SumBits  = TermBits + Levels < AccBits ? TermBits + Levels : AccBits;

    // With registers of the tree in front: [registers][s].
    logic [Simd-1:0]               frees_now;
    logic [(Registers+1)*Simd-1:0] frees;
    for (genvar s = 0; s < Simd; s++) begin : g_free
      assign frees_now[s] = g_element[s].g_field[i].free;
    end
    if (Registers > 0) begin : g_frees
      logic [Registers*Simd-1:0] frees_late;
      always_ff @(posedge clk_i) begin
        if (advance_i) frees_late <= frees[Registers*Simd-1:0];
      end
      assign frees = {frees_late, frees_now};
    end else begin : g_frees_now
      assign frees = frees_now;
    end

    // A balanced tree: 2**level terms and fewer carries need level bits more than a term. A carry
    // goes into an adder through a lowest bit of its own, which costs a carry chain no LUT.
    for (genvar l = 0; l <= Levels; l++) begin : g_level
      localparam int unsigned Width = TermBits + l < SumBits ? TermBits + l : SumBits;
      localparam int unsigned Under = nodes_of(l > 0 ? l - 1 : 0);
      localparam bit          Registered = l > 0 && l < Levels && l % SumLevels == 0;

      for (genvar n = 0; n < nodes_of(l); n++) begin : g_node
        logic [Width-1:0] value, part;

        if (l == 0 && (Top || !Overlap)) begin : g_whole
          assign value = g_element[n].fields[i*Spacing +: Width];
        end else if (l == 0) begin : g_with_carry
          assign value = Width'({g_element[n].g_field[i+1].free, g_element[n].fields[i*Spacing +: Spacing]});
        end else begin : g_sum
          logic [Width-1:0] left;
          assign left = Signed ? Width'($signed(g_level[l-1].g_node[2*n].part))
                               : Width'(g_level[l-1].g_node[2*n].part);

          if (2 * n + 1 < Under) begin : g_adder
            logic [Width-1:0] right;
            logic [Width:0]   total;
            logic             carry;
            assign carry = frees[(l-1)/SumLevels*Simd + Simd-Under+n];
            assign right = Signed ? Width'($signed(g_level[l-1].g_node[2*n+1].part))
                                  : Width'(g_level[l-1].g_node[2*n+1].part);
            assign total = {left, carry} + {right, carry};
            assign value = total[Width:1];

            logic unused_carry;
            assign unused_carry = total[0];
          end else begin : g_alone
            assign value = left;
          end
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

    logic [SumBits-1:0] sum;
    logic               free;  // the carry that no adder of the tree took
    always_ff @(posedge clk_i) begin
      if (advance_i) begin
        sum  <= g_level[Levels].g_node[0].part;
        free <= frees[(Registers+1)*Simd-1];
      end
    end

    // What a product has less than its term and its carry; the accumulator begins with all of it.
    localparam logic [63:0] Offset =
        WeightSigned && !Top
            ? (64'd1 << (WeightBits - 1)) * ((64'd1 << (InBits - (InSigned ? 1 : 0))) - 64'd1) : 64'd0;
    localparam logic [63:0] Bias = 64'(Overlap && !Top) << Spacing;
    localparam logic [63:0] Begin =
        64'(ColumnFolds) * 64'(Simd) * (Bias - Offset - 64'(Overlap && i > 0));

    logic [AccBits-1:0] acc, more;
    logic [AccBits:0]   next;
    assign more = Signed ? AccBits'($signed(sum)) : AccBits'(sum);
    assign next = {sum_first_i ? AccBits'(Begin) : acc, free} + {more, free};
    always_ff @(posedge clk_i) begin
      if (advance_i && sum_valid_i) acc <= next[AccBits:1];
    end
    assign acc_o[i*AccBits +: AccBits] = acc;

    logic unused_next;
    assign unused_next = ^{next[0], frees};
  end
endmodule
