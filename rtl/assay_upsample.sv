// SPDX-License-Identifier: Apache-2.0
// Repeats every pixel ScaleW times and every row ScaleH times:
//   y[h, w, c] = x[h / ScaleH, w / ScaleW, c], one word of Bits bits per beat, Folds words a pixel.
// The first copy of a word comes straight from the input and is kept for the others, so a new row
// replaces the old one without waiting.
// Latency 1, one output beat per cycle: ScaleH*ScaleW beats per input beat.
// Golden: golden/hw/upsample.cc.
module assay_upsample #(
  parameter int unsigned Bits   = 8,
  parameter int unsigned Width  = 4,  // of the input
  parameter int unsigned Folds  = 1,
  parameter int unsigned ScaleH = 2,
  parameter int unsigned ScaleW = 2,
  parameter bit          Block  = 1'b0  // the kept row in block RAM, else in LUTs
) (
  input  logic            clk_i,
  input  logic            rst_ni,  // synchronous

  input  logic            in_valid_i,
  output logic            in_ready_o,
  input  logic [Bits-1:0] in_data_i,

  output logic            out_valid_o,
  input  logic            out_ready_i,
  output logic [Bits-1:0] out_data_o
);
  if (Bits < 1 || Width < 1 || Folds < 1) begin : g_bad_shape
    $error("assay_upsample: Bits, Width and Folds must be at least 1");
  end
  if (ScaleH < 1 || ScaleW < 1) begin : g_bad_scale
    $error("assay_upsample: ScaleH and ScaleW must be at least 1");
  end

  // Without ScaleH a pixel is all there is to keep.
  localparam int unsigned Pixels     = ScaleH > 1 ? Width : 1;
  localparam int unsigned Words      = Pixels * Folds;
  localparam int unsigned AddrBits   = Words > 1 ? $clog2(Words) : 1;
  localparam int unsigned FoldBits   = $clog2(Folds + 1);
  localparam int unsigned ColumnBits = $clog2(ScaleW + 1);
  localparam int unsigned RowBits    = $clog2(ScaleH + 1);

  logic [FoldBits-1:0]   fold;
  logic [ColumnBits-1:0] column_copy;
  logic [RowBits-1:0]    row_copy;
  logic [AddrBits-1:0]   addr, pixel_addr, next_addr;  // pixel_addr: of the pixel's first word
  logic                  fresh, valid, ready, take;
  logic                  last_fold, last_column_copy, last_word;
  logic [Bits-1:0]       kept;

  assign fresh            = column_copy == '0 && row_copy == '0;
  assign valid            = !fresh || in_valid_i;
  assign take             = valid && ready;
  assign in_ready_o       = fresh && ready;
  assign last_fold        = fold == FoldBits'(Folds - 1);
  assign last_column_copy = column_copy == ColumnBits'(ScaleW - 1);
  assign last_word        = addr == AddrBits'(Words - 1);

  always_comb begin
    next_addr = last_word ? '0 : addr + AddrBits'(1);
    if (last_fold && !last_column_copy) next_addr = pixel_addr;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      fold        <= '0;
      column_copy <= '0;
      row_copy    <= '0;
      addr        <= '0;
      pixel_addr  <= '0;
    end else if (take) begin
      fold <= last_fold ? '0 : fold + FoldBits'(1);
      addr <= next_addr;
      if (last_fold) begin
        column_copy <= last_column_copy ? '0 : column_copy + ColumnBits'(1);
        if (last_column_copy) pixel_addr <= next_addr;
        if (last_column_copy && last_word)
          row_copy <= row_copy == RowBits'(ScaleH - 1) ? '0 : row_copy + RowBits'(1);
      end
    end
  end

  if (Words > 1) begin : g_ram
    logic [Bits-1:0] read, written;
    logic            same;  // the word to come is the one just written

    assay_ram #(.Bits(Bits), .Words(Words), .Block(Block)) u_ram (
      .clk_i,
      .write_i (take && fresh),
      .waddr_i (addr),
      .wdata_i (in_data_i),
      .read_i  (take),
      .raddr_i (next_addr),
      .rdata_o (read)
    );
    always_ff @(posedge clk_i) begin
      if (take) same <= Folds == 1 && fresh && next_addr == addr;
      if (take && fresh) written <= in_data_i;
    end
    assign kept = same ? written : read;
  end else begin : g_register
    always_ff @(posedge clk_i) begin
      if (take && fresh) kept <= in_data_i;
    end
  end

  assay_skid #(.Bits(Bits)) u_skid (
    .clk_i,
    .rst_ni,
    .in_valid_i (valid),
    .in_ready_o (ready),
    .in_data_i  (fresh ? in_data_i : kept),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );
endmodule
