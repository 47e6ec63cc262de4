// SPDX-License-Identifier: Apache-2.0
// Cuts a transfer into bursts of memory words, in order: none is longer than MaxBurst words, none crosses
// 4 KiB, only the last may be short for another reason. A beat takes a slot (docs/hardware.md): a word
// holds WordSlots of them, or one takes SlotWords words. No multiplier: frames are added up as bursts
// need them, one a cycle.
module assay_iodma_bursts #(
  parameter int unsigned MemoryBits  = 64,
  parameter int unsigned AddressBits = 64,
  parameter int unsigned WordSlots   = 1,  // a power of two; 1 where SlotWords is more
  parameter int unsigned SlotWords   = 1,
  parameter logic [31:0] FrameBeats  = 32'd1,
  parameter int unsigned MaxBurst    = 16,
  localparam int unsigned TailBits   = WordSlots > 1 ? $clog2(WordSlots) : 1
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,   // synchronous

  input  logic                   start_i,  // only when idle
  input  logic [AddressBits-1:0] base_i,   // of a word
  input  logic [31:0]            frames_i,
  output logic                   idle_o,   // every burst was taken

  output logic                   burst_valid_o,
  input  logic                   burst_ready_i,
  output logic [AddressBits-1:0] burst_address_o,
  output logic [8:0]             burst_words_o,
  output logic [TailBits-1:0]    burst_tail_o  // slots that its last word lacks
);
  localparam int unsigned WordBytes  = MemoryBits / 8;
  localparam int unsigned ByteBits   = $clog2(WordBytes);
  localparam int unsigned PageWords  = 4096 / WordBytes;
  localparam int unsigned PageBits   = $clog2(PageWords);
  localparam int unsigned SlotBits   = $clog2(WordSlots);
  localparam int unsigned PlaceBits  = AddressBits - ByteBits;
  localparam int unsigned LongWords  = MaxBurst < PageWords ? MaxBurst : PageWords;
  localparam logic [8:0]  Long       = 9'(LongWords);

  // In units: slots, or the words of larger ones. Frames are added below Enough.
  localparam logic [63:0] FrameUnits = 64'(FrameBeats) * 64'(SlotWords);
  localparam logic [63:0] Enough     = 64'(LongWords * WordSlots * 2);
  localparam int unsigned LeastBits  = $clog2(FrameUnits + Enough);
  localparam int unsigned KnownBits  = LeastBits < 10 ? 10 : LeastBits;  // a burst's words fit, too

  logic [PlaceBits-1:0] place;    // of the next word
  logic [KnownBits-1:0] known;    // units that are to be asked for
  logic [31:0]          to_come;  // frames that are not among them
  logic [PageBits:0]    page;     // words up to 4 KiB
  logic [8:0]           most;
  logic [8:0]           rounded;  // known as words, where that is less
  logic                 whole, rest, more, take;

  assign page    = (PageBits + 1)'(PageWords) - (PageBits + 1)'(place[PageBits-1:0]);
  assign most    = 32'(page) < LongWords ? 9'(page) : Long;
  assign rounded = 9'((known + KnownBits'(WordSlots - 1)) >> SlotBits);
  assign whole   = known >= KnownBits'(most) << SlotBits;
  assign rest    = to_come == '0 && known != '0;
  assign take    = burst_valid_o && burst_ready_i;
  assign more    = to_come != '0 && known < KnownBits'(Enough) && !take;
  assign idle_o  = to_come == '0 && known == '0;

  assign burst_address_o = {place, {ByteBits{1'b0}}};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      burst_valid_o <= 1'b0;
      known         <= '0;
      to_come       <= '0;
    end else begin
      if (start_i) to_come <= frames_i;
      if (more) begin
        to_come <= to_come - 32'd1;
        known   <= known + KnownBits'(FrameUnits);
      end
      if (take) begin
        burst_valid_o <= 1'b0;
        known         <= known - (KnownBits'(burst_words_o) << SlotBits) +
                         KnownBits'(burst_tail_o);
      end else if (whole || rest) begin
        burst_valid_o <= 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) place <= base_i[AddressBits-1:ByteBits];
    if (take) place <= place + PlaceBits'(burst_words_o);
    if (!burst_valid_o) begin
      burst_words_o <= whole ? most : rounded;
      burst_tail_o  <= whole || WordSlots == 1 ? '0 : -known[TailBits-1:0];
    end
  end

  logic unused_low;  // base_i is aligned
  assign unused_low = ^base_i[ByteBits-1:0];
endmodule
