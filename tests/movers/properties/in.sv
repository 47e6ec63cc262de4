// SPDX-License-Identifier: Apache-2.0
// Goes in front of the end of assay_iodma_in: what must hold of it, whatever memory, stream and registers do.
  // The memory answers what it was asked for, in order. lasts: which of these words end a burst.
  logic        begun = 1'b0, held_address, held_beat, held_last;
  logic [5:0]  owed;
  logic [63:0] lasts;
  logic [7:0]  beats, place;
  logic [AddressBits-1:0] was_address;
  logic [7:0]             was_length;
  logic [BeatBytes*8-1:0] was_data;
  logic                   asked, given;
  assign asked = m_axi_gmem_arvalid && m_axi_gmem_arready;
  assign given = m_axis_tvalid && m_axis_tready;
  always_comb begin
    assume (rst_ni == begun);
    assume (!m_axi_gmem_rvalid || (begun && owed != '0 && m_axi_gmem_rlast == lasts[0]));
    if (begun) begin
      ADDRESSES: assert (!m_axi_gmem_arvalid ||
        (32'(m_axi_gmem_araddr[11:0]) + (32'(m_axi_gmem_arlen) + 1) * WordBytes <= 4096 &&
         32'(m_axi_gmem_arlen) < MaxBurst));
      STABLE: assert (!held_address || (m_axi_gmem_arvalid && m_axi_gmem_araddr == was_address && m_axi_gmem_arlen == was_length));
      STREAM: assert (!held_beat || (m_axis_tvalid && m_axis_tdata == was_data && m_axis_tlast == held_last));
      ROOM: assert (owed == '0 || m_axi_gmem_rready);
      UNDER: assert (32'(under_way) <= Outstanding);
      COUNT: assert (!m_axis_tvalid || (beats != '0 && m_axis_tlast == (32'(place) == FrameBeats - 1)));
      IDLE: assert (!idle || (beats == '0 && owed == '0 && !m_axi_gmem_arvalid && place == '0));
    end
  end
  always_ff @(posedge clk_i) begin
    begun        <= 1'b1;
    held_address <= begun && m_axi_gmem_arvalid && !m_axi_gmem_arready;
    was_address  <= m_axi_gmem_araddr;
    was_length   <= m_axi_gmem_arlen;
    held_beat    <= begun && m_axis_tvalid && !m_axis_tready;
    was_data     <= m_axis_tdata;
    held_last    <= m_axis_tlast;
    if (!rst_ni) begin
      owed  <= '0;
      lasts <= '0;
      beats <= '0;
      place <= '0;
    end else begin
      owed  <= owed + (asked ? 6'(m_axi_gmem_arlen) + 6'd1 : 6'd0) - 6'(read);
      lasts <= (lasts | (asked ? 64'd1 << (owed + 6'(m_axi_gmem_arlen)) : 64'd0)) >> read;
      if (start) beats <= 8'(frames * FrameBeats);
      else if (given) beats <= beats - 8'd1;
      if (given) place <= m_axis_tlast ? 8'd0 : place + 8'd1;
    end
  end
