// SPDX-License-Identifier: Apache-2.0
// Product of two streams: y = x0 * x1, lane by lane, modulo 2**OutBits (the output's type holds
// every product). Input 1 has Words beats a frame and meets the Repeats * Words beats of input 0
// again and again: with Repeats 1 both inputs move together; with more, the first Words beats do,
// and input 1 is kept and read again for the rest of the frame.
// Latency 1, one beat per cycle: cycles per frame = Repeats * Words.
// Lane l is data[l*Bits +: Bits]. A bipolar element is one bit, 0 for -1 and 1 for +1.
// Golden: golden/hw/eltwise_mul.cc.
module assay_eltwise_mul #(
  parameter int unsigned Lanes      = 1,
  parameter int unsigned Words      = 1,
  parameter int unsigned Repeats    = 1,
  parameter bit          Block      = 1'b0,  // the kept beats in block RAM, else in LUTs
  parameter int unsigned In0Bits    = 8,
  parameter bit          In0Signed  = 1'b1,
  parameter bit          In0Bipolar = 1'b0,
  parameter int unsigned In1Bits    = 8,
  parameter bit          In1Signed  = 1'b1,
  parameter bit          In1Bipolar = 1'b0,
  parameter int unsigned OutBits    = 16
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,  // synchronous

  input  logic                     in0_valid_i,
  output logic                     in0_ready_o,
  input  logic [Lanes*In0Bits-1:0] in0_data_i,

  input  logic                     in1_valid_i,
  output logic                     in1_ready_o,
  input  logic [Lanes*In1Bits-1:0] in1_data_i,

  output logic                     out_valid_o,
  input  logic                     out_ready_i,
  output logic [Lanes*OutBits-1:0] out_data_o
);
  if (Lanes < 1 || In0Bits < 1 || In1Bits < 1 || OutBits < 1) begin : g_bad_size
    $error("assay_eltwise_mul: Lanes, In0Bits, In1Bits and OutBits must be at least 1");
  end
  if (Words < 1 || Repeats < 1) begin : g_bad_frame
    $error("assay_eltwise_mul: Words and Repeats must be at least 1");
  end
  if ((In0Bipolar && In0Bits != 1) || (In1Bipolar && In1Bits != 1)) begin : g_bad_bipolar
    $error("assay_eltwise_mul: a bipolar input has 1 bit");
  end

  // Bits that hold an element of each input as a signed number, and the product of both.
  localparam int unsigned Wide0   = In0Bipolar ? 2 : (In0Signed ? In0Bits : In0Bits + 1);
  localparam int unsigned Wide1   = In1Bipolar ? 2 : (In1Signed ? In1Bits : In1Bits + 1);
  localparam int unsigned Product = Wide0 + Wide1;

  logic                     fresh;  // the factors come from input 1
  logic                     valid, ready, take;
  logic [Lanes*In1Bits-1:0] factors;
  logic [Lanes*OutBits-1:0] products;

  assign valid       = in0_valid_i && (in1_valid_i || !fresh);
  assign in0_ready_o = ready && (in1_valid_i || !fresh);
  assign in1_ready_o = ready && in0_valid_i && fresh;
  assign take        = valid && ready;

  if (Repeats > 1) begin : g_keep
    localparam int unsigned RepeatBits = $clog2(Repeats);

    logic [RepeatBits-1:0]    pass;
    logic                     last;  // beat of the pass
    logic [Lanes*In1Bits-1:0] kept;

    always_ff @(posedge clk_i) begin
      if (!rst_ni) pass <= '0;
      else if (take && last) pass <= pass == RepeatBits'(Repeats - 1) ? '0 : pass + 1'b1;
    end
    assign fresh   = pass == '0;
    assign factors = fresh ? in1_data_i : kept;

    if (Words > 1) begin : g_ram
      localparam int unsigned WordBits = $clog2(Words);

      logic [WordBits-1:0] word, next_word;

      assign last      = word == WordBits'(Words - 1);
      assign next_word = last ? '0 : word + 1'b1;
      always_ff @(posedge clk_i) begin
        if (!rst_ni) word <= '0;
        else if (take) word <= next_word;
      end

      // The next word is read while this one is written; the two are never the same.
      assay_ram #(
        .Bits(Lanes * In1Bits), .Words(Words), .Block(Block)
      ) u_ram (
        .clk_i(clk_i),
        .write_i(take && fresh), .waddr_i(word), .wdata_i(in1_data_i),
        .read_i(take), .raddr_i(next_word), .rdata_o(kept)
      );
    end else begin : g_register
      assign last = 1'b1;
      always_ff @(posedge clk_i) begin
        if (take && fresh) kept <= in1_data_i;
      end
    end
  end else begin : g_together
    logic unused_take;
    assign unused_take = take;
    assign fresh       = 1'b1;
    assign factors     = in1_data_i;
  end

  for (genvar l = 0; l < Lanes; l++) begin : g_lane
    logic [Wide0-1:0]          x0;
    logic [Wide1-1:0]          x1;
    logic signed [Product-1:0] y;

    assay_extend #(
      .InBits(In0Bits), .InSigned(In0Signed), .InBipolar(In0Bipolar), .OutBits(Wide0)
    ) u_x0 (
      .in_i(in0_data_i[l*In0Bits +: In0Bits]), .out_o(x0)
    );
    assay_extend #(
      .InBits(In1Bits), .InSigned(In1Signed), .InBipolar(In1Bipolar), .OutBits(Wide1)
    ) u_x1 (
      .in_i(factors[l*In1Bits +: In1Bits]), .out_o(x1)
    );
    assign y = Product'($signed(x0)) * Product'($signed(x1));
    assay_extend #(
      .InBits(Product), .InSigned(1'b1), .OutBits(OutBits)
    ) u_y (
      .in_i(y), .out_o(products[l*OutBits +: OutBits])
    );
  end

  assay_skid #(
    .Bits(Lanes * OutBits)
  ) u_skid (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(valid), .in_ready_o(ready), .in_data_i(products),
    .out_valid_o(out_valid_o), .out_ready_i(out_ready_i), .out_data_o(out_data_o)
  );
endmodule
