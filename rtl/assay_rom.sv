// SPDX-License-Identifier: Apache-2.0
// Read-only memory with the contents of File ($readmemh; none: zeros), made of LUTs or of block RAM.
// data_o holds word addr_i from one cycle after read_i until the next read. Never reset.
module assay_rom #(
  parameter int unsigned Bits  = 8,
  parameter int unsigned Words = 1,
  parameter bit          Block = 1'b0,  // block RAM, else LUTs
  parameter              File  = "",
  localparam int unsigned AddrBits = Words > 1 ? $clog2(Words) : 1
) (
  input  logic                clk_i,
  input  logic                read_i,
  input  logic [AddrBits-1:0] addr_i,
  output logic [Bits-1:0]     data_o
);
  if (Bits < 1 || Words < 1) begin : g_bad_size
    $error("assay_rom: Bits and Words must be at least 1");
  end

  // Attributes cannot depend on parameters, so the memory stands here twice.
  if (Block) begin : g_block
    (* rom_style = "block", ram_style = "block" *) logic [Bits-1:0] mem[Words];
    if (File != "") begin : g_init
      initial $readmemh(File, mem);
    end else begin : g_zero
      initial for (int unsigned i = 0; i < Words; i++) mem[i] = '0;
    end
    always_ff @(posedge clk_i) begin
      if (read_i) data_o <= mem[addr_i];
    end
  end else begin : g_distributed
`ifdef YOSYS
    (* lut_rom *)
`else
    (* rom_style = "distributed", ram_style = "distributed" *)
`endif
    logic [Bits-1:0] mem[Words];
    if (File != "") begin : g_init
      initial $readmemh(File, mem);
    end else begin : g_zero
      initial for (int unsigned i = 0; i < Words; i++) mem[i] = '0;
    end
    always_ff @(posedge clk_i) begin
      if (read_i) data_o <= mem[addr_i];
    end
  end
endmodule
