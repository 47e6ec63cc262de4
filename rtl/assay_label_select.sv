// SPDX-License-Identifier: Apache-2.0
// The K best of Classes elements, best first: the largest (Largest) or the smallest, ties to the
// lower index. Leaves K beats of one value each (HasValues) and K of one index each (HasIndices);
// output 0 is the values where there are both. Every element is inserted into a sorted list, which
// moves to the outputs while the next frame arrives.
// Latency from the last input beat 2, cycles per frame = max(Classes / Lanes, K).
// Lane l is data[l*InBits +: InBits]. Golden: golden/hw/label_select.cc.
module assay_label_select #(
  parameter int unsigned Lanes      = 1,
  parameter int unsigned Classes    = 10,
  parameter int unsigned K          = 1,
  parameter bit          Largest    = 1'b1,
  parameter int unsigned InBits     = 8,
  parameter bit          InSigned   = 1'b1,
  parameter bit          InBipolar  = 1'b0,
  parameter int unsigned IndexBits  = 4,
  parameter bit          HasValues  = 1'b0,
  parameter bit          HasIndices = 1'b1,
  localparam int unsigned Outputs   = (HasValues ? 1 : 0) + (HasIndices ? 1 : 0),
  localparam int unsigned OutBits   = (HasValues ? InBits : 0) + (HasIndices ? IndexBits : 0)
) (
  input  logic                    clk_i,
  input  logic                    rst_ni,  // synchronous

  input  logic                    in_valid_i,
  output logic                    in_ready_o,
  input  logic [Lanes*InBits-1:0] in_data_i,

  output logic [Outputs-1:0]      out_valid_o,
  input  logic [Outputs-1:0]      out_ready_i,
  output logic [OutBits-1:0]      out_data_o
);
  localparam int unsigned Beats     = Classes / Lanes;
  localparam int unsigned BeatBits  = Beats > 1 ? $clog2(Beats) : 1;
  localparam int unsigned ClassBits = Classes > 1 ? $clog2(Classes) : 1;
  localparam int unsigned LeftBits  = $clog2(K + 1);

  if (Lanes < 1 || Classes < 1 || Classes % Lanes != 0) begin : g_bad_lanes
    $error("assay_label_select: Lanes must divide Classes");
  end
  if (K < 1 || K > Classes) begin : g_bad_k
    $error("assay_label_select: K must be in [1, Classes]");
  end
  if (IndexBits < ClassBits && Classes > 1) begin : g_bad_index
    $error("assay_label_select: IndexBits must hold Classes - 1");
  end
  if (!HasValues && !HasIndices) begin : g_bad_outputs
    $error("assay_label_select: it needs an output");
  end

  // Comparing as unsigned: the sign bit of two's complement is turned.
  localparam logic [InBits-1:0] Turn = (InSigned && !InBipolar) ? InBits'(1) << (InBits - 1) : '0;

  logic [BeatBits-1:0]    beat;
  logic [ClassBits-1:0]   base;  // index of lane 0
  logic                   first, last, take, load;
  logic [K-1:0]           used, used_next;  // of the list: entry 0 is the best
  logic [K*InBits-1:0]    values, values_next;
  logic [K*ClassBits-1:0] classes, classes_next;

  assign first      = beat == '0;
  assign last       = beat == BeatBits'(Beats - 1);
  assign take       = in_valid_i && in_ready_o;
  assign load       = take && last;

  // Inserts the lanes one after the other: what is better stays in front, the rest moves back.
  always_comb begin
    logic [K-1:0] behind;  // the entries that the new element is better than
    used_next    = first ? '0 : used;
    values_next  = values;
    classes_next = classes;
    for (int unsigned l = 0; l < Lanes; l++) begin
      for (int unsigned i = 0; i < K; i++) begin
        if (Largest)
          behind[i] = !used_next[i] || (in_data_i[l*InBits +: InBits] ^ Turn) >
                                       (values_next[i*InBits +: InBits] ^ Turn);
        else
          behind[i] = !used_next[i] || (in_data_i[l*InBits +: InBits] ^ Turn) <
                                       (values_next[i*InBits +: InBits] ^ Turn);
      end
      for (int unsigned i = K - 1; i > 0; i--) begin
        if (behind[i-1]) begin
          used_next[i]                            = used_next[i-1];
          values_next[i*InBits +: InBits]         = values_next[(i-1)*InBits +: InBits];
          classes_next[i*ClassBits +: ClassBits]  = classes_next[(i-1)*ClassBits +: ClassBits];
        end else if (behind[i]) begin
          used_next[i]                            = 1'b1;
          values_next[i*InBits +: InBits]         = in_data_i[l*InBits +: InBits];
          classes_next[i*ClassBits +: ClassBits]  = base + ClassBits'(l);
        end
      end
      if (behind[0]) begin
        used_next[0]             = 1'b1;
        values_next[InBits-1:0]  = in_data_i[l*InBits +: InBits];
        classes_next[ClassBits-1:0] = base + ClassBits'(l);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat <= '0;
      base <= '0;
    end else if (take) begin
      beat <= last ? '0 : beat + 1'b1;
      base <= last ? '0 : base + ClassBits'(Lanes);
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      used    <= used_next;
      values  <= values_next;
      classes <= classes_next;
    end
  end

  // The finished list, of which `left` entries are still to be sent.
  logic [LeftBits-1:0]    left;
  logic [K*InBits-1:0]    sent_values;
  logic [K*ClassBits-1:0] sent_classes;
  logic [Outputs-1:0]     skid_ready;
  logic                   send;

  assign send       = left != '0 && &skid_ready;  // all outputs together
  assign in_ready_o = !last || left == '0 || (left == LeftBits'(1) && &skid_ready);

  always_ff @(posedge clk_i) begin
    if (!rst_ni)   left <= '0;
    else if (load) left <= LeftBits'(K);
    else if (send) left <= left - 1'b1;
  end

  always_ff @(posedge clk_i) begin
    if (load) begin
      sent_values  <= values_next;
      sent_classes <= classes_next;
    end else if (send) begin
      sent_values  <= sent_values >> InBits;
      sent_classes <= sent_classes >> ClassBits;
    end
  end

  if (HasValues) begin : g_values
    assay_skid #(
      .Bits(InBits)
    ) u_skid (
      .clk_i(clk_i), .rst_ni(rst_ni),
      .in_valid_i(send), .in_ready_o(skid_ready[0]), .in_data_i(sent_values[InBits-1:0]),
      .out_valid_o(out_valid_o[0]), .out_ready_i(out_ready_i[0]),
      .out_data_o(out_data_o[InBits-1:0])
    );
  end else begin : g_no_values
    logic unused_values;
    assign unused_values = ^sent_values;
  end
  if (HasIndices) begin : g_indices
    assay_skid #(
      .Bits(IndexBits)
    ) u_skid (
      .clk_i(clk_i), .rst_ni(rst_ni),
      .in_valid_i(send), .in_ready_o(skid_ready[Outputs-1]),
      .in_data_i(IndexBits'(sent_classes[ClassBits-1:0])),
      .out_valid_o(out_valid_o[Outputs-1]), .out_ready_i(out_ready_i[Outputs-1]),
      .out_data_o(out_data_o[OutBits-1 -: IndexBits])
    );
  end else begin : g_no_indices
    logic unused_classes;
    assign unused_classes = ^sent_classes;
  end
endmodule
