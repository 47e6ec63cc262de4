// SPDX-License-Identifier: Apache-2.0
// Stream to memory: on start takes the beats of frames and writes them to AXI4 memory (docs/hardware.md). A
// burst begins when all its words are there, so the bus never waits for the accelerator.
module assay_iodma_out #(
  parameter int unsigned  MemoryBits  = 64,    // 64, 128, 256 or 512
  parameter int unsigned  AddressBits = 64,
  parameter int unsigned  BeatBytes   = 1,
  parameter logic [31:0]  FrameBeats  = 32'd1,
  parameter int unsigned  MaxBurst    = 16,    // words, up to 256; 16 for AXI3
  parameter int unsigned  Outstanding = 4,     // bursts without their response
  parameter logic [255:0] ContentHash = '0     // of the accelerator's RTL
) (
  input  logic                    clk_i,
  input  logic                    rst_ni,  // synchronous

  input  logic                    s_axi_control_awvalid,
  output logic                    s_axi_control_awready,
  input  logic [6:0]              s_axi_control_awaddr,
  input  logic                    s_axi_control_wvalid,
  output logic                    s_axi_control_wready,
  input  logic [31:0]             s_axi_control_wdata,
  input  logic [3:0]              s_axi_control_wstrb,
  output logic                    s_axi_control_bvalid,
  input  logic                    s_axi_control_bready,
  output logic [1:0]              s_axi_control_bresp,
  input  logic                    s_axi_control_arvalid,
  output logic                    s_axi_control_arready,
  input  logic [6:0]              s_axi_control_araddr,
  output logic                    s_axi_control_rvalid,
  input  logic                    s_axi_control_rready,
  output logic [31:0]             s_axi_control_rdata,
  output logic [1:0]              s_axi_control_rresp,

  output logic                    m_axi_gmem_awvalid,
  input  logic                    m_axi_gmem_awready,
  output logic [AddressBits-1:0]  m_axi_gmem_awaddr,
  output logic [7:0]              m_axi_gmem_awlen,
  output logic [2:0]              m_axi_gmem_awsize,
  output logic [1:0]              m_axi_gmem_awburst,
  output logic [3:0]              m_axi_gmem_awcache,
  output logic [2:0]              m_axi_gmem_awprot,
  output logic                    m_axi_gmem_wvalid,
  input  logic                    m_axi_gmem_wready,
  output logic [MemoryBits-1:0]   m_axi_gmem_wdata,
  output logic [MemoryBits/8-1:0] m_axi_gmem_wstrb,
  output logic                    m_axi_gmem_wlast,
  input  logic                    m_axi_gmem_bvalid,
  output logic                    m_axi_gmem_bready,
  input  logic [1:0]              m_axi_gmem_bresp,

  output logic                    interrupt_o,

  input  logic                    s_axis_tvalid,
  output logic                    s_axis_tready,
  input  logic [BeatBytes*8-1:0]  s_axis_tdata,
  input  logic                    s_axis_tlast
);
  if (MemoryBits != 64 && MemoryBits != 128 && MemoryBits != 256 && MemoryBits != 512)
  begin : g_bad_memory
    $error("assay_iodma_out: MemoryBits must be 64, 128, 256 or 512");
  end
  if (AddressBits < 13 || AddressBits > 64) begin : g_bad_address
    $error("assay_iodma_out: AddressBits must be between 13 and 64");
  end
  if (BeatBytes < 1 || FrameBeats == 32'd0) begin : g_bad_frame
    $error("assay_iodma_out: a beat must have a byte, and a frame a beat");
  end
  if (MaxBurst < 1 || MaxBurst > 256 || Outstanding < 1) begin : g_bad_burst
    $error("assay_iodma_out: MaxBurst must be between 1 and 256, and Outstanding at least 1");
  end

  // A beat's slot: a power of two in bytes up to a word, whole words beyond.
  localparam int unsigned WordBytes = MemoryBits / 8;
  localparam int unsigned SlotWords = (BeatBytes + WordBytes - 1) / WordBytes;
  localparam int unsigned WordSlots = SlotWords > 1 ? 1 : WordBytes >> $clog2(BeatBytes);
  localparam int unsigned SlotBytes = WordBytes / WordSlots;
  localparam int unsigned TailBits  = WordSlots > 1 ? $clog2(WordSlots) : 1;
  localparam int unsigned PageWords = 4096 / WordBytes;
  localparam int unsigned Longest   = MaxBurst < PageWords ? MaxBurst : PageWords;
  localparam int unsigned Depth     = Longest < 2 ? 4 : 2 * Longest;  // words
  localparam int unsigned CountBits = $clog2(Depth + 1);
  localparam int unsigned UnderBits = $clog2(Outstanding + 1);

  logic                   start, misplaced, bursts_idle;
  logic [AddressBits-1:0] base, burst_address;
  logic [31:0]            frames;
  logic                   burst_valid, ask, whole, answer;
  logic [8:0]             burst_words;
  logic [7:0]             burst_length;  // as AXI has it: less 1
  logic [TailBits-1:0]    burst_tail, tail;
  logic                   in_valid, in_ready, word_valid, word_ready, length_valid, length_room;
  logic [MemoryBits-1:0]  in_data;
  logic [1:0]             landing;       // words on their way through the queue
  logic [CountBits-1:0]   stored;        // words behind it that belong to no burst yet
  logic [UnderBits-1:0]   under_way;     // bursts
  logic [7:0]             length, sent;  // of the burst that is written: words less 1, words

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
    .start_o(start), .base_o(base), .frames_o(frames),
    .idle_i(bursts_idle && under_way == '0),
    .errors_i({misplaced, 1'b0, answer && m_axi_gmem_bresp == 2'b11,
               answer && m_axi_gmem_bresp == 2'b10})
  );

  assay_iodma_bursts #(
    .MemoryBits(MemoryBits), .AddressBits(AddressBits), .WordSlots(WordSlots),
    .SlotWords(SlotWords), .FrameBeats(FrameBeats), .MaxBurst(MaxBurst)
  ) u_bursts (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .start_i(start), .base_i(base), .frames_i(frames), .idle_o(bursts_idle),
    .burst_valid_o(burst_valid), .burst_ready_i(ask), .burst_address_o(burst_address),
    .burst_words_o(burst_words), .burst_tail_o(burst_tail)
  );

  assay_iodma_pack #(
    .MemoryBits(MemoryBits), .BeatBytes(BeatBytes), .WordSlots(WordSlots), .SlotWords(SlotWords),
    .FrameBeats(FrameBeats)
  ) u_pack (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .start_i(start), .frames_i(frames), .misplaced_o(misplaced),
    .s_axis_tvalid(s_axis_tvalid), .s_axis_tready(s_axis_tready), .s_axis_tdata(s_axis_tdata),
    .s_axis_tlast(s_axis_tlast),
    .word_valid_o(in_valid), .word_ready_i(in_ready), .word_data_o(in_data)
  );

  assay_fifo #(
    .Bits(MemoryBits), .Depth(Depth), .Block(Depth >= 64)
  ) u_words (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(in_valid), .in_ready_o(in_ready), .in_data_i(in_data),
    .out_valid_o(word_valid), .out_ready_i(word_ready), .out_data_o(m_axi_gmem_wdata)
  );

  assign burst_length = 8'(burst_words - 9'd1);
  assign whole  = 32'(burst_words) <= 32'(stored);
  assign ask    = burst_valid && whole && length_room && under_way != UnderBits'(Outstanding) &&
                  (!m_axi_gmem_awvalid || m_axi_gmem_awready);
  assign answer = m_axi_gmem_bvalid && m_axi_gmem_bready;

  // A word counts once it is seen at the end of the queue: with block RAM, two cycles later.
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      m_axi_gmem_awvalid <= 1'b0;
      landing            <= '0;
      stored             <= '0;
      under_way          <= '0;
    end else begin
      if (m_axi_gmem_awready) m_axi_gmem_awvalid <= 1'b0;
      if (ask) m_axi_gmem_awvalid <= 1'b1;
      landing   <= {landing[0], in_valid && in_ready};
      stored    <= stored - (ask ? CountBits'(burst_words) : '0) + CountBits'(landing[1]);
      under_way <= under_way + UnderBits'(ask) - UnderBits'(answer);
    end
  end

  always_ff @(posedge clk_i) begin
    if (ask) begin
      m_axi_gmem_awaddr <= burst_address;
      m_axi_gmem_awlen  <= burst_length;
    end
  end

  assign m_axi_gmem_awsize  = 3'($clog2(WordBytes));
  assign m_axi_gmem_awburst = 2'b01;    // INCR
  assign m_axi_gmem_awcache = 4'b0011;  // may be held up and put together
  assign m_axi_gmem_awprot  = 3'b000;
  assign m_axi_gmem_bready  = 1'b1;

  // Words leave in the bursts that were begun; an address may come later than they do.
  assay_fifo #(
    .Bits(8 + TailBits), .Depth(Outstanding < 2 ? 2 : Outstanding), .Block(1'b0)
  ) u_lengths (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(ask), .in_ready_o(length_room),
    .in_data_i({burst_tail, burst_length}),
    .out_valid_o(length_valid), .out_ready_i(word_ready && m_axi_gmem_wlast),
    .out_data_o({tail, length})
  );

  assign m_axi_gmem_wvalid = word_valid && length_valid;
  assign m_axi_gmem_wlast  = sent == length;
  assign m_axi_gmem_wstrb  = {WordBytes{1'b1}} >>
                             (m_axi_gmem_wlast ? 32'(tail) * SlotBytes : 32'd0);
  assign word_ready        = m_axi_gmem_wready && length_valid;

  always_ff @(posedge clk_i) begin
    if (!rst_ni)                      sent <= '0;
    else if (word_valid && word_ready) sent <= m_axi_gmem_wlast ? '0 : sent + 8'd1;
  end
endmodule
