// SPDX-License-Identifier: Apache-2.0
// InLanes elements a beat become OutLanes a beat, in the same order, for any ratio.
// Latency 2 (1 when InLanes == OutLanes), one beat per cycle on the side that has more of them:
// cycles per frame = max(input beats, output beats).
// Element e of a beat is data[e*Bits +: Bits]. Golden: golden/hw/data_width_converter.cc.
module assay_data_width_converter #(
  parameter int unsigned Bits     = 8,  // of an element
  parameter int unsigned InLanes  = 1,
  parameter int unsigned OutLanes = 2
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,  // synchronous

  input  logic                     in_valid_i,
  output logic                     in_ready_o,
  input  logic [InLanes*Bits-1:0]  in_data_i,

  output logic                     out_valid_o,
  input  logic                     out_ready_i,
  output logic [OutLanes*Bits-1:0] out_data_o
);
  if (Bits < 1 || InLanes < 1 || OutLanes < 1) begin : g_bad_size
    $error("assay_data_width_converter: Bits, InLanes and OutLanes must be at least 1");
  end

  function automatic int unsigned gcd(input int unsigned a, input int unsigned b);
    int unsigned x, y, rest;
    x = a;
    y = b;
    while (y != 0) begin
      rest = x % y;
      x    = y;
      y    = rest;
    end
    gcd = x;
  endfunction

  // Everything moves in units of Common elements. The store holds what one output beat may have
  // to wait for and one input beat more.
  localparam int unsigned Common    = gcd(InLanes, OutLanes);
  localparam int unsigned In        = InLanes / Common;  // units of a beat
  localparam int unsigned Out       = OutLanes / Common;
  localparam int unsigned Room      = In + Out - 1;
  localparam int unsigned UnitBits  = Common * Bits;
  localparam int unsigned CountBits = $clog2(Room + 1);
  localparam int unsigned KeptBits  = Out > 1 ? $clog2(Out) : 1;

  logic                     skid_valid, skid_ready;
  logic [OutLanes*Bits-1:0] skid_data;

  if (InLanes == OutLanes) begin : g_same
    assign skid_valid = in_valid_i;
    assign in_ready_o = skid_ready;
    assign skid_data  = in_data_i;
  end else begin : g_store
    logic [CountBits-1:0]     count, kept;  // units held, and those that stay after this cycle
    logic [Room*UnitBits-1:0] store;        // the oldest unit least significant
    logic                     emit, take;

    assign skid_valid = count >= CountBits'(Out);
    assign skid_data  = store[OutLanes*Bits-1:0];
    assign emit       = skid_valid && skid_ready;
    assign kept       = emit ? count - CountBits'(Out) : count;
    assign in_ready_o = kept < CountBits'(Out);  // that is, kept + In <= Room
    assign take       = in_valid_i && in_ready_o;

    always_ff @(posedge clk_i) begin
      if (!rst_ni) count <= '0;
      else         count <= take ? kept + CountBits'(In) : kept;
    end

    if (In == 1) begin : g_collect
      for (genvar u = 0; u < Out; u++) begin : g_unit
        always_ff @(posedge clk_i) begin
          if (take && kept == CountBits'(u)) store[u*UnitBits +: UnitBits] <= in_data_i;
        end
      end
    end else if (Out == 1) begin : g_split
      // A beat is taken when nothing is kept.
      always_ff @(posedge clk_i) begin
        if (take)      store <= in_data_i;
        else if (emit) store <= store >> UnitBits;
      end
    end else begin : g_shift
      // What is kept moves down by an output beat; the input goes on top of it. Above the units
      // that are held the store is zero, once it holds any.
      logic [Room*UnitBits-1:0] rest, placed;

      always_comb begin
        rest = emit ? store >> (Out * UnitBits) : store;
        if (kept == '0) rest = '0;
        placed = (Room * UnitBits)'(in_data_i);
        for (int unsigned b = 0; b < KeptBits; b++)
          if (kept[b]) placed = placed << (UnitBits << b);
      end

      always_ff @(posedge clk_i) begin
        if (take)      store <= rest | placed;
        else if (emit) store <= rest;
      end
    end
  end

  assay_skid #(
    .Bits(OutLanes * Bits)
  ) u_skid (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(skid_valid), .in_ready_o(skid_ready), .in_data_i(skid_data),
    .out_valid_o(out_valid_o), .out_ready_i(out_ready_i), .out_data_o(out_data_o)
  );
endmodule
