// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ice40/bitfile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <set>
#include <sstream>

#include "backend/ice40_bits.h"
#include "base/temp_dir.h"
#include "compile/backend/fpga/tools.h"
#include "compile/base/error.h"
#include "compile/base/file.h"

namespace assay::ice40::test {
namespace ice40_bitfile_test {

using ::testing::HasSubstr;

/// The text that iceunpack makes of a bitstream.
std::string unpacked(const std::string& bin) {
  const TempDir folder;
  folder.write("design.bin", bin);
  run_tool(fpga::find_tool("iceunpack"), {"design.bin", "design.asc"}, folder.path(),
           std::chrono::seconds(60));
  return read_file(folder.path() / "design.asc");
}

/// Compares every line of the text with our reading; returns how many bits were compared.
int expect_as_text(const Bitfile& bits, const std::string& asc) {
  std::istringstream lines(asc);
  std::string line, kind;
  int x = 0, y = 0, row = 0, compared = 0;
  std::set<Bitfile::Extra> extras;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    if (line.starts_with(".extra_bit")) {
      Bitfile::Extra extra;
      words >> kind >> extra.bank >> extra.x >> extra.y;
      extras.insert(extra);
    } else if (line.starts_with('.')) {
      words >> kind >> x >> y;
      row = 0;
    } else if (kind == ".ram_data" && line.size() == 64) {
      for (int word = 0; word < 16; ++word, ++compared)
        EXPECT_EQ(std::stoi(line.substr(static_cast<std::size_t>(60 - 4 * word), 4), nullptr, 16),
                  bits.rams.at({x, y})[static_cast<std::size_t>(16 * row + word)])
            << x << ' ' << y << ' ' << row << ' ' << word;
      ++row;
    } else if (kind.ends_with("_tile") && !line.empty()) {
      for (std::size_t i = 0; i < line.size(); ++i, ++compared)
        if (bits.bit(x, y, row, static_cast<int>(i)) != (line[i] == '1'))
          ADD_FAILURE() << kind << ' ' << x << ' ' << y << " B" << row << '[' << i << ']';
      ++row;
    }
  }
  EXPECT_TRUE(extras == std::set<Bitfile::Extra>(bits.extras.begin(), bits.extras.end()));
  return compared;
}

class Ice40BitfileOf : public ::testing::TestWithParam<Device> {};

TEST_P(Ice40BitfileOf, EveryBitIsWhereIceunpackHasIt) {
  if (!fpga::has_tool("iceunpack")) GTEST_SKIP() << "iceunpack (fpga-icestorm) is not installed";
  const Geometry& layout = geometry(GetParam());
  std::mt19937 random(7);
  const std::string bin =
      BinWriter().write(layout, [&](bool, int, int, int) { return (random() >> 7 & 1U) != 0; });
  const Bitfile bits = read_bitfile(bin, "random.bin");
  EXPECT_EQ(bits.layout().device, GetParam());
  EXPECT_GT(expect_as_text(bits, unpacked(bin)), 100000);
}

INSTANTIATE_TEST_SUITE_P(Devices, Ice40BitfileOf,
                         ::testing::Values(Device::k1k, Device::k8k, Device::k5k));

std::string refusal(const std::string& bin) {
  return message_of<UserError>([&] { read_bitfile(bin, "a.bin"); });
}

TEST(Ice40Bitfile, IsReadWithAComment) {
  std::string bin = empty_bin(Device::k1k);
  bin.insert(2, std::string("Lattice\0Part: iCE40HX1K\0", 24));
  EXPECT_EQ(read_bitfile(bin, "a.bin").rams.size(), 16U);
}

TEST(Ice40Bitfile, RefusesWhatIsDamaged) {
  const std::string good = empty_bin(Device::k1k);
  std::string bin = good;
  bin[1000] = 1;
  EXPECT_THAT(refusal(bin), HasSubstr("the CRC is wrong"));
  EXPECT_NO_THROW(read_bitfile(mended(bin), "a.bin"));
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{9}, std::size_t{5000},
                                 good.size() - 5, good.size() - 2})
    EXPECT_THROW(read_bitfile(good.substr(0, size), "a.bin"), UserError) << size;
  EXPECT_NO_THROW(read_bitfile(good.substr(0, good.size() - 1), "a.bin"));
  EXPECT_THAT(refusal(good + std::string(1, '\0')), HasSubstr("2 bytes follow the end"));
  EXPECT_THAT(refusal(good.substr(0, good.size() - 1) + "x"), HasSubstr("1 bytes follow the end"));
  EXPECT_THAT(refusal("GIF89a"), HasSubstr("does not begin with ff 00"));
  EXPECT_THAT(refusal(std::string("\xff\0\0\xff", 4) + std::string(100000, 'x')),
              HasSubstr("no 7e aa 99 7e"));
}

/// The good bitstream with bytes of its head instead of others, and a right CRC.
std::string changed(std::string_view from, std::string_view to) {
  std::string bin = empty_bin(Device::k1k);
  bin.replace(bin.find(from), from.size(), to);
  return mended(bin);
}

TEST(Ice40Bitfile, RefusesCommandsThatNoSingleDesignHas) {
  using std::string_view;
  const string_view boot("\x92\0\x20", 3), bank("\x11\0", 2), write("\x01\x01", 2);
  EXPECT_THAT(refusal(changed(boot, string_view("\x92\0\x10", 3))), HasSubstr("boot mode 0010"));
  EXPECT_THAT(refusal(changed(boot, string_view("\x44\0\x20", 3))), HasSubstr("44 is no command"));
  EXPECT_THAT(refusal(changed(boot, string_view("\x43\0\x20\x01", 4))),
              HasSubstr("43 is no command"));
  EXPECT_THAT(refusal(changed(bank, string_view("\x11\x04", 2))), HasSubstr("no bank 4"));
  EXPECT_THAT(refusal(changed(bank, string_view("\x11\x01", 2))), HasSubstr("written twice"));
  EXPECT_THAT(refusal(changed(write, string_view("\x01\x02", 2))), HasSubstr("reading back"));
  EXPECT_THAT(refusal(changed(string_view("\x51\0", 2), string_view("\x51\x07", 2))),
              HasSubstr("frequency range 7"));
}

TEST(Ice40Bitfile, RefusesBanksThatAreNotTheDevices) {
  using std::string_view;
  const string_view width("\x62\x01\x4b", 3), height("\x72\0\x90", 3);
  EXPECT_THAT(refusal(changed(height, string_view("\x72\xff\xfe", 3))),
              HasSubstr("ends too early"));
  EXPECT_THAT(refusal(changed(height, string_view("\x72\0\x8f", 3))), HasSubstr("no whole bytes"));
  std::string bin = empty_bin(Device::k1k);
  bin[bin.find(width, bin.find(width) + 1) - 1] = 'x';
  EXPECT_THAT(refusal(mended(bin)), HasSubstr("no two zeros"));
  // As much data in another shape.
  bin = empty_bin(Device::k1k);
  bin.replace(bin.find(width), 3, string_view("\x62\0\xa5", 3));
  bin.replace(bin.find(height), 3, string_view("\x72\x01\x20", 3));
  EXPECT_THAT(refusal(mended(bin)), HasSubstr("166 bits wide"));
  EXPECT_THAT(refusal(changed(string_view("\x82\0\0", 3), string_view("\x82\0\1", 3))),
              HasSubstr("the device has 332 x 144"));
}

TEST(Ice40Bitfile, RefusesToWakeUpUnchecked) {
  std::string bin = empty_bin(Device::k1k);
  bin.erase(crc_place(bin) - 1, 3);
  EXPECT_THAT(refusal(bin), HasSubstr("without a check of the CRC"));
  bin = empty_bin(Device::k1k);
  bin.erase(bin.find(std::string_view("\x01\x05", 2)), 2);
  EXPECT_THAT(refusal(bin), HasSubstr("before the CRC is reset"));
}

}  // namespace ice40_bitfile_test
}  // namespace assay::ice40::test
