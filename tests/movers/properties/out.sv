// SPDX-License-Identifier: Apache-2.0
// Goes in front of the end of assay_iodma_out: what must hold of it, whatever memory, stream and registers do.
  // lasts: which of the words that were asked to be written end a burst.
  logic         begun = 1'b0, held_address, held_word, within, was_last;
  logic [5:0]   owed;
  logic [63:0]  lasts;
  logic [3:0]   unanswered, named;  // bursts whose words, and whose address, were taken
  logic [7:0]   slots, here;  // that are to be written, of words where a slot takes several; in a word
  logic [AddressBits-1:0]  was_address;
  logic [7:0]              was_length;
  logic [MemoryBits-1:0]   was_data;
  logic [MemoryBits/8-1:0] was_strobes;
  logic                    fire;
  assign fire = m_axi_gmem_wvalid && m_axi_gmem_wready;
  always_comb begin
    here = '0;
    for (int unsigned i = 0; i < WordSlots; i++) here = here + 8'(m_axi_gmem_wstrb[i * SlotBytes]);
    assume (rst_ni == begun);
    assume (!m_axi_gmem_bvalid || (begun && unanswered != '0 && named != '0));
    if (begun) begin
      ADDRESSES: assert (!m_axi_gmem_awvalid ||
        (32'(m_axi_gmem_awaddr[11:0]) + (32'(m_axi_gmem_awlen) + 1) * WordBytes <= 4096 &&
         32'(m_axi_gmem_awlen) < MaxBurst));
      STABLE: assert (!held_address || (m_axi_gmem_awvalid && m_axi_gmem_awaddr == was_address && m_axi_gmem_awlen == was_length));
      WORD: assert (!held_word || (m_axi_gmem_wvalid && m_axi_gmem_wdata == was_data && m_axi_gmem_wstrb == was_strobes && m_axi_gmem_wlast == was_last));
      ASKED: assert (!m_axi_gmem_wvalid || (owed != '0 && m_axi_gmem_wlast == lasts[0]));
      FLOWS: assert (!within || m_axi_gmem_wvalid);
      UNDER: assert (32'(under_way) <= Outstanding);
      STROBES: assert (!m_axi_gmem_wvalid || (here != '0 && here <= slots && (32'(here) == WordSlots || here == slots)));
      IDLE: assert (!(bursts_idle && under_way == '0) || (slots == '0 && owed == '0 && !m_axi_gmem_awvalid && !m_axi_gmem_wvalid));
    end
  end
  always_ff @(posedge clk_i) begin
    begun        <= 1'b1;
    held_address <= begun && m_axi_gmem_awvalid && !m_axi_gmem_awready;
    was_address  <= m_axi_gmem_awaddr;
    was_length   <= m_axi_gmem_awlen;
    held_word    <= begun && m_axi_gmem_wvalid && !m_axi_gmem_wready;
    was_data     <= m_axi_gmem_wdata;
    was_strobes  <= m_axi_gmem_wstrb;
    was_last     <= m_axi_gmem_wlast;
    if (!rst_ni) begin
      owed       <= '0;
      lasts      <= '0;
      slots      <= '0;
      within     <= 1'b0;
      unanswered <= '0;
      named      <= '0;
    end else begin
      owed  <= owed + (ask ? 6'(burst_words) : 6'd0) - 6'(fire);
      lasts <= (lasts | (ask ? 64'd1 << (owed + 6'(burst_words) - 6'd1) : 64'd0)) >> fire;
      if (fire) within <= !m_axi_gmem_wlast;
      unanswered <= unanswered + 4'(fire && m_axi_gmem_wlast) - 4'(answer);
      named      <= named + 4'(m_axi_gmem_awvalid && m_axi_gmem_awready) - 4'(answer);
      if (start) slots <= 8'(frames * FrameBeats * SlotWords);
      else if (fire) slots <= slots - here;
    end
  end
