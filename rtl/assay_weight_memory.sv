// SPDX-License-Identifier: Apache-2.0
// The words of a memory as an endless stream: 0, 1, .., Words - 1, 0, ...
// One beat per cycle. Registered: the read has a register behind it (latency 1 after reset, needed
// for block RAM); else the contents are constants in LUTs and the first beat is there at once.
module assay_weight_memory #(
  parameter int unsigned Bits       = 8,
  parameter int unsigned Words      = 1,
  parameter bit          Registered = 1'b0,
  parameter bit          Block      = 1'b0,  // block RAM, else LUTs; only where Registered
  parameter bit          Writable   = 1'b0,  // by the ring; only where Registered
  parameter              File       = ""
) (
  input  logic            clk_i,
  input  logic            rst_ni,  // synchronous

  input  logic [65:0]     ring_i,  // of assay_store.sv
  output logic [65:0]     ring_o,

  output logic            out_valid_o,
  input  logic            out_ready_i,
  output logic [Bits-1:0] out_data_o
);
  if (Bits < 1 || Words < 1) begin : g_bad_size
    $error("assay_weight_memory: Bits and Words must be at least 1");
  end
  if ((Block || Writable) && !Registered) begin : g_bad_block
    $error("assay_weight_memory: Block and Writable need Registered");
  end

  localparam int unsigned AddrBits = Words > 1 ? $clog2(Words) : 1;

  logic [AddrBits-1:0] addr;
  logic                step;

  always_ff @(posedge clk_i) begin
    if (!rst_ni)   addr <= '0;
    else if (step) addr <= addr == AddrBits'(Words - 1) ? '0 : addr + 1'b1;
  end

  if (Registered) begin : g_registered
    assign step = out_ready_i || !out_valid_o;

    always_ff @(posedge clk_i) begin
      out_valid_o <= rst_ni;
    end

    assay_parameter_memory #(
      .Writable(Writable),
      .Bits    (Bits),
      .Words   (Words),
      .Block   (Block),
      .File    (File)
    ) memory (
      .clk_i (clk_i),
      .ring_i(ring_i),
      .ring_o(ring_o),
      .read_i(step),
      .addr_i(addr),
      .data_o(out_data_o)
    );
  end else begin : g_constant
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
    assign step        = out_ready_i;
    assign out_valid_o = 1'b1;
    assign out_data_o  = mem[addr];
    assign ring_o      = ring_i;
  end
endmodule
