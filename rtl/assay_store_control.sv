// SPDX-License-Identifier: Apache-2.0
// A host's way to an accelerator's run-time weights, behind AXI4-Lite (docs/hardware.md, "Run-time weights",
// compile/backend/verilog/weight_map.h): registers in the first 4 KiB, the ring of memories (assay_store.sv)
// behind them, a word of 32 bits in 4 bytes. A bus of few address bits reaches all memories through `page`.
//
// The memories answer only while the accelerator is held. `hold` stops it gently: no slave begins another
// frame but to catch up with another slave; once all frames have left, its layers are in reset. Released, they
// begin anew, with the weights that are there. No frame is lost, and none sees two sets of weights.
module assay_store_control #(
  parameter int unsigned          Slaves     = 1,
  parameter int unsigned          Masters    = 1,
  parameter logic [Slaves*32-1:0] SlaveBeats = {Slaves{32'd1}},  // per frame, slave 0 lowest
  parameter logic [31:0]          Words      = 32'd1             // of the ring's memories
) (
  input  logic        clk_i,
  input  logic        rst_ni,  // synchronous

  input  logic        s_axi_weights_awvalid,
  output logic        s_axi_weights_awready,
  input  logic [31:0] s_axi_weights_awaddr,
  input  logic        s_axi_weights_wvalid,
  output logic        s_axi_weights_wready,
  input  logic [31:0] s_axi_weights_wdata,
  input  logic [3:0]  s_axi_weights_wstrb,
  output logic        s_axi_weights_bvalid,
  input  logic        s_axi_weights_bready,
  output logic [1:0]  s_axi_weights_bresp,
  input  logic        s_axi_weights_arvalid,
  output logic        s_axi_weights_arready,
  input  logic [31:0] s_axi_weights_araddr,
  output logic        s_axi_weights_rvalid,
  input  logic        s_axi_weights_rready,
  output logic [31:0] s_axi_weights_rdata,
  output logic [1:0]  s_axi_weights_rresp,

  // Slaves on their way to the layers, and the masters' last beats of frames as they are taken.
  input  logic [Slaves-1:0]  slave_valid_i,
  output logic [Slaves-1:0]  slave_ready_o,
  output logic [Slaves-1:0]  layer_valid_o,
  input  logic [Slaves-1:0]  layer_ready_i,
  input  logic [Masters-1:0] left_i,

  output logic        layers_rst_no,
  output logic [65:0] ring_o,
  input  logic [65:0] ring_i
);
  localparam logic [1:0]  Okay = 2'b00, SlaveError = 2'b10, DecodeError = 2'b11;
  localparam logic [31:0] Version = 32'd1;

  // ---- Frames ----

  logic                  hold, held, drained;
  logic [Slaves-1:0]     between;  // frames: the slave's next beat begins one
  logic [Slaves-1:0]     open, behind;
  logic [Slaves*32-1:0]  begun;    // frames
  logic [Masters*32-1:0] left;

  for (genvar i = 0; i < Slaves; i++) begin : g_slave
    localparam logic [31:0] Beats = SlaveBeats[i*32 +: 32];
    logic [31:0] beat;
    logic        take;

    assign between[i]       = beat == '0;
    assign open[i]          = !held && (!between[i] || !hold || behind[i]);
    assign layer_valid_o[i] = slave_valid_i[i] && open[i];
    assign slave_ready_o[i] = layer_ready_i[i] && open[i];
    assign take             = layer_valid_o[i] && layer_ready_i[i];

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        beat              <= '0;
        begun[i*32 +: 32] <= '0;
      end else if (take) begin
        beat <= beat == Beats - 32'd1 ? '0 : beat + 32'd1;
        if (between[i]) begun[i*32 +: 32] <= begun[i*32 +: 32] + 32'd1;
      end
    end
  end

  for (genvar m = 0; m < Masters; m++) begin : g_master
    always_ff @(posedge clk_i) begin
      if (!rst_ni)        left[m*32 +: 32] <= '0;
      else if (left_i[m]) left[m*32 +: 32] <= left[m*32 +: 32] + 32'd1;
    end
  end

  function automatic logic ahead(input logic [31:0] a, input logic [31:0] b);
    logic [31:0] more;
    more  = a - b;
    ahead = more != '0 && !more[31];
  endfunction

  always_comb begin
    drained = &between;
    behind  = '0;
    for (int unsigned i = 0; i < Slaves; i++) begin
      drained = drained && begun[i*32 +: 32] == begun[31:0];
      for (int unsigned j = 0; j < Slaves; j++)
        behind[i] = behind[i] || ahead(begun[j*32 +: 32], begun[i*32 +: 32]);
    end
    for (int unsigned m = 0; m < Masters; m++)
      drained = drained && left[m*32 +: 32] == begun[31:0];
  end

  // Nothing begins in the cycle in which all is drained and `hold` stands: no slave is behind.
  always_ff @(posedge clk_i) begin
    if (!rst_ni) held <= 1'b0;
    else         held <= hold && (held || drained);
  end

  assign layers_rst_no = rst_ni && !held;

  // ---- Registers ----

  logic        address_held, data_held, perform;  // of a write
  logic        read_held, read_perform;
  logic [31:0] address, read_address, data, value;
  logic [3:0]  mask;                              // bytes that are written
  logic        asked, asked_write;                // the ring, which has not answered yet
  logic        begin_write, begin_read, answered;
  logic        write_register, read_register;     // else the ring
  logic [16:0] page;                              // of 32 KiB, in front of memories' addresses
  logic [29:0] place, ring_address;

  // Outputs are registers, or say that one is empty: no path leads from an input to them.
  assign s_axi_weights_awready = !address_held;
  assign s_axi_weights_wready  = !data_held;
  assign s_axi_weights_arready = !read_held;

  assign write_register = address[31:12] == '0;
  assign read_register  = read_address[31:12] == '0;

  // One access at a time, writes first.
  assign perform      = address_held && data_held && !s_axi_weights_bvalid && !asked;
  assign read_perform = read_held && !s_axi_weights_rvalid && !asked && !perform;
  assign begin_write  = perform && !write_register && held && mask == 4'hf;
  assign begin_read   = read_perform && !read_register && held;
  assign answered     = asked && ring_i[64];
  assign place        = begin_write ? address[31:2] : read_address[31:2];
  assign ring_address = place + {page, 13'd0} - 30'h400;

  assign ring_o = {rst_ni, begin_write || begin_read, 1'b0, begin_write, ring_address, data};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      address_held         <= 1'b0;
      data_held            <= 1'b0;
      read_held            <= 1'b0;
      s_axi_weights_bvalid <= 1'b0;
      s_axi_weights_rvalid <= 1'b0;
      asked                <= 1'b0;
      hold                 <= 1'b0;
      page                 <= '0;
    end else begin
      if (s_axi_weights_awvalid) address_held <= 1'b1;
      if (s_axi_weights_wvalid) data_held <= 1'b1;
      if (s_axi_weights_arvalid) read_held <= 1'b1;
      if (s_axi_weights_bready) s_axi_weights_bvalid <= 1'b0;
      if (s_axi_weights_rready) s_axi_weights_rvalid <= 1'b0;
      if (begin_write || begin_read) asked <= 1'b1;
      if (answered) asked <= 1'b0;
      if ((perform && !begin_write) || (answered && asked_write)) begin
        address_held         <= 1'b0;
        data_held            <= 1'b0;
        s_axi_weights_bvalid <= 1'b1;
      end
      if ((read_perform && !begin_read) || (answered && !asked_write)) begin
        read_held            <= 1'b0;
        s_axi_weights_rvalid <= 1'b1;
      end
      if (perform && address[31:2] == 30'd0 && mask[0]) hold <= data[0];
      if (perform && address[31:2] == 30'd5) begin
        if (mask[0]) page[7:0] <= data[7:0];
        if (mask[1]) page[15:8] <= data[15:8];
        if (mask[2]) page[16] <= data[16];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!address_held) address <= s_axi_weights_awaddr;
    if (!read_held) read_address <= s_axi_weights_araddr;
    if (!data_held) begin
      data <= s_axi_weights_wdata;
      mask <= s_axi_weights_wstrb;
    end
    if (begin_write || begin_read) asked_write <= begin_write;
    if (perform) s_axi_weights_bresp <= write_register ? Okay : SlaveError;
    if (answered && asked_write) s_axi_weights_bresp <= ring_i[63] ? Okay : DecodeError;
    if (read_perform) begin
      s_axi_weights_rresp <= read_register ? Okay : SlaveError;
      s_axi_weights_rdata <= read_register ? value : '0;
    end
    if (answered && !asked_write) begin
      s_axi_weights_rresp <= ring_i[63] ? Okay : DecodeError;
      s_axi_weights_rdata <= ring_i[63] ? ring_i[31:0] : '0;
    end
  end

  // What a read says.
  always_comb begin
    case (read_address[11:2])
      10'h000: value = {31'd0, hold};
      10'h001: value = {31'd0, held};
      10'h002: value = Version;
      10'h003: value = Words;
      10'h004: value = begun[31:0];
      10'h005: value = {15'd0, page};
      default: value = '0;
    endcase
  end

  logic unused_bits;
  assign unused_bits = ^{ring_i[65], ring_i[62:32], address[1:0], read_address[1:0]};
endmodule
