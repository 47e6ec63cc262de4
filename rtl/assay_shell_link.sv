// SPDX-License-Identifier: Apache-2.0
// Between an accelerator and a host at the other end of a line of bytes, whatever carries them
// (docs/boards.md). The host opens a session, which resets the accelerator, and streams frames; the
// board says who it is, acknowledges, and sends every beat of the accelerator. Nothing overruns: a
// host sends no more than the ring has room for, and the accelerator waits for the line.
module assay_shell_link #(
  parameter logic [255:0] ContentHash = '0,  // of the RTL that the board was built from
  parameter logic [31:0]  ClockHz     = 32'd12000000,
  parameter int unsigned  InBytes     = 1,   // of a beat
  parameter int unsigned  OutBytes    = 1,
  parameter logic [31:0]  InBeats     = 32'd1,   // of a frame
  parameter logic [31:0]  OutBeats    = 32'd1,
  parameter int unsigned  RingBytes   = 512  // a power of two, 32 to 32768
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,      // synchronous

  input  logic                  rx_valid_i,  // a byte, taken at once
  input  logic                  rx_bad_i,    // it is known to be damaged
  input  logic [7:0]            rx_data_i,

  output logic                  tx_valid_o,
  input  logic                  tx_ready_i,
  output logic [7:0]            tx_data_o,

  output logic                  acc_rst_no,  // of the accelerator

  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output logic [InBytes*8-1:0]  out_data_o,

  input  logic                  in_valid_i,
  output logic                  in_ready_o,
  input  logic [OutBytes*8-1:0] in_data_i,
  input  logic                  in_last_i
);
  if (InBytes > 65535 || OutBytes > 65535 || InBeats == 0 || OutBeats == 0) begin : g_bad_size
    $error("assay_shell_link: beats must have less than 65536 bytes, and frames at least one beat");
  end

  localparam int unsigned IdentityBytes = 55;
  localparam logic [7:0]  Version       = 8'd1;
  // "ASYB" in front
  localparam logic [IdentityBytes*8-1:0] Identity = {
    32'h41535942, Version, ContentHash, 16'(InBytes), 16'(OutBytes), InBeats, OutBeats,
    ClockHz, 16'(RingBytes)};

  logic        hello, reset_came, clear, told, idle, out_valid;
  logic        reset_waits;  // until no packet is under way
  logic [7:0]  asked, wanted, session;
  logic [15:0] accepted, taken;
  logic [3:0]  held_cycles;  // of the accelerator's reset
  logic [31:0] cycles;       // since then

  assign clear       = reset_waits && idle;
  assign out_valid_o = out_valid && acc_rst_no;  // a reset accelerator takes nothing

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      reset_waits <= 1'b0;
      session     <= '0;
      held_cycles <= '1;
      acc_rst_no  <= 1'b0;
    end else begin
      if (clear) reset_waits <= 1'b0;
      if (reset_came) reset_waits <= 1'b1;
      if (clear) session <= wanted;
      held_cycles <= clear ? '1 : held_cycles == '0 ? '0 : held_cycles - 4'd1;
      acc_rst_no  <= !clear && held_cycles == '0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (reset_came) wanted <= asked;
    cycles <= acc_rst_no ? cycles + 32'd1 : '0;
  end

  assay_shell_receiver #(
    .RingBytes(RingBytes), .InBytes(InBytes)
  ) u_receiver (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .rx_valid_i(rx_valid_i), .rx_bad_i(rx_bad_i), .rx_data_i(rx_data_i),
    .clear_i(clear), .open_i(session != '0 && !reset_waits),
    .hello_o(hello), .reset_o(reset_came), .session_o(asked), .told_o(told),
    .accepted_o(accepted), .taken_o(taken),
    .out_valid_o(out_valid), .out_ready_i(out_ready_i && acc_rst_no), .out_data_o(out_data_o)
  );

  assay_shell_sender #(
    .OutBytes(OutBytes), .IdentityBytes(IdentityBytes), .Identity(Identity)
  ) u_sender (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .tx_valid_o(tx_valid_o), .tx_ready_i(tx_ready_i), .tx_data_o(tx_data_o),
    .hello_i(hello), .told_i(told || hello || clear), .hold_i(reset_waits), .idle_o(idle),
    .clear_i(clear), .session_i(session), .accepted_i(accepted), .taken_i(taken),
    .cycles_i(cycles), .open_i(acc_rst_no && session != '0),
    .in_valid_i(in_valid_i), .in_ready_o(in_ready_o), .in_data_i(in_data_i), .in_last_i(in_last_i)
  );
endmodule
