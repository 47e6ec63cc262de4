// SPDX-License-Identifier: Apache-2.0
// Multiplies and accumulates: Pe sums over ColumnFolds beats of Simd products each,
//
//   out[p] = sum over beats and s of in[s] * weight[p][s]      modulo 2**AccBits
//
// Depthwise: every lane has elements of its own, in[p][s]. A beat of activations meets a beat of
// weights. Latency 3 from the last beat of a sum, and one for every register within the adder tree
// (SumRegisters below, sum_registers() in compile/hw/mvau.cc); one beat per cycle.
// Lane order: activations [p][s], weights [p][s]; with Popcount bit planes [p][bit][s].
module assay_mvu #(
  parameter int unsigned Pe            = 1,
  parameter int unsigned Simd          = 1,
  parameter int unsigned ColumnFolds   = 1,
  parameter bit          Depthwise     = 1'b0,
  parameter int unsigned InBits        = 8,
  parameter bit          InSigned      = 1'b1,
  parameter bit          InBipolar     = 1'b0,
  parameter int unsigned WeightBits    = 8,
  parameter bit          WeightSigned  = 1'b1,
  parameter bit          WeightBipolar = 1'b0,
  parameter bit          Xnor          = 1'b0,
  parameter bit          Popcount      = 1'b0,  // bit planes, else multipliers
  parameter bit          Dsp           = 1'b0,  // of DSP blocks
  parameter int unsigned DspLanes      = 1,     // rows that share a block: compile/hw/dsp_packing.h
  parameter int unsigned DspSpacing    = 1,     // bits between their products
  parameter int unsigned AccBits       = 16,
  localparam int unsigned Vectors = Depthwise ? Pe : 1
) (
  input  logic                            clk_i,
  input  logic                            rst_ni,  // synchronous

  input  logic                            in_valid_i,
  output logic                            in_ready_o,
  input  logic [Vectors*Simd*InBits-1:0]  in_data_i,

  input  logic                            weights_valid_i,
  output logic                            weights_ready_o,
  input  logic [Pe*Simd*WeightBits-1:0]   weights_data_i,

  output logic                            out_valid_o,
  input  logic                            out_ready_i,
  output logic [Pe*AccBits-1:0]           out_data_o
);
  if (Pe < 1 || Simd < 1 || ColumnFolds < 1) begin : g_bad_folding
    $error("assay_mvu: Pe, Simd and ColumnFolds must be at least 1");
  end
  if (InBits < 1 || WeightBits < 1 || AccBits < 1) begin : g_bad_bits
    $error("assay_mvu: InBits, WeightBits and AccBits must be at least 1");
  end
  if ((InBipolar && (InBits != 1 || InSigned)) ||
      (WeightBipolar && (WeightBits != 1 || WeightSigned))) begin : g_bad_bipolar
    $error("assay_mvu: bipolar elements have 1 bit, which is not signed");
  end
  if (Xnor && (!Popcount || InBits != 1 || WeightBits != 1 || InSigned || WeightSigned ||
               InBipolar || WeightBipolar)) begin : g_bad_xnor
    $error("assay_mvu: Xnor takes unsigned single bits and Popcount");
  end
  if (Popcount && Dsp) begin : g_bad_style
    $error("assay_mvu: Popcount uses no DSP blocks");
  end
  if (DspLanes < 1 || (DspLanes > 1 && (!Dsp || Depthwise || InBipolar || WeightBipolar))) begin : g_bad_lanes
    $error("assay_mvu: DspLanes must be 1, or share activations of DSP blocks, none of them bipolar");
  end

  localparam int unsigned FoldBits = ColumnFolds > 1 ? $clog2(ColumnFolds) : 1;

  // Adder trees have a register behind every third level, where few nodes are left; those of
  // population counts add nines. The adders of DSP blocks are chains.
  localparam int unsigned SumLevels    = 3;
  localparam int unsigned Terms        = Popcount ? (Simd + 8) / 9 : !Dsp || DspLanes > 1 ? Simd : 1;
  localparam int unsigned SumRegisters = Terms > 1 ? ($clog2(Terms) - 1) / SumLevels : 0;
  localparam int unsigned Stages       = 2 + SumRegisters;

  logic                advance, fire;
  logic [FoldBits-1:0] fold;
  logic                first, last;
  // Stage 0: counts or products; the last one: the beat's sums.
  logic [Stages-1:0]   valids, firsts, lasts;
  logic                sum_valid, sum_first;

  assign advance         = out_ready_i || !out_valid_o;
  assign in_ready_o      = advance && weights_valid_i;
  assign weights_ready_o = advance && in_valid_i;
  assign fire            = in_valid_i && weights_valid_i;
  assign first           = fold == '0;
  assign last            = fold == FoldBits'(ColumnFolds - 1);
  assign sum_valid       = valids[Stages-1];
  assign sum_first       = firsts[Stages-1];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      fold        <= '0;
      valids      <= '0;
      out_valid_o <= 1'b0;
    end else if (advance) begin
      if (fire) fold <= last ? '0 : fold + 1'b1;
      valids      <= {valids[Stages-2:0], fire};
      out_valid_o <= sum_valid && lasts[Stages-1];
    end
  end

  always_ff @(posedge clk_i) begin
    if (advance) begin
      firsts <= {firsts[Stages-2:0], first};
      lasts  <= {lasts[Stages-2:0], last};
    end
  end

  // Ones in the planes of the activations, for bipolar weights; all lanes share them.
  localparam int unsigned CountBits = $clog2(Simd + 1);
  logic [Vectors*InBits*CountBits-1:0] in_counts;
  for (genvar j = 0; j < Vectors * InBits; j++) begin : g_in_count
    if (Popcount && WeightBipolar && !InBipolar) begin : g_count
      assay_popcount #(
        .Bits     (Simd),
        .SumLevels(SumLevels),
        .CountBits(CountBits)
      ) in_counter (
        .clk_i    (clk_i),
        .advance_i(advance),
        .bits_i   (in_data_i[j*Simd +: Simd]),
        .count_o  (in_counts[j*CountBits +: CountBits])
      );
    end else begin : g_no_count
      assign in_counts[j*CountBits +: CountBits] = '0;
    end
  end

  if (DspLanes > 1) begin : g_packed
    for (genvar g = 0; g < (Pe + DspLanes - 1) / DspLanes; g++) begin : g_group
      localparam int unsigned Row   = g * DspLanes;
      localparam int unsigned Lanes = Pe - Row < DspLanes ? Pe - Row : DspLanes;

      assay_packed_lanes #(
        .Lanes       (Lanes),
        .Spacing     (DspSpacing),
        .Simd        (Simd),
        .ColumnFolds (ColumnFolds),
        .InBits      (InBits),
        .InSigned    (InSigned),
        .WeightBits  (WeightBits),
        .WeightSigned(WeightSigned),
        .SumLevels   (SumLevels),
        .AccBits     (AccBits)
      ) lanes (
        .clk_i      (clk_i),
        .advance_i  (advance),
        .in_i       (in_data_i[Simd*InBits-1:0]),
        .weight_i   (weights_data_i[Row*Simd*WeightBits +: Lanes*Simd*WeightBits]),
        .sum_valid_i(sum_valid),
        .sum_first_i(sum_first),
        .acc_o      (out_data_o[Row*AccBits +: Lanes*AccBits])
      );
    end
  end else begin : g_alone
    for (genvar p = 0; p < Pe; p++) begin : g_pe
      localparam int unsigned Vector = Depthwise ? p : 0;
      logic [AccBits-1:0] sum, acc;

      if (Popcount) begin : g_popcount
        assay_popcount_dot #(
          .Simd         (Simd),
          .InBits       (InBits),
          .InSigned     (InSigned),
          .InBipolar    (InBipolar),
          .WeightBits   (WeightBits),
          .WeightSigned (WeightSigned),
          .WeightBipolar(WeightBipolar),
          .Xnor         (Xnor),
          .SumLevels    (SumLevels),
          .SumBits      (AccBits)
        ) dot (
          .clk_i     (clk_i),
          .advance_i (advance),
          .in_i      (in_data_i[Vector*Simd*InBits +: Simd*InBits]),
          .in_count_i(in_counts[Vector*InBits*CountBits +: InBits*CountBits]),
          .weight_i  (weights_data_i[p*Simd*WeightBits +: Simd*WeightBits]),
          .sum_o     (sum)
        );
      end else begin : g_product
        assay_product_dot #(
          .Simd         (Simd),
          .InBits       (InBits),
          .InSigned     (InSigned),
          .InBipolar    (InBipolar),
          .WeightBits   (WeightBits),
          .WeightSigned (WeightSigned),
          .WeightBipolar(WeightBipolar),
          .Dsp          (Dsp),
          .SumLevels    (SumLevels),
          .SumBits      (AccBits)
        ) dot (
          .clk_i    (clk_i),
          .advance_i(advance),
          .in_i     (in_data_i[Vector*Simd*InBits +: Simd*InBits]),
          .weight_i (weights_data_i[p*Simd*WeightBits +: Simd*WeightBits]),
          .sum_o    (sum)
        );
      end

      always_ff @(posedge clk_i) begin
        if (advance && sum_valid) acc <= (sum_first ? '0 : acc) + sum;
      end
      assign out_data_o[p*AccBits +: AccBits] = acc;
    end
  end

  logic unused_counts;
  assign unused_counts = ^in_counts;
endmodule
