// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/fpga/parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "compile/backend/fpga/pins.h"
#include "compile/backend/fpga/tools.h"
#include "compile/base/error.h"
#include "compile/hw/devices.h"

namespace assay::fpga {
namespace {

using netlist::Family;
using ::testing::HasSubstr;

/// What a message of a UserError says.
template <typename Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what();
  }
  return "nothing was refused";
}

void expect_legal_pins(Family family) {
  int boards_seen = 0;
  for (const Board& board : boards()) {
    const Target target = find_target(board.name);
    if (target.part->family != family) continue;
    ++boards_seen;
    std::set<std::string> package;
    for (const Pin& pin : package_pins(*target.part)) package.insert(pin.name);
    std::set<std::string> used;
    for (const std::string& pin :
         {board.clock, board.uart_rx, board.uart_tx, board.led, board.button}) {
      if (pin.empty()) continue;
      EXPECT_TRUE(package.contains(pin)) << board.name << " " << pin;
      EXPECT_TRUE(used.insert(pin).second) << board.name << " uses " << pin << " twice";
    }
    EXPECT_GE(used.size(), 4U) << board.name;
    EXPECT_GT(board.clock_mhz, 0) << board.name;
  }
  EXPECT_GE(boards_seen, 4);
}

bool has_trellis() { return has_tool("nextpnr-ecp5"); }

TEST(Parts, PinsOfIce40BoardsAreInTheirPackages) { expect_legal_pins(Family::kIce40); }

TEST(Parts, PinsOfEcp5BoardsAreInTheirPackages) {
  if (!has_trellis()) GTEST_SKIP() << "needs nextpnr-ecp5; sh cmake/fpga-tools.sh installs it";
  expect_legal_pins(Family::kEcp5);
}

TEST(Parts, NamesAreUniqueAndBoardsHaveParts) {
  std::set<std::string> names;
  for (const Part& part : parts()) EXPECT_TRUE(names.insert(part.name).second) << part.name;
  for (const Board& board : boards()) {
    EXPECT_TRUE(names.insert(board.name).second) << board.name;
    const Target target = find_target(board.name);
    ASSERT_NE(target.part, nullptr) << board.name;
    EXPECT_EQ(target.part->name, board.part);
    EXPECT_TRUE(target.part->has_bitstreams());
    EXPECT_THAT((std::vector<double>{12, 25, 48, 100}), ::testing::Contains(board.clock_mhz));
    EXPECT_EQ(target.board, &board);
  }
  EXPECT_EQ(find_target("ecp5-85").board, nullptr);
}

/// A slice has two flip-flops for every table of six inputs.
TEST(Parts, OfAmdHaveTwoFlipFlopsPerTable) {
  std::map<std::string_view, int> of;
  for (const Part& part : parts())
    if (part.family == Family::kXilinx) {
      EXPECT_EQ(part.flip_flops, 2 * part.luts) << part.name;
      ++of[xilinx_generation(part)];
    }
  EXPECT_EQ(of["xc7"], 7);
  EXPECT_EQ(of["xcup"], 11);
  EXPECT_EQ(larger_part(*find_target("xc7a200t").part)->name, "xc7k325t");
  EXPECT_EQ(larger_part(*find_target("xc7z045").part), nullptr);
}

TEST(Parts, HaveWhatTheDeviceOfFoldingHas) {
  for (const auto& [device, part] : {std::pair{"ice40hx8k", "ice40-hx8k"},
                                     {"up5k", "ice40-up5k"},
                                     {"ecp5-25", "ecp5-25"},
                                     {"ecp5-45", "ecp5-45"},
                                     {"ecp5-85", "ecp5-85"}}) {
    const hw::Resources& has = hw::find_device(device).has;
    const Part& same = *find_target(part).part;
    EXPECT_EQ(has, (hw::Resources{same.luts, same.flip_flops, same.block_rams, same.dsps})) << part;
  }
}

TEST(Parts, AnUnknownTargetNamesTheNearest) {
  const std::string message = refusal([] { find_target("ice40-hx8"); });
  EXPECT_THAT(message, HasSubstr("no target is called 'ice40-hx8'; the nearest are 'ice40-hx8k'"));
  for (const Board& board : boards()) EXPECT_THAT(message, HasSubstr(board.name));
  EXPECT_THAT(refusal([] { find_target("a\nb"); }), HasSubstr("no target"));
}

TEST(Parts, LargerPartsAreOfTheSameFamily) {
  EXPECT_EQ(larger_part(*find_target("ecp5-25").part)->name, "ecp5-45");
  EXPECT_EQ(larger_part(*find_target("ice40-hx1k").part)->name, "ice40-up5k");
  EXPECT_EQ(larger_part(*find_target("ice40-hx8k").part), nullptr);
  EXPECT_EQ(larger_part(*find_target("ecp5-85").part), nullptr);
  EXPECT_EQ(larger_part(*find_target("xc7z020").part)->name, "xc7a100t");
}

TEST(Pins, EveryBitGetsAPinOfItsOwnAndTheClockOneOfTheNetwork) {
  const Part& part = *find_target("ice40-hx8k").part;
  const std::string text =
      constraints_text(part, "clk", {{"reset"}, {"data", 20, true}, {"one", 1, true}}, 50);
  std::istringstream lines(text);
  std::set<std::string> ports, pins;
  std::string word, port, pin, clock;
  while (lines >> word >> port >> pin) {
    EXPECT_EQ(word, "set_io");
    EXPECT_TRUE(ports.insert(port).second) << port;
    EXPECT_TRUE(pins.insert(pin).second) << pin;
    if (port == "clk") clock = pin;
  }
  EXPECT_EQ(ports.size(), 23U);
  EXPECT_TRUE(ports.contains("data[19]"));
  EXPECT_TRUE(ports.contains("one[0]"));
  for (const Pin& p : package_pins(part)) EXPECT_TRUE(p.name != clock || p.clock) << clock;
}

TEST(Pins, MorePortsThanPinsAreRefusedByTheirNumber) {
  const std::string message = refusal([] {
    constraints_text(*find_target("ice40-up5k").part, "clk", {{"data", 64, true}}, 50);
  });
  EXPECT_THAT(message, HasSubstr("the design's ports have 65 bits"));
  EXPECT_THAT(message, HasSubstr("sg48 has 36 pins"));
}

}  // namespace
}  // namespace assay::fpga
