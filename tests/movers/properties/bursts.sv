// SPDX-License-Identifier: Apache-2.0
// Goes in front of the end of assay_iodma_bursts: what must hold of it, proved by induction.
  logic begun = 1'b0;
  logic [63:0] left;               // units that are not asked for
  logic [AddressBits-1:0] follows;  // where the next burst begins
  logic held;
  logic [AddressBits-1:0] held_address;
  logic [8:0] held_words;
  logic [TailBits-1:0] held_tail;
  always_comb begin
    assume (rst_ni == begun);
    assume (!start_i || idle_o);
    assume (frames_i < 32'd1024);
    if (begun) begin
      assert (follows == burst_address_o || idle_o);
      EXACT: assert (left == 64'(known) + 64'(to_come) * FrameUnits);
      assert (to_come < 32'd1024);
      assert (64'(known) < FrameUnits + Enough);
      assert (!burst_valid_o || !idle_o);
      STABLE: assert (!held || (burst_valid_o && held_address == burst_address_o && held_words == burst_words_o && held_tail == burst_tail_o));
      if (burst_valid_o) begin
        FOLLOWS: assert (burst_address_o == follows);
        PAGE: assert (32'(burst_address_o[11:0]) + 32'(burst_words_o) * WordBytes <= 32'd4096);
        LENGTH: assert (burst_words_o != 9'd0 && 32'(burst_words_o) <= MaxBurst);
        assert (32'(burst_tail_o) < WordSlots);
        assert (64'(burst_words_o) * WordSlots - 64'(burst_tail_o) <= 64'(known));
        TAIL: assert (burst_tail_o == '0 || 64'(burst_words_o) * WordSlots - 64'(burst_tail_o) == left);
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (start_i) follows <= {base_i[AddressBits-1:ByteBits], {ByteBits{1'b0}}};
    else if (take) follows <= follows + AddressBits'(burst_words_o) * AddressBits'(WordBytes);
    begun <= 1'b1;
    held <= begun && burst_valid_o && !burst_ready_i;
    held_address <= burst_address_o;
    held_words <= burst_words_o;
    held_tail <= burst_tail_o;
    if (!rst_ni) left <= '0;
    else if (start_i) left <= 64'(frames_i) * FrameUnits;
    else if (take) left <= left - (64'(burst_words_o) * WordSlots - 64'(burst_tail_o));
  end
