// SPDX-License-Identifier: Apache-2.0
// out_o is in_i as it was Words steps ago: a ring in memory, or one register. Its contents are
// never reset; they mean nothing before Words steps.
module assay_delay #(
  parameter int unsigned Bits  = 8,
  parameter int unsigned Words = 4,
  parameter bit          Block = 1'b0  // block RAM, else LUTs
) (
  input  logic            clk_i,
  input  logic            rst_ni,  // synchronous

  input  logic            step_i,
  input  logic [Bits-1:0] in_i,
  output logic [Bits-1:0] out_o
);
  if (Bits < 1 || Words < 1) begin : g_bad_size
    $error("assay_delay: Bits and Words must be at least 1");
  end

  if (Words > 1) begin : g_ring
    localparam int unsigned AddrBits = $clog2(Words);
    logic [AddrBits-1:0] addr, next_addr;

    assign next_addr = addr == AddrBits'(Words - 1) ? '0 : addr + AddrBits'(1);
    always_ff @(posedge clk_i) begin
      if (!rst_ni)     addr <= '0;
      else if (step_i) addr <= next_addr;
    end

    // The next address holds the oldest word, which is the next to leave.
    assay_ram #(.Bits(Bits), .Words(Words), .Block(Block)) u_ram (
      .clk_i,
      .write_i (step_i),
      .waddr_i (addr),
      .wdata_i (in_i),
      .read_i  (step_i),
      .raddr_i (next_addr),
      .rdata_o (out_o)
    );
  end else begin : g_register
    logic unused_reset;
    assign unused_reset = rst_ni;
    always_ff @(posedge clk_i) begin
      if (step_i) out_o <= in_i;
    end
  end
endmodule
