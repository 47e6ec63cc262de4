// SPDX-License-Identifier: Apache-2.0
// Weights, thresholds or multipliers of a layer: read as assay_lane_rom and never written, or with Writable
// a memory of the ring (assay_store.sv). Without it the ring goes past.
module assay_parameter_memory #(
  parameter bit          Writable = 1'b0,
  parameter int unsigned Lanes    = 1,
  parameter int unsigned Bits     = 8,  // of a lane
  parameter int unsigned Words    = 1,
  parameter bit          Shared   = 1'b0,
  parameter bit          Block    = 1'b0,
  parameter bit          Late     = 1'b0,  // of assay_lane_rom, where it is one
  parameter              File     = "",
  localparam int unsigned AddrBits = Words > 1 ? $clog2(Words) : 1
) (
  input  logic                      clk_i,
  input  logic [65:0]               ring_i,
  output logic [65:0]               ring_o,

  input  logic                      read_i,
  input  logic [Lanes*AddrBits-1:0] addr_i,
  output logic [Lanes*Bits-1:0]     data_o
);
  if (Writable) begin : g_store
    assay_store #(
      .Lanes (Lanes),
      .Bits  (Bits),
      .Words (Words),
      .Shared(Shared),
      .Block (Block),
      .File  (File)
    ) memory (
      .clk_i (clk_i),
      .ring_i(ring_i),
      .ring_o(ring_o),
      .read_i(read_i),
      .addr_i(addr_i),
      .data_o(data_o)
    );
  end else begin : g_rom
    assay_lane_rom #(
      .Lanes (Lanes),
      .Bits  (Bits),
      .Words (Words),
      .Shared(Shared),
      .Block (Block),
      .Late  (Late),
      .File  (File)
    ) memory (
      .clk_i (clk_i),
      .read_i(read_i),
      .addr_i(addr_i),
      .data_o(data_o)
    );
    assign ring_o = ring_i;
  end
endmodule
