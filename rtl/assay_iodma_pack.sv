// SPDX-License-Identifier: Apache-2.0
// The beats of a transfer's frames become memory words: frames_i * FrameBeats beats are taken, no more and no
// less; the last word comes when they end, whatever it lacks. What a slot has above its beat is zero.
// One beat, or one word where a beat takes several, per cycle.
module assay_iodma_pack #(
  parameter int unsigned MemoryBits = 64,
  parameter int unsigned BeatBytes  = 1,
  parameter int unsigned WordSlots  = 1,  // see assay_iodma_bursts
  parameter int unsigned SlotWords  = 1,
  parameter logic [31:0] FrameBeats = 32'd1
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,   // synchronous

  input  logic                   start_i,  // only when no beat is to come
  input  logic [31:0]            frames_i,
  output logic                   misplaced_o,  // for one cycle: tlast is not where a frame ends

  input  logic                   s_axis_tvalid,
  output logic                   s_axis_tready,
  input  logic [BeatBytes*8-1:0] s_axis_tdata,
  input  logic                   s_axis_tlast,

  output logic                   word_valid_o,
  input  logic                   word_ready_i,
  output logic [MemoryBits-1:0]  word_data_o
);
  localparam int unsigned PlaceBits = FrameBeats > 32'd1 ? $clog2(FrameBeats) : 1;

  logic                 open, ready, fire, last;
  logic [31:0]          frames;  // that were not taken whole
  logic [PlaceBits-1:0] place;   // of the next beat in its frame

  assign open          = frames != '0;
  assign s_axis_tready = open && ready;
  assign fire          = s_axis_tvalid && s_axis_tready;
  assign last          = place == PlaceBits'(FrameBeats - 32'd1);
  assign misplaced_o   = fire && s_axis_tlast != last;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      frames <= '0;
      place  <= '0;
    end else begin
      if (start_i)           frames <= frames_i;
      else if (fire && last) frames <= frames - 32'd1;
      if (fire) place <= last ? '0 : place + 1'b1;
    end
  end

  if (SlotWords > 1) begin : g_words
    localparam int unsigned LeftBits = $clog2(SlotWords + 1);

    logic [SlotWords*MemoryBits-1:0] slot;  // the next word least significant
    logic [LeftBits-1:0]             left;  // words of it

    assign word_valid_o = left != '0;
    assign word_data_o  = slot[MemoryBits-1:0];
    assign ready        = left == '0 || (left == LeftBits'(1) && word_ready_i);

    always_ff @(posedge clk_i) begin
      if (!rst_ni)                           left <= '0;
      else if (fire)                         left <= LeftBits'(SlotWords);
      else if (word_valid_o && word_ready_i) left <= left - 1'b1;
    end

    always_ff @(posedge clk_i) begin
      if (fire)              slot <= (SlotWords * MemoryBits)'(s_axis_tdata);
      else if (word_ready_i) slot <= slot >> MemoryBits;
    end
  end else begin : g_slots
    localparam int unsigned SlotBits  = MemoryBits / WordSlots;
    localparam int unsigned IndexBits = WordSlots > 1 ? $clog2(WordSlots) : 1;

    logic [IndexBits-1:0] index;  // of the slot in its word
    logic                 over;   // no other slot of the word is a beat

    assign ready = !word_valid_o || word_ready_i;
    assign over  = index == IndexBits'(WordSlots - 1) || (last && frames == 32'd1);

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        index        <= '0;
        word_valid_o <= 1'b0;
      end else begin
        if (fire) index <= over ? '0 : index + 1'b1;
        if (ready) word_valid_o <= fire && over;
      end
    end

    for (genvar i = 0; i < WordSlots; i++) begin : g_slot
      always_ff @(posedge clk_i) begin
        if (fire && index == IndexBits'(i))
          word_data_o[i*SlotBits +: SlotBits] <= SlotBits'(s_axis_tdata);
      end
    end
  end
endmodule
