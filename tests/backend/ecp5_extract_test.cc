// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/extract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "backend/ecp5_flow.h"
#include "compile/backend/ecp5/fabric.h"
#include "compile/base/error.h"

namespace assay::ecp5::test {
namespace ecp5_extract_test {

using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr std::uint32_t k25 = 0x41111043, k45 = 0x41112043, k85 = 0x41113043;

/// Tables of all kinds, carries, registers with enables and resets, LUT RAM, block RAM of 36 and 18 bits.
constexpr const char* kDesign = R"(
module top(input clk, input rst, input [15:0] a, output reg [7:0] q, output [8:0] o,
           output reg f, output reg [7:0] r);
  reg [7:0] c, l[0:15], w;
  reg [8:0] at;
  reg [35:0] rom[0:511], word;
  reg [17:0] ram[0:1023], got;
  integer i;
  initial begin
    for (i = 0; i < 512; i = i + 1) rom[i] = (i + 1) * 36'h123456789;
    for (i = 0; i < 1024; i = i + 1) ram[i] = i * 77;
    for (i = 0; i < 16; i = i + 1) l[i] = i * 5;
  end
  always @(posedge clk) begin
    if (a[0]) l[c[3:0]] <= a[7:0];
    if (rst) c <= 5; else if (a[1]) c <= c + 1;
    if (rst) at <= 0; else at <= at + a[8:4];
    q <= l[a[7:4]] + c;
    f <= ^{a, c} | (a[7:0] == 8'h3c) | (c < a[9:2]);
    word <= rom[at];
    if (a[2]) ram[{c[0], at}] <= {a[8:0], at};
    if (a[3]) got <= ram[{a[15], at}];
    r <= word[7:0] ^ word[15:8] ^ word[23:16] ^ word[31:24] ^ {word[35:32], got[3:0]} ^ got[17:10] ^ got[9:2];
  end
  assign o = a[7:0] + c;
endmodule
)";

netlist::Netlist extracted(const Built& built, const Bitfile& bits) {
  return extract(bits, built.extraction());
}

/// The place of a bit of a tile in a bitstream.
std::size_t place_of(const Device& device, const Tile& tile, const TileBit& bit) {
  return static_cast<std::size_t>(tile.first_frame + bit.frame) *
             static_cast<std::size_t>(device.bits_per_frame) +
         static_cast<std::size_t>(tile.first_bit + bit.bit);
}

/// Bits of tables that are used and of routing that is switched on, in tiles of logic.
struct UsedBits {
  std::vector<std::size_t> tables, routing;
};

UsedBits used_bits(const Bitfile& bits, Database& database) {
  UsedBits result;
  Fabric fabric(bits, database, "design.bit");
  for (const Tile& tile : database.tiles()) {
    if (tile.kind != "PLC2") continue;
    for (const TileKind::Word& word : database.kind("PLC2").words)
      if (fabric.word(tile, word.name) != 0xffff)
        // Inputs that nothing is on read 1: this row is one that can come up.
        result.tables.push_back(place_of(*bits.device, tile, word.bits[15][0]));
    for (const TileKind::Mux& mux : database.kind("PLC2").muxes)
      for (const TileKind::Arc& arc : mux.arcs)
        if (!arc.bits.empty() &&
            std::all_of(arc.bits.begin(), arc.bits.end(),
                        [&](const TileBit& bit) { return fabric.holds(tile, bit); }))
          for (const TileBit& bit : arc.bits)
            if (!bit.inverted) result.routing.push_back(place_of(*bits.device, tile, bit));
  }
  return result;
}

/// What becomes of single bits that are flipped: refused, another function, or nothing that shows.
struct Outcomes {
  int refused = 0, different = 0, silent = 0;
};

Outcomes flip_each(const Built& built, const Bitfile& bits, const std::vector<std::size_t>& places,
                   int count) {
  Outcomes result;
  std::mt19937_64 random(7);
  for (int i = 0; i < count; ++i) {
    Bitfile flipped = bits;
    const std::size_t place = places[random() % places.size()];
    flipped.bits[place] = !flipped.bits[place];
    try {
      const netlist::Netlist netlist = extracted(built, flipped);
      ++(differences(built.synthesised, netlist, 400) != 0 ? result.different : result.silent);
    } catch (const UserError&) {
      ++result.refused;
    }
  }
  return result;
}

void expect_faults_seen(const Built& built) {
  const Bitfile bits = built.bits();
  Database database(fpga::trellis_database(), *bits.device);
  const UsedBits used = used_bits(bits, database);
  ASSERT_GT(used.tables.size(), 50U);
  ASSERT_GT(used.routing.size(), 500U);
  // A row that no state reaches may change.
  const Outcomes tables = flip_each(built, bits, used.tables, 6);
  EXPECT_EQ(tables.refused, 0);
  EXPECT_GE(tables.different, 3);
  const Outcomes routing = flip_each(built, bits, used.routing, 6);
  EXPECT_GE(routing.refused + routing.different, 5);
  EXPECT_GE(routing.refused, 3);

  Bitfile word = bits;
  ASSERT_EQ(word.block_rams.size(), 2U);
  for (auto& [number, ram] : word.block_rams) ram[18] ^= 0x10U;
  const netlist::Netlist changed = extracted(built, word);
  int units = 0;
  const netlist::Netlist same = extracted(built, bits);
  for (std::size_t m = 0; m < same.memories.size(); ++m)
    for (std::size_t u = 0; u < same.memories[m].units.size(); ++u)
      units += same.memories[m].units[u] != changed.memories[m].units[u] ? 1 : 0;
  EXPECT_EQ(units, 2);
}

void expect_wrong_surroundings_refused(const Built& built) {
  const Bitfile bits = built.bits();
  Built other = built;
  other.idcode = k45;  // another package: its pads are elsewhere
  EXPECT_NE(refusal(other, bits), "taken");
  other = built;
  const std::size_t at = other.constraints.find("LOCATE COMP \"rst\"");
  other.constraints.erase(at, other.constraints.find('\n', at) + 1 - at);
  EXPECT_THAT(refusal(other, bits), HasSubstr("is an input of the design, but no port is on it"));
  Bitfile part = bits;
  part.device = find_device(0x21111043);  // the same silicon
  EXPECT_EQ(refusal(built, part), "taken");
  EXPECT_THROW(read_bitfile(built.routed.bitstream.substr(0, 300000), "design.bit"), UserError);
  std::string damaged = built.routed.bitstream;
  damaged[200000] = static_cast<char>(damaged[200000] ^ 4);
  EXPECT_THROW(read_bitfile(damaged, "design.bit"), UserError);
}

TEST(Ecp5Extract, BitsDoWhatTheNetlistDoes) {
  NEEDS_ECP5_TOOLS();
  const Built built = build(kDesign, k25);
  EXPECT_GT(built.routed.fmax_mhz, 20);
  EXPECT_FALSE(built.routed.critical_path.empty());
  EXPECT_GT(built.routed.places.size(), 50U);
  const auto rams = std::find_if(built.routed.utilisation.begin(), built.routed.utilisation.end(),
                                 [](const auto& u) { return u.name == "DP16KD"; });
  ASSERT_NE(rams, built.routed.utilisation.end());
  EXPECT_EQ(rams->used, 2);
  EXPECT_EQ(rams->available, 56);
  const netlist::Netlist netlist = extracted(built, built.bits());
  expect_equal(built.synthesised, netlist, 3000);
  EXPECT_EQ(netlist.memories.size(), 2U + 8U);
  expect_faults_seen(built);
  expect_wrong_surroundings_refused(built);
}

/// Ports of all widths, of one side and of both.
constexpr const char* kRams = R"(
module ram #(parameter W = 18, D = 1024, SEED = 1)(
    input clk, input we, input [13:0] wa, input [W-1:0] d, input re, input [13:0] ra, output reg [W-1:0] q);
  localparam A = $clog2(D);
  reg [W-1:0] m [0:D-1];
  integer i;
  initial for (i = 0; i < D; i = i + 1) m[i] = (i * 32'h9E3779B1 + SEED * 77) >> 7;
  always @(posedge clk) begin
    if (we) m[wa[A-1:0]] <= d;
    if (re) q <= m[ra[A-1:0]];
  end
endmodule
module one_port #(parameter KEEPS = 0)(
    input clk, input ce, input we, input [9:0] a, input [17:0] d, output reg [17:0] q);
  reg [17:0] m [0:1023];
  integer i;
  initial for (i = 0; i < 1024; i = i + 1) m[i] = (i * 32'h9E3779B1) >> 9;
  always @(posedge clk) if (ce) begin
    if (we) m[a] <= d;
    if (!KEEPS || !we) q <= m[a];
  end
endmodule
module top(input clk, input rst, input [35:0] x, input [13:0] y, output reg [7:0] q);
  reg [35:0] d;
  reg [13:0] a, b;
  reg we, re;
  always @(posedge clk) begin
    d <= x; a <= y; b <= a ^ {a[6:0], 7'd0} ^ x[13:0];
    we <= x[20] & x[3]; re <= x[21];
  end
  wire [35:0] q36; wire [17:0] q18, s0, s1; wire [8:0] q9; wire [3:0] q4; wire [1:0] q2; wire q1;
  ram #(36, 512, 1) r36(clk, we, a, d, 1'b1, b, q36);
  ram #(18, 1024, 2) r18(clk, we, a, d[17:0], re, b, q18);
  ram #(9, 2048, 3) r9(clk, we, a, d[8:0], 1'b1, b, q9);
  ram #(4, 4096, 4) r4(clk, we, a, d[3:0], re, b, q4);
  ram #(2, 8192, 5) r2(clk, we, a, d[1:0], 1'b1, b, q2);
  ram #(1, 16384, 6) r1(clk, we, a, d[0], re, b, q1);
  one_port #(1) p0(clk, re, we, a[9:0], d[17:0], s0);
  one_port #(0) p1(clk, re, we, a[9:0], d[17:0], s1);
  wire [35:0] h = q36 ^ {q18, s0} ^ {q9, q9, s1} ^ {q4, q2, q1};
  always @(posedge clk) q <= h[7:0] ^ h[15:8] ^ h[23:16] ^ h[31:24] ^ {h[35:32], 4'd0};
endmodule
)";

TEST(Ecp5ExtractNightly, BlockRamsOfAllWidths) {
  NEEDS_ECP5_TOOLS();
  const Built built = build(kRams, k25, 2);
  expect_equal(built.synthesised, extracted(built, built.bits()), 4000);
}

TEST(Ecp5ExtractNightly, LargerDevices) {
  NEEDS_ECP5_TOOLS();
  for (const std::uint32_t idcode : {k45, k85}) {
    const Built built = build(kDesign, idcode, 3);
    expect_equal(built.synthesised, extracted(built, built.bits()), 2000);
  }
}

/// Expressions of registers and inputs, with enables and resets of either sense.
std::string random_design(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto pick = [&](std::uint64_t below) { return random() % below; };
  const auto operand = [&] {
    return pick(3) == 0 ? std::string("a") : "r" + std::to_string(pick(12));
  };
  std::ostringstream text;
  text << "module top(input clk, input rst, input [11:0] a, output [11:0] q);\n";
  for (int i = 0; i < 12; ++i) text << "reg [11:0] r" << i << ";\n";
  text << "always @(posedge clk) begin\n";
  constexpr const char* kOperators[] = {"+", "-", "^", "&", "|", "*", "<", "=="};
  for (int i = 0; i < 12; ++i) {
    if (pick(2) == 0)
      text << "if (" << (pick(2) == 0 ? "!" : "") << "rst) r" << i << " <= " << pick(4096)
           << "; else ";
    if (pick(2) == 0) text << "if (" << (pick(2) == 0 ? "!" : "") << operand() << "[3]) ";
    text << "r" << i << " <= (" << operand() << " " << kOperators[pick(8)] << " " << operand()
         << ") ^ (" << operand() << "[5] ? " << operand() << " : " << operand() << ");\n";
  }
  text << "end\nassign q = r0 ^ r1 ^ r2 ^ r3 ^ r4 ^ r5 ^ r6 ^ r7 ^ r8 ^ r9 ^ r10 ^ "
          "r11;\nendmodule\n";
  return text.str();
}

TEST(Ecp5ExtractNightly, RandomDesigns) {
  NEEDS_ECP5_TOOLS();
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    const Built built = build(random_design(seed), k25, seed);
    expect_equal(built.synthesised, extracted(built, built.bits()), 3000);
  }
}

/// A wire as the tools write it in a tile: "S2E1_JF0".
std::string tile_text(const Database& database, const TileWire& wire) {
  std::string offset;
  if (wire.rows != 0) offset += (wire.rows < 0 ? "N" : "S") + std::to_string(std::abs(wire.rows));
  if (wire.columns != 0)
    offset += (wire.columns < 0 ? "W" : "E") + std::to_string(std::abs(wire.columns));
  return (offset.empty() ? "" : offset + "_") + database.name(wire.name);
}

/// The lines of a text configuration that say where tables and switches are, tile by tile.
std::set<std::string> unpacked(const std::string& config) {
  std::set<std::string> result;
  std::istringstream lines(config);
  std::string line, tile;
  while (std::getline(lines, line)) {
    if (line.starts_with(".")) tile = line.starts_with(".tile R") ? line.substr(6) : "";
    if (!tile.empty() && (line.starts_with("arc: ") || line.find(".INIT ") != std::string::npos))
      result.insert(tile + " " + line);
  }
  return result;
}

/// The same, as we read it.
std::set<std::string> read_back(const Bitfile& bits) {
  std::set<std::string> result;
  Database database(fpga::trellis_database(), *bits.device);
  Fabric fabric(bits, database, "design.bit");
  for (const Tile& tile : database.tiles()) {
    if (tile.kind != "PLC2") continue;
    const TileKind& kind = database.kind(tile.kind);
    for (const TileKind::Mux& mux : kind.muxes)
      for (const TileKind::Arc& arc : mux.arcs)
        if (!arc.bits.empty() &&
            std::all_of(arc.bits.begin(), arc.bits.end(),
                        [&](const TileBit& bit) { return fabric.holds(tile, bit); }))
          result.insert(tile.name + " arc: " + tile_text(database, mux.sink) + " " +
                        tile_text(database, arc.source));
    for (const TileKind::Word& word : kind.words)
      if (const std::uint64_t value = fabric.word(tile, word.name); value != 0xffff) {
        std::string digits;
        for (int i = 16; i-- > 0;) digits += (value >> i & 1U) != 0 ? '1' : '0';
        result.insert(tile.name + " word: " + word.name + " " + digits);
      }
  }
  return result;
}

TEST(Ecp5ExtractNightly, ReadsTilesAsEcpunpackDoes) {
  NEEDS_ECP5_TOOLS();
  if (!fpga::has_tool("ecpunpack")) GTEST_SKIP() << "ecpunpack is not installed";
  const Built built = build(kDesign, k25, 4);
  const TempDir folder;
  folder.write("a.bit", built.routed.bitstream);
  run_tool(fpga::find_tool("ecpunpack"), {"a.bit", "a.config"}, folder.path(),
           std::chrono::seconds(300));
  const std::set<std::string> theirs = unpacked(read_file(folder.path() / "a.config"));
  EXPECT_GT(theirs.size(), 500U);
  EXPECT_EQ(read_back(built.bits()), theirs);
}

TEST(Ecp5ExtractNightly, TheSameJobGivesTheSameBytes) {
  NEEDS_ECP5_TOOLS();
  const Built first = build(kDesign, k25, 5), second = build(kDesign, k25, 5);
  EXPECT_EQ(first.routed.bitstream, second.routed.bitstream);
  EXPECT_EQ(first.routed.routed, second.routed.routed);
}

TEST(Ecp5ExtractNightly, SaysByHowMuchADesignIsTooLarge) {
  NEEDS_ECP5_TOOLS();
  const std::string design = R"(
module top(input clk, input [8:0] a, input [17:0] d, output reg [35:0] q);
  reg [35:0] w [0:63];
  genvar g;
  generate for (g = 0; g < 64; g = g + 1) begin : rams
    reg [35:0] m [0:511];
    always @(posedge clk) begin
      if (d[5:0] == g) m[a] <= {d, ~d};
      w[g] <= m[a];
    end
  end endgenerate
  always @(posedge clk) q <= w[d[5:0]];
endmodule
)";
  try {
    build(design, k25);
    FAIL() << "64 block RAMs fit into 56";
  } catch (const fpga::DoesNotFit& error) {
    EXPECT_THAT(error.what(), HasSubstr("does not fit on ecp5-25"));
    const auto rams = std::find_if(error.utilisation.begin(), error.utilisation.end(),
                                   [](const auto& u) { return u.name == "DP16KD"; });
    ASSERT_NE(rams, error.utilisation.end());
    EXPECT_GT(rams->used, rams->available);
  }
}

TEST(Ecp5Lpf, TakesPadsAndPassesOverWhatIsElectrical) {
  const auto pads = read_lpf(
      "# a board\nBLOCK RESETPATHS;\nFREQUENCY PORT \"clk\" 25 MHZ;\n"
      "LOCATE COMP \"clk\" SITE \"G2\"; IOBUF PORT \"clk\" IO_TYPE=LVCMOS33;\n"
      "LOCATE COMP \"data[3]\" SITE \"A4\";  # with its comment",
      "a.lpf");
  ASSERT_EQ(pads.size(), 2U);
  EXPECT_EQ(pads[0].port, "clk");
  EXPECT_EQ(pads[0].pad, "G2");
  EXPECT_EQ(pads[1].port, "data[3]");
  EXPECT_EQ(pads[1].pad, "A4");
}

TEST(Ecp5Lpf, RefusesWhatItDoesNotKnow) {
  const auto message = [](std::string_view text) {
    return message_of<UserError>([&] { read_lpf(text, "a.lpf"); });
  };
  EXPECT_THAT(message("\nFOO \"x\";"), HasSubstr("a.lpf:2: the statement that starts with 'FOO'"));
  EXPECT_THAT(message("LOCATE COMP \"clk\" SITE G2;"), HasSubstr("starts with 'LOCATE'"));
  EXPECT_THAT(message("BLOCK RESETPATHS"), HasSubstr("a ';' is missing"));
  EXPECT_THAT(message("LOCATE COMP \"clk SITE G2;"), HasSubstr("a '\"' is missing"));
}

}  // namespace ecp5_extract_test
}  // namespace assay::ecp5::test
