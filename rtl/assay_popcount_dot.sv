// SPDX-License-Identifier: Apache-2.0
// Dot product of Simd elements by bit planes, modulo 2**SumBits:
//
//   sum_o = sum_s x[s] * w[s],      x[s] = sum_j c_j * in_i[j*Simd + s] + k
//
// with c_j = 2**j, the top one negative in two's complement, k = 0; bipolar: one plane, c = 2,
// k = -1; w alike. With Xnor: the count of equal bits. Latency 2 cycles of advance_i.
// in_count_i[j] is the number of ones of plane j, one cycle of advance_i after in_i.
module assay_popcount_dot #(
  parameter int unsigned Simd          = 1,
  parameter int unsigned InBits        = 1,
  parameter bit          InSigned      = 1'b0,
  parameter bit          InBipolar     = 1'b0,
  parameter int unsigned WeightBits    = 1,
  parameter bit          WeightSigned  = 1'b0,
  parameter bit          WeightBipolar = 1'b0,
  parameter bit          Xnor          = 1'b0,
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

  logic [CountBits-1:0] count       [WeightBits*InBits];
  logic [CountBits-1:0] weight_count[WeightBits];

  for (genvar i = 0; i < WeightBits; i++) begin : g_weight
    for (genvar j = 0; j < InBits; j++) begin : g_in
      logic [Simd-1:0] ones;
      assign ones = Equal ? ~(weight_i[i*Simd +: Simd] ^ in_i[j*Simd +: Simd])
                          : weight_i[i*Simd +: Simd] & in_i[j*Simd +: Simd];
      always_ff @(posedge clk_i) begin
        if (advance_i) count[i*InBits+j] <= CountBits'($countones(ones));
      end
    end

    if (InBipolar && !WeightBipolar) begin : g_count
      always_ff @(posedge clk_i) begin
        if (advance_i) weight_count[i] <= CountBits'($countones(weight_i[i*Simd +: Simd]));
      end
    end else begin : g_no_count
      assign weight_count[i] = '0;
    end
  end

  logic [SumBits-1:0] sum, term;
  always_comb begin
    sum  = '0;
    term = '0;
    for (int unsigned i = 0; i < WeightBits; i++) begin
      for (int unsigned j = 0; j < InBits; j++) begin
        // One plane pair: the planes' elements are 0 and 1, or -1 and 1 where bipolar.
        term = SumBits'(count[i*InBits+j]);
        if (BothBipolar)        term = (term << 1) - SumBits'(Simd);
        else if (WeightBipolar) term = (term << 1) - SumBits'(in_count_i[j*CountBits +: CountBits]);
        else if (InBipolar)     term = (term << 1) - SumBits'(weight_count[i]);
        if ((WeightSigned && i == WeightBits - 1) != (InSigned && j == InBits - 1))
          sum = sum - (term << (i + j));
        else
          sum = sum + (term << (i + j));
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (advance_i) sum_o <= sum;
  end

  logic unused_counts;
  assign unused_counts = ^in_count_i;
endmodule
