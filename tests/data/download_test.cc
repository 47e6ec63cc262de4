// SPDX-License-Identifier: Apache-2.0
#include "golden/data/download.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/file_size_limit.h"
#include "base/temp_dir.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "data/samples.h"
#include "golden/data/dataset.h"
#include "golden/data/tar.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A small archive like CIFAR-10's, what describes it, and a folder to unpack it to.
struct Sample {
  std::string tar = tar_entry("cifar-10-batches-bin/", "", '5') +
                    tar_entry("cifar-10-batches-bin/test_batch.bin", cifar_record(4, 0)) +
                    tar_entry("cifar-10-batches-bin/readme.html", "<p>") + tar_end();
  ArchiveSpec spec;
  TempDir dir;
  std::filesystem::path to = dir.path() / "to" / "there";

  Sample() {
    spec.folder = "cifar-10-batches-bin";
    spec.members = {{"test_batch.bin", 3073, 3073}, {"readme.html", 1, 10}};
  }

  /// Writes `tar` as an archive that has the checksums of the specification.
  std::filesystem::path pack() {
    const std::string archive = gzip(tar);
    spec.bytes = archive.size();
    spec.md5 = md5(archive);
    spec.sha256 = sha256(archive);
    return dir.write("a.tar.gz", archive);
  }

  std::string fetch_error(const std::filesystem::path& source) {
    const std::size_t before = dir.entries();
    const std::string message =
        message_of<UserError>([&] { fetch_archive(spec, to, source.string(), {}); });
    EXPECT_EQ(dir.entries(), before) << "something was left behind";
    return message;
  }
};

TEST(Download, UnpacksAVerifiedArchiveThatLoads) {
  Sample sample;
  const auto folder = fetch_archive(sample.spec, sample.to, sample.pack().string(), {});
  EXPECT_EQ(folder, sample.to / "cifar-10-batches-bin");
  EXPECT_EQ(read_file(folder / "readme.html"), "<p>");
  EXPECT_EQ(load_dataset(sample.to).labels, std::vector<std::uint16_t>{4});
  const auto in_to = std::filesystem::directory_iterator(sample.to);
  EXPECT_EQ(std::distance(begin(in_to), end(in_to)), 1) << "no hidden folder stays";
}

TEST(Download, RefusesAWrongChecksumOrSize) {
  Sample sample;
  const auto source = sample.pack();
  sample.spec.md5[0] = 'x';
  EXPECT_THAT(sample.fetch_error(source), HasSubstr("has MD5"));
  sample.pack();
  sample.spec.sha256[0] = 'x';
  EXPECT_THAT(sample.fetch_error(source), HasSubstr("has SHA-256"));
  sample.pack();
  sample.spec.bytes += 1;
  EXPECT_THAT(sample.fetch_error(source), HasSubstr("bytes, but the archive has"));
  sample.spec.bytes -= 2;
  EXPECT_THAT(sample.fetch_error(source), HasSubstr("bytes; at most"));
}

TEST(Download, RefusesMembersThatAreNotExpected) {
  const std::string prefix = "cifar-10-batches-bin/";
  const std::string test_batch = tar_entry(prefix + "test_batch.bin", cifar_record(4, 0));
  const std::string readme = tar_entry(prefix + "readme.html", "<p>");
  const auto error_of = [](const std::string& tar) {
    Sample sample;
    sample.tar = tar;
    return sample.fetch_error(sample.pack());
  };
  EXPECT_THAT(error_of(test_batch + tar_end()), HasSubstr("readme.html' once"));
  EXPECT_THAT(error_of(test_batch + test_batch + readme + tar_end()), HasSubstr(".bin' once"));
  EXPECT_THAT(error_of(test_batch + readme + tar_entry(prefix + "../x", "") + tar_end()),
              HasSubstr("3 files, expected 2"));
  EXPECT_THAT(error_of(test_batch + readme + tar_entry("/etc/x", "") + tar_end()),
              HasSubstr("3 files, expected 2"));
  EXPECT_THAT(error_of(test_batch + readme + tar_entry(prefix + "l", "", '2') + tar_end()),
              HasSubstr("neither a plain file nor a folder"));
  EXPECT_THAT(error_of(tar_entry(prefix + "test_batch.bin", "short") + readme + tar_end()),
              HasSubstr("has 5 bytes, expected 3073"));
  EXPECT_THAT(error_of(test_batch + tar_entry(prefix + "readme.html", "12345678901") + tar_end()),
              HasSubstr("has 11 bytes"));
}

TEST(Download, RefusesAnArchiveThatInflatesTooFar) {
  Sample sample;
  sample.tar += std::string(1'000'000, '\0');
  EXPECT_THAT(sample.fetch_error(sample.pack()), HasSubstr("inflates to more than"));
}

TEST(Download, RefusesAFolderThatIsThereAlready) {
  Sample sample;
  const auto source = sample.pack();
  fetch_archive(sample.spec, sample.to, source.string(), {});
  EXPECT_THAT(sample.fetch_error(source), HasSubstr("exists already"));
}

TEST(Download, LeavesNothingWhenItCannotWrite) {
  Sample sample;
  const auto source = sample.pack();
  sample.dir.write("to", "a file where the folder should be");
  const std::size_t before = sample.dir.entries();
  EXPECT_THROW(fetch_archive(sample.spec, sample.to, source.string(), {}), ToolError);
  EXPECT_THROW(fetch_archive(sample.spec, "/proc/assay-test", source.string(), {}), ToolError);
  EXPECT_EQ(sample.dir.entries(), before);
}

TEST(Download, LeavesNothingWhenTheDiskFillsUpHalfWay) {
  Sample sample;
  sample.tar = tar_entry("cifar-10-batches-bin/readme.html", "<p>") +
               tar_entry("cifar-10-batches-bin/test_batch.bin", cifar_record(4, 0)) + tar_end();
  const auto source = sample.pack();
  {
    const FileSizeLimit limit(1000);
    EXPECT_THROW(fetch_archive(sample.spec, sample.to, source.string(), {}), ToolError);
  }
  EXPECT_EQ(sample.dir.entries(), 1u) << "the archive alone";
}

TEST(Download, RefusesOtherSources) {
  Sample sample;
  sample.pack();
  EXPECT_THAT(sample.fetch_error("http://localhost/x"), HasSubstr("neither an https://"));
  EXPECT_THAT(sample.fetch_error("file:///etc/passwd"), HasSubstr("neither an https://"));
  EXPECT_THAT(sample.fetch_error(sample.dir.path() / "missing"), HasSubstr("cannot open"));
}

TEST(Download, AFailedDownloadSaysWhyAndLeavesNothing) {
  Sample sample;
  // No name can be resolved under .invalid (RFC 2606).
  const std::string message = message_of<ToolError>(
      [&] { fetch_archive(sample.spec, sample.to, "https://assay.invalid/a.tar.gz", {}); });
  EXPECT_THAT(message,
              AllOf(HasSubstr("https://assay.invalid/a.tar.gz"), HasSubstr("check the network")));
  EXPECT_EQ(sample.dir.entries(), 0u);
}

TEST(Download, TheRealArchiveIsPinned) {
  const ArchiveSpec& spec = cifar10_archive();
  EXPECT_TRUE(spec.url.starts_with("https://www.cs.toronto.edu/"));
  EXPECT_EQ(spec.md5.size(), 32u);
  EXPECT_EQ(spec.sha256.size(), 64u);
  EXPECT_EQ(spec.members.size(), 8u);
  const TempDir dir;
  const auto wrong = dir.write("x.tar.gz", "not it");
  EXPECT_THAT(message_of<UserError>([&] { fetch_cifar10(dir.path(), wrong.string(), {}); }),
              HasSubstr("has 6 bytes, but the archive has 170052171"));
}

TEST(Tar, ListsPlainFilesInOrder) {
  const std::string bytes = tar_entry("b", "second", '\0') + tar_entry("d/", "", '5') +
                            tar_entry("a", std::string(512, 'x')) + tar_end();
  const std::vector<TarEntry> entries = read_tar(bytes, "x.tar");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].name, "b");
  EXPECT_EQ(entries[0].bytes, "second");
  EXPECT_EQ(entries[1].bytes, std::string(512, 'x'));
}

TEST(Tar, RefusesDamageAndEveryTruncation) {
  const std::string good = tar_entry("a", std::string(600, 'x')) + tar_end().substr(512);
  for (std::size_t length = 0; length < good.size(); ++length) {
    SCOPED_TRACE(length);
    EXPECT_THROW(read_tar(good.substr(0, length), "x.tar"), UserError);
  }
  for (std::size_t at = 0; at < 512; ++at) {
    SCOPED_TRACE(at);
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    // Within the checksum field, its two last bytes are not part of the number.
    if (at >= 154 && at < 156) continue;
    EXPECT_THROW(read_tar(bad, "x.tar"), UserError);
  }
  EXPECT_THAT(message_of<UserError>([&] { read_tar(good + "x", "x.tar"); }),
              HasSubstr("after its end mark"));
}

TEST(Tar, RefusesASizeBeyondTheArchive) {
  std::string entry = tar_entry("a", "");
  const std::string with_size = tar_entry("a", std::string(0777, 'x')).substr(0, 512);
  EXPECT_THAT(message_of<UserError>([&] { read_tar(with_size, "x.tar"); }),
              HasSubstr("size beyond the archive"));
  EXPECT_THROW(read_tar(entry, "x.tar"), UserError) << "no end mark";
}

TEST(Tar, RefusesEveryOtherKindOfEntry) {
  for (const char type : {'1', '2', '3', '4', '6', '7', 'x', 'g', 'L', 'K', 'S'}) {
    SCOPED_TRACE(type);
    EXPECT_THROW(read_tar(tar_entry("a", "", type) + tar_end(), "x.tar"), UserError);
  }
}

}  // namespace
}  // namespace assay
