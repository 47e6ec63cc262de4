// SPDX-License-Identifier: Apache-2.0
// What a board needs around an accelerator: a serial line, and assay_shell_link behind it.
module assay_shell #(
  parameter int unsigned  ClocksPerBit = 104,  // of the serial line, at least 4
  parameter logic [255:0] ContentHash  = '0,   // of the RTL that the board was built from
  parameter logic [31:0]  ClockHz      = 32'd12000000,
  parameter int unsigned  InBytes      = 1,    // of a beat
  parameter int unsigned  OutBytes     = 1,
  parameter logic [31:0]  InBeats      = 32'd1,  // of a frame
  parameter logic [31:0]  OutBeats     = 32'd1,
  parameter int unsigned  RingBytes    = 512   // a power of two, 32 to 32768
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,      // synchronous

  input  logic                  rx_i,        // from the host, asynchronous
  output logic                  tx_o,

  output logic                  acc_rst_no,  // of the accelerator

  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output logic [InBytes*8-1:0]  out_data_o,

  input  logic                  in_valid_i,
  output logic                  in_ready_o,
  input  logic [OutBytes*8-1:0] in_data_i,
  input  logic                  in_last_i
);
  logic       rx_valid, rx_bad, tx_valid, tx_ready;
  logic [7:0] rx_data, tx_data;

  assay_uart_rx #(
    .ClocksPerBit(ClocksPerBit)
  ) u_rx (
    .clk_i(clk_i), .rst_ni(rst_ni), .rx_i(rx_i),
    .valid_o(rx_valid), .bad_o(rx_bad), .data_o(rx_data)
  );

  assay_uart_tx #(
    .ClocksPerBit(ClocksPerBit)
  ) u_tx (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(tx_valid), .in_ready_o(tx_ready), .in_data_i(tx_data), .tx_o(tx_o)
  );

  assay_shell_link #(
    .ContentHash(ContentHash), .ClockHz(ClockHz), .InBytes(InBytes), .OutBytes(OutBytes),
    .InBeats(InBeats), .OutBeats(OutBeats), .RingBytes(RingBytes)
  ) u_link (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .rx_valid_i(rx_valid), .rx_bad_i(rx_bad), .rx_data_i(rx_data),
    .tx_valid_o(tx_valid), .tx_ready_i(tx_ready), .tx_data_o(tx_data),
    .acc_rst_no(acc_rst_no),
    .out_valid_o(out_valid_o), .out_ready_i(out_ready_i), .out_data_o(out_data_o),
    .in_valid_i(in_valid_i), .in_ready_o(in_ready_o), .in_data_i(in_data_i), .in_last_i(in_last_i)
  );
endmodule
