// SPDX-License-Identifier: Apache-2.0
// Bytes onto a serial line: a start bit, eight data bits, the least significant first, a stop bit.
// Byte follows byte without a gap when there is one.
module assay_uart_tx #(
  parameter int unsigned ClocksPerBit = 104  // at least 2
) (
  input  logic       clk_i,
  input  logic       rst_ni,  // synchronous

  input  logic       in_valid_i,
  output logic       in_ready_o,
  input  logic [7:0] in_data_i,

  output logic       tx_o
);
  if (ClocksPerBit < 2) begin : g_bad_rate
    $error("assay_uart_tx: ClocksPerBit must be at least 2");
  end

  localparam int unsigned TickBits = $clog2(ClocksPerBit);

  logic [TickBits-1:0] ticks;  // cycles that the present bit stays
  logic [3:0]          left;   // bits on the line or to come; 0: the line is idle
  logic [8:0]          bits;   // the present bit least significant

  assign in_ready_o = left == '0 || (left == 4'd1 && ticks == '0);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      left  <= '0;
      ticks <= '0;
      bits  <= '1;
      tx_o  <= 1'b1;
    end else begin
      tx_o <= bits[0];
      if (in_ready_o) begin
        ticks <= TickBits'(ClocksPerBit - 1);
        left  <= in_valid_i ? 4'd10 : 4'd0;
        bits  <= in_valid_i ? {in_data_i, 1'b0} : '1;
      end else if (ticks != '0) begin
        ticks <= ticks - 1'b1;
      end else begin
        ticks <= TickBits'(ClocksPerBit - 1);
        left  <= left - 4'd1;
        bits  <= {1'b1, bits[8:1]};
      end
    end
  end
endmodule
