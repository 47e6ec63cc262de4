// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/fabric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/backend/ecp5/extractor.h"
#include "compile/base/error.h"

namespace assay::ecp5::test {
namespace ecp5_fabric_test {

using ::testing::HasSubstr;

constexpr const char* kDevices =
    R"({"families":{"ECP5":{"devices":{"LFE5U-25F":{"frames":7562,"bits_per_frame":592,
"pad_bits_before_frame":0,"idcode":"0x41111043"}}}}})";
constexpr const char* kTiles = R"({
"R2C2:PLC2":{"type":"PLC2","start_frame":10,"start_bit":10,"cols":8,"rows":4},
"R2C3:PLC2":{"type":"PLC2","start_frame":20,"start_bit":10,"cols":8,"rows":4},
"TAP_R2C1:TAP_DRIVE":{"type":"TAP_DRIVE","start_frame":30,"start_bit":10,"cols":2,"rows":2},
"MIB_R1C1:SPINE":{"type":"SPINE","start_frame":40,"start_bit":10,"cols":2,"rows":2}})";
constexpr const char* kGlobals = R"({"quadrants":{"UL":{"x0":0,"x1":9,"y0":0,"y1":9}},
"taps":{"C1":{"lx0":0,"lx1":1,"rx0":2,"rx1":9}},"spines":{"UL1":{"x":1,"y":1}}})";
constexpr const char* kLogic = R"(# Routing Mux Bits
.mux A0
H02E0001 F0B0 F1B0
V02N0001 F0B1 F1B0
25K_N1E1_F3 F2B1 F1B1
45K_S1_F4 F3B1

.mux CLK0
G_HPBX0300 F4B0

.mux F0
F0_SLICE -
F5A_SLICE F4B1

# Non-Routing Configuration
.config SLICEA.K0.INIT 1111
!F6B0
!F6B1
!F6B2
!F6B3

.config_enum SLICEA.MODE LOGIC
CCU2 F5B0 F5B1
DPRAM F5B2
LOGIC -

.config_enum CIB.JLSR0MUX JLSR0
0 F7B0
JLSR0 -

.config_enum OSC.MODE NONE
NONE -
OSCG F7B1

# Fixed Connections
.fixed_conn A0_SLICE A0

.fixed_conn W1_JF0 JF0_CIBTEST
)";
constexpr const char* kTap = ".mux R_HPBX0300\nG_VPTX0300 F0B0\n";
constexpr const char* kSpine = ".mux G_VPTX0300\nG_HPRX0300 F1B1\n";

/// A database of four tiles, and bits for them.
class Ecp5Fabric : public ::testing::Test {
 protected:
  Ecp5Fabric() {
    folder_.write("devices.json", kDevices);
    folder_.write("ECP5/LFE5U-25F/tilegrid.json", kTiles);
    folder_.write("ECP5/LFE5U-25F/globals.json", kGlobals);
    folder_.write("ECP5/tiledata/PLC2/bits.db", kLogic);
    folder_.write("ECP5/tiledata/TAP_DRIVE/bits.db", kTap);
    folder_.write("ECP5/tiledata/SPINE/bits.db", kSpine);
    bits_.device = find_device(0x41111043);
    bits_.bits.resize(7562 * 592);
  }

  /// A bit of the tile that starts at `frame`.
  void set(int frame, int f, int b) {
    bits_.bits[static_cast<std::size_t>(frame + f) * 592 + static_cast<std::size_t>(10 + b)] = true;
  }
  Database database() { return {folder_.path(), *bits_.device}; }
  std::string refusal() {
    return message_of<UserError>([&] {
      Database db = database();
      const Fabric fabric(bits_, db, "a.bit");
    });
  }

  TempDir folder_;
  Bitfile bits_;
};

TEST_F(Ecp5Fabric, FollowsWhatBitsSwitchOn) {
  set(10, 0, 1), set(10, 1, 0);  // A0 of the first: V02N0001
  set(20, 2, 1), set(20, 1, 1);  // A0 of the second: the tile up and right
  set(20, 4, 1);                 // F0: F5A_SLICE
  Database db = database();
  Fabric fabric(bits_, db, "a.bit");
  EXPECT_EQ(fabric.root(fabric.wire(2, 2, "A0_SLICE")), fabric.wire(2, 2, "V02N0001"));
  EXPECT_EQ(fabric.root(fabric.wire(2, 3, "A0_SLICE")), fabric.wire(1, 4, "F3"));
  EXPECT_EQ(fabric.root(fabric.wire(2, 2, "F0")), fabric.wire(2, 2, "F0_SLICE"));
  EXPECT_EQ(fabric.root(fabric.wire(2, 3, "F0")), fabric.wire(2, 3, "F5A_SLICE"));
  EXPECT_FALSE(fabric.driver(fabric.wire(2, 1, "JF0")).has_value());
  EXPECT_EQ(fabric.text(fabric.wire(2, 3, "F0")), "R2C3_F0");
}

TEST_F(Ecp5Fabric, FollowsClocksThroughTapAndSpine) {
  set(10, 4, 0), set(30, 0, 0), set(40, 1, 1);
  Database db = database();
  Fabric fabric(bits_, db, "a.bit");
  EXPECT_EQ(fabric.root(fabric.wire(2, 2, "CLK0")), fabric.wire(0, 0, "G_ULPCLK3"));
  EXPECT_EQ(fabric.root(fabric.wire(2, 3, "CLK0")), fabric.wire(2, 3, "CLK0"));
}

TEST_F(Ecp5Fabric, AWireThatNothingDrivesReadsOneUnlessNothingMayBeOnIt) {
  Database db = database();
  Fabric fabric(bits_, db, "a.bit");
  netlist::Netlist netlist;
  Extractor extractor(fabric, netlist, bits_);
  const netlist::Net one = extractor.net(fabric.wire(2, 2, "A0_SLICE"));
  EXPECT_EQ(one, netlist::kOne);
  extractor.drive(netlist.new_net(), 0b10, {one});
  extractor.check_unknown();
  const netlist::Net unknown = extractor.net(fabric.wire(2, 3, "A0_SLICE"), true);
  EXPECT_GT(unknown, netlist::kOne);
  extractor.check_unknown();  // nothing depends on it yet
  extractor.drive(netlist.new_net(), 0b10, {unknown});
  EXPECT_THAT(message_of<UserError>([&] { extractor.check_unknown(); }),
              HasSubstr("something depends on R2C3_A0, which nothing drives"));
}

TEST_F(Ecp5Fabric, SaysWhatATileIsTold) {
  set(10, 5, 0), set(10, 5, 1), set(10, 6, 1), set(10, 7, 0);
  Database db = database();
  Fabric fabric(bits_, db, "a.bit");
  const Tile &first = *fabric.tile(2, 2, "SLICEA"), &second = *fabric.tile(2, 3, "SLICEA");
  EXPECT_EQ(fabric.setting(first, "SLICEA.MODE"), "CCU2");
  EXPECT_EQ(fabric.setting(second, "SLICEA.MODE"), "LOGIC");
  EXPECT_EQ(fabric.word(first, "SLICEA.K0.INIT"), 0b1101U);
  EXPECT_EQ(fabric.word(second, "SLICEA.K0.INIT"), 0b1111U);
  EXPECT_EQ(fabric.tie(fabric.wire(2, 2, "JLSR0")), true);  // a reset's 0 arrives as 1
  EXPECT_FALSE(fabric.tie(fabric.wire(2, 3, "JLSR0")).has_value());
  EXPECT_EQ(fabric.tile(2, 2, "EBR0"), nullptr);
}

TEST_F(Ecp5Fabric, RefusesABitThatIsNotKnown) {
  set(20, 7, 3);
  EXPECT_THAT(refusal(), HasSubstr("a.bit: tile R2C3:PLC2: bit F7B3 is set"));
}

TEST_F(Ecp5Fabric, RefusesABitThatGoesWithNoOther) {
  set(10, 0, 0);
  EXPECT_THAT(refusal(), HasSubstr("tile R2C2:PLC2: bit F0B0 is set"));
}

TEST_F(Ecp5Fabric, RefusesTwoSourcesOfAWire) {
  set(10, 0, 0), set(10, 0, 1), set(10, 1, 0);
  EXPECT_THAT(refusal(), HasSubstr("wire R2C2_A0 is told two things at once"));
}

TEST_F(Ecp5Fabric, RefusesTwoModes) {
  set(10, 5, 0), set(10, 5, 1), set(10, 5, 2);
  EXPECT_THAT(refusal(), HasSubstr("SLICEA.MODE is told two things at once"));
}

TEST_F(Ecp5Fabric, RefusesWhatHasNoRule) {
  set(10, 7, 1);
  EXPECT_THAT(refusal(), HasSubstr("OSC.MODE is OSCG, for which there is no rule"));
}

TEST_F(Ecp5Fabric, RefusesADatabaseThatIsNone) {
  folder_.write("ECP5/tiledata/SPINE/bits.db", ".mux A\nB F0X1\n");
  EXPECT_THAT(refusal(), HasSubstr("bits.db:2: not as the Trellis database has it"));
  folder_.write("ECP5/tiledata/SPINE/bits.db", ".mux A\nB F9B1\n");
  EXPECT_THAT(refusal(), HasSubstr("bits in tile MIB_R1C1:SPINE that is smaller"));
  folder_.write(
      "ECP5/LFE5U-25F/tilegrid.json",
      R"({"R2C2:PLC2":{"type":"PLC2","start_frame":7560,"start_bit":0,"cols":3,"rows":1}})");
  EXPECT_THAT(refusal(), HasSubstr("tile R2C2:PLC2 outside of LFE5U-25F"));
  folder_.write("ECP5/LFE5U-25F/tilegrid.json", "[");
  EXPECT_THAT(refusal(), HasSubstr("not JSON"));
  const auto grid = folder_.path() / "ECP5/LFE5U-25F/tilegrid.json";
  std::filesystem::resize_file(grid, (std::uintmax_t{64} << 20) + 1);  // a hole: takes no room
  EXPECT_THAT(refusal(), HasSubstr("tilegrid.json"));
  EXPECT_THAT(refusal(), HasSubstr("at most 67108864 are read"));
  folder_.write("devices.json", R"({"families":{}})");
  EXPECT_THAT(refusal(), HasSubstr("not as the Trellis database has it"));
}

}  // namespace ecp5_fabric_test
}  // namespace assay::ecp5::test
