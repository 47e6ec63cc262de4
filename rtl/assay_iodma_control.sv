// SPDX-License-Identifier: Apache-2.0
// Registers of a data mover behind AXI4-Lite (docs/hardware.md, compile/backend/verilog/mover_registers.h):
// start, done and interrupt as XRT's ap_ctrl_hs has them, the transfer's base address and frames, what went
// wrong, how long it took, and what the mover was built for. A transfer runs from start_o on until idle_i.
module assay_iodma_control #(
  parameter int unsigned  MemoryBits  = 64,
  parameter int unsigned  AddressBits = 64,
  parameter int unsigned  BeatBytes   = 1,
  parameter logic [31:0]  FrameBeats  = 32'd1,
  parameter logic [255:0] ContentHash = '0
) (
  input  logic        clk_i,
  input  logic        rst_ni,  // synchronous

  input  logic        s_axi_control_awvalid,
  output logic        s_axi_control_awready,
  input  logic [6:0]  s_axi_control_awaddr,
  input  logic        s_axi_control_wvalid,
  output logic        s_axi_control_wready,
  input  logic [31:0] s_axi_control_wdata,
  input  logic [3:0]  s_axi_control_wstrb,
  output logic        s_axi_control_bvalid,
  input  logic        s_axi_control_bready,
  output logic [1:0]  s_axi_control_bresp,
  input  logic        s_axi_control_arvalid,
  output logic        s_axi_control_arready,
  input  logic [6:0]  s_axi_control_araddr,
  output logic        s_axi_control_rvalid,
  input  logic        s_axi_control_rready,
  output logic [31:0] s_axi_control_rdata,
  output logic [1:0]  s_axi_control_rresp,

  output logic        interrupt_o,

  output logic                   start_o,   // for one cycle: a transfer begins, base_o and frames_o hold
  output logic [AddressBits-1:0] base_o,
  output logic [31:0]            frames_o,
  input  logic                   idle_i,    // nothing is left of it; from the cycle behind start_o on
  input  logic [3:0]             errors_i   // for one cycle each: SLVERR, DECERR, none, misplaced tlast
);
  localparam int unsigned WordBytes = MemoryBits / 8;
  localparam logic [31:0] Version   = 32'd1;

  logic        address_held, data_held, perform;  // of a write
  logic [4:0]  address;                           // of a register
  logic [31:0] data, mask;
  logic        running, done, global_enable, finish, take, accept, read;
  logic [1:0]  enable, status;
  logic [3:0]  errors;
  logic [63:0] base, cycles;
  logic [31:0] value;
  logic        bad_base;

  // Outputs are registers, or say that one is empty: no path leads from an input to them.
  assign s_axi_control_awready = !address_held;
  assign s_axi_control_wready  = !data_held;
  assign s_axi_control_arready = !s_axi_control_rvalid;
  assign s_axi_control_bresp   = 2'b00;
  assign s_axi_control_rresp   = 2'b00;

  assign perform = address_held && data_held && !s_axi_control_bvalid;
  assign read    = s_axi_control_arvalid && s_axi_control_arready;
  assign take    = perform && address == 5'h00 && data[0] && mask[0];
  assign accept  = take && !running;
  assign finish  = running && idle_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      address_held         <= 1'b0;
      data_held            <= 1'b0;
      s_axi_control_bvalid <= 1'b0;
      s_axi_control_rvalid <= 1'b0;
    end else begin
      if (s_axi_control_awvalid) address_held <= 1'b1;
      if (s_axi_control_wvalid) data_held <= 1'b1;
      if (s_axi_control_bready) s_axi_control_bvalid <= 1'b0;
      if (s_axi_control_rready) s_axi_control_rvalid <= 1'b0;
      if (read) s_axi_control_rvalid <= 1'b1;
      if (perform) begin
        address_held         <= 1'b0;
        data_held            <= 1'b0;
        s_axi_control_bvalid <= 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!address_held) address <= s_axi_control_awaddr[6:2];
    if (!data_held) begin
      data <= s_axi_control_wdata;
      mask <= {{8{s_axi_control_wstrb[3]}}, {8{s_axi_control_wstrb[2]}},
               {8{s_axi_control_wstrb[1]}}, {8{s_axi_control_wstrb[0]}}};
    end
    if (read) s_axi_control_rdata <= value;
  end

  // A base address beyond AddressBits counts as not aligned.
  assign bad_base = base[$clog2(WordBytes)-1:0] != '0 || 64'(base[AddressBits-1:0]) != base;
  assign start_o  = accept && !bad_base;
  assign base_o   = base[AddressBits-1:0];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      global_enable <= 1'b0;
      enable        <= '0;
      base          <= '0;
      frames_o      <= '0;
    end else if (perform) begin
      case (address)
        5'h01:   if (mask[0]) global_enable <= data[0];
        5'h02:   if (mask[0]) enable <= data[1:0];
        5'h04:   base[31:0] <= (base[31:0] & ~mask) | (data & mask);
        5'h05:   base[63:32] <= (base[63:32] & ~mask) | (data & mask);
        5'h07:   frames_o <= (frames_o & ~mask) | (data & mask);
        default: ;
      endcase
    end
  end

  // done and status are seen for sure: what happens in the cycle that clears them stays.
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      running     <= 1'b0;
      done        <= 1'b0;
      status      <= '0;
      errors      <= '0;
      cycles      <= '0;
      interrupt_o <= 1'b0;
    end else begin
      if (running) cycles <= cycles + 64'd1;
      if (read && s_axi_control_araddr[6:2] == 5'h00) done <= 1'b0;
      if (perform && address == 5'h03) status <= status & ~(data[1:0] & mask[1:0]);
      if (accept) begin
        running <= 1'b1;
        done    <= 1'b0;
        errors  <= {1'b0, bad_base, 2'b00};
        cycles  <= '0;
      end else begin
        errors <= errors | errors_i;
      end
      if (finish) begin
        running <= 1'b0;
        done    <= 1'b1;
        if (enable[0]) status[0] <= 1'b1;
        if (enable[1] && errors != '0) status[1] <= 1'b1;
      end
      interrupt_o <= global_enable && status != '0;
    end
  end

  // What a read says.
  always_comb begin
    case (s_axi_control_araddr[6:2])
      5'h00:   value = {28'd0, done, !running, done, 1'b0};  // ready comes and goes with done
      5'h01:   value = {31'd0, global_enable};
      5'h02:   value = {30'd0, enable};
      5'h03:   value = {30'd0, status};
      5'h04:   value = base[31:0];
      5'h05:   value = base[63:32];
      5'h07:   value = frames_o;
      5'h09:   value = {28'd0, errors};
      5'h0a:   value = cycles[31:0];
      5'h0b:   value = cycles[63:32];
      5'h0c:   value = Version;
      5'h0d:   value = BeatBytes;
      5'h0e:   value = FrameBeats;
      5'h0f:   value = MemoryBits;
      5'h10:   value = ContentHash[255:224];
      5'h11:   value = ContentHash[223:192];
      5'h12:   value = ContentHash[191:160];
      5'h13:   value = ContentHash[159:128];
      5'h14:   value = ContentHash[127:96];
      5'h15:   value = ContentHash[95:64];
      5'h16:   value = ContentHash[63:32];
      5'h17:   value = ContentHash[31:0];
      default: value = '0;
    endcase
  end

  logic unused_place;  // of a byte in its register
  assign unused_place = ^{s_axi_control_awaddr[1:0], s_axi_control_araddr[1:0]};
endmodule
