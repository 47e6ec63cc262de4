// SPDX-License-Identifier: Apache-2.0
// The number of ones among Bits bits, modulo 2**CountBits. Latency 1 cycle of advance_i, and one for
// every register of the tree that adds counts of nine bits: behind each SumLevels of its levels, but
// not behind the last one.
//
// Full adders count threes, and what three of them give is a nine's count, of which each bit is a
// function of six bits of theirs, which is a LUT. All nines stand side by side, so that a simulator
// counts them by operations on whole words.
module assay_popcount #(
  parameter int unsigned Bits      = 9,
  parameter int unsigned SumLevels = 3,
  parameter int unsigned CountBits = 4
) (
  input  logic                 clk_i,
  input  logic                 advance_i,
  input  logic [Bits-1:0]      bits_i,
  output logic [CountBits-1:0] count_o
);
  localparam int unsigned Threes = (Bits + 2) / 3;
  localparam int unsigned Nines  = (Threes + 2) / 3;
  localparam int unsigned Levels = $clog2(Nines);

  // A three is ones + 2 twos, a nine units + 2 pairs + 4 fours + 8 eights.
  logic [Threes-1:0] ones, twos;
  logic [Nines-1:0]  units, unit_carries, two_sums, two_carries, pairs, fours, eights;

  assay_full_adders #(.Count(Threes)) of_bits (
    .bits_i((3 * Threes)'(bits_i)),
    .ones_o(ones),
    .twos_o(twos)
  );
  assay_full_adders #(.Count(Nines)) of_ones (
    .bits_i((3 * Nines)'(ones)),
    .ones_o(units),
    .twos_o(unit_carries)
  );
  assay_full_adders #(.Count(Nines)) of_twos (
    .bits_i((3 * Nines)'(twos)),
    .ones_o(two_sums),
    .twos_o(two_carries)
  );
  assign pairs  = unit_carries ^ two_sums;
  assign fours  = two_carries ^ (unit_carries & two_sums);
  assign eights = two_carries & unit_carries & two_sums;

  for (genvar l = 0; l <= Levels; l++) begin : g_level
    localparam int unsigned Width = 4 + l < CountBits ? 4 + l : CountBits;
    localparam int unsigned Nodes = (Nines + (1 << l) - 1) >> l;
    localparam int unsigned Under = (Nines + (1 << l) / 2 - 1) >> (l > 0 ? l - 1 : 0);
    localparam bit          Registered = l == Levels || (l > 0 && l % SumLevels == 0);

    for (genvar n = 0; n < Nodes; n++) begin : g_node
      logic [Width-1:0] value, part;
      if (l == 0) begin : g_nine
        assign value = Width'({eights[n], fours[n], pairs[n], units[n]});
      end else if (2 * n + 1 < Under) begin : g_adder
        // With a lowest bit that is cut off, Yosys makes an adder of each node, which is smaller.
        logic [Width-1:0] left, right;
        logic [Width:0]   total;
        assign left  = Width'(g_level[l-1].g_node[2*n].part);
        assign right = Width'(g_level[l-1].g_node[2*n+1].part);
        assign total = {left, 1'b0} + {right, 1'b0};
        assign value = total[Width:1];

        logic unused_bit;
        assign unused_bit = total[0];
      end else begin : g_alone
        assign value = Width'(g_level[l-1].g_node[2*n].part);
      end

      if (Registered) begin : g_register
        always_ff @(posedge clk_i) begin
          if (advance_i) part <= value;
        end
      end else begin : g_wire
        assign part = value;
      end
    end
  end
  assign count_o = CountBits'(g_level[Levels].g_node[0].part);
endmodule
