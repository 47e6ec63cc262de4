// SPDX-License-Identifier: Apache-2.0
// Read-only memory whose lanes read words of their own: lane l its part of word addr_i[l], which is
// bits [l*Bits +: Bits], or with Shared the whole word. Contents: File ($readmemh; none: zeros).
// data_o holds what was read from one cycle after read_i until the next read. Never reset. Late: the
// register is in front of the LUTs, so that a memory of few words goes into those of its reader.
module assay_lane_rom #(
  parameter int unsigned Lanes  = 1,
  parameter int unsigned Bits   = 8,  // of a lane
  parameter int unsigned Words  = 1,
  parameter bit          Shared = 1'b0,
  parameter bit          Block  = 1'b0,  // block RAM, else LUTs
  parameter bit          Late   = 1'b0,  // only of LUTs
  parameter              File   = "",
  localparam int unsigned AddrBits = Words > 1 ? $clog2(Words) : 1
) (
  input  logic                      clk_i,
  input  logic                      read_i,
  input  logic [Lanes*AddrBits-1:0] addr_i,
  output logic [Lanes*Bits-1:0]     data_o
);
  if (Lanes < 1 || Bits < 1 || Words < 1) begin : g_bad_size
    $error("assay_lane_rom: Lanes, Bits and Words must be at least 1");
  end

  if (Block && Late) begin : g_bad_late
    $error("assay_lane_rom: Late is for memories of LUTs");
  end

  localparam int unsigned WordBits = (Shared ? 1 : Lanes) * Bits;

  // Attributes cannot depend on parameters, so the memory stands here twice.
  if (Block) begin : g_block
    (* rom_style = "block", ram_style = "block" *) logic [WordBits-1:0] mem[Words];
    if (File != "") begin : g_init
      initial $readmemh(File, mem);
    end else begin : g_zero
      initial for (int unsigned i = 0; i < Words; i++) mem[i] = '0;
    end
    for (genvar l = 0; l < Lanes; l++) begin : g_read
      always_ff @(posedge clk_i) begin
        if (read_i)
          data_o[l*Bits +: Bits] <=
              mem[addr_i[l*AddrBits +: AddrBits]][(Shared ? 0 : l * Bits) +: Bits];
      end
    end
  end else begin : g_distributed
`ifdef YOSYS
    (* lut_rom *)
`else
    (* rom_style = "distributed", ram_style = "distributed" *)
`endif
    logic [WordBits-1:0] mem[Words];
    if (File != "") begin : g_init
      initial $readmemh(File, mem);
    end else begin : g_zero
      initial for (int unsigned i = 0; i < Words; i++) mem[i] = '0;
    end
    for (genvar l = 0; l < Lanes; l++) begin : g_read
      localparam int unsigned Base = Shared ? 0 : l * Bits;
      if (Late) begin : g_late
        // Its first value keeps Yosys from moving it behind the memory.
        logic [AddrBits-1:0] addr = '0;
        always_ff @(posedge clk_i) begin
          if (read_i) addr <= addr_i[l*AddrBits +: AddrBits];
        end
        assign data_o[l*Bits +: Bits] = mem[addr][Base +: Bits];
      end else begin : g_now
        always_ff @(posedge clk_i) begin
          if (read_i) data_o[l*Bits +: Bits] <= mem[addr_i[l*AddrBits +: AddrBits]][Base +: Bits];
        end
      end
    end
  end
endmodule
