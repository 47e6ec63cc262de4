// SPDX-License-Identifier: Apache-2.0
// Memory words become the beats of a transfer's frames: frames_i * FrameBeats of them, no more and no less.
// What the last word has behind them is dropped, so that the next transfer begins with a word of its own.
// One beat, or one word where a beat takes several, per cycle.
module assay_iodma_unpack #(
  parameter int unsigned MemoryBits = 64,
  parameter int unsigned BeatBytes  = 1,
  parameter int unsigned WordSlots  = 1,  // see assay_iodma_bursts
  parameter int unsigned SlotWords  = 1,
  parameter logic [31:0] FrameBeats = 32'd1
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,   // synchronous

  input  logic                   start_i,  // only when idle
  input  logic [31:0]            frames_i,
  output logic                   idle_o,   // every beat was taken

  input  logic                   word_valid_i,
  output logic                   word_ready_o,
  input  logic [MemoryBits-1:0]  word_data_i,

  output logic                   m_axis_tvalid,
  input  logic                   m_axis_tready,
  output logic [BeatBytes*8-1:0] m_axis_tdata,
  output logic                   m_axis_tlast
);
  localparam int unsigned BeatBits  = BeatBytes * 8;
  localparam int unsigned PlaceBits = FrameBeats > 32'd1 ? $clog2(FrameBeats) : 1;

  logic                 beat_valid, beat_ready, fire, last;
  logic [BeatBits-1:0]  beat_data;
  logic [31:0]          frames;  // that are not given whole
  logic [PlaceBits-1:0] place;   // of the next beat in its frame

  assign fire   = beat_valid && beat_ready;
  assign last   = place == PlaceBits'(FrameBeats - 32'd1);
  assign idle_o = frames == '0 && !m_axis_tvalid;

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
    localparam int unsigned CountBits = $clog2(SlotWords + 1);

    logic [SlotWords*MemoryBits-1:0] slot;   // the first word least significant, once it is whole
    logic [CountBits-1:0]            count;  // words of it

    assign beat_valid   = count == CountBits'(SlotWords);
    assign word_ready_o = !beat_valid || beat_ready;

    always_ff @(posedge clk_i) begin
      if (!rst_ni)           count <= '0;
      else if (word_ready_o) count <= (beat_valid ? '0 : count) + CountBits'(word_valid_i);
    end

    always_ff @(posedge clk_i) begin
      if (word_valid_i && word_ready_o)
        slot <= {word_data_i, slot[SlotWords*MemoryBits-1:MemoryBits]};
    end
    assign beat_data = slot[BeatBits-1:0];

    logic unused_rest;
    assign unused_rest = ^slot;
  end else begin : g_slots
    localparam int unsigned SlotBits  = MemoryBits / WordSlots;
    localparam int unsigned IndexBits = WordSlots > 1 ? $clog2(WordSlots) : 1;

    logic [IndexBits-1:0] index;  // of the slot in its word
    logic                 over;   // no other slot of the word is a beat

    assign beat_valid   = word_valid_i;
    assign beat_data    = word_data_i[32'(index)*SlotBits +: BeatBits];
    assign over         = index == IndexBits'(WordSlots - 1) || (last && frames == 32'd1);
    assign word_ready_o = beat_ready && over;

    always_ff @(posedge clk_i) begin
      if (!rst_ni)   index <= '0;
      else if (fire) index <= over ? '0 : index + 1'b1;
    end

    logic unused_rest;
    assign unused_rest = ^word_data_i;
  end

  assay_skid #(
    .Bits(BeatBits + 1)
  ) u_skid (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(beat_valid), .in_ready_o(beat_ready), .in_data_i({last, beat_data}),
    .out_valid_o(m_axis_tvalid), .out_ready_i(m_axis_tready),
    .out_data_o({m_axis_tlast, m_axis_tdata})
  );
endmodule
