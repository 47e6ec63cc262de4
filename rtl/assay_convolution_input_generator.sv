// SPDX-License-Identifier: Apache-2.0
// Windows of a feature map without padding, one tap of a word (Bits: some channels) per beat:
//   in [Height, Width, Folds] words, out [OutHeight, OutWidth] windows of
//   [KernelH, KernelW, Folds] words, or Grouped [Folds, KernelH, KernelW].
// A ring of Depth words: a window's room is free after its last tap, a tap is read as soon as it is
// there. Latency 2. Depth is chosen in compile/hw so that frames follow each other without a bubble: a
// frame takes as many cycles as it has words or taps, whichever is more. Or it is the words of one window
// alone, from its first to its last: then every frame begins with an empty ring.
// Golden: golden/hw/convolution_input_generator.cc.
module assay_convolution_input_generator #(
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
  parameter bit          Grouped   = 1'b0,
  parameter int unsigned Depth     = 36,
  parameter bit          Block     = 1'b0  // the ring in block RAM, else in LUTs
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
  if (Bits < 1 || Height < 1 || Width < 1 || Folds < 1) begin : g_bad_shape
    $error("assay_convolution_input_generator: Bits and the sizes must be at least 1");
  end
  if (KernelH < 1 || KernelW < 1 || StrideH < 1 || StrideW < 1 || DilationH < 1 ||
      DilationW < 1) begin : g_bad_kernel
    $error("assay_convolution_input_generator: kernels, strides and dilations are at least 1");
  end

  // From a window's first row and column to its last.
  localparam int unsigned ReachH = DilationH * (KernelH - 1);
  localparam int unsigned ReachW = DilationW * (KernelW - 1);
  if (ReachH >= Height || ReachW >= Width) begin : g_bad_fit
    $error("assay_convolution_input_generator: the window does not fit");
  end

  localparam int unsigned OutHeight = (Height - ReachH - 1) / StrideH + 1;
  localparam int unsigned OutWidth  = (Width - ReachW - 1) / StrideW + 1;

  // A window is three nested loops, A innermost: how often, and how many words a step goes.
  localparam int RowWords = Width * Folds;
  localparam int TapH     = DilationH * RowWords;
  localparam int TapW     = DilationW * Folds;
  localparam int LoopA    = Grouped ? KernelW : Folds;
  localparam int LoopB    = Grouped ? KernelH : KernelW;
  localparam int LoopC    = Grouped ? Folds : KernelH;
  localparam int StepA    = Grouped ? TapW : 1;
  localparam int StepB    = Grouped ? TapH : TapW;
  localparam int StepC    = Grouped ? 1 : TapH;
  localparam int EndA     = (LoopA - 1) * StepA;  // from the first tap to the last
  localparam int EndB     = EndA + (LoopB - 1) * StepB;
  localparam int Last     = EndB + (LoopC - 1) * StepC;

  // From a window to the next one: in the row, in the next row, in the next frame.
  localparam int Column    = StrideW * Folds;
  localparam int EndColumn = (OutWidth - 1) * Column;
  localparam int Row       = StrideH * RowWords - EndColumn;
  localparam int Frame     = (Height - (OutHeight - 1) * StrideH) * RowWords - EndColumn;

  localparam int Ring = Depth;
  if (Ring <= Last) begin : g_bad_depth
    $error("assay_convolution_input_generator: Depth must hold a window");
  end

  localparam int unsigned AddrBits   = Depth > 1 ? $clog2(Depth) : 1;
  localparam int unsigned CountBits  = $clog2(Depth + 2 * Height * Width * Folds) + 1;  // signed
  localparam int unsigned ColumnBits = $clog2(OutWidth + 1);
  localparam int unsigned RowBits    = $clog2(OutHeight + 1);
  localparam int unsigned LoopBits   = $clog2(KernelH + KernelW + Folds);

  function automatic int wrapped(input int words);  // on the ring
    wrapped = (words % Ring + Ring) % Ring;
  endfunction

  // To go on by `words` on the ring: beyond its end, and before it.
  function automatic logic [2*AddrBits:0] moves(input int words);
    moves = {(AddrBits + 1)'(wrapped(words) - Ring), AddrBits'(wrapped(words))};
  endfunction

  // Both sums at once: the one beyond the end is negative as long as that is not reached.
  function automatic logic [AddrBits-1:0] moved(input logic [AddrBits-1:0] addr,
                                                input logic [2*AddrBits:0] words);
    logic [AddrBits:0] beyond;
    begin
      beyond = {1'b0, addr} + words[2*AddrBits:AddrBits];
      moved  = beyond[AddrBits] ? addr + words[AddrBits-1:0] : beyond[AddrBits-1:0];
    end
  endfunction

  // Whether the next of `count` steps is the last one.
  function automatic logic ends(input logic last, input logic [31:0] step,
                                input logic [31:0] count);
    ends = last ? count == 1 : step == count - 2;
  endfunction

  logic [LoopBits-1:0]         a, b, c;  // of the next tap, as are column and row
  logic [ColumnBits-1:0]       column;
  logic [RowBits-1:0]          row;
  logic                        last_a, last_b, last_c, last_column, last_row;  // known a step before
  logic                        write, read;
  logic [AddrBits-1:0]         write_addr, read_addr;
  logic [2*AddrBits:0]         addr_move;
  logic signed [CountBits-1:0] room;   // words that may be written, minus 1
  logic signed [CountBits-1:0] ahead;  // words there from the next tap on, minus 1
  logic signed [CountBits-1:0] tap_move, window_move, room_move, ahead_move;

  assign in_ready_o  = !room[CountBits-1];
  assign write       = in_valid_i && in_ready_o;
  assign read        = !ahead[CountBits-1] && (out_ready_i || !out_valid_o);

  // Where the next tap is. What a write adds is in the same constant, so that one addition is left.
  always_comb begin
    window_move = {CountBits{write}};
    if (!last_a) begin
      tap_move  = write ? CountBits'(1 - StepA) : CountBits'(-StepA);
      addr_move = moves(StepA);
    end else if (!last_b) begin
      tap_move  = write ? CountBits'(1 - StepB + EndA) : CountBits'(EndA - StepB);
      addr_move = moves(StepB - EndA);
    end else if (!last_c) begin
      tap_move  = write ? CountBits'(1 - StepC + EndB) : CountBits'(EndB - StepC);
      addr_move = moves(StepC - EndB);
    end else if (!last_column) begin
      window_move = write ? CountBits'(Column - 1) : CountBits'(Column);
      tap_move    = write ? CountBits'(1 - Column + Last) : CountBits'(Last - Column);
      addr_move   = moves(Column - Last);
    end else if (!last_row) begin
      window_move = write ? CountBits'(Row - 1) : CountBits'(Row);
      tap_move    = write ? CountBits'(1 - Row + Last) : CountBits'(Last - Row);
      addr_move   = moves(Row - Last);
    end else begin
      window_move = write ? CountBits'(Frame - 1) : CountBits'(Frame);
      tap_move    = write ? CountBits'(1 - Frame + Last) : CountBits'(Last - Frame);
      addr_move   = moves(Frame - Last);
    end
    room_move  = read ? window_move : {CountBits{write}};
    ahead_move = read ? tap_move : CountBits'(write);
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      {a, b, c}   <= '0;
      column      <= '0;
      row         <= '0;
      read_addr   <= '0;
      write_addr  <= '0;
      last_a      <= LoopA == 1;
      last_b      <= LoopB == 1;
      last_c      <= LoopC == 1;
      last_column <= OutWidth == 1;
      last_row    <= OutHeight == 1;
      room        <= CountBits'(Depth - 1);
      ahead       <= '1;
      out_valid_o <= 1'b0;
    end else begin
      if (read) begin
        read_addr <= moved(read_addr, addr_move);
        a         <= last_a ? '0 : a + LoopBits'(1);
        last_a    <= ends(last_a, 32'(a), LoopA);
        if (last_a) begin
          b      <= last_b ? '0 : b + LoopBits'(1);
          last_b <= ends(last_b, 32'(b), LoopB);
        end
        if (last_a && last_b) begin
          c      <= last_c ? '0 : c + LoopBits'(1);
          last_c <= ends(last_c, 32'(c), LoopC);
        end
        if (last_a && last_b && last_c) begin
          column      <= last_column ? '0 : column + 1'b1;
          last_column <= ends(last_column, 32'(column), OutWidth);
        end
        if (last_a && last_b && last_c && last_column) begin
          row      <= last_row ? '0 : row + 1'b1;
          last_row <= ends(last_row, 32'(row), OutHeight);
        end
      end
      if (write) write_addr <= moved(write_addr, moves(1));
      room        <= room + room_move;
      ahead       <= ahead + ahead_move;
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
