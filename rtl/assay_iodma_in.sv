// SPDX-License-Identifier: Apache-2.0
// Memory to stream: on start reads frames from AXI4 memory and gives their beats (docs/hardware.md). A burst
// is asked for when there is room for all of it, so the bus never waits for the accelerator.
module assay_iodma_in #(
  parameter int unsigned  MemoryBits  = 64,    // 64, 128, 256 or 512
  parameter int unsigned  AddressBits = 64,
  parameter int unsigned  BeatBytes   = 1,
  parameter logic [31:0]  FrameBeats  = 32'd1,
  parameter int unsigned  MaxBurst    = 16,    // words, up to 256; 16 for AXI3
  parameter int unsigned  Outstanding = 4,     // bursts under way
  parameter logic [255:0] ContentHash = '0     // of the accelerator's RTL
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,  // synchronous

  input  logic                   s_axi_control_awvalid,
  output logic                   s_axi_control_awready,
  input  logic [6:0]             s_axi_control_awaddr,
  input  logic                   s_axi_control_wvalid,
  output logic                   s_axi_control_wready,
  input  logic [31:0]            s_axi_control_wdata,
  input  logic [3:0]             s_axi_control_wstrb,
  output logic                   s_axi_control_bvalid,
  input  logic                   s_axi_control_bready,
  output logic [1:0]             s_axi_control_bresp,
  input  logic                   s_axi_control_arvalid,
  output logic                   s_axi_control_arready,
  input  logic [6:0]             s_axi_control_araddr,
  output logic                   s_axi_control_rvalid,
  input  logic                   s_axi_control_rready,
  output logic [31:0]            s_axi_control_rdata,
  output logic [1:0]             s_axi_control_rresp,

  output logic                   m_axi_gmem_arvalid,
  input  logic                   m_axi_gmem_arready,
  output logic [AddressBits-1:0] m_axi_gmem_araddr,
  output logic [7:0]             m_axi_gmem_arlen,
  output logic [2:0]             m_axi_gmem_arsize,
  output logic [1:0]             m_axi_gmem_arburst,
  output logic [3:0]             m_axi_gmem_arcache,
  output logic [2:0]             m_axi_gmem_arprot,
  input  logic                   m_axi_gmem_rvalid,
  output logic                   m_axi_gmem_rready,
  input  logic [MemoryBits-1:0]  m_axi_gmem_rdata,
  input  logic [1:0]             m_axi_gmem_rresp,
  input  logic                   m_axi_gmem_rlast,

  output logic                   interrupt_o,

  output logic                   m_axis_tvalid,
  input  logic                   m_axis_tready,
  output logic [BeatBytes*8-1:0] m_axis_tdata,
  output logic                   m_axis_tlast
);
  if (MemoryBits != 64 && MemoryBits != 128 && MemoryBits != 256 && MemoryBits != 512)
  begin : g_bad_memory
    $error("assay_iodma_in: MemoryBits must be 64, 128, 256 or 512");
  end
  if (AddressBits < 13 || AddressBits > 64) begin : g_bad_address
    $error("assay_iodma_in: AddressBits must be between 13 and 64");
  end
  if (BeatBytes < 1 || FrameBeats == 32'd0) begin : g_bad_frame
    $error("assay_iodma_in: a beat must have a byte, and a frame a beat");
  end
  if (MaxBurst < 1 || MaxBurst > 256 || Outstanding < 1) begin : g_bad_burst
    $error("assay_iodma_in: MaxBurst must be between 1 and 256, and Outstanding at least 1");
  end

  // A beat's slot: a power of two in bytes up to a word, whole words beyond.
  localparam int unsigned WordBytes = MemoryBits / 8;
  localparam int unsigned SlotWords = (BeatBytes + WordBytes - 1) / WordBytes;
  localparam int unsigned WordSlots = SlotWords > 1 ? 1 : WordBytes >> $clog2(BeatBytes);
  localparam int unsigned TailBits  = WordSlots > 1 ? $clog2(WordSlots) : 1;
  localparam int unsigned PageWords = 4096 / WordBytes;
  localparam int unsigned Longest   = MaxBurst < PageWords ? MaxBurst : PageWords;
  localparam int unsigned Wanted    = Outstanding * Longest;
  localparam int unsigned Depth     = Wanted < 4 ? 4 : Wanted;  // words
  localparam int unsigned CountBits = $clog2(Depth + 1);
  localparam int unsigned UnderBits = $clog2(Outstanding + 1);

  logic                   start, idle, bursts_idle, beats_idle;
  logic [AddressBits-1:0] base, burst_address;
  logic [31:0]            frames;
  logic                   burst_valid, ask, fits, read, word_valid, word_ready;
  logic [8:0]             burst_words;
  logic [TailBits-1:0]    unused_tail;
  logic [MemoryBits-1:0]  word_data;
  logic [CountBits-1:0]   room;       // words that nothing was asked for
  logic [UnderBits-1:0]   under_way;  // bursts

  assay_iodma_control #(
    .MemoryBits(MemoryBits), .AddressBits(AddressBits), .BeatBytes(BeatBytes),
    .FrameBeats(FrameBeats), .ContentHash(ContentHash)
  ) u_control (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .s_axi_control_awvalid(s_axi_control_awvalid), .s_axi_control_awready(s_axi_control_awready),
    .s_axi_control_awaddr(s_axi_control_awaddr),
    .s_axi_control_wvalid(s_axi_control_wvalid), .s_axi_control_wready(s_axi_control_wready),
    .s_axi_control_wdata(s_axi_control_wdata), .s_axi_control_wstrb(s_axi_control_wstrb),
    .s_axi_control_bvalid(s_axi_control_bvalid), .s_axi_control_bready(s_axi_control_bready),
    .s_axi_control_bresp(s_axi_control_bresp),
    .s_axi_control_arvalid(s_axi_control_arvalid), .s_axi_control_arready(s_axi_control_arready),
    .s_axi_control_araddr(s_axi_control_araddr),
    .s_axi_control_rvalid(s_axi_control_rvalid), .s_axi_control_rready(s_axi_control_rready),
    .s_axi_control_rdata(s_axi_control_rdata), .s_axi_control_rresp(s_axi_control_rresp),
    .interrupt_o(interrupt_o),
    .start_o(start), .base_o(base), .frames_o(frames), .idle_i(idle),
    .errors_i({2'b00, read && m_axi_gmem_rresp == 2'b11, read && m_axi_gmem_rresp == 2'b10})
  );

  assay_iodma_bursts #(
    .MemoryBits(MemoryBits), .AddressBits(AddressBits), .WordSlots(WordSlots),
    .SlotWords(SlotWords), .FrameBeats(FrameBeats), .MaxBurst(MaxBurst)
  ) u_bursts (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .start_i(start), .base_i(base), .frames_i(frames), .idle_o(bursts_idle),
    .burst_valid_o(burst_valid), .burst_ready_i(ask), .burst_address_o(burst_address),
    .burst_words_o(burst_words), .burst_tail_o(unused_tail)
  );

  assign idle = bursts_idle && beats_idle;
  assign fits = 32'(burst_words) <= 32'(room);
  assign ask  = burst_valid && fits && under_way != UnderBits'(Outstanding) &&
                (!m_axi_gmem_arvalid || m_axi_gmem_arready);
  assign read = m_axi_gmem_rvalid && m_axi_gmem_rready;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      m_axi_gmem_arvalid <= 1'b0;
      room               <= CountBits'(Depth);
      under_way          <= '0;
    end else begin
      if (m_axi_gmem_arready) m_axi_gmem_arvalid <= 1'b0;
      if (ask) m_axi_gmem_arvalid <= 1'b1;
      room      <= room - (ask ? CountBits'(burst_words) : '0) +
                   CountBits'(word_valid && word_ready);
      under_way <= under_way + UnderBits'(ask) - UnderBits'(read && m_axi_gmem_rlast);
    end
  end

  always_ff @(posedge clk_i) begin
    if (ask) begin
      m_axi_gmem_araddr <= burst_address;
      m_axi_gmem_arlen  <= 8'(burst_words - 9'd1);
    end
  end

  assign m_axi_gmem_arsize  = 3'($clog2(WordBytes));
  assign m_axi_gmem_arburst = 2'b01;    // INCR
  assign m_axi_gmem_arcache = 4'b0011;  // may be held up and put together
  assign m_axi_gmem_arprot  = 3'b000;

  assay_fifo #(
    .Bits(MemoryBits), .Depth(Depth), .Block(Depth >= 64)
  ) u_words (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(m_axi_gmem_rvalid), .in_ready_o(m_axi_gmem_rready), .in_data_i(m_axi_gmem_rdata),
    .out_valid_o(word_valid), .out_ready_i(word_ready), .out_data_o(word_data)
  );

  assay_iodma_unpack #(
    .MemoryBits(MemoryBits), .BeatBytes(BeatBytes), .WordSlots(WordSlots), .SlotWords(SlotWords),
    .FrameBeats(FrameBeats)
  ) u_unpack (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .start_i(start), .frames_i(frames), .idle_o(beats_idle),
    .word_valid_i(word_valid), .word_ready_o(word_ready), .word_data_i(word_data),
    .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready), .m_axis_tdata(m_axis_tdata),
    .m_axis_tlast(m_axis_tlast)
  );
endmodule
