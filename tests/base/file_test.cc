// SPDX-License-Identifier: Apache-2.0
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <vector>

#include "base/file_size_limit.h"
#include "base/temp_dir.h"
#include "compile/base/error.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

TEST(File, ReadsBackWhatWasWritten) {
  const TempDir dir;
  const std::string bytes("a\0b\n\xff", 5);
  write_file(dir.path() / "x", bytes);
  EXPECT_EQ(read_file(dir.path() / "x"), bytes);
  write_file(dir.path() / "x", "");
  EXPECT_EQ(read_file(dir.path() / "x"), "");
  EXPECT_EQ(dir.entries(), 1u);
}

TEST(File, KeepsTheOldFileAndLeavesNothingWhenTheDiskIsFull) {
  const TempDir dir;
  const auto path = dir.write("report.json", "old");
  {
    const FileSizeLimit limit(1000);
    EXPECT_THROW(write_file(path, std::string(5000, 'x')), ToolError);
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(dir.entries(), 1u);
}

TEST(File, LeavesNothingWhenTheTargetIsAFolder) {
  const TempDir dir;
  dir.write("target/inside", "1");
  EXPECT_THROW(write_file(dir.path() / "target", "x"), ToolError);
  EXPECT_EQ(dir.entries(), 2u);
}

TEST(File, NeverReplacesADevice) {
  const std::string message = message_of<ToolError>([] { write_file("/dev/full", "x"); });
  EXPECT_THAT(message, HasSubstr("not a regular file"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST(File, RefusesAFolderThatIsMissingOrCannotBeWritten) {
  const TempDir dir;
  EXPECT_THROW(write_file(dir.path() / "missing" / "x", "x"), ToolError);
  EXPECT_THROW(write_file("/proc/assay-test", "x"), ToolError);
  EXPECT_EQ(dir.entries(), 0u);
}

TEST(File, RefusesAFolderWithoutWritePermission) {
  if (::geteuid() == 0) GTEST_SKIP() << "the superuser may write to read-only folders";
  const TempDir dir;
  ::chmod(dir.path().c_str(), 0555);
  EXPECT_THROW(write_file(dir.path() / "x", "x"), ToolError);
  ::chmod(dir.path().c_str(), 0755);
  EXPECT_EQ(dir.entries(), 0u);
}

TEST(File, ReplacesASymbolicLinkInsteadOfFollowingIt) {
  const TempDir dir;
  const auto victim = dir.write("victim", "keep");
  std::filesystem::create_symlink(victim, dir.path() / "link");
  write_file(dir.path() / "link", "new");
  EXPECT_EQ(read_file(victim), "keep");
  EXPECT_EQ(read_file(dir.path() / "link"), "new");
}

TEST(File, ReadRefusesWhatIsNoRegularFileOrTooLarge) {
  const TempDir dir;
  const auto five = dir.write("five", "12345");
  EXPECT_EQ(read_file(five, 5), "12345");
  EXPECT_THAT(message_of<UserError>([&] { read_file(five, 4); }), HasSubstr("has 5 bytes"));
  EXPECT_THROW(read_file(dir.path()), UserError);
  EXPECT_THROW(read_file(dir.path() / "missing"), UserError);
  EXPECT_THROW(read_file("/dev/zero"), UserError);
  const auto pipe = dir.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THROW(read_file(pipe), UserError) << "and does not wait for a writer";
}

TEST(File, DigestsMatchThePublishedVectors) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(md5("abc"), "900150983cd24fb0d6963f7d28e17f72");
}

TEST(SafeFileName, KeepsSafeNamesAsTheyAre) {
  for (const std::string& name :
       {std::string("conv1"), std::string("a.b-c_D9"), std::string("x"), std::string(100, 'n')})
    EXPECT_EQ(safe_file_name(name), name);
}

TEST(SafeFileName, IsInjectiveAndSafeOnHostileNames) {
  std::vector<std::string> names = {"",
                                    ".",
                                    "..",
                                    "../x",
                                    "a/b",
                                    "a_b",
                                    "a\\b",
                                    "a b",
                                    "a\nb",
                                    std::string("a\0b", 3),
                                    "a'b",
                                    "a\"b",
                                    "$(x)",
                                    "`x`",
                                    "-rf",
                                    "\xc3\xa4",
                                    "\xff",
                                    "a_b-",
                                    ".hidden",
                                    std::string(100, 'n'),
                                    std::string(101, 'n'),
                                    std::string(5000, 'n'),
                                    std::string(100, '/')};
  // Feeding results back in finds a hashed form that equals a plain name.
  for (std::size_t i = 0, n = names.size(); i < 2 * n; ++i)
    names.push_back(safe_file_name(names[i]));
  std::map<std::string, std::string> seen;
  for (const std::string& name : names) {
    const std::string safe = safe_file_name(name);
    SCOPED_TRACE(printable(name));
    EXPECT_FALSE(safe.empty());
    EXPECT_LE(safe.size(), 133u);
    EXPECT_NE(safe.front(), '.');
    EXPECT_NE(safe.front(), '-');
    EXPECT_EQ(
        safe.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"),
        std::string::npos);
    const auto [entry, is_new] = seen.emplace(safe, name);
    EXPECT_TRUE(is_new || entry->second == name) << printable(entry->second) << " shares " << safe;
  }
}

TEST(Printable, EscapesEverythingThatCouldMisleadATerminal) {
  EXPECT_EQ(printable("plain [x] \"y\""), "plain [x] \"y\"");
  EXPECT_EQ(printable("a'b\\c"), "a\\'b\\\\c");
  EXPECT_EQ(printable("\x1b[31m\n\x7f"), "\\x1b[31m\\x0a\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");
}

TEST(Printable, CutsLongTextAndSaysSo) {
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_EQ(printable("abc", 3), "abc");
}

}  // namespace
}  // namespace assay
