// SPDX-License-Identifier: Apache-2.0
// One adder of a graph (compile/hw/adder_graph.h), modulo 2**OutBits:
//
//   sum_o = a_i + b_i * 2**Shift        or with Subtract - b_i * 2**Shift
//   sum_o = b_i * 2**Shift - a_i        with Reverse
//
// The lowest Shift bits of the first two are those of a_i, without an adder. Combinational.
module assay_shift_adder #(
  parameter int unsigned ABits    = 8,
  parameter bit          ASigned  = 1'b0,
  parameter int unsigned BBits    = 8,
  parameter bit          BSigned  = 1'b0,
  parameter int unsigned Shift    = 0,
  parameter bit          Subtract = 1'b0,
  parameter bit          Reverse  = 1'b0,
  parameter int unsigned OutBits  = 9
) (
  input  logic [ABits-1:0]   a_i,
  input  logic [BBits-1:0]   b_i,
  output logic [OutBits-1:0] sum_o
);
  if (ABits < 1 || BBits < 1 || OutBits < 1) begin : g_bad_bits
    $error("assay_shift_adder: ABits, BBits and OutBits must be at least 1");
  end
  if (Subtract && Reverse) begin : g_bad_kind
    $error("assay_shift_adder: Subtract and Reverse exclude each other");
  end

  logic [OutBits-1:0] a, b;
  assay_extend #(
    .InBits   (ABits),
    .InSigned (ASigned),
    .InBipolar(1'b0),
    .OutBits  (OutBits)
  ) extend_a (
    .in_i (a_i),
    .out_o(a)
  );
  assay_extend #(
    .InBits   (BBits),
    .InSigned (BSigned),
    .InBipolar(1'b0),
    .OutBits  (OutBits)
  ) extend_b (
    .in_i (b_i),
    .out_o(b)
  );

  if (!Reverse && OutBits <= Shift) begin : g_alone
    assign sum_o = a;
  end else begin : g_adder
    localparam int unsigned Low   = Reverse ? 0 : Shift;  // bits without an adder
    localparam int unsigned Width = OutBits - Low;

    // With a lowest bit that is cut off, Yosys makes an adder of each, which is smaller.
    logic [Width-1:0] left, right;
    logic [Width:0]   total;
    assign left  = Reverse ? Width'(b << Shift) : Width'(a >> Low);
    assign right = Reverse ? Width'(a) : Width'(b);
    if (Subtract || Reverse) begin : g_difference
      assign total = {left, 1'b0} - {right, 1'b0};
    end else begin : g_sum
      assign total = {left, 1'b0} + {right, 1'b0};
    end
    assign sum_o[OutBits-1:Low] = total[Width:1];
    if (Low > 0) begin : g_low
      assign sum_o[Low-1:0] = a[Low-1:0];
    end

    logic unused_bit;
    assign unused_bit = total[0];
  end

  logic unused_bits;
  assign unused_bits = ^{a, b};
endmodule
