// SPDX-License-Identifier: Apache-2.0
// Sums each channel over all pixels of a frame: y[c] = (sum_p x[p, c]) >>> Shift.
// Lane l of fold f is channel f*Lanes + l. The result has OutBits bits (its low ones, or sign
// extended); BIPOLAR elements are 0 for -1. Results leave while the last pixel arrives.
// Latency 1, one input beat per cycle: Pixels*Folds cycles per frame.
// Golden: golden/hw/global_acc_pool.cc.
module assay_global_acc_pool #(
  parameter int unsigned Lanes      = 1,
  parameter int unsigned Pixels     = 16,
  parameter int unsigned Folds      = 1,  // beats per pixel
  parameter int unsigned InBits     = 8,
  parameter bit          InSigned   = 1'b1,
  parameter bit          InBipolar  = 1'b0,
  parameter int unsigned OutBits    = 12,
  parameter bit          OutBipolar = 1'b0,
  parameter int unsigned Shift      = 0,
  parameter bit          Block      = 1'b0  // sums in block RAM, else in LUTs
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,  // synchronous

  input  logic                     in_valid_i,
  output logic                     in_ready_o,
  input  logic [Lanes*InBits-1:0]  in_data_i,

  output logic                     out_valid_o,
  input  logic                     out_ready_i,
  output logic [Lanes*OutBits-1:0] out_data_o
);
  if (Lanes < 1 || Pixels < 1 || Folds < 1) begin : g_bad_shape
    $error("assay_global_acc_pool: Lanes, Pixels and Folds must be at least 1");
  end
  if (InBits < 1 || OutBits < 1) begin : g_bad_bits
    $error("assay_global_acc_pool: InBits and OutBits must be at least 1");
  end
  if ((InBipolar && InBits != 1) || (OutBipolar && OutBits != 1)) begin : g_bad_bipolar
    $error("assay_global_acc_pool: BIPOLAR elements have one bit");
  end

  localparam int unsigned AccBits   = InBits + 1 + $clog2(Pixels);  // signed
  localparam int unsigned FoldBits  = Folds > 1 ? $clog2(Folds) : 1;
  localparam int unsigned PixelBits = $clog2(Pixels + 1);

  logic [FoldBits-1:0]      fold, next_fold;
  logic [PixelBits-1:0]     pixel;
  logic                     first, last, ready, take;
  logic [Lanes*AccBits-1:0] accs, sums;  // of this fold: without and with the pixel
  logic [Lanes*OutBits-1:0] result;

  assign first      = pixel == '0;
  assign last       = pixel == PixelBits'(Pixels - 1);
  assign next_fold  = fold == FoldBits'(Folds - 1) ? '0 : fold + FoldBits'(1);
  assign in_ready_o = !last || ready;
  assign take       = in_valid_i && in_ready_o;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      fold  <= '0;
      pixel <= '0;
    end else if (take) begin
      fold <= next_fold;
      if (next_fold == '0) pixel <= last ? '0 : pixel + PixelBits'(1);
    end
  end

  // The next fold's sums are read while this one's are written. The first pixel ignores them.
  if (Folds > 1) begin : g_ram
    assay_ram #(.Bits(Lanes * AccBits), .Words(Folds), .Block(Block)) u_ram (
      .clk_i,
      .write_i (take),
      .waddr_i (fold),
      .wdata_i (sums),
      .read_i  (take),
      .raddr_i (next_fold),
      .rdata_o (accs)
    );
  end else begin : g_register
    always_ff @(posedge clk_i) begin
      if (take) accs <= sums;
    end
  end

  for (genvar l = 0; l < Lanes; l++) begin : g_lane
    logic signed [AccBits-1:0] x, sum;

    assay_extend #(
      .InBits    (InBits),
      .InSigned  (InSigned),
      .InBipolar (InBipolar),
      .OutBits   (AccBits)
    ) u_x (
      .in_i  (in_data_i[l*InBits +: InBits]),
      .out_o (x)
    );
    assign sum = first ? x : $signed(accs[l*AccBits +: AccBits]) + x;
    assign sums[l*AccBits +: AccBits] = sum;

    if (OutBipolar) begin : g_out_bipolar
      assign result[l] = !sum[AccBits-1];
    end else begin : g_out
      logic signed [AccBits-1:0] shifted;
      // A signal of its own: Verilator 5.006 shifts zeros into >>> in a port's expression.
      assign shifted = sum >>> Shift;
      assay_extend #(
        .InBits   (AccBits),
        .InSigned (1'b1),
        .OutBits  (OutBits)
      ) u_y (
        .in_i  (shifted),
        .out_o (result[l*OutBits +: OutBits])
      );
    end
  end

  assay_skid #(.Bits(Lanes * OutBits)) u_skid (
    .clk_i,
    .rst_ni,
    .in_valid_i (in_valid_i && last),
    .in_ready_o (ready),
    .in_data_i  (result),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );
endmodule
