// SPDX-License-Identifier: Apache-2.0
// Thresholds 2**Shift apart (compile/hw/threshold_line.h), of a number that begins with them:
//
//   out_o = clamp(floor(in_i / 2**Shift), 0, 2**CountBits - 1) + OutBias      modulo 2**OutBits
//
// With Capped all of CountBits are ones where in_i >= cap_i, a constant. Combinational.
module assay_line_levels #(
  parameter int unsigned InBits    = 8,
  parameter bit          InSigned  = 1'b1,
  parameter int unsigned Shift     = 0,
  parameter bit          Capped    = 1'b0,
  parameter int unsigned CountBits = 1,
  parameter int unsigned OutBits   = 1,
  parameter int          OutBias   = 0
) (
  input  logic [InBits-1:0]  in_i,
  input  logic [InBits-1:0]  cap_i,
  output logic [OutBits-1:0] out_o
);
  if (InBits < 1 || CountBits < 1 || OutBits < 1) begin : g_bad_bits
    $error("assay_line_levels: InBits, CountBits and OutBits must be at least 1");
  end

  // Of a number that has at least a bit above the count.
  localparam int unsigned Top  = Shift + CountBits + 1;
  localparam int unsigned Bits = InBits > Top ? InBits : Top;

  logic [Bits-1:0]      value;
  logic                 negative, over, all;
  logic [CountBits-1:0] count;
  assay_extend #(
    .InBits   (InBits),
    .InSigned (InSigned),
    .InBipolar(1'b0),
    .OutBits  (Bits)
  ) extend (
    .in_i (in_i),
    .out_o(value)
  );
  assign negative = InSigned && in_i[InBits-1];
  assign over     = |value[Bits-1:Top-1];
  // The order of signed numbers is that of unsigned ones with the top bit inverted.
  localparam logic [InBits-1:0] Order = InBits'(InSigned) << (InBits - 1);
  assign all      = Capped && (in_i ^ Order) >= (cap_i ^ Order);
  assign count    = ((value[Top-2:Shift] | {CountBits{over}}) & {CountBits{!negative}}) |
                    {CountBits{all}};
  assign out_o    = OutBits'(count) + OutBits'(OutBias);

  logic unused_bits;
  assign unused_bits = ^{value, cap_i};
endmodule
