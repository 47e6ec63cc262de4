// SPDX-License-Identifier: Apache-2.0
// A constant per channel: y = x + p, x * p, max(x, p) or min(x, p), lane by lane, modulo
// 2**OutBits (the output's type holds every result). Word w of File holds the constants of
// channels w*Lanes and on, ParameterBits each in two's complement, lane 0 least significant;
// Words = channels / Lanes, or 1 for one constant.
// Latency 1, one beat per cycle: cycles per frame = beats. Lane l is data[l*Bits +: Bits]. A
// bipolar element is one bit, 0 for -1 and 1 for +1. Golden: golden/hw/channelwise_op.cc.
module assay_channelwise_op #(
  parameter int unsigned Lanes         = 1,
  parameter int unsigned Words         = 1,
  parameter int unsigned InBits        = 8,
  parameter bit          InSigned      = 1'b1,
  parameter bit          InBipolar     = 1'b0,
  parameter int unsigned ParameterBits = 8,  // signed
  parameter int unsigned OutBits       = 9,
  parameter              Function      = "add",  // "add", "mul", "max", "min"
  parameter bit          Block         = 1'b0,  // constants in block RAM, else in LUTs
  parameter              File          = "parameters.hex"
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
  if (Lanes < 1 || Words < 1 || InBits < 1 || ParameterBits < 1 || OutBits < 1) begin : g_bad_size
    $error("assay_channelwise_op: sizes must be at least 1");
  end

  localparam int unsigned WordBits    = Lanes * ParameterBits;
  localparam int unsigned AddressBits = Words > 1 ? $clog2(Words) : 1;
  // Bits that hold x and p, and the product of both.
  localparam int unsigned InWide  = InBipolar ? 2 : (InSigned ? InBits : InBits + 1);
  localparam int unsigned Wide    = InWide > ParameterBits ? InWide : ParameterBits;
  localparam int unsigned Product = InWide + ParameterBits;

  logic [AddressBits-1:0]   index, next;  // of the word for this beat and for the next one
  logic [WordBits-1:0]      word;
  logic [Lanes*OutBits-1:0] results;
  logic                     take;

  assign take = in_valid_i && in_ready_o;

  always_comb begin
    next = index;
    if (take) next = index == AddressBits'(Words - 1) ? '0 : index + 1'b1;
    if (!rst_ni) next = '0;
  end

  // The word is read one cycle ahead, so that it can come from a block RAM.
  always_ff @(posedge clk_i) index <= next;

  assay_rom #(
    .Bits(WordBits), .Words(Words), .Block(Block), .File(File)
  ) u_rom (
    .clk_i(clk_i), .read_i(1'b1), .addr_i(next), .data_o(word)
  );

  for (genvar l = 0; l < Lanes; l++) begin : g_lane
    logic [InWide-1:0]        element;
    logic [ParameterBits-1:0] constant;

    assign constant = word[l*ParameterBits +: ParameterBits];
    assay_extend #(
      .InBits(InBits), .InSigned(InSigned), .InBipolar(InBipolar), .OutBits(InWide)
    ) u_element (
      .in_i(in_data_i[l*InBits +: InBits]), .out_o(element)
    );

    if (Function == "mul") begin : g_mul
      logic signed [Product-1:0] y;
      assign y = Product'($signed(element)) * Product'($signed(constant));
      assay_extend #(
        .InBits(Product), .InSigned(1'b1), .OutBits(OutBits)
      ) u_result (
        .in_i(y), .out_o(results[l*OutBits +: OutBits])
      );
    end else if (Function == "add") begin : g_add
      logic signed [Wide:0] y;
      assign y = (Wide + 1)'($signed(element)) + (Wide + 1)'($signed(constant));
      assay_extend #(
        .InBits(Wide + 1), .InSigned(1'b1), .OutBits(OutBits)
      ) u_result (
        .in_i(y), .out_o(results[l*OutBits +: OutBits])
      );
    end else if (Function == "max" || Function == "min") begin : g_pick
      logic signed [Wide-1:0] x, p, y;
      assign x = Wide'($signed(element));
      assign p = Wide'($signed(constant));
      assign y = (x > p) == (Function == "max") ? x : p;
      assay_extend #(
        .InBits(Wide), .InSigned(1'b1), .OutBits(OutBits)
      ) u_result (
        .in_i(y), .out_o(results[l*OutBits +: OutBits])
      );
    end else begin : g_bad_function
      $error("assay_channelwise_op: Function must be add, mul, max or min");
    end
  end

  assay_skid #(
    .Bits(Lanes * OutBits)
  ) u_skid (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(in_valid_i), .in_ready_o(in_ready_o), .in_data_i(results),
    .out_valid_o(out_valid_o), .out_ready_i(out_ready_i), .out_data_o(out_data_o)
  );
endmodule
