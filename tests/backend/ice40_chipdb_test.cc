// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ice40/chipdb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/backend/ice40/constraints.h"
#include "compile/base/error.h"

namespace assay::ice40::test {
namespace ice40_chipdb_test {

using ::testing::HasSubstr;

constexpr const char* kHead = ".device 1k 14 18 100\n\n.pins p\nA1 0 3 1\n\n";

struct Read {
  ChipDb db;
  std::vector<std::uint8_t> explained;
};

Read read(const std::string& text, const Bitfile& bits) {
  Read result;
  result.db = read_chipdb(text, "a.txt", "p", bits, result.explained);
  return result;
}

TEST(Ice40ChipDb, KeepsTheSwitchesThatAreOn) {
  Bitfile bits(geometry(Device::k1k));
  bits.set(1, 2, 3, 4, true);
  bits.set(1, 2, 5, 4, true);
  const std::string text = std::string("# a comment\n") + kHead +
                           ".logic_tile 1 2\n\n.net 7\n1 2 lutff_0/in_1\n2 2 sp4_h_l_3\n\n"
                           ".buffer 1 2 7 B3[4] B4[4] B5[4]\n001 8\n101 9\n111 10\n\n"
                           ".routing 1 2 7 B6[4]\n1 11\n";
  const auto [db, explained] = read(text, bits);
  ASSERT_EQ(db.switches.size(), 1U);
  EXPECT_EQ(db.switches[0].to, 7U);
  EXPECT_EQ(db.switches[0].from, 9U);
  EXPECT_EQ(db.tile(1, 2), TileKind::kLogic);
  EXPECT_EQ(db.tile(-1, 99), TileKind::kNone);
  EXPECT_EQ(db.wire(1, 2, "lutff_0/in_1"), Wire{7});
  EXPECT_FALSE(db.wire(2, 2, "lutff_0/in_1").has_value());
  EXPECT_EQ(db.pins.at("A1"), (PinPlace{0, 3, 1}));
  EXPECT_EQ(explained[bits.at(1, 2, 3, 4)], 1);
  EXPECT_EQ(explained[bits.at(1, 2, 6, 4)], 0);
}

TEST(Ice40ChipDb, RefusesAValueThatNoSwitchHas) {
  Bitfile bits(geometry(Device::k1k));
  bits.set(1, 2, 4, 4, true);
  EXPECT_THAT(message_of<UserError>([&] {
                read(std::string(kHead) + ".buffer 1 2 7 B3[4] B4[4]\n10 8\n11 9\n", bits);
              }),
              HasSubstr("column 1, row 2, bits .buffer 1 2 7 B3[4] B4[4] are 01: no switch"));
}

TEST(Ice40ChipDb, RefusesTextThatIsNone) {
  Bitfile bits(geometry(Device::k1k));
  bits.set(1, 2, 3, 4, true);
  const std::pair<const char*, const char*> kCases[] = {
      {"", "there is no .device"},
      {".net 1\n", "before .device"},
      {".device 8k 34 34 100\n", "the database is for '8k', the bitstream for '1k'"},
      {".device 1k 14 19 100\n", "14 columns and 18 rows"},
      {".device 1k 14 18 99999999999\n", "is no number below"},
      {".device 1k 14 18 -1\n", "is no number below"},
      {".device 1k 14 18 100\n", "no package 'p'"},
      {".device 1k 14 18 100\n\n.pins p\nA1 14 3 1\n", "'14' is no number below 14"},
      {".device 1k 14 18 100\n\n.pins p\nA1 0 3\n", "is no number below 2"},
      {".device 1k 14 18 100\n\n.odd_tile 1 1\n", "it is not known"},
      {".device 1k 14 18 100\n\n.net 100\n1 1 fabout\n", "'100' is no number below 100"},
      {".device 1k 14 18 100\n\n.buffer 1 2 3 B3[54]\n1 2\n", "is no number below 54"},
      {".device 1k 14 18 100\n\n.buffer 1 2 3 C3[4]\n1 2\n", "names no bit"},
      {".device 1k 14 18 100\n\n.buffer 1 2 3 B3[4]\n1 x\n", "'x' is no number"},
  };
  for (const auto& [text, why] : kCases)
    EXPECT_THAT(message_of<UserError>([&, &text = text] { read(text, bits); }), HasSubstr(why))
        << text;
}

TEST(Ice40Constraints, AreReadInTheirOrder) {
  const auto entries = read_constraints(
      "# pins\nset_io -nowarn a[3] B1 # three\n\nset_frequency clk 12\nset_io clk J3\nset_io a[x] "
      "C1",
      "a.pcf");
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].port, "a");
  EXPECT_EQ(entries[0].index, 3);
  EXPECT_EQ(entries[0].pin, "B1");
  EXPECT_EQ(entries[1].port, "clk");
  EXPECT_EQ(entries[1].index, -1);
  EXPECT_EQ(entries[2].port, "a[x]");
}

TEST(Ice40Constraints, RefuseWhatIsNone) {
  const std::pair<const char*, const char*> kCases[] = {
      {"set_io a", "line 1: 'set_io a' is not: set_io PORT PIN"},
      {"set_io a 1 2", "is not: set_io"},
      {"\nassign x", "line 2: 'assign x' is no set_io"},
      {"set_io a 1\nset_io a 2", "names a port that has a pin"},
      {"set_io a 1\nset_io b 1", "names a pin that has a port"},
      {"set_io a[5000] 1", "beyond the widest port"},
  };
  for (const auto& [text, why] : kCases)
    EXPECT_THAT(message_of<UserError>([&, &text = text] { read_constraints(text, "a.pcf"); }),
                HasSubstr(why));
}

}  // namespace ice40_chipdb_test
}  // namespace assay::ice40::test
