// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "backend/ice40_bits.h"
#include "backend/ice40_flow.h"
#include "compile/backend/ice40/fabric.h"

namespace assay::ice40::test {
namespace ice40_faults_test {

using ::testing::HasSubstr;

/// Every bit of its state and of its memory reaches the outputs.
constexpr const char* kMixer = R"(
  module top(input clk, input reset, input [7:0] a, output reg [7:0] x, output reg [7:0] y);
  reg [15:0] rom [0:255];
  integer i;
  initial for (i = 0; i < 256; i = i + 1) rom[i] = 16'h9e37 * i + 7;
  reg [15:0] word;
  always @(posedge clk) begin
    word <= rom[a ^ y];
    if (reset) x <= 8'h3c; else x <= x + word[7:0] + a;
    y <= {y[6:0], y[7]} ^ word[15:8] ^ (x & a);
  end
endmodule)";

const Built& mixer() {
  static const Built built = build(kMixer, Device::k1k);
  return built;
}

const BitFlipper& flipper() {
  static const BitFlipper result(Device::k1k);
  return result;
}

/// kNone: the netlist is the same.
enum class Fate { kRefused, kDifferent, kNone, kUnseen };

bool same_logic(const netlist::Netlist& a, const netlist::Netlist& b) {
  return std::equal(a.luts.begin(), a.luts.end(), b.luts.begin(), b.luts.end(),
                    [](const netlist::Lut& left, const netlist::Lut& right) {
                      return left.out == right.out && left.table == right.table &&
                             left.inputs == right.inputs;
                    });
}

/// What becomes of a bitstream with a fault; `why` is the refusal.
Fate fate_of(const std::string& bin, std::string* why = nullptr) try {
  static const netlist::Netlist good = mixer().extract().netlist;
  const netlist::Netlist bad = mixer().extract(bin).netlist;
  if (differences(good, bad, 600) > 0) return Fate::kDifferent;
  return same_logic(good, bad) ? Fate::kNone : Fate::kUnseen;
} catch (const UserError& error) {
  if (why != nullptr) *why = error.what();
  return Fate::kRefused;
}

struct Place {
  int x = 0, y = 0, row = 0, column = 0;
};

/// The places of set bits of a kind of tile for which `wanted(row, column)`.
template <typename Wanted>
std::vector<Place> set_bits(TileKind kind, const Wanted& wanted) {
  std::vector<std::uint8_t> explained;
  const Bitfile bits = read_bitfile(mixer().routed.bitstream, "design.bin");
  const ChipDb db = read_chipdb(chipdb_of(Device::k1k), "db", "tq144", bits, explained);
  std::vector<Place> result;
  for (int y = 0; y < db.rows; ++y)
    for (int x = 0; x < db.columns; ++x)
      for (int i = 0; i < kTileRows * kTileColumns; ++i) {
        const Place place{x, y, i / kTileColumns, i % kTileColumns};
        if (db.tile(x, y) == kind && bits.bit(x, y, place.row, place.column) &&
            wanted(place.row, place.column))
          result.push_back(place);
      }
  return result;
}

Fate fate_of(const Place& place, std::string* why = nullptr) {
  return fate_of(
      flipper().flipped(mixer().routed.bitstream, place.x, place.y, place.row, place.column), why);
}

bool in_cell(int, int column) { return column >= 36 && column <= 45; }
bool in_routing(int, int column) { return column >= 3 && column <= 35; }

TEST(Ice40Faults, WholeBitstreamIsRight) {
  NEEDS_ICE40_TOOLS();
  expect_equal(mixer().synthesised, mixer().extract().netlist, 600);
}

/// What becomes of some of the bits, drawn.
std::map<Fate, int> fates_of(std::vector<Place> places, int count) {
  std::mt19937 random(1);
  std::shuffle(places.begin(), places.end(), random);
  std::map<Fate, int> result;
  for (int i = 0; i < count; ++i) ++result[fate_of(places.at(static_cast<std::size_t>(i)))];
  return result;
}

/// Some rows of a table no state reaches; some are the same for an input that is not connected.
TEST(Ice40Faults, BitsOfCellsAreSeen) {
  NEEDS_ICE40_TOOLS();
  std::map<Fate, int> fates = fates_of(set_bits(TileKind::kLogic, in_cell), 25);
  EXPECT_GE(fates[Fate::kDifferent], 8);
  EXPECT_LE(fates[Fate::kUnseen], 6);
}

TEST(Ice40Faults, BitsOfRoutingAreSeen) {
  NEEDS_ICE40_TOOLS();
  std::map<Fate, int> fates = fates_of(set_bits(TileKind::kLogic, in_routing), 25);
  EXPECT_GE(fates[Fate::kDifferent] + fates[Fate::kRefused], 22);
  EXPECT_GE(fates[Fate::kRefused], 1);
  EXPECT_GE(fates[Fate::kDifferent], 1);
}

TEST(Ice40Faults, BitsThatNothingKnowsAreRefusedByTile) {
  NEEDS_ICE40_TOOLS();
  std::string why;
  EXPECT_EQ(fate_of(Place{7, 7, 0, 20}, &why), Fate::kRefused);
  EXPECT_THAT(why, HasSubstr("logic tile at column 7, row 7"));
  EXPECT_THAT(why, HasSubstr("bit B0[20] is set"));
}

TEST(Ice40Faults, SecondDriverIsRefused) {
  NEEDS_ICE40_TOOLS();
  const Bitfile bits = read_bitfile(mixer().routed.bitstream, "design.bin");
  std::vector<std::uint8_t> explained;
  ChipDb db = read_chipdb(chipdb_of(Device::k1k), "db", "tq144", bits, explained);
  db.switches.push_back(db.switches.front());
  db.switches.back().from ^= 1U;
  EXPECT_THAT(message_of<UserError>([&] { Fabric(bits, db, explained); }),
              HasSubstr("and so does the tile at column"));
}

TEST(Ice40Faults, BitsOfBlockRamAreSeen) {
  NEEDS_ICE40_TOOLS();
  const std::string& good = mixer().routed.bitstream;
  const std::size_t data = good.find(std::string_view("\x01\x03", 2), 23000);
  int seen = 0, changed = 0;
  for (std::size_t at = data + 2; at < crc_place(good) && changed < 12; at += 97) {
    if (good[at] == 0) continue;
    std::string bin = good;
    bin[at] = static_cast<char>(bin[at] ^ 0x10);
    ++changed;
    if (fate_of(mended(bin)) == Fate::kDifferent) ++seen;
  }
  EXPECT_GE(changed, 3);
  EXPECT_GE(seen * 2, changed);
}

TEST(Ice40Faults, GlobalNetworkWithoutItsBufferIsRefused) {
  NEEDS_ICE40_TOOLS();
  std::vector<std::uint8_t> explained;
  const Bitfile bits = read_bitfile(mixer().routed.bitstream, "design.bin");
  const ChipDb db = read_chipdb(chipdb_of(Device::k1k), "db", "tq144", bits, explained);
  int refused = 0;
  for (int number = 0; number < 8; ++number)
    for (const Switch& on : db.switches) {
      const std::string name = "glb_netwk_" + std::to_string(number);
      if (on.from != db.wire(1, 1, name)) continue;
      const auto [x, y] = db.column_buffers.at({on.x, on.y});
      const auto& bit = db.functions.at({db.tile(x, y), "ColBufCtrl." + name}).at(0);
      std::string why;
      EXPECT_EQ(fate_of(Place{x, y, bit.row, bit.column}, &why), Fate::kRefused);
      EXPECT_THAT(why, HasSubstr("global network " + std::to_string(number) +
                                 ", whose buffer for this column is off"));
      ++refused;
      break;
    }
  EXPECT_GE(refused, 1);
}

/// Whatever the bits are, there is an answer.
TEST(Ice40Faults, AnythingElseIsRefusedOrANetlist) {
  NEEDS_ICE40_TOOLS();
  std::mt19937 random(5);
  int refused = 0;
  for (int i = 0; i < 12; ++i) {
    std::string bin = mixer().routed.bitstream;
    if (i % 2 == 0)
      bin = BinWriter().write(geometry(Device::k1k),
                              [&](bool, int, int, int) { return random() % (1U << (i + 1)) == 0; });
    else
      for (int k = 0; k < i; ++k)
        bin[100 + random() % 23000] ^= static_cast<char>(1U << random() % 8);
    if (fate_of(mended(bin)) == Fate::kRefused) ++refused;
  }
  EXPECT_GE(refused, 6);
}

TEST(Ice40Faults, DamagedCrcIsRefused) {
  NEEDS_ICE40_TOOLS();
  std::string bin = mixer().routed.bitstream, why;
  bin[5000] = static_cast<char>(bin[5000] ^ 1);
  EXPECT_EQ(fate_of(bin, &why), Fate::kRefused);
  EXPECT_THAT(why, HasSubstr("CRC"));
}

}  // namespace ice40_faults_test
}  // namespace assay::ice40::test
