// SPDX-License-Identifier: Apache-2.0
// Picks pixels of a feature map by their rows and columns, in any order and as often as wanted:
//   in [Height, Width, Folds] words of Bits bits, out [OutHeight, OutWidth, Folds] words.
// A ring of Depth words, of which one is read as soon as it is there. Where to read next is in two
// memories, from the least significant bit on:
//   ColumnFile, a word per column: the words to the next column's first, and the same on the ring;
//   RowFile, a word per row: the words to the next row's first, the same on the ring, and how many
//   more words of the frame no row will read any more, which makes room for as many.
// First is the first word that is read, Unread the words in front of all that are ever read.
// Latency 2. Depth is chosen in compile/hw so that frames follow each other without a bubble: a
// frame takes as many cycles as words come or leave, whichever is more.
// Golden: golden/hw/pick.cc.
module assay_pick #(
  parameter int unsigned Bits        = 8,
  parameter int unsigned Height      = 2,
  parameter int unsigned Width       = 2,
  parameter int unsigned Folds       = 1,
  parameter int unsigned OutHeight   = 2,
  parameter int unsigned OutWidth    = 2,
  parameter int unsigned First       = 0,
  parameter int unsigned Unread      = 0,
  parameter int unsigned Depth       = 4,
  parameter bit          Block       = 1'b0,  // the ring in block RAM, else in LUTs
  parameter bit          RowBlock    = 1'b0,
  parameter bit          ColumnBlock = 1'b0,
  parameter              RowFile     = "",
  parameter              ColumnFile  = ""
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
  if (Bits < 1 || Height < 1 || Width < 1 || Folds < 1 || Depth < 1) begin : g_bad_shape
    $error("assay_pick: Bits, Depth and the sizes must be at least 1");
  end
  if (OutHeight < 1 || OutWidth < 1) begin : g_bad_output
    $error("assay_pick: a row and a column must be picked");
  end
  if (First >= Height * Width * Folds || Unread > First) begin : g_bad_first
    $error("assay_pick: First must be a word of the frame, and Unread not behind it");
  end

  localparam int unsigned AddrBits   = Depth > 1 ? $clog2(Depth) : 1;
  localparam int unsigned CountBits  = $clog2(Depth + 2 * Height * Width * Folds) + 1;  // signed
  localparam int unsigned FoldBits   = $clog2(Folds + 1);
  localparam int unsigned ColumnBits = OutWidth > 1 ? $clog2(OutWidth) : 1;
  localparam int unsigned RowBits    = OutHeight > 1 ? $clog2(OutHeight) : 1;

  function automatic logic [AddrBits-1:0] moved(input logic [AddrBits-1:0] addr,
                                                input logic [AddrBits-1:0] words);
    logic [AddrBits:0] sum;
    begin
      sum   = {1'b0, addr} + {1'b0, words};
      moved = AddrBits'(sum >= (AddrBits + 1)'(Depth) ? sum - (AddrBits + 1)'(Depth) : sum);
    end
  endfunction

  logic [FoldBits-1:0]         fold;  // of the next word, as are column and row
  logic [ColumnBits-1:0]       column, next_column;
  logic [RowBits-1:0]          row, next_row;
  logic                        last_fold, last_column, last_row;
  logic                        write, read;
  logic [AddrBits-1:0]         write_addr, read_addr, addr_move;
  logic signed [CountBits-1:0] room;   // words that may be written, minus 1
  logic signed [CountBits-1:0] ahead;  // words there from the next one on, minus 1
  logic signed [CountBits-1:0] word_move, freed;

  logic [CountBits-1:0] column_move, row_move, row_freed;
  logic [AddrBits-1:0]  column_addr, row_addr;

  assign in_ready_o  = !room[CountBits-1];
  assign write       = in_valid_i && in_ready_o;
  assign read        = !ahead[CountBits-1] && (out_ready_i || !out_valid_o);
  assign last_fold   = fold == FoldBits'(Folds - 1);
  assign last_column = column == ColumnBits'(OutWidth - 1);
  assign last_row    = row == RowBits'(OutHeight - 1);

  always_comb begin  // where the next word is
    freed = '0;
    if (!last_fold) begin
      word_move = CountBits'(1);
      addr_move = AddrBits'(Depth > 1 ? 1 : 0);
    end else if (!last_column) begin
      word_move = column_move;
      addr_move = column_addr;
    end else begin
      freed     = row_freed;
      word_move = row_move;
      addr_move = row_addr;
    end
  end

  // The memories are read one cycle ahead, so that they can be block RAM.
  always_comb begin
    next_column = column;
    next_row    = row;
    if (read && last_fold) next_column = last_column ? '0 : column + 1'b1;
    if (read && last_fold && last_column) next_row = last_row ? '0 : row + 1'b1;
    if (!rst_ni) begin
      next_column = '0;
      next_row    = '0;
    end
  end

  assay_rom #(
    .Bits(AddrBits + CountBits), .Words(OutWidth), .Block(ColumnBlock), .File(ColumnFile)
  ) u_columns (
    .clk_i, .read_i(1'b1), .addr_i(next_column), .data_o({column_addr, column_move})
  );

  assay_rom #(
    .Bits(AddrBits + 2 * CountBits), .Words(OutHeight), .Block(RowBlock), .File(RowFile)
  ) u_rows (
    .clk_i, .read_i(1'b1), .addr_i(next_row), .data_o({row_freed, row_addr, row_move})
  );

  always_ff @(posedge clk_i) begin
    column <= next_column;
    row    <= next_row;
    if (!rst_ni) begin
      fold         <= '0;
      read_addr    <= AddrBits'(First % Depth);
      write_addr   <= '0;
      room         <= CountBits'(Depth + Unread - 1);
      ahead        <= CountBits'(0) - CountBits'(First + 1);
      out_valid_o <= 1'b0;
    end else begin
      if (read) begin
        read_addr <= moved(read_addr, addr_move);
        fold      <= last_fold ? '0 : fold + FoldBits'(1);
      end
      if (write) write_addr <= moved(write_addr, AddrBits'(Depth > 1 ? 1 : 0));
      room         <= room + (read ? freed : '0) - CountBits'(write);
      ahead        <= ahead - (read ? word_move : '0) + CountBits'(write);
      out_valid_o <= read || (out_valid_o && !out_ready_i);
    end
  end

  assay_ram #(.Bits(Bits), .Words(Depth), .Block(Block)) u_ring (
    .clk_i,
    .write_i (write),
    .waddr_i (write_addr),
    .wdata_i (in_data_i),
    .read_i  (read),
    .raddr_i (read_addr),
    .rdata_o (out_data_o)
  );
endmodule
