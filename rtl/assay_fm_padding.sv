// SPDX-License-Identifier: Apache-2.0
// Pads a feature map, and inserts between its pixels:
//   in [Height, Width, Folds*Lanes], InsertH - 1 rows and InsertW - 1 columns of PadValue between
//   neighbours, then PadTop, PadLeft, PadBottom, PadRight of them around.
// Lane l of fold f is channel f*Lanes + l, data[l*ElemBits +: ElemBits], lane 0 least significant.
// A frame starts with its first input beat, also where padding comes first.
// Latency 1, one output beat per cycle: OutHeight*OutWidth*Folds cycles per frame.
// Golden: golden/hw/fm_padding.cc.
module assay_fm_padding #(
  parameter int unsigned Lanes     = 1,
  parameter int unsigned ElemBits  = 8,
  parameter int unsigned Height    = 4,
  parameter int unsigned Width     = 4,
  parameter int unsigned Folds     = 1,  // beats per pixel
  parameter int unsigned PadTop    = 1,
  parameter int unsigned PadLeft   = 1,
  parameter int unsigned PadBottom = 1,
  parameter int unsigned PadRight  = 1,
  parameter int unsigned InsertH   = 1,
  parameter int unsigned InsertW   = 1,
  parameter int          PadValue  = 0,  // the low 32 bits of a number, of which ElemBits are taken
  parameter int          PadHigh   = 0,  // the others
  localparam int unsigned Bits = Lanes * ElemBits
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
  if (Lanes < 1 || ElemBits < 1) begin : g_bad_lanes
    $error("assay_fm_padding: Lanes and ElemBits must be at least 1");
  end
  if (Height < 1 || Width < 1 || Folds < 1) begin : g_bad_shape
    $error("assay_fm_padding: Height, Width and Folds must be at least 1");
  end
  if (InsertH < 1 || InsertW < 1) begin : g_bad_insert
    $error("assay_fm_padding: InsertH and InsertW must be at least 1");
  end

  localparam int unsigned BottomRow   = PadTop + (Height - 1) * InsertH;  // the last that is read
  localparam int unsigned RightColumn = PadLeft + (Width - 1) * InsertW;
  localparam int unsigned OutHeight   = BottomRow + 1 + PadBottom;
  localparam int unsigned OutWidth    = RightColumn + 1 + PadRight;
  localparam int unsigned RowBits     = $clog2(OutHeight + 1);
  localparam int unsigned ColumnBits  = $clog2(OutWidth + 1);
  localparam int unsigned FoldBits    = $clog2(Folds + 1);
  localparam logic [63:0]                PadBits =
      (64'(PadHigh) << 32) | (64'(PadValue) & 64'h00000000_ffffffff);
  localparam logic signed [ElemBits-1:0] Pad     = PadBits[ElemBits-1:0];

  logic [RowBits-1:0]    row, next_row;  // of the output; next_row: where the input goes on
  logic [ColumnBits-1:0] column, next_column;
  logic [FoldBits-1:0]   fold;
  logic                  started;  // in the middle of a frame
  logic                  pixel, valid, ready, take;
  logic                  last_fold, last_column, last_row;

  assign pixel       = row == next_row && column == next_column;
  assign valid       = in_valid_i || (started && !pixel);
  assign take        = valid && ready;
  assign in_ready_o  = pixel && ready;
  assign last_fold   = fold == FoldBits'(Folds - 1);
  assign last_column = column == ColumnBits'(OutWidth - 1);
  assign last_row    = row == RowBits'(OutHeight - 1);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      started     <= 1'b0;
      fold        <= '0;
      column      <= '0;
      next_column <= ColumnBits'(PadLeft);
      row         <= '0;
      next_row    <= RowBits'(PadTop);
    end else if (take) begin
      started <= !(last_fold && last_column && last_row);
      fold    <= last_fold ? '0 : fold + FoldBits'(1);
      if (last_fold) begin
        column <= last_column ? '0 : column + ColumnBits'(1);
        // Past the right column the next one is PadLeft again, reached only in the next row.
        if (column == next_column) begin
          next_column <= column == ColumnBits'(RightColumn) ? ColumnBits'(PadLeft)
                                                            : column + ColumnBits'(InsertW);
        end
      end
      if (last_fold && last_column) begin
        row <= last_row ? '0 : row + RowBits'(1);
        if (row == next_row) begin
          next_row <= row == RowBits'(BottomRow) ? RowBits'(PadTop) : row + RowBits'(InsertH);
        end
      end
    end
  end

  assay_skid #(.Bits(Bits)) u_skid (
    .clk_i,
    .rst_ni,
    .in_valid_i (valid),
    .in_ready_o (ready),
    .in_data_i  (pixel ? in_data_i : {Lanes{Pad}}),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );
endmodule
