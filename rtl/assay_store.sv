// SPDX-License-Identifier: Apache-2.0
// A memory as assay_lane_rom with one more port: a ring of such memories that a host writes and reads back
// while nothing else reads them (assay_store_control.sv, docs/hardware.md, "Run-time weights").
//
// A request of the ring is {reset (active low), valid, hit, write, address[29:0], data[31:0]}: one at a time,
// its address in words of 32 bits from this memory on. What belongs to it is done, and leaves with `hit` and
// what was read; anything else leaves with the address from the next memory on. A word of the memory lies at
// (word, lane, 32 bits of the lane), the last two together a power of two apart; bits beyond read 0.
module assay_store #(
  parameter int unsigned Lanes  = 1,
  parameter int unsigned Bits   = 8,  // of a lane
  parameter int unsigned Words  = 1,
  parameter bit          Shared = 1'b0,  // all lanes read whole words of one lane
  parameter bit          Block  = 1'b0,  // block RAM, else LUTs
  parameter              File   = "",
  localparam int unsigned AddrBits = Words > 1 ? $clog2(Words) : 1
) (
  input  logic                      clk_i,
  input  logic [65:0]               ring_i,
  output logic [65:0]               ring_o,

  input  logic                      read_i,
  input  logic [Lanes*AddrBits-1:0] addr_i,
  output logic [Lanes*Bits-1:0]     data_o
);
  if (Lanes < 1 || Bits < 1 || Words < 1) begin : g_bad_size
    $error("assay_store: Lanes, Bits and Words must be at least 1");
  end

  localparam int unsigned Stored      = Shared ? 1 : Lanes;
  localparam int unsigned LaneColumns = (Bits + 31) / 32;
  localparam int unsigned Columns     = Stored * LaneColumns;
  localparam int unsigned ColumnBits  = $clog2(Columns);
  localparam logic [30:0] Size        = 31'(Words) << ColumnBits;

  logic        valid, hit, write, pending;
  logic [29:0] address;
  logic [31:0] data, column_data;
  logic        mine, store, load;

  assign mine  = valid && !hit && {1'b0, address} < Size;
  assign store = mine && write;
  assign load  = mine && !write;

  always_ff @(posedge clk_i) begin
    if (!ring_i[65]) begin
      valid   <= 1'b0;
      pending <= 1'b0;
    end else begin
      valid   <= ring_i[64];
      pending <= load;
    end
    if (ring_i[64]) {hit, write, address, data} <= ring_i[63:0];
  end

  // What was read has arrived one cycle after the request, which is held until the next one.
  assign ring_o = {ring_i[65], pending || (valid && !load), hit || mine || pending, write,
                   hit || mine || pending ? address : address - Size[29:0],
                   pending ? column_data : data};

  // The bits above a memory's columns are its word, at least one.
  logic [AddrBits-1:0] word;
  assign word = AddrBits'(address >> ColumnBits);

  logic [Columns-1:0]    chosen;
  logic [Columns*32-1:0] columns;
  always_comb begin
    column_data = '0;
    for (int unsigned c = 0; c < Columns; c++)
      if (chosen[c]) column_data = column_data | columns[c*32 +: 32];
  end
  for (genvar c = 0; c < Columns; c++) begin : g_column
    localparam int unsigned Lane = c / LaneColumns;
    localparam int unsigned From = c % LaneColumns * 32;
    localparam int unsigned Wide = Bits - From > 32 ? 32 : Bits - From;
    assign chosen[c] = (address & ((30'd1 << ColumnBits) - 30'd1)) == 30'(c);
    assign columns[c*32 +: 32] = 32'(data_o[Lane*Bits+From +: Wide]);
  end

  // Every lane has a memory of its own, of which its part of the words is used.
  for (genvar l = 0; l < Lanes; l++) begin : g_lane
    localparam int unsigned Part = Shared ? 0 : l;

    logic [AddrBits-1:0] from;
    assign from = load ? word : addr_i[l*AddrBits +: AddrBits];

    // Attributes cannot depend on parameters, so the memory stands here twice.
    if (Block) begin : g_block
      (* ram_style = "block" *) logic [Stored*Bits-1:0] mem[Words];
      if (File != "") begin : g_init
        initial $readmemh(File, mem);
      end else begin : g_zero
        initial for (int unsigned i = 0; i < Words; i++) mem[i] = '0;
      end
      for (genvar c = 0; c < LaneColumns; c++) begin : g_write
        localparam int unsigned Wide = Bits - c * 32 > 32 ? 32 : Bits - c * 32;
        always_ff @(posedge clk_i) begin
          if (store && chosen[Part*LaneColumns + c])
            mem[word][Part*Bits + c*32 +: Wide] <= data[Wide-1:0];
        end
      end
      always_ff @(posedge clk_i) begin
        if (read_i || load) data_o[l*Bits +: Bits] <= mem[from][Part*Bits +: Bits];
      end
    end else begin : g_distributed
`ifdef YOSYS
      (* lut_ram *)
`else
      (* ram_style = "distributed" *)
`endif
      logic [Stored*Bits-1:0] mem[Words];
      if (File != "") begin : g_init
        initial $readmemh(File, mem);
      end else begin : g_zero
        initial for (int unsigned i = 0; i < Words; i++) mem[i] = '0;
      end
      for (genvar c = 0; c < LaneColumns; c++) begin : g_write
        localparam int unsigned Wide = Bits - c * 32 > 32 ? 32 : Bits - c * 32;
        always_ff @(posedge clk_i) begin
          if (store && chosen[Part*LaneColumns + c])
            mem[word][Part*Bits + c*32 +: Wide] <= data[Wide-1:0];
        end
      end
      always_ff @(posedge clk_i) begin
        if (read_i || load) data_o[l*Bits +: Bits] <= mem[from][Part*Bits +: Bits];
      end
    end
  end
endmodule
