// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/error.h"
#include "data/samples.h"
#include "golden/data/dataset.h"
#include "golden/data/gzip.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kImages = "t10k-images-idx3-ubyte";
constexpr const char* kLabels = "t10k-labels-idx1-ubyte";

std::string load_error(const std::filesystem::path& path) {
  return message_of<UserError>([&] { load_dataset(path); });
}

/// A folder with a good pair of three images of 2 x 5.
struct Pair {
  Pair() {
    dir.write(kImages, idx_images(3, 2, 5));
    dir.write(kLabels, idx_labels({7, 2, 1}));
  }
  TempDir dir;
};

TEST(Idx, ReadsAPlainPairFromItsFolderOrEitherFile) {
  const Pair pair;
  const Dataset set = load_dataset(pair.dir.path());
  EXPECT_EQ(set.size(), 3);
  EXPECT_EQ(set.channels, 1);
  EXPECT_EQ(set.height, 2);
  EXPECT_EQ(set.width, 5);
  EXPECT_THAT(set.labels, ElementsAre(7, 2, 1));
  EXPECT_EQ(set.image(2)[9], 29);
  EXPECT_EQ(load_dataset(pair.dir.path() / kImages).sha256, set.sha256);
  EXPECT_EQ(load_dataset(pair.dir.path() / kLabels).sha256, set.sha256);
  EXPECT_THAT(load_dataset(pair.dir.path(), {1, 2}).labels, ElementsAre(2));
  EXPECT_EQ(load_dataset(pair.dir.path(), {1, 2}).image(0)[0], 10);
}

TEST(Idx, ReadsAGzipPairAndAMixedOne) {
  const Pair plain;
  const TempDir dir;
  dir.write("MNIST/raw/train-images-idx3-ubyte.gz", gzip(idx_images(3, 2, 5)));
  dir.write("MNIST/raw/train-labels-idx1-ubyte", idx_labels({7, 2, 1}));
  EXPECT_EQ(load_dataset(dir.path()).sha256, load_dataset(plain.dir.path()).sha256);
}

TEST(Idx, ReadsTheDottedNamesToo) {
  const TempDir dir;
  const auto images = dir.write("t10k-images.idx3-ubyte", idx_images(1, 1, 1));
  dir.write("t10k-labels.idx1-ubyte", idx_labels({4}));
  EXPECT_THAT(load_dataset(images).labels, ElementsAre(4));
}

TEST(Idx, RefusesAMissingPartner) {
  const Pair pair;
  std::filesystem::remove(pair.dir.path() / kLabels);
  EXPECT_THAT(load_error(pair.dir.path()), AllOf(HasSubstr("needs"), HasSubstr(kLabels)));
}

TEST(Idx, RefusesCountsThatDisagree) {
  const Pair pair;
  pair.dir.write(kLabels, idx_labels({7, 2}));
  EXPECT_THAT(load_error(pair.dir.path()), AllOf(HasSubstr("3 images"), HasSubstr("2 labels")));
}

TEST(Idx, RefusesEveryTruncationAndExtraBytes) {
  const Pair pair;
  const std::string images = idx_images(3, 2, 5);
  for (std::size_t length = 0; length < images.size(); ++length) {
    SCOPED_TRACE(length);
    pair.dir.write(kImages, images.substr(0, length));
    EXPECT_THAT(load_error(pair.dir.path()), HasSubstr("fetch it again"));
  }
  pair.dir.write(kImages, images + "x");
  EXPECT_THAT(load_error(pair.dir.path()),
              HasSubstr("holds 47 bytes, but its header announces 46"));
}

TEST(Idx, RefusesWrongMagicAndSwappedFiles) {
  const Pair pair;
  pair.dir.write(kImages, idx_labels({7, 2, 1, 4, 4, 4, 4, 4, 4, 4, 4, 4}));
  EXPECT_THAT(load_error(pair.dir.path()), HasSubstr("starts with 0x00000801"));
  std::string little_endian = idx_images(3, 2, 5);
  std::swap(little_endian[0], little_endian[3]);
  std::swap(little_endian[1], little_endian[2]);
  pair.dir.write(kImages, little_endian);
  EXPECT_THAT(load_error(pair.dir.path()), HasSubstr("starts with 0x03080000"));
}

TEST(Idx, RefusesALabelAboveNine) {
  const Pair pair;
  pair.dir.write(kLabels, idx_labels({7, 10, 1}));
  EXPECT_THAT(load_error(pair.dir.path()), HasSubstr("label 1 is 10"));
}

TEST(Idx, RefusesEmptySetsAndEmptyImages) {
  const Pair pair;
  pair.dir.write(kImages, idx_images(0, 2, 5));
  pair.dir.write(kLabels, idx_labels({}));
  EXPECT_THAT(load_error(pair.dir.path()), HasSubstr("holds no images"));
  pair.dir.write(kImages, idx_images(1, 0, 5));
  pair.dir.write(kLabels, idx_labels({1}));
  EXPECT_THAT(load_error(pair.dir.path()), HasSubstr("without pixels"));
}

TEST(Idx, RefusesExtentsWhoseProductOverflows) {
  const Pair pair;
  std::string images = idx_images(3, 2, 5);
  images.replace(4, 12, std::string(12, '\xff'));
  pair.dir.write(kImages, images);
  EXPECT_THAT(load_error(pair.dir.path()), HasSubstr("announces more than"));
}

TEST(Idx, RefusesAGzipBombByItsHeader) {
  const TempDir dir;
  dir.write("t10k-images-idx3-ubyte.gz", gzip(idx_images(1, 1, 1) + std::string(50'000'000, 'x')));
  dir.write(kLabels, idx_labels({1}));
  EXPECT_THAT(load_error(dir.path()), HasSubstr("inflates to more than the 17 bytes"));
}

TEST(Gzip, InflatesExactlyUpToTheLimit) {
  const std::string content(100'000, 'a');
  EXPECT_EQ(gunzip(gzip(content), content.size(), "x"), content);
  EXPECT_THROW(gunzip(gzip(content), content.size() - 1, "x"), UserError);
  EXPECT_EQ(gunzip(gzip(""), 0, "x"), "");
  EXPECT_EQ(gunzip_prefix(gzip(content), 5, "x"), "aaaaa");
}

TEST(Gzip, RefusesEveryTruncationFlippedBytesAndTrailingBytes) {
  const std::string good = gzip("the quick brown fox");
  for (std::size_t length = 0; length < good.size(); ++length) {
    SCOPED_TRACE(length);
    EXPECT_THROW(gunzip(good.substr(0, length), 1000, "x"), UserError);
  }
  EXPECT_THAT(message_of<UserError>([&] { gunzip(good + "y", 1000, "x"); }),
              HasSubstr("1 bytes after the end"));
  // Past the header every byte matters, but for the padding bits in the last one of the content.
  for (std::size_t at = 10; at < good.size(); ++at) {
    if (at == good.size() - 9) continue;
    SCOPED_TRACE(at);
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    EXPECT_THROW(gunzip(bad, 1000, "x"), UserError);
  }
}

TEST(IdxReal, TheMnistTestSetIsThere) {
  const std::filesystem::path folder = ASSAY_SHARED_DIR "/data/mnist";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "needs " << folder;
  const Dataset set = load_dataset(folder);
  EXPECT_EQ(set.size(), 10000);
  EXPECT_EQ(set.height, 28);
  EXPECT_EQ(set.width, 28);
  const std::vector<std::uint8_t> first(set.labels.begin(), set.labels.begin() + 5);
  EXPECT_THAT(first, ElementsAre(7, 2, 1, 0, 4));
}

}  // namespace
}  // namespace assay
