// SPDX-License-Identifier: Apache-2.0
// What a host says to a board (docs/boards.md): packets between flags, bytes of data from a ring to
// the accelerator. A packet counts only whole and with its CRC; anything else changes nothing, and
// the next flag starts anew. Data are taken where they continue what was taken before, so that a
// host may repeat what got lost. The ring holds them until the accelerator takes them; what does not
// fit is refused whole.
module assay_shell_receiver #(
  parameter int unsigned RingBytes = 512,  // a power of two, 32 to 32768
  parameter int unsigned InBytes   = 1     // of a beat
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,      // synchronous

  input  logic                 rx_valid_i,  // a byte, taken at once
  input  logic                 rx_bad_i,
  input  logic [7:0]           rx_data_i,

  input  logic                 clear_i,     // everything is as after the reset
  input  logic                 open_i,      // data are taken
  output logic                 hello_o,     // for one cycle each: a command came
  output logic                 reset_o,
  output logic [7:0]           session_o,   // of that reset
  output logic                 told_o,      // for one cycle: there is something to acknowledge
  output logic [15:0]          accepted_o,  // bytes of data, modulo 65536
  output logic [15:0]          taken_o,     // of these, those that left the ring

  output logic                 out_valid_o,
  input  logic                 out_ready_i,
  output logic [InBytes*8-1:0] out_data_o
);
  if (RingBytes < 32 || RingBytes > 32768 || (RingBytes & (RingBytes - 1)) != 0) begin : g_bad_ring
    $error("assay_shell_receiver: RingBytes must be a power of two between 32 and 32768");
  end
  if (InBytes < 1) begin : g_bad_beat
    $error("assay_shell_receiver: InBytes must be at least 1");
  end

  localparam int unsigned AddressBits = $clog2(RingBytes);
  localparam int unsigned ByteBits    = InBytes > 1 ? $clog2(InBytes) : 1;

  localparam logic [7:0] Flag = 8'h7e, Escape = 8'h7d;
  localparam logic [7:0] Hello = 8'h01, Reset = 8'h02, Data = 8'h03;

  // A packet: its kind, for data two bytes of their place, the rest, two bytes of CRC.
  logic        flag, escape, escaped, take;
  logic        bad;      // the packet under way cannot be taken
  logic        here;     // its place is where data are expected
  logic [2:0]  place;    // of the next byte; 6 stands for all behind
  logic [7:0]  kind, value;
  logic [15:0] crc, next_crc;

  assign flag   = rx_valid_i && rx_data_i == Flag;
  assign escape = rx_valid_i && rx_data_i == Escape;
  assign take   = rx_valid_i && !flag && !escape;
  assign value  = escaped ? rx_data_i ^ 8'h20 : rx_data_i;

  assay_shell_crc u_crc (.crc_i(crc), .data_i(value), .crc_o(next_crc));

  logic        whole, data_came, data_taken, full, write;
  logic [15:0] head;  // where the next byte of data goes

  assign whole      = flag && !rx_bad_i && !bad && !escaped && crc == '0;
  assign hello_o    = whole && kind == Hello && place == 3'd3;
  assign reset_o    = whole && kind == Reset && place == 3'd4;
  assign data_came  = whole && kind == Data && place == 3'd6;
  assign data_taken = data_came && here && open_i;
  assign full       = head[AddressBits-1:0] == taken_o[AddressBits-1:0] &&
                      head[AddressBits] != taken_o[AddressBits];
  assign write      = take && kind == Data && place >= 3'd3 && !full;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      bad     <= 1'b1;
      escaped <= 1'b0;
      place   <= '0;
      crc     <= '1;
    end else if (flag) begin
      bad     <= rx_bad_i;
      escaped <= 1'b0;
      place   <= '0;
      crc     <= '1;
    end else if (rx_valid_i) begin
      escaped <= escape;
      if (rx_bad_i || (escape && escaped)) bad <= 1'b1;
      if (take) begin
        crc <= next_crc;
        if (place != 3'd6) place <= place + 3'd1;
        if (kind == Data && place >= 3'd3 && full) bad <= 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (take && place == 3'd0) kind <= value;
    if (take && place == 3'd1) session_o <= value;
    if (take && place == 3'd1) here <= value == accepted_o[15:8];
    if (take && place == 3'd2) here <= here && value == accepted_o[7:0];
    if (clear_i) here <= 1'b0;  // data under way belong to what was
  end

  // The CRC is written, too, and left behind.
  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      head       <= '0;
      accepted_o <= '0;
    end else if (flag) begin
      head <= data_taken ? head - 16'd2 : accepted_o;
      if (data_taken) accepted_o <= head - 16'd2;
    end else if (write) begin
      head <= head + 16'd1;
    end
  end

  logic                read, reading;  // reading: the ring's output is the next byte
  logic [7:0]          ring_data;
  logic [ByteBits-1:0] byte_place;

  assay_ram #(
    .Bits(8), .Words(RingBytes), .Block(1'b1)
  ) u_ring (
    .clk_i(clk_i), .write_i(write), .waddr_i(head[AddressBits-1:0]), .wdata_i(value),
    .read_i(read), .raddr_i(taken_o[AddressBits-1:0]), .rdata_o(ring_data)
  );

  assign read   = !reading && !out_valid_o && taken_o != accepted_o;
  // Also now and then while the ring empties.
  assign told_o = data_came || (reading && taken_o[AddressBits-3:0] == '1);

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      reading     <= 1'b0;
      out_valid_o <= 1'b0;
      byte_place  <= '0;
      taken_o     <= '0;
    end else begin
      reading <= read;
      if (out_valid_o && out_ready_i) out_valid_o <= 1'b0;
      if (reading) begin
        taken_o     <= taken_o + 16'd1;
        out_valid_o <= byte_place == ByteBits'(InBytes - 1);
        byte_place  <= byte_place == ByteBits'(InBytes - 1) ? '0 : byte_place + 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (reading) out_data_o <= (InBytes * 8)'({ring_data, out_data_o} >> 8);
  end
endmodule
