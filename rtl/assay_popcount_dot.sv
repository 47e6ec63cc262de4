// SPDX-License-Identifier: Apache-2.0
// Dot product of Simd elements by bit planes, modulo 2**SumBits:
//
//   sum_o = sum_s x[s] * w[s],      x[s] = sum_j c_j * in_i[j*Simd + s] + k
//
// with c_j = 2**j, the top one negative in two's complement, k = 0; bipolar: one plane, c = 2,
// k = -1; w alike. With Xnor: the count of equal bits. Latency that of assay_popcount and a cycle of
// advance_i. in_count_i[j] is the number of ones of plane j, by an assay_popcount of in_i.
module assay_popcount_dot #(
  parameter int unsigned Simd          = 1,
  parameter int unsigned InBits        = 1,
  parameter bit          InSigned      = 1'b0,
  parameter bit          InBipolar     = 1'b0,
  parameter int unsigned WeightBits    = 1,
  parameter bit          WeightSigned  = 1'b0,
  parameter bit          WeightBipolar = 1'b0,
  parameter bit          Xnor          = 1'b0,
  parameter int unsigned SumLevels     = 3,
  parameter int unsigned SumBits       = 8,
  localparam int unsigned CountBits = $clog2(Simd + 1)
) (
  input  logic                        clk_i,
  input  logic                        advance_i,
  input  logic [Simd*InBits-1:0]      in_i,        // [InBits][Simd]
  input  logic [InBits*CountBits-1:0] in_count_i,
  input  logic [Simd*WeightBits-1:0]  weight_i,    // [WeightBits][Simd]
  output logic [SumBits-1:0]          sum_o
);
  localparam bit BothBipolar = InBipolar && WeightBipolar;
  localparam bit Equal       = Xnor || BothBipolar;  // counts equal bits, else common ones
  // The sum needs no more of a count.
  localparam int unsigned KeptBits = CountBits < SumBits ? CountBits : SumBits;

  logic [SumBits-1:0] sum;

  // Pair k is plane k / InBits of the weights with plane k % InBits of the activations.
  for (genvar k = 0; k < WeightBits * InBits; k++) begin : g_pair
    localparam int unsigned I = k / InBits;
    localparam int unsigned J = k % InBits;
    localparam bit Negative = (WeightSigned && I == WeightBits - 1) != (InSigned && J == InBits - 1);

    logic [Simd-1:0]      ones;
    logic [KeptBits-1:0]  count;
    logic [SumBits-1:0]   term, previous, partial;  // partial: of the pairs up to this one

    assign ones = Equal ? ~(weight_i[I*Simd +: Simd] ^ in_i[J*Simd +: Simd])
                        : weight_i[I*Simd +: Simd] & in_i[J*Simd +: Simd];
    assay_popcount #(
      .Bits     (Simd),
      .SumLevels(SumLevels),
      .CountBits(KeptBits)
    ) counter (
      .clk_i    (clk_i),
      .advance_i(advance_i),
      .bits_i   (ones),
      .count_o  (count)
    );

    // The elements of a plane are 0 and 1, or -1 and 1 where bipolar.
    if (BothBipolar) begin : g_both
      assign term = (SumBits'(count) << 1) - SumBits'(Simd);
    end else if (WeightBipolar) begin : g_weight
      assign term = (SumBits'(count) << 1) - SumBits'(in_count_i[J*CountBits +: CountBits]);
    end else if (InBipolar) begin : g_in
      logic [KeptBits-1:0] weight_count;
      assay_popcount #(
        .Bits     (Simd),
        .SumLevels(SumLevels),
        .CountBits(KeptBits)
      ) weight_counter (
        .clk_i    (clk_i),
        .advance_i(advance_i),
        .bits_i   (weight_i[I*Simd +: Simd]),
        .count_o  (weight_count)
      );
      assign term = (SumBits'(count) << 1) - SumBits'(weight_count);
    end else begin : g_unsigned
      assign term = SumBits'(count);
    end

    if (k == 0) begin : g_first
      assign previous = '0;
    end else begin : g_next
      assign previous = g_pair[k-1].partial;
    end
    assign partial = Negative ? previous - (term << (I + J)) : previous + (term << (I + J));
  end
  assign sum = g_pair[WeightBits*InBits-1].partial;

  always_ff @(posedge clk_i) begin
    if (advance_i) sum_o <= sum;
  end

  logic unused_counts;
  assign unused_counts = ^in_count_i;
endmodule
