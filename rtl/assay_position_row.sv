// SPDX-License-Identifier: Apache-2.0
// The row of parameters of each beat of a frame, where pixels of a frame belong to classes:
//
//   row = Lines[y] + Columns[x] + fold        beats in the order (y, x, fold), innermost last
//
// row_o belongs to the beat that step_i takes. Lines and Columns are in files ($readmemh; none:
// zeros); those of the first pixel are 0.
module assay_position_row #(
  parameter int unsigned Folds      = 1,  // beats of a pixel
  parameter int unsigned Height     = 1,
  parameter int unsigned Width      = 1,
  parameter int unsigned RowBits    = 1,
  parameter              LineFile   = "",
  parameter              ColumnFile = ""
) (
  input  logic               clk_i,
  input  logic               rst_ni,  // synchronous

  input  logic               step_i,
  output logic [RowBits-1:0] row_o
);
  if (Folds < 1 || Height < 1 || Width < 1 || RowBits < 1) begin : g_bad_size
    $error("assay_position_row: Folds, Height, Width and RowBits must be at least 1");
  end

  localparam int unsigned FoldBits = Folds > 1 ? $clog2(Folds) : 1;
  localparam int unsigned YBits    = Height > 1 ? $clog2(Height) : 1;
  localparam int unsigned XBits    = Width > 1 ? $clog2(Width) : 1;

`ifdef YOSYS
  (* lut_rom *)
`else
  (* rom_style = "distributed", ram_style = "distributed" *)
`endif
  logic [RowBits-1:0] lines[Height], columns[Width];
  if (LineFile != "") begin : g_lines
    initial $readmemh(LineFile, lines);
  end else begin : g_no_lines
    initial for (int unsigned i = 0; i < Height; i++) lines[i] = '0;
  end
  if (ColumnFile != "") begin : g_columns
    initial $readmemh(ColumnFile, columns);
  end else begin : g_no_columns
    initial for (int unsigned i = 0; i < Width; i++) columns[i] = '0;
  end

  logic [FoldBits-1:0] fold;
  logic [YBits-1:0]    y, next_y;
  logic [XBits-1:0]    x, next_x;
  logic                pixel_ends, line_ends;

  assign pixel_ends = fold == FoldBits'(Folds - 1);
  assign line_ends  = x == XBits'(Width - 1);
  assign next_x     = line_ends ? '0 : x + 1'b1;
  assign next_y     = !line_ends ? y : y == YBits'(Height - 1) ? '0 : y + 1'b1;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      fold  <= '0;
      y     <= '0;
      x     <= '0;
      row_o <= '0;
    end else if (step_i) begin
      fold <= pixel_ends ? '0 : fold + 1'b1;
      if (pixel_ends) begin
        y     <= next_y;
        x     <= next_x;
        row_o <= lines[next_y] + columns[next_x];
      end else begin
        row_o <= row_o + 1'b1;
      end
    end
  end
endmodule
