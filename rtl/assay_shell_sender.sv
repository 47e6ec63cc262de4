// SPDX-License-Identifier: Apache-2.0
// What a board says to a host (docs/boards.md): who it is, how far it got, and every beat of the
// accelerator in a packet of its own. One packet at a time; each is as it was when it began.
module assay_shell_sender #(
  parameter int unsigned            OutBytes      = 1,  // of a beat
  parameter int unsigned            IdentityBytes = 1,
  parameter [IdentityBytes*8-1:0]   Identity      = '0  // sent from the most significant byte on
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,      // synchronous

  output logic                  tx_valid_o,
  input  logic                  tx_ready_i,
  output logic [7:0]            tx_data_o,

  input  logic                  hello_i,     // say who it is
  input  logic                  told_i,      // say how far it got
  input  logic                  hold_i,      // begin nothing
  output logic                  idle_o,      // nothing is under way
  input  logic                  clear_i,     // beats are counted anew; only when idle
  input  logic [7:0]            session_i,
  input  logic [15:0]           accepted_i,
  input  logic [15:0]           taken_i,
  input  logic [31:0]           cycles_i,

  input  logic                  open_i,      // beats are taken
  input  logic                  in_valid_i,
  output logic                  in_ready_o,
  input  logic [OutBytes*8-1:0] in_data_i,
  input  logic                  in_last_i
);
  if (OutBytes < 1 || IdentityBytes < 1) begin : g_bad_size
    $error("assay_shell_sender: OutBytes and IdentityBytes must be at least 1");
  end

  localparam int unsigned HeldBytes = OutBytes + 7;
  localparam int unsigned HeldBits  = HeldBytes * 8;
  localparam int unsigned Most      = HeldBytes > IdentityBytes ? HeldBytes : IdentityBytes;
  localparam int unsigned LeftBits  = $clog2(Most + 1);

  localparam logic [7:0] Flag = 8'h7e, Escape = 8'h7d;
  localparam logic [7:0] KindIdentity = 8'h81, KindProgress = 8'h82, KindBeat = 8'h83,
                         KindLast = 8'h84;

  typedef enum logic [2:0] {Idle, Open, Kind, Body, High, Low, Close} state_t;

  state_t              state;
  logic                say_identity, say_progress, in_identity;
  logic [7:0]          kind;
  logic [LeftBits-1:0] left;     // bytes of the body
  logic [HeldBits-1:0] held;     // the next byte on top
  logic [15:0]         beats;
  logic [15:0]         crc, next_crc;
  logic                plain, escaped, fire, done;
  logic [7:0]          value;

  assign idle_o     = state == Idle;
  assign in_ready_o = idle_o && !hold_i && !say_identity && !say_progress && open_i;

  always_comb begin
    case (state)
      Kind:    value = kind;
      Body:    value = in_identity ? Identity[(32'(left) - 1) * 8 +: 8] : held[HeldBits-1 -: 8];
      High:    value = crc[15:8];
      Low:     value = crc[7:0];
      default: value = Flag;
    endcase
  end

  assign plain      = state == Open || state == Close || (value != Flag && value != Escape);
  assign tx_valid_o = state != Idle;
  assign tx_data_o  = plain ? value : escaped ? value ^ 8'h20 : Escape;
  assign fire       = tx_valid_o && tx_ready_i;
  assign done       = fire && (plain || escaped);

  assay_shell_crc u_crc (.crc_i(crc), .data_i(value), .crc_o(next_crc));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state   <= Idle;
      escaped <= 1'b0;
    end else begin
      if (fire) escaped <= !plain && !escaped;
      case (state)
        Idle:    if (!hold_i && (say_identity || say_progress || (in_valid_i && open_i)))
                   state <= Open;
        Open:    if (done) state <= Kind;
        Kind:    if (done) state <= Body;
        Body:    if (done && left == LeftBits'(1)) state <= High;
        High:    if (done) state <= Low;
        Low:     if (done) state <= Close;
        default: if (done) state <= Idle;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      say_identity <= 1'b0;
      say_progress <= 1'b1;  // the board woke up
    end else begin
      if (idle_o && !hold_i) begin
        say_identity <= 1'b0;
        if (!say_identity) say_progress <= 1'b0;
      end
      if (hello_i) say_identity <= 1'b1;
      if (told_i) say_progress <= 1'b1;
    end
  end

  // Bytes leave in their order, byte 0 first.
  logic [OutBytes*8-1:0] turned;
  always_comb begin
    for (int unsigned i = 0; i < OutBytes; i++)
      turned[(OutBytes - 1 - i) * 8 +: 8] = in_data_i[i * 8 +: 8];
  end

  always_ff @(posedge clk_i) begin
    if (idle_o) begin
      crc         <= '1;
      in_identity <= say_identity;
      if (say_identity) begin
        kind <= KindIdentity;
        left <= LeftBits'(IdentityBytes);
      end else if (say_progress) begin
        kind <= KindProgress;
        left <= LeftBits'(5);
        held <= {session_i, accepted_i, taken_i, {(HeldBits - 40){1'b0}}};
      end else begin
        kind <= in_last_i ? KindLast : KindBeat;
        left <= in_last_i ? LeftBits'(HeldBytes) : LeftBits'(OutBytes + 3);
        held <= {session_i, beats, turned, cycles_i};
      end
    end else if (done) begin
      if (state == Kind || state == Body) crc <= next_crc;
      if (state == Body) begin
        left <= left - 1'b1;
        held <= held << 8;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i)            beats <= '0;
    else if (in_valid_i && in_ready_o) beats <= beats + 16'd1;
  end
endmodule
