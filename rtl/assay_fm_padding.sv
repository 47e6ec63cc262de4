// SPDX-License-Identifier: Apache-2.0
// Pads a feature map, and inserts between its pixels:
//   in [Height, Width, Folds*Lanes], InsertH - 1 rows and InsertW - 1 columns of PadValue between
//   neighbours, then PadTop, PadLeft, PadBottom, PadRight of them around.
// Lane l of fold f is channel f*Lanes + l, data[l*ElemBits +: ElemBits], lane 0 least significant.
// A frame starts with its first input beat, also where padding comes first.
// A register at the output, which padding sets by itself, and a spare one in front of it.
// Latency 1, one output beat per cycle: OutHeight*OutWidth*Folds cycles per frame.
// Golden: golden/hw/fm_padding.cc.
module assay_fm_padding #(
  parameter int unsigned Lanes     = 1,
  parameter int unsigned ElemBits  = 8,
  parameter int unsigned Height    = 4,
  parameter int unsigned Width     = 4,
  parameter int unsigned Folds     = 1,  // beats per pixel
  parameter int unsigned PadTop    = 1,
  parameter int unsigned PadLeft   = 1,
  parameter int unsigned PadBottom = 1,
  parameter int unsigned PadRight  = 1,
  parameter int unsigned InsertH   = 1,
  parameter int unsigned InsertW   = 1,
  parameter int          PadValue  = 0,  // the low 32 bits of a number, of which ElemBits are taken
  parameter int          PadHigh   = 0,  // the others
  localparam int unsigned Bits = Lanes * ElemBits
) (
  input  logic            clk_i,
  input  logic            rst_ni,  // synchronous

  input  logic            in_valid_i,
  output logic            in_ready_o,
  input  logic [Bits-1:0] in_data_i,

  output logic            out_valid_o,
  input  logic            out_ready_i,
  output logic [Bits-1:0] out_data_o
);
  if (Lanes < 1 || ElemBits < 1) begin : g_bad_lanes
    $error("assay_fm_padding: Lanes and ElemBits must be at least 1");
  end
  if (Height < 1 || Width < 1 || Folds < 1) begin : g_bad_shape
    $error("assay_fm_padding: Height, Width and Folds must be at least 1");
  end
  if (InsertH < 1 || InsertW < 1) begin : g_bad_insert
    $error("assay_fm_padding: InsertH and InsertW must be at least 1");
  end

  localparam int unsigned BottomRow   = PadTop + (Height - 1) * InsertH;  // the last that is read
  localparam int unsigned RightColumn = PadLeft + (Width - 1) * InsertW;
  localparam int unsigned OutHeight   = BottomRow + 1 + PadBottom;
  localparam int unsigned OutWidth    = RightColumn + 1 + PadRight;
  localparam int unsigned RowBits     = OutHeight > 1 ? $clog2(OutHeight) : 1;
  // A row is counted in beats: the first of the input's, and the one behind the last of those.
  localparam int unsigned FirstBeat   = PadLeft * Folds;
  localparam int unsigned EndBeat     = (RightColumn + 1) * Folds;
  localparam int unsigned RowBeats    = OutWidth * Folds;
  localparam int unsigned BeatBits    = RowBeats > 1 ? $clog2(RowBeats) : 1;
  localparam int unsigned CountBits   = RowBits > BeatBits ? RowBits : BeatBits;
  localparam int unsigned SkipBits    = InsertH > 1 ? $clog2(InsertH) : 1;
  localparam logic [63:0]                PadBits =
      (64'(PadHigh) << 32) | (64'(PadValue) & 64'h00000000_ffffffff);
  localparam logic signed [ElemBits-1:0] Pad     = PadBits[ElemBits-1:0];

  logic [RowBits-1:0]  row;       // of the output
  logic [BeatBits-1:0] beat;      // of the row
  logic [SkipBits-1:0] row_skip;  // rows since one of the input, where rows are inserted
  logic                above, below, left, right;  // where the input's pixels are
  logic                last_beat, last_row;
  logic                inserted;  // between the pixels of a row
  logic                pixel, first, available, go, step, move;
  // A beat of the input that came while the output stood still.
  logic                spare_valid;
  logic [Bits-1:0]     spare_data;

  // Whether value < limit, or with `equal` value <= limit: of a constant a few gates, no carry chain.
  function automatic logic up_to(input logic [CountBits-1:0] value,
                                 input logic [CountBits-1:0] limit, input logic equal);
    up_to = equal;
    for (int unsigned b = 0; b < CountBits; b++)
      up_to = limit[b] ? up_to || !value[b] : up_to && !value[b];
  endfunction

  assign above      = up_to(CountBits'(row), CountBits'(PadTop), 1'b0);
  assign below      = !up_to(CountBits'(row), CountBits'(BottomRow), 1'b1);
  assign left       = up_to(CountBits'(beat), CountBits'(FirstBeat), 1'b0);
  assign right      = !up_to(CountBits'(beat), CountBits'(EndBeat - 1), 1'b1);
  assign last_beat  = beat == BeatBits'(RowBeats - 1);
  assign first      = row == '0 && beat == '0;
  assign last_row   = row == RowBits'(OutHeight - 1);
  assign pixel      = !above && !below && !left && !right && row_skip == '0 && !inserted;
  assign in_ready_o = !spare_valid;
  assign available  = in_valid_i || spare_valid;
  assign go         = available || (!first && !pixel);
  assign step       = out_ready_i || !out_valid_o;
  assign move       = go && step;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat        <= '0;
      row         <= '0;
      row_skip    <= '0;
      spare_valid <= 1'b0;
      out_valid_o <= 1'b0;
    end else begin
      if (move) begin
        beat <= last_beat ? '0 : beat + 1'b1;
        if (last_beat) begin
          row <= last_row ? '0 : row + 1'b1;
          if (!above && InsertH > 1)
            row_skip <= last_row || row_skip == SkipBits'(InsertH - 1) ? '0 : row_skip + 1'b1;
        end
      end
      spare_valid <= available && !(move && pixel);
      if (step) out_valid_o <= go;
    end
  end

  if (InsertW > 1) begin : g_insert
    localparam int unsigned StepBeats = InsertW * Folds;  // from a pixel of the input to the next
    localparam int unsigned StepBits  = $clog2(StepBeats);
    logic [StepBits-1:0] place;  // in them
    assign inserted = place >= StepBits'(Folds);
    always_ff @(posedge clk_i) begin
      if (!rst_ni) place <= '0;
      else if (move)
        place <= last_beat || left || place == StepBits'(StepBeats - 1) ? '0 : place + 1'b1;
    end
  end else begin : g_dense
    assign inserted = 1'b0;
  end

  always_ff @(posedge clk_i) begin  // data needs no reset: valid guards it
    if (step && !pixel) out_data_o <= {Lanes{Pad}};  // which resets the register, or sets it
    else if (step)      out_data_o <= spare_valid ? spare_data : in_data_i;
    if (!spare_valid) spare_data <= in_data_i;
  end
endmodule
