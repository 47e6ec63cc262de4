// SPDX-License-Identifier: Apache-2.0
// Takes vectors of Length beats and gives each Repeats times in a row. Two vectors are stored: while
// one plays, the next loads; a vector starts to play as soon as its first beat is there. With
// Repeats = 1 nothing but a register is left.
// Latency 1 (Repeats = 1) or 2, one beat per cycle.
// Lane order: a beat comes in as [Simd][Channels] elements of ElementBits bits and goes out as
// [Channels][Simd] elements or, with Planes, [Channels][ElementBits][Simd] single bits.
module assay_replay_buffer #(
  parameter int unsigned Simd        = 1,
  parameter int unsigned Channels    = 1,
  parameter int unsigned ElementBits = 8,
  parameter bit          Planes      = 1'b0,
  parameter int unsigned Length      = 1,
  parameter int unsigned Repeats     = 1,
  localparam int unsigned Bits = Simd * Channels * ElementBits
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
  if (Simd < 1 || Channels < 1 || ElementBits < 1) begin : g_bad_size
    $error("assay_replay_buffer: Simd, Channels and ElementBits must be at least 1");
  end
  if (Length < 1 || Repeats < 1) begin : g_bad_length
    $error("assay_replay_buffer: Length and Repeats must be at least 1");
  end

  // Whether the order of the bits changes at all.
  localparam bit Moves = (Channels > 1 && Simd > 1) || (Planes && ElementBits > 1 && Simd > 1);

  function automatic logic [Bits-1:0] reordered(input logic [Bits-1:0] beat);
    reordered = beat;
    if (Moves) begin
      for (int unsigned s = 0; s < Simd; s++) begin
        for (int unsigned c = 0; c < Channels; c++) begin
          for (int unsigned b = 0; b < ElementBits; b++) begin
            if (Planes) reordered[(c*ElementBits+b)*Simd + s] = beat[(s*Channels+c)*ElementBits + b];
            else reordered[(c*Simd+s)*ElementBits + b] = beat[(s*Channels+c)*ElementBits + b];
          end
        end
      end
    end
  endfunction

  logic take;  // the output register takes a beat, if there is one
  assign take = out_ready_i || !out_valid_o;

  if (Repeats == 1) begin : g_pass
    assign in_ready_o = take;

    always_ff @(posedge clk_i) begin
      if (!rst_ni)   out_valid_o <= 1'b0;
      else if (take) out_valid_o <= in_valid_i;
    end

    always_ff @(posedge clk_i) begin
      if (take && in_valid_i) out_data_o <= reordered(in_data_i);
    end
  end else begin : g_replay
    localparam int unsigned Words      = 2 * Length;
    localparam int unsigned AddrBits   = $clog2(Words);
    localparam int unsigned RepeatBits = $clog2(Repeats);

    logic [AddrBits-1:0]   write_addr, read_addr;
    logic                  write_bank, read_bank;  // the vector an address lies in
    logic [1:0]            loaded;                 // banks that hold a whole vector
    logic [RepeatBits-1:0] repeat_count;
    logic                  write, write_ends, read, read_ends, available, last_repeat;

    assign in_ready_o  = !loaded[write_bank];
    assign write       = in_valid_i && in_ready_o;
    assign write_ends  = write_addr == (write_bank ? AddrBits'(Words - 1) : AddrBits'(Length - 1));
    assign read_ends   = read_addr == (read_bank ? AddrBits'(Words - 1) : AddrBits'(Length - 1));
    assign last_repeat = repeat_count == RepeatBits'(Repeats - 1);
    assign available   = loaded[read_bank] || (read_bank == write_bank && read_addr < write_addr);
    assign read        = take && available;

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        write_addr <= '0;
        write_bank <= 1'b0;
      end else if (write) begin
        write_addr <= write_addr == AddrBits'(Words - 1) ? '0 : write_addr + 1'b1;
        write_bank <= write_bank ^ write_ends;
      end
    end

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        read_addr    <= '0;
        read_bank    <= 1'b0;
        repeat_count <= '0;
      end else if (read && !read_ends) begin
        read_addr <= read_addr + 1'b1;
      end else if (read) begin
        read_addr    <= (read_bank ^ last_repeat) ? AddrBits'(Length) : '0;
        read_bank    <= read_bank ^ last_repeat;
        repeat_count <= last_repeat ? '0 : repeat_count + 1'b1;
      end
    end

    for (genvar b = 0; b < 2; b++) begin : g_bank
      localparam bit Bank = b == 1;
      always_ff @(posedge clk_i) begin
        if (!rst_ni)
          loaded[b] <= 1'b0;
        else if (write && write_ends && write_bank == Bank)
          loaded[b] <= 1'b1;
        else if (read && read_ends && last_repeat && read_bank == Bank)
          loaded[b] <= 1'b0;
      end
    end

    always_ff @(posedge clk_i) begin
      if (!rst_ni)   out_valid_o <= 1'b0;
      else if (take) out_valid_o <= available;
    end

    logic [Bits-1:0] mem[Words];
    always_ff @(posedge clk_i) begin
      if (write) mem[write_addr] <= reordered(in_data_i);
      if (read) out_data_o <= mem[read_addr];
    end
  end
endmodule
