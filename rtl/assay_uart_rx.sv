// SPDX-License-Identifier: Apache-2.0
// Bytes from a serial line: a start bit, eight data bits, the least significant first, a stop bit.
// A byte is there for one cycle, in the middle of its stop bit, whoever looks. After a missing stop
// bit the line must be high before anything else is a start bit.
module assay_uart_rx #(
  parameter int unsigned ClocksPerBit = 104  // at least 4
) (
  input  logic       clk_i,
  input  logic       rst_ni,  // synchronous

  input  logic       rx_i,     // asynchronous

  output logic       valid_o,
  output logic       bad_o,    // with valid_o: the stop bit is missing
  output logic [7:0] data_o
);
  if (ClocksPerBit < 4) begin : g_bad_rate
    $error("assay_uart_rx: ClocksPerBit must be at least 4");
  end

  localparam int unsigned TickBits = $clog2(ClocksPerBit);

  logic                meta, line;
  logic [TickBits-1:0] ticks;  // cycles to the next sample
  logic [3:0]          left;   // samples to take: start, data, stop; 0: nothing comes
  logic                armed;  // the line was high

  always_ff @(posedge clk_i) begin
    meta <= rx_i;
    line <= meta;
  end

  always_ff @(posedge clk_i) begin
    valid_o <= 1'b0;
    if (!rst_ni) begin
      left  <= '0;
      ticks <= '0;
      armed <= 1'b0;
    end else if (left == '0) begin
      armed <= armed || line;
      ticks <= TickBits'(ClocksPerBit / 2 - 1);
      if (armed && !line) left <= 4'd10;
    end else if (ticks != '0) begin
      ticks <= ticks - 1'b1;
    end else begin
      ticks <= TickBits'(ClocksPerBit - 1);
      left  <= left - 4'd1;
      if (left == 4'd10 && line) left <= '0;  // a spike
      if (left == 4'd1) begin
        valid_o <= 1'b1;
        armed   <= line;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (left != '0 && ticks == '0) begin
      bad_o <= !line;
      if (left != 4'd1) data_o <= {line, data_o[7:1]};
    end
  end
endmodule
