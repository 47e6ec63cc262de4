// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/bitfile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/ecp5_bits.h"
#include "compile/base/error.h"

namespace assay::ecp5::test {
namespace ecp5_bitfile_test {

using ::testing::HasSubstr;

std::string message_for(const std::string& bytes) {
  try {
    read_bitfile(bytes, "a.bit");
  } catch (const UserError& error) {
    return error.what();
  }
  return "taken";
}

std::set<std::pair<int, int>> set_bits(const Bitfile& file) {
  std::set<std::pair<int, int>> result;
  for (int f = 0; f < file.device->frames; ++f)
    for (int b = 0; b < file.device->bits_per_frame; ++b)
      if (file.bit(f, b)) result.emplace(f, b);
  return result;
}

/// The place of a command that stands once in the bytes.
std::size_t command_at(const std::string& bytes, std::string_view command) {
  const std::size_t at = bytes.find(command);
  EXPECT_NE(at, std::string::npos);
  EXPECT_EQ(bytes.find(command, at + 1), std::string::npos);
  return at;
}

TEST(Ecp5Bitfile, ChecksumIsTheOneOfTheCatalogue) {
  EXPECT_EQ(configuration_crc("123456789"), 0xfee8);  // CRC-16/UMTS, also called BUYPASS
  EXPECT_EQ(configuration_crc(""), 0);
}

TEST(Ecp5Bitfile, ReadsWhatWasWritten) {
  for (const std::uint32_t idcode : {0x21111043U, 0x41111043U, 0x41112043U, 0x01113043U})
    for (const bool compressed : {false, true}) {
      const Device& device = *find_device(idcode);
      Design design{
          idcode, {}, {{3, {{0, 0x1ff}, {1, 0x100}, {2047, 0x0a5}}}, {17, {{9, 1}}}}, compressed};
      design.bits = {{0, 0}, {0, device.bits_per_frame - 1}, {device.frames - 1, 5}};
      for (const int bit : {9, 11, 12, 14}) design.bits.emplace(77, bit);   // 0x5a
      for (const int bit : {16, 17, 18, 23}) design.bits.emplace(77, bit);  // 0x87
      const Bitfile file = read_bitfile(encode(design), "a.bit");
      EXPECT_EQ(file.device, &device);
      EXPECT_EQ(file.comments, std::vector<std::string>{"Part: test"});
      EXPECT_EQ(file.usercode, 0x12345678U);
      EXPECT_EQ(set_bits(file), design.bits);
      ASSERT_EQ(file.block_rams.size(), 2U);
      EXPECT_EQ(file.block_rams.at(3)[0], 0x1ff);
      EXPECT_EQ(file.block_rams.at(3)[1], 0x100);
      EXPECT_EQ(file.block_rams.at(3)[2], 0);
      EXPECT_EQ(file.block_rams.at(3)[2047], 0x0a5);
      EXPECT_EQ(file.block_rams.at(17)[9], 1);
    }
}

TEST(Ecp5Bitfile, RefusesChangedBytes) {
  Design design{0x41111043, {{100, 3}, {5000, 17}}, {{1, {{7, 0x155}}}}, true};
  const std::string bytes = encode(design);
  ASSERT_EQ(message_for(bytes), "taken");
  const std::size_t frames = bytes.find("\xb8\x91");
  std::vector<std::size_t> places;
  for (std::size_t i = frames; i + 8 < bytes.size(); i += i < frames + 40 ? 1 : 997)
    places.push_back(i);
  for (std::size_t i = bytes.size() - 60; i + 8 < bytes.size(); ++i) places.push_back(i);
  for (const std::size_t i : places) {
    if (bytes[i] == '\xff') continue;  // between commands: it only fills
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    EXPECT_NE(message_for(changed), "taken") << "byte " << i << " of " << bytes.size();
  }
}

TEST(Ecp5Bitfile, RefusesWhatIsCutOff) {
  const std::string bytes = encode({0x41111043, {{1, 1}}, {{1, {{7, 0x155}}}}, true});
  for (const std::size_t left :
       {std::size_t{0}, std::size_t{3}, std::size_t{40}, bytes.size() / 2, bytes.size() - 9})
    EXPECT_NE(message_for(bytes.substr(0, left)), "taken") << left;
  EXPECT_THAT(message_for(bytes.substr(0, bytes.size() / 2)), HasSubstr("cut off after"));
  EXPECT_THAT(message_for(bytes.substr(0, bytes.size() - 8)), HasSubstr("nothing says"));
}

TEST(Ecp5Bitfile, RefusesByName) {
  const std::string bytes = encode({0x41111043, {}, {}, true});
  EXPECT_THAT(message_for("a text"), HasSubstr("no preamble"));
  EXPECT_THAT(message_for("x" + bytes), HasSubstr("none of a comment's"));
  EXPECT_THAT(message_for(bytes + "more"), HasSubstr("behind the end"));
  std::string other = bytes;
  other[command_at(bytes, std::string_view("\xe2\0\0\0", 4)) + 5] = '\x22';
  EXPECT_THAT(message_for(other), HasSubstr("41221043, which is no ECP5"));
  other = bytes;
  other[command_at(bytes, std::string_view("\xe2\0\0\0", 4)) + 6] = '\x20';
  EXPECT_THAT(message_for(other), HasSubstr("LFE5U-45F has 9470 of them"));
  other = bytes;
  other[command_at(bytes, std::string_view("\x46\0\0\0", 4))] = '\x47';
  EXPECT_THAT(message_for(other), HasSubstr("command 47 at byte"));
  other = bytes;
  const std::size_t crc = command_at(bytes, std::string_view("\xc2\x80\0\0", 4)) + 8;
  other[crc] = static_cast<char>(other[crc] ^ 1);
  EXPECT_THAT(message_for(other), HasSubstr("the user code"));
  EXPECT_THAT(message_for(other), HasSubstr("the file is damaged"));
}

}  // namespace ecp5_bitfile_test
}  // namespace assay::ecp5::test
