// SPDX-License-Identifier: Apache-2.0
// Queue of Depth beats: it takes exactly Depth beats when none is taken from it. Nothing passes
// by the memory: latency 1, with Block 3 (a registered read and a register behind it). One beat per
// cycle: cycles per frame = beats. in_ready_o does not depend on out_ready_i. Golden: golden/hw/fifo.cc.
module assay_fifo #(
  parameter int unsigned Bits  = 8,
  parameter int unsigned Depth = 2,    // at least 2, with Block 4
  parameter bit          Block = 1'b0  // in block RAM, else in LUTs
) (
  input  logic            clk_i,
  input  logic            rst_ni,  // synchronous

  input  logic            in_valid_i,
  output logic            in_ready_o,
  input  logic [Bits-1:0] in_data_i,

  output logic            out_valid_o,
  input  logic            out_ready_i,
  output logic [Bits-1:0] out_data_o
);
  if (Bits < 1) begin : g_bad_bits
    $error("assay_fifo: Bits must be at least 1");
  end
  if (Depth < 2 || (Block && Depth < 4)) begin : g_bad_depth
    $error("assay_fifo: Depth must be at least 2, with block RAM 4");
  end

  // With block RAM two beats stand behind the memory.
  localparam int unsigned Words       = Block ? Depth - 2 : Depth;
  localparam int unsigned AddressBits = $clog2(Words);
  localparam int unsigned CountBits   = $clog2(Depth + 1);

  logic [CountBits-1:0]   count;  // beats inside
  logic [AddressBits-1:0] write_address, read_address;
  logic                   write, read, leave;

  assign in_ready_o = count != CountBits'(Depth);
  assign write      = in_valid_i && in_ready_o;
  assign leave      = out_valid_o && out_ready_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      count         <= '0;
      write_address <= '0;
      read_address  <= '0;
    end else begin
      if (write && !leave) count <= count + 1'b1;
      if (leave && !write) count <= count - 1'b1;
      if (write)
        write_address <= write_address == AddressBits'(Words - 1) ? '0 : write_address + 1'b1;
      if (read)
        read_address <= read_address == AddressBits'(Words - 1) ? '0 : read_address + 1'b1;
    end
  end

  if (Block) begin : g_block
    logic [Bits-1:0]      read_data;
    logic                 read_valid;  // read_data is a beat
    logic [CountBits-1:0] stored;      // beats in the memory; two or more only behind full registers
    logic                 shift;       // read_data moves on, if it is a beat

    assign shift = !out_valid_o || out_ready_i;
    assign read  = stored != '0 && (!read_valid || shift);

    assay_ram #(
      .Bits(Bits), .Words(Words), .Block(1'b1)
    ) u_ram (
      .clk_i(clk_i), .write_i(write), .waddr_i(write_address), .wdata_i(in_data_i),
      .read_i(read), .raddr_i(read_address), .rdata_o(read_data)
    );

    always_ff @(posedge clk_i) begin
      if (shift) out_data_o <= read_data;
    end

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        stored      <= '0;
        read_valid  <= 1'b0;
        out_valid_o <= 1'b0;
      end else begin
        if (write && !read) stored <= stored + 1'b1;
        if (read && !write) stored <= stored - 1'b1;
        if (shift) out_valid_o <= read_valid;
        if (read)       read_valid <= 1'b1;
        else if (shift) read_valid <= 1'b0;
      end
    end
  end else begin : g_distributed
`ifdef YOSYS
    (* lut_ram *)
`else
    (* ram_style = "distributed" *)
`endif
    logic [Bits-1:0] memory [0:Words-1];

    always_ff @(posedge clk_i) begin
      if (write) memory[write_address] <= in_data_i;
    end

    assign read        = leave;
    assign out_valid_o = count != '0;
    assign out_data_o  = memory[read_address];
  end
endmodule
