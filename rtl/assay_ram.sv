// SPDX-License-Identifier: Apache-2.0
// Memory with one write and one read port, made of LUTs or of block RAM.
// rdata_o holds word raddr_i from one cycle after read_i until the next read. Reading a word in the
// very cycle that writes it gives nothing useful. Never reset.
module assay_ram #(
  parameter int unsigned Bits  = 8,
  parameter int unsigned Words = 16,
  parameter bit          Block = 1'b0,  // block RAM, else LUTs
  localparam int unsigned AddrBits = Words > 1 ? $clog2(Words) : 1
) (
  input  logic                clk_i,

  input  logic                write_i,
  input  logic [AddrBits-1:0] waddr_i,
  input  logic [Bits-1:0]     wdata_i,

  input  logic                read_i,
  input  logic [AddrBits-1:0] raddr_i,
  output logic [Bits-1:0]     rdata_o
);
  if (Bits < 1) begin : g_bad_bits
    $error("assay_ram: Bits must be at least 1");
  end
  if (Words < 1) begin : g_bad_words
    $error("assay_ram: Words must be at least 1");
  end

  // Attributes cannot depend on parameters, so the memory stands here twice.
  if (Block) begin : g_block
    (* ram_style = "block" *) logic [Bits-1:0] mem[Words];
    always_ff @(posedge clk_i) begin
      if (write_i) mem[waddr_i] <= wdata_i;
      if (read_i) rdata_o <= mem[raddr_i];
    end
  end else begin : g_distributed
`ifdef YOSYS
    (* lut_ram *)
`else
    (* ram_style = "distributed" *)
`endif
    logic [Bits-1:0] mem[Words];
    always_ff @(posedge clk_i) begin
      if (write_i) mem[waddr_i] <= wdata_i;
      if (read_i) rdata_o <= mem[raddr_i];
    end
  end
endmodule
