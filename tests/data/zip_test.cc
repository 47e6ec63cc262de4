// SPDX-License-Identifier: Apache-2.0
#include "golden/data/zip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/error.h"
#include "data/samples.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint64_t kLimit = 1 << 20;

std::string first_of(const std::string& archive, std::uint64_t limit = kLimit) {
  return read_zip_member(archive, zip_members(archive, "x.npz").at(0), limit, "x.npz");
}

std::string zip_error(const std::string& archive, std::uint64_t limit = kLimit) {
  return message_of<UserError>([&] { first_of(archive, limit); });
}

/// `archive` with `count` bytes at `at` behind the last `mark` set to those of `value`.
std::string patched(std::string archive, std::string_view mark, std::size_t at, std::uint64_t value,
                    int count) {
  const std::size_t start = archive.rfind(mark) + at;
  for (int i = 0; i < count; ++i)
    archive[start + static_cast<std::size_t>(i)] = static_cast<char>(value >> (8 * i));
  return archive;
}

/// One stored member "a.npy", "hello", as zip64 has it: all numbers of the directory stand in 64 bits.
std::string zip64() {
  const auto number = [](std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
    return text;
  };
  const std::string plain = zip({{"a.npy", "hello"}});
  const std::string local = plain.substr(0, plain.find("PK\x01\x02"));
  std::string entry = plain.substr(local.size(), 46 + 5);
  for (const std::size_t at : {20U, 24U, 42U}) entry.replace(at, 4, 4, '\xff');
  entry.replace(30, 2, number(28, 2));
  entry += number(1, 2) + number(24, 2) + number(5, 8) + number(5, 8) + number(0, 8);
  const std::string end64 = "PK\x06\x06" + number(44, 8) + number(45, 2) + number(45, 2) +
                            number(0, 8) + number(1, 8) + number(1, 8) + number(entry.size(), 8) +
                            number(local.size(), 8);
  const std::string locator =
      "PK\x06\x07" + number(0, 4) + number(local.size() + entry.size(), 8) + number(1, 4);
  return local + entry + end64 + locator + "PK\x05\x06" + number(0, 4) + number(0xffffffff, 4) +
         number(0xffffffff, 4) + number(0xffffffff, 4) + number(0, 2);
}

TEST(Zip, ReadsStoredAndDeflatedMembers) {
  const std::string text(3000, 'x');
  const std::string archive = zip({{"a", "hello"}, {"dir/b", text, true}, {"empty", ""}});
  const std::vector<ZipMember> members = zip_members(archive, "x.zip");
  ASSERT_EQ(members.size(), 3U);
  EXPECT_EQ(members[1].name, "dir/b");
  EXPECT_EQ(members[1].size, 3000U);
  EXPECT_LT(members[1].packed, 100U);
  EXPECT_EQ(read_zip_member(archive, members[0], kLimit, "x.zip"), "hello");
  EXPECT_EQ(read_zip_member(archive, members[1], kLimit, "x.zip"), text);
  EXPECT_EQ(read_zip_member(archive, members[2], kLimit, "x.zip"), "");
  EXPECT_EQ(zip_members(zip({}), "x.zip").size(), 0U);
}

TEST(Zip, ReadsAnArchiveWithAComment) {
  std::string archive = patched(zip({{"a", "hello"}}), "PK\x05\x06", 20, 4, 2) + "note";
  EXPECT_EQ(first_of(archive), "hello");
}

TEST(Zip, ReadsZip64) {
  EXPECT_EQ(first_of(zip64()), "hello");
  for (std::size_t size = 0; size < zip64().size(); ++size)
    EXPECT_THAT(zip_error(zip64().substr(0, size)), HasSubstr("x.npz")) << size;
}

TEST(Zip, RefusesEveryTruncationAndEveryFlippedByteOfTheContent) {
  const std::string archive = zip({{"a", "hello hello hello hello", true}});
  for (std::size_t size = 0; size < archive.size(); ++size)
    EXPECT_THAT(zip_error(archive.substr(0, size)), HasSubstr("x.npz")) << size;
  const std::size_t content = 30 + 1, directory = archive.find("PK\x01\x02");
  for (std::size_t at = content; at < directory; ++at) {
    std::string damaged = archive;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_THAT(zip_error(damaged), HasSubstr("x.npz")) << at;
  }
}

TEST(Zip, SurvivesEveryFlippedBit) {
  const std::string archive = zip64();
  for (std::size_t bit = 0; bit < 8 * archive.size(); ++bit) {
    std::string damaged = archive;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    try {
      for (const ZipMember& member : zip_members(damaged, "x.npz"))
        read_zip_member(damaged, member, kLimit, "x.npz");
    } catch (const UserError&) {
    }
  }
}

TEST(Zip, RefusesBombsBeforeInflating) {
  const std::string zeros(kLimit, '\0');
  const std::string archive = zip({{"a", zeros, true}});
  EXPECT_EQ(first_of(archive), zeros);
  EXPECT_THAT(zip_error(archive, kLimit - 1), HasSubstr("more than the 1048575 that are read"));
  // A size that deflate cannot reach, and one that the content does not have.
  const auto sized = [&](std::uint64_t size) {
    return patched(archive, "PK\x01\x02", 24, size, 4);
  };
  EXPECT_THAT(message_of<UserError>([&] { first_of(sized(0xfffffff0), 1ULL << 40); }),
              HasSubstr("announces 4294967280"));
  EXPECT_THAT(zip_error(sized(1000)), HasSubstr("does not inflate to the 1000 bytes"));
}

TEST(Zip, RefusesWhatItDoesNotRead) {
  const std::string archive = zip({{"a", "hello"}});
  EXPECT_THAT(zip_error("hello"), HasSubstr("no zip file"));
  EXPECT_THAT(zip_error(patched(archive, "PK\x01\x02", 8, 1, 2)), HasSubstr("'a' is encrypted"));
  EXPECT_THAT(zip_error(patched(archive, "PK\x01\x02", 10, 14, 2)),
              AllOf(HasSubstr("method 14"), HasSubstr("savez_compressed")));
  EXPECT_THAT(zip_error(patched(archive, "PK\x01\x02", 42, 0x7fffffff, 4)),
              HasSubstr("points behind its end"));
  EXPECT_THAT(zip_error(patched(archive, "PK\x05\x06", 4, 1, 2)), HasSubstr("part of several"));
  EXPECT_THAT(zip_error(patched(archive, "PK\x05\x06", 8, 0x40004, 4)),
              HasSubstr("too short for its members"));
  EXPECT_THAT(zip_error(zip({{"a", "1"}, {"a", "2"}})), HasSubstr("it has 'a' twice"));
  std::string renamed = archive;
  renamed[30] = 'b';
  EXPECT_THAT(zip_error(renamed), HasSubstr("two names"));
}

}  // namespace
}  // namespace assay
