// SPDX-License-Identifier: Apache-2.0
#include "harness/board/packets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "harness/board/line.h"

namespace assay::board::test {
namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

std::vector<Packet> read(PacketReader& reader, const std::string& line) {
  std::vector<Packet> packets;
  for (const char c : line)
    if (auto packet = reader.take(static_cast<std::uint8_t>(c))) packets.push_back(*packet);
  return packets;
}

TEST(Packets, HaveTheWellKnownCrc) {
  EXPECT_EQ(crc16("123456789"), 0x29b1);
  EXPECT_EQ(crc16(""), 0xffff);
}

TEST(Packets, AreTheseBytes) {
  EXPECT_EQ(encode({kHello, ""}), bytes({0x7e, 0x01, 0xf1, 0xd1, 0x7e}));
  EXPECT_EQ(encode({kReset, bytes({0xa5})}), bytes({0x7e, 0x02, 0xa5, 0x9e, 0x22, 0x7e}));
  EXPECT_EQ(encode({kData, bytes({0, 0, 0x11, 0x22, 0x33, 0x7e, 0x7d})}),
            bytes({0x7e, 0x03, 0, 0, 0x11, 0x22, 0x33, 0x7d, 0x5e, 0x7d, 0x5d, 0x95, 0xff, 0x7e}));
}

TEST(Packets, ComeBackWhateverTheyHold) {
  std::mt19937_64 random(3);
  PacketReader reader;
  for (int i = 0; i < 300; ++i) {
    Packet packet{static_cast<std::uint8_t>(random()), ""};
    for (auto n = random() % 40; n > 0; --n)
      packet.body += static_cast<char>(random() % 3 == 0 ? 0x7d + random() % 2 : random());
    EXPECT_THAT(read(reader, encode(packet)), ::testing::ElementsAre(packet));
  }
  EXPECT_EQ(reader.damaged(), 0);
}

TEST(Packets, AreNoneWhenAnythingIsWrongWithThem) {
  const std::string good = encode({kData, bytes({0, 0, 0x11, 0x22, 0x33, 0x44})});
  for (std::size_t i = 1; i + 1 < good.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 1 << bit);
      PacketReader reader;
      EXPECT_THAT(read(reader, bad), ::testing::IsEmpty()) << i << " " << bit;
      EXPECT_THAT(read(reader, good), ::testing::SizeIs(1));
    }
  for (std::size_t cut = 1; cut + 1 < good.size(); ++cut) {
    PacketReader reader;
    EXPECT_THAT(read(reader, good.substr(0, cut) + good), ::testing::SizeIs(1)) << cut;
  }
  PacketReader reader;
  read(reader, "x" + good);  // what was under way when the line was opened
  EXPECT_EQ(reader.damaged(), 0);
  EXPECT_THAT(read(reader, bytes({0x7e, 0x01, 0xf1, 0xd1, 0x7d, 0x7e})), ::testing::IsEmpty());
  EXPECT_EQ(reader.damaged(), 1);
}

TEST(Packets, OfBoardsAreReadByTheirSize) {
  std::string body = "ASYB" + bytes({1});
  for (int i = 0; i < 32; ++i) body += static_cast<char>(i);
  body += bytes({0, 2, 0, 3, 0, 0, 0, 70, 0, 0, 0, 3, 0, 0xb7, 0x1b, 0, 2, 0});
  const auto id = parse_identity(body);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->content_hash, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(id->in_bytes, 2);
  EXPECT_EQ(id->out_bytes, 3);
  EXPECT_EQ(id->in_beats, 70);
  EXPECT_EQ(id->out_beats, 3);
  EXPECT_EQ(id->clock_hz, 12000000);
  EXPECT_EQ(id->ring_bytes, 512);
  EXPECT_FALSE(parse_identity(body + "x"));
  EXPECT_FALSE(parse_identity("B" + body.substr(1)));
  EXPECT_FALSE(parse_progress("1234"));
  EXPECT_EQ(parse_progress(bytes({7, 1, 2, 3, 4}))->taken, 0x304);
  const auto beat = parse_beat({kLastBeat, bytes({7, 1, 2, 9, 8, 7, 0, 0, 1, 0})}, 3);
  ASSERT_TRUE(beat);
  EXPECT_EQ(beat->number, 0x102);
  EXPECT_EQ(beat->data, bytes({9, 8, 7}));
  EXPECT_EQ(beat->cycles, 256U);
  EXPECT_FALSE(parse_beat({kBeat, bytes({7, 1, 2, 9, 8, 7, 0, 0, 1, 0})}, 3));
}

}  // namespace
}  // namespace assay::board::test
