// SPDX-License-Identifier: Apache-2.0
// Goes in front of the end of assay_iodma_control: what must hold of it, proved by induction.
  // What was taken of a write, and not answered.
  logic        begun = 1'b0, held_read, held_write;
  logic [31:0] was_data;
  logic [1:0]  addresses, words, reads;
  always_comb begin
    assume (rst_ni == begun);
    if (begun) begin
      READ: assert (!held_read || (s_axi_control_rvalid && s_axi_control_rdata == was_data));
      WRITE: assert (!held_write || s_axi_control_bvalid);
      ADDRESSES: assert (addresses == 2'(address_held) + 2'(s_axi_control_bvalid));
      WORDS: assert (words == 2'(data_held) + 2'(s_axi_control_bvalid));
      READS: assert (reads == 2'(s_axi_control_rvalid));
      START: assert (!start_o || !running);
    end
  end
  always_ff @(posedge clk_i) begin
    begun      <= 1'b1;
    held_read  <= begun && s_axi_control_rvalid && !s_axi_control_rready;
    was_data   <= s_axi_control_rdata;
    held_write <= begun && s_axi_control_bvalid && !s_axi_control_bready;
    if (!rst_ni) begin
      addresses <= '0;
      words     <= '0;
      reads     <= '0;
    end else begin
      addresses <= addresses + 2'(s_axi_control_awvalid && s_axi_control_awready) -
                   2'(s_axi_control_bvalid && s_axi_control_bready);
      words     <= words + 2'(s_axi_control_wvalid && s_axi_control_wready) -
                   2'(s_axi_control_bvalid && s_axi_control_bready);
      reads     <= reads + 2'(read) - 2'(s_axi_control_rvalid && s_axi_control_rready);
    end
  end
