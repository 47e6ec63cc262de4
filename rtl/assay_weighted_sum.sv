// SPDX-License-Identifier: Apache-2.0
// Weighted sum of streams that arrive as one, lane by lane; c is the channel:
//
//   out[l] = sum_i M[c, i] * Xi[l]           two's complement, SumBits hold it
//
// Latency 3, one beat per cycle. Data, widths and sorts of the streams as in assay_join_threshold.sv.
// Word c / Pe of MultiplierFile is [c % Pe][stream], or with SharedMultipliers [stream] for all lanes.
module assay_weighted_sum #(
  parameter int unsigned Pe                = 1,
  parameter int unsigned Folds             = 1,  // channels / Pe
  parameter int unsigned Streams           = 2,
  parameter int unsigned WidthsLow         = 1032,
  parameter int unsigned WidthsHigh        = 0,
  parameter int unsigned SignedStreams     = 0,
  parameter int unsigned BipolarStreams    = 0,
  parameter int unsigned MultiplierBits    = 2,
  parameter int unsigned MultiplierRows    = 1,
  parameter bit          SharedMultipliers = 1'b1,
  parameter int unsigned SumBits           = 10,
  parameter bit          Writable          = 1'b0,  // multipliers, at run time
  parameter              MultiplierFile    = "",
  localparam int unsigned FoldBits = Folds > 1 ? $clog2(Folds) : 1,
  localparam int unsigned InBits =
      Pe * (WidthsLow % 128 + (WidthsLow >> 7) % 128 + (WidthsLow >> 14) % 128 +
            (WidthsLow >> 21) % 128 + WidthsHigh % 128 + (WidthsHigh >> 7) % 128 +
            (WidthsHigh >> 14) % 128 + (WidthsHigh >> 21) % 128)
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,  // synchronous

  input  logic [65:0]           ring_i,  // of assay_store.sv
  output logic [65:0]           ring_o,

  input  logic                  in_valid_i,
  output logic                  in_ready_o,
  input  logic [InBits-1:0]     in_data_i,
  input  logic [FoldBits-1:0]   in_fold_i,

  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output logic [Pe*SumBits-1:0] out_data_o,
  output logic [FoldBits-1:0]   out_fold_o
);
  if (MultiplierRows != 1 && MultiplierRows != Folds) begin : g_bad_rows
    $error("assay_weighted_sum: MultiplierRows must be 1 or Folds");
  end
  if (MultiplierBits < 1 || SumBits < 1) begin : g_bad_bits
    $error("assay_weighted_sum: MultiplierBits and SumBits must be at least 1");
  end

  function automatic int unsigned width_of(input int unsigned stream);
    width_of = ((stream < 4 ? WidthsLow : WidthsHigh) >> (7 * (stream % 4))) % 128;
  endfunction

  function automatic int unsigned offset_of(input int unsigned stream);  // in a lane's bits
    offset_of = 0;
    for (int unsigned i = 0; i < stream; i++) offset_of = offset_of + width_of(i);
  endfunction

  localparam int unsigned WordBits = (SharedMultipliers ? 1 : Pe) * Streams * MultiplierBits;
  localparam int unsigned AddrBits = MultiplierRows > 1 ? $clog2(MultiplierRows) : 1;

  logic                advance, read_valid, products_valid;
  logic [FoldBits-1:0] read_fold, products_fold;
  logic [InBits-1:0]   data;
  logic [AddrBits-1:0] addr;
  logic [WordBits-1:0] multipliers;

  assign advance    = out_ready_i || !out_valid_o;
  assign in_ready_o = advance;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      read_valid     <= 1'b0;
      products_valid <= 1'b0;
      out_valid_o    <= 1'b0;
    end else if (advance) begin
      read_valid     <= in_valid_i;
      products_valid <= read_valid;
      out_valid_o    <= products_valid;
    end
  end

  always_ff @(posedge clk_i) begin
    if (advance) begin
      data          <= in_data_i;
      read_fold     <= in_fold_i;
      products_fold <= read_fold;
      out_fold_o    <= products_fold;
    end
  end

  if (MultiplierRows > 1) begin : g_addr
    assign addr = in_fold_i;
  end else begin : g_no_addr
    assign addr = '0;
  end

  assay_parameter_memory #(
    .Writable(Writable),
    .Bits    (WordBits),
    .Words   (MultiplierRows),
    .File    (MultiplierFile)
  ) memory (
    .clk_i (clk_i),
    .ring_i(ring_i),
    .ring_o(ring_o),
    .read_i(advance),
    .addr_i(addr),
    .data_o(multipliers)
  );

  for (genvar l = 0; l < Pe; l++) begin : g_lane
    logic [Streams*SumBits-1:0] products;

    for (genvar i = 0; i < Streams; i++) begin : g_stream
      localparam int unsigned Width  = width_of(i);
      localparam int unsigned Offset = Pe * offset_of(i) + l * Width;
      localparam bit          Signed = (SignedStreams >> i) % 2 == 1;
      localparam int unsigned ABits  = Width + (Signed ? 0 : 1);
      localparam int unsigned Word   = ((SharedMultipliers ? 0 : l) * Streams + i) * MultiplierBits;

      logic [ABits-1:0]                       a;
      logic signed [ABits+MultiplierBits-1:0] product;

      assay_extend #(
        .InBits   (Width),
        .InSigned (Signed),
        .InBipolar((BipolarStreams >> i) % 2 == 1),
        .OutBits  (ABits)
      ) extend (
        .in_i (data[Offset +: Width]),
        .out_o(a)
      );

      assay_product #(
        .ABits(ABits),
        .BBits(MultiplierBits),
        .Dsp  (Width >= 4 && MultiplierBits >= 4)
      ) multiplier (
        .clk_i    (clk_i),
        .advance_i(advance),
        .a_i      (a),
        .b_i      (multipliers[Word +: MultiplierBits]),
        .product_o(product)
      );

      assign products[i*SumBits +: SumBits] = SumBits'(product);

      logic unused_product;  // bits above those of the sum
      assign unused_product = ^product;
    end

    logic [SumBits-1:0] sum;
    always_comb begin
      sum = '0;
      for (int unsigned i = 0; i < Streams; i++) sum = sum + products[i*SumBits +: SumBits];
    end

    always_ff @(posedge clk_i) begin
      if (advance) out_data_o[l*SumBits +: SumBits] <= sum;
    end
  end
endmodule
