// SPDX-License-Identifier: Apache-2.0
// Windows of a feature map without padding, a whole window of one word's channels per beat:
//   in [Height, Width, Folds] words of Bits bits (some channels),
//   out [OutHeight, OutWidth, Folds] windows of [KernelH, KernelW] words, word 0 least significant.
// Lines keep the words between the rows of a window, columns those between its taps. The newest
// word stands in the register of the two-entry queue in front, where words are narrow, the others in
// those of the delays: together they are the window, which leaves while they stand still.
// Latency 1, one input beat per cycle: Height*Width*Folds cycles per frame.
// Golden: golden/hw/convolution_input_generator.cc.
module assay_swg_parallel #(
  parameter int unsigned Bits      = 8,
  parameter int unsigned Height    = 6,
  parameter int unsigned Width     = 6,
  parameter int unsigned Folds     = 1,
  parameter int unsigned KernelH   = 3,
  parameter int unsigned KernelW   = 3,
  parameter int unsigned StrideH   = 1,
  parameter int unsigned StrideW   = 1,
  parameter int unsigned DilationH = 1,
  parameter int unsigned DilationW = 1,
  parameter bit          Block     = 1'b0,  // the lines in block RAM, else in LUTs
  localparam int unsigned WindowBits = KernelH * KernelW * Bits
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,  // synchronous

  input  logic                  in_valid_i,
  output logic                  in_ready_o,
  input  logic [Bits-1:0]       in_data_i,

  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output logic [WindowBits-1:0] out_data_o
);
  if (Bits < 1 || Height < 1 || Width < 1 || Folds < 1) begin : g_bad_shape
    $error("assay_swg_parallel: Bits and the sizes must be at least 1");
  end
  if (KernelH < 1 || KernelW < 1 || StrideH < 1 || StrideW < 1 || DilationH < 1 ||
      DilationW < 1) begin : g_bad_kernel
    $error("assay_swg_parallel: kernels, strides and dilations are at least 1");
  end

  // The first row and the first column that complete windows.
  localparam int unsigned FirstRow    = DilationH * (KernelH - 1);
  localparam int unsigned FirstColumn = DilationW * (KernelW - 1);
  if (FirstRow >= Height || FirstColumn >= Width) begin : g_bad_fit
    $error("assay_swg_parallel: the window does not fit");
  end
  localparam int unsigned RowBits    = Height > 1 ? $clog2(Height) : 1;
  localparam int unsigned ColumnBits = Width > 1 ? $clog2(Width) : 1;
  localparam int unsigned FoldBits   = Folds > 1 ? $clog2(Folds) : 1;
  // How long rows and columns are waited for at most, which may be never.
  localparam int unsigned MostRows       = FirstRow > StrideH - 1 ? FirstRow : StrideH - 1;
  localparam int unsigned MostColumns    = FirstColumn > StrideW - 1 ? FirstColumn : StrideW - 1;
  localparam int unsigned RowWaitBits    = MostRows > 0 ? $clog2(MostRows + 1) : 1;
  localparam int unsigned ColumnWaitBits = MostColumns > 0 ? $clog2(MostColumns + 1) : 1;

  logic [RowBits-1:0]        row;  // of the newest word
  logic [ColumnBits-1:0]     column;
  logic [FoldBits-1:0]       fold;
  logic [RowWaitBits-1:0]    row_wait;  // rows until one completes windows
  logic [ColumnWaitBits-1:0] column_wait;
  logic                      complete, valid, ready, take;
  logic                      last_fold, last_column, last_row;
  logic [Bits-1:0]           word;
  logic [WindowBits-1:0]     window;

  assign complete    = row_wait == '0 && column_wait == '0;
  assign ready       = !complete || out_ready_i;
  assign take        = valid && ready;
  assign out_valid_o = valid && complete;
  assign out_data_o  = window;
  assign last_fold   = fold == FoldBits'(Folds - 1);
  assign last_column = column == ColumnBits'(Width - 1);
  assign last_row    = row == RowBits'(Height - 1);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      fold        <= '0;
      column      <= '0;
      column_wait <= ColumnWaitBits'(FirstColumn);
      row         <= '0;
      row_wait    <= RowWaitBits'(FirstRow);
    end else if (take) begin
      fold <= last_fold ? '0 : fold + 1'b1;
      if (last_fold) begin
        column <= last_column ? '0 : column + 1'b1;
        if (last_column)            column_wait <= ColumnWaitBits'(FirstColumn);
        else if (column_wait == '0) column_wait <= ColumnWaitBits'(StrideW - 1);
        else                        column_wait <= column_wait - 1'b1;
      end
      if (last_fold && last_column) begin
        row <= last_row ? '0 : row + 1'b1;
        if (last_row)            row_wait <= RowWaitBits'(FirstRow);
        else if (row_wait == '0) row_wait <= RowWaitBits'(StrideH - 1);
        else                     row_wait <= row_wait - 1'b1;
      end
    end
  end

  assay_skid #(.Bits(Bits)) u_skid (
    .clk_i,
    .rst_ni,
    .in_valid_i,
    .in_ready_o,
    .in_data_i,
    .out_valid_o (valid),
    .out_ready_i (ready),
    .out_data_o  (word)
  );

  // A window's last word is the newest. A row's last word comes from the first word of
  // the row below, as that was a line ago; every other word from its right neighbour.
  assign window[WindowBits-Bits +: Bits] = word;

  if (KernelH > 1) begin : g_lines
    localparam int unsigned Words = (DilationH * Width - FirstColumn) * Folds;
    logic [(KernelH-1)*Bits-1:0] from, to;
    assay_delay #(.Bits((KernelH - 1) * Bits), .Words(Words), .Block(Block)) u_lines (
      .clk_i,
      .rst_ni,
      .step_i (take),
      .in_i   (from),
      .out_o  (to)
    );
    for (genvar r = 0; r < KernelH - 1; r++) begin : g_row
      assign from[r*Bits +: Bits] = window[(r+1)*KernelW*Bits +: Bits];
      assign window[((r+1)*KernelW-1)*Bits +: Bits] = to[r*Bits +: Bits];
    end
  end

  if (KernelW > 1) begin : g_columns
    localparam int unsigned RowBitsLeft = (KernelW - 1) * Bits;  // all words but one
    logic [KernelH*RowBitsLeft-1:0] from, to;
    assay_delay #(.Bits(KernelH * RowBitsLeft), .Words(DilationW * Folds)) u_columns (
      .clk_i,
      .rst_ni,
      .step_i (take),
      .in_i   (from),
      .out_o  (to)
    );
    for (genvar r = 0; r < KernelH; r++) begin : g_row
      assign from[r*RowBitsLeft +: RowBitsLeft] = window[(r*KernelW+1)*Bits +: RowBitsLeft];
      assign window[r*KernelW*Bits +: RowBitsLeft] = to[r*RowBitsLeft +: RowBitsLeft];
    end
  end
endmodule
