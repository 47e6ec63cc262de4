// SPDX-License-Identifier: Apache-2.0
// Reduces the taps of windows, lane by lane: y = max_k x[k], or y = (sum_k x[k]) >>> Shift.
// One tap of Lanes channels per beat, the taps of these channels in a row: (c/Lanes, k, c%Lanes).
// The result has OutBits bits (its low ones, or sign extended); BIPOLAR elements are 0 for -1.
// Latency 1, one input beat per cycle: Taps*Channels/Lanes cycles per window.
// Golden: golden/hw/pool.cc.
module assay_pool #(
  parameter int unsigned Lanes      = 1,
  parameter int unsigned Taps       = 4,
  parameter int unsigned InBits     = 8,
  parameter bit          InSigned   = 1'b1,
  parameter bit          InBipolar  = 1'b0,
  parameter int unsigned OutBits    = 8,
  parameter bit          OutBipolar = 1'b0,
  parameter bit          Sum        = 1'b0,
  parameter int unsigned Shift      = 0
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,  // synchronous

  input  logic                     in_valid_i,
  output logic                     in_ready_o,
  input  logic [Lanes*InBits-1:0]  in_data_i,

  output logic                     out_valid_o,
  input  logic                     out_ready_i,
  output logic [Lanes*OutBits-1:0] out_data_o
);
  if (Lanes < 1 || Taps < 1) begin : g_bad_lanes
    $error("assay_pool: Lanes and Taps must be at least 1");
  end
  if (InBits < 1 || OutBits < 1) begin : g_bad_bits
    $error("assay_pool: InBits and OutBits must be at least 1");
  end
  if ((InBipolar && InBits != 1) || (OutBipolar && OutBits != 1)) begin : g_bad_bipolar
    $error("assay_pool: BIPOLAR elements have one bit");
  end

  localparam int unsigned AccBits = InBits + 1 + (Sum ? $clog2(Taps) : 0);  // signed
  localparam int unsigned TapBits = $clog2(Taps + 1);

  logic [TapBits-1:0]       tap;
  logic                     first, last, ready, take;
  logic [Lanes*OutBits-1:0] result;

  assign first      = tap == '0;
  assign last       = tap == TapBits'(Taps - 1);
  assign in_ready_o = !last || ready;
  assign take       = in_valid_i && in_ready_o;

  always_ff @(posedge clk_i) begin
    if (!rst_ni)   tap <= '0;
    else if (take) tap <= last ? '0 : tap + TapBits'(1);
  end

  for (genvar l = 0; l < Lanes; l++) begin : g_lane
    logic signed [AccBits-1:0] x, acc, y;

    assay_extend #(
      .InBits    (InBits),
      .InSigned  (InSigned),
      .InBipolar (InBipolar),
      .OutBits   (AccBits)
    ) u_x (
      .in_i  (in_data_i[l*InBits +: InBits]),
      .out_o (x)
    );

    if (Sum) begin : g_sum
      assign y = first ? x : acc + x;
    end else begin : g_max
      assign y = first || x > acc ? x : acc;
    end
    if (OutBipolar) begin : g_out_bipolar
      assign result[l] = !y[AccBits-1];
    end else begin : g_out
      logic signed [AccBits-1:0] shifted;
      // A signal of its own: Verilator 5.006 shifts zeros into >>> in a port's expression.
      assign shifted = y >>> Shift;
      assay_extend #(
        .InBits   (AccBits),
        .InSigned (1'b1),
        .OutBits  (OutBits)
      ) u_y (
        .in_i  (shifted),
        .out_o (result[l*OutBits +: OutBits])
      );
    end

    always_ff @(posedge clk_i) begin  // needs no reset: the first tap overwrites it
      if (take) acc <= y;
    end
  end

  assay_skid #(.Bits(Lanes * OutBits)) u_skid (
    .clk_i,
    .rst_ni,
    .in_valid_i (in_valid_i && last),
    .in_ready_o (ready),
    .in_data_i  (result),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );
endmodule
