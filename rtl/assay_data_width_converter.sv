// SPDX-License-Identifier: Apache-2.0
// InLanes elements a beat become OutLanes a beat, in the same order, for any ratio.
// Latency 2 (1 when InLanes divides OutLanes), one beat per cycle on the side that has more of them:
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

  // Everything moves in units of Common elements.
  localparam int unsigned Common   = gcd(InLanes, OutLanes);
  localparam int unsigned In       = InLanes / Common;  // units of a beat
  localparam int unsigned Out      = OutLanes / Common;
  localparam int unsigned UnitBits = Common * Bits;

  if (In == 1) begin : g_collect
    // The queue stands where beats are narrow; the newest unit waits in it for the others.
    logic                valid, ready, complete;
    logic [UnitBits-1:0] unit;

    assay_skid #(
      .Bits(UnitBits)
    ) u_skid (
      .clk_i(clk_i), .rst_ni(rst_ni),
      .in_valid_i(in_valid_i), .in_ready_o(in_ready_o), .in_data_i(in_data_i),
      .out_valid_o(valid), .out_ready_i(ready), .out_data_o(unit)
    );

    assign ready       = !complete || out_ready_i;
    assign out_valid_o = valid && complete;

    if (Out == 1) begin : g_same
      assign complete   = 1'b1;
      assign out_data_o = unit;
    end else begin : g_shift
      localparam int unsigned CountBits = $clog2(Out);
      logic [CountBits-1:0]        count;  // units of the next beat that the store holds
      logic [(Out-1)*UnitBits-1:0] store;  // the oldest unit least significant

      assign complete   = count == CountBits'(Out - 1);
      assign out_data_o = {unit, store};

      always_ff @(posedge clk_i) begin
        if (!rst_ni)             count <= '0;
        else if (valid && ready) count <= complete ? '0 : count + 1'b1;
      end

      always_ff @(posedge clk_i) begin
        if (valid && ready) store <= ((Out - 1) * UnitBits)'({unit, store} >> UnitBits);
      end
    end
  end else begin : g_queue
    logic                     skid_valid, skid_ready;
    logic [OutLanes*Bits-1:0] skid_data;

    if (Out == 1) begin : g_split
      localparam int unsigned CountBits = $clog2(In);
      logic [CountBits-1:0]       more;  // units held beside the one that is offered
      logic [(In-1)*UnitBits-1:0] rest;  // units, the one that is offered least significant
      logic [UnitBits-1:0]        last;  // behind them
      logic                       step;

      assign skid_data  = rest[UnitBits-1:0];
      assign step       = skid_ready || !skid_valid;
      assign in_ready_o = step && more == '0;

      always_ff @(posedge clk_i) begin
        if (!rst_ni) begin
          skid_valid <= 1'b0;
          more       <= '0;
        end else if (step) begin
          if (more == '0) skid_valid <= in_valid_i;
          if (more != '0)      more <= more - 1'b1;
          else if (in_valid_i) more <= CountBits'(In - 1);
        end
      end

      always_ff @(posedge clk_i) begin  // valid guards what comes without a beat
        if (step) rest <= more == '0 ? in_data_i[(In-1)*UnitBits-1:0]
                                     : ((In - 1) * UnitBits)'({last, rest} >> UnitBits);
        if (step && more == '0) last <= in_data_i[(In-1)*UnitBits +: UnitBits];
      end
    end else begin : g_shift
      // The store holds what one output beat may have to wait for and one input beat more.
      localparam int unsigned Room      = In + Out - 1;
      localparam int unsigned CountBits = $clog2(Room + 1);
      localparam int unsigned KeptBits  = $clog2(Out);
      logic [CountBits-1:0]     count, kept;  // units held, and those that stay after this cycle
      logic [Room*UnitBits-1:0] store;        // the oldest unit least significant
      logic [Room*UnitBits-1:0] rest, placed;
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

      // What is kept moves down by an output beat; the input goes on top of it. Above the units
      // that are held the store is zero, once it holds any.
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

    assay_skid #(
      .Bits(OutLanes * Bits)
    ) u_skid (
      .clk_i(clk_i), .rst_ni(rst_ni),
      .in_valid_i(skid_valid), .in_ready_o(skid_ready), .in_data_i(skid_data),
      .out_valid_o(out_valid_o), .out_ready_i(out_ready_i), .out_data_o(out_data_o)
    );
  end
endmodule
