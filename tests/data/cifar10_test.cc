// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/temp_dir.h"
#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "data/samples.h"
#include "golden/data/dataset.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string cifar_error(const std::filesystem::path& path, ImageRange range = {}) {
  return message_of<UserError>([&] { load_dataset(path, range); });
}

TEST(Cifar10Binary, ReadsRecordsInOrder) {
  const TempDir dir;
  const auto file = dir.write("some.bin", cifar_record(3, 0) + cifar_record(9, 7));
  const Dataset set = load_dataset(file);
  EXPECT_EQ(set.size(), 2);
  EXPECT_EQ(set.channels, 3);
  EXPECT_EQ(set.height, 32);
  EXPECT_EQ(set.width, 32);
  EXPECT_THAT(set.labels, ElementsAre(3, 9));
  EXPECT_EQ(set.image(0)[0], 0);
  EXPECT_EQ(set.image(0)[1024], 1024 % 251) << "the green plane";
  EXPECT_EQ(set.image(1)[3071], (7 + 3071) % 251);
  EXPECT_EQ(set.class_names[3], "cat");
  EXPECT_EQ(set.name, "CIFAR-10 some.bin");
  EXPECT_FALSE(set.synthetic);
}

TEST(Cifar10Binary, FindsTheTestBatchInItsFolderAndAboveIt) {
  const TempDir dir;
  const auto file = dir.write("x/cifar-10-batches-bin/test_batch.bin", cifar_record(1, 0));
  dir.write("x/cifar-10-batches-bin/data_batch_1.bin", cifar_record(2, 0));
  EXPECT_THAT(load_dataset(file.parent_path()).labels, ElementsAre(1));
  EXPECT_THAT(load_dataset(dir.path() / "x").labels, ElementsAre(1));
  EXPECT_THAT(load_dataset(file.parent_path() / "data_batch_1.bin").labels, ElementsAre(2));
}

TEST(Cifar10Binary, KeepsOnlyTheRange) {
  const TempDir dir;
  std::string bytes;
  for (int i = 0; i < 5; ++i) bytes += cifar_record(i, i);
  const auto file = dir.write("a.bin", bytes);
  const Dataset set = load_dataset(file, {1, 3});
  EXPECT_THAT(set.labels, ElementsAre(1, 2));
  EXPECT_EQ(set.size(), 2);
  EXPECT_EQ(set.image(0)[0], 1);
  EXPECT_THAT(load_dataset(file, {4, -1}).labels, ElementsAre(4));
}

TEST(Cifar10Binary, RefusesARangeBeyondTheFile) {
  const TempDir dir;
  const auto file = dir.write("a.bin", cifar_record(0, 0) + cifar_record(1, 0));
  EXPECT_THAT(cifar_error(file, {0, 3}), AllOf(HasSubstr("a.bin' holds 2"), HasSubstr("0:2")));
  EXPECT_THAT(cifar_error(file, {2, -1}), HasSubstr("holds 2"));
  EXPECT_THAT(cifar_error(file, {1, 1}), HasSubstr("empty"));
  EXPECT_THAT(cifar_error(file, {-1, 1}), HasSubstr("holds 2"));
}

TEST(Cifar10Binary, RefusesEveryLengthThatIsNotWholeRecords) {
  const TempDir dir;
  const std::string bytes = cifar_record(0, 0) + cifar_record(1, 1);
  for (std::size_t i = 1; i < 64; ++i) {
    const std::size_t length = bytes.size() * i / 64;
    if (length % 3073 == 0) continue;
    SCOPED_TRACE(length);
    EXPECT_THAT(cifar_error(dir.write("a.bin", bytes.substr(0, length))),
                AllOf(HasSubstr("a.bin"), HasSubstr("truncated")));
  }
  EXPECT_THAT(cifar_error(dir.write("a.bin", bytes.substr(0, bytes.size() - 1))),
              HasSubstr("truncated"));
  EXPECT_THAT(cifar_error(dir.write("a.bin", bytes + "x")), HasSubstr("1 more than"));
  EXPECT_THAT(cifar_error(dir.write("a.bin", "")), HasSubstr("holds no images"));
}

TEST(Cifar10Binary, RefusesALabelAboveNineEvenOutsideTheRange) {
  const TempDir dir;
  const auto file = dir.write("a.bin", cifar_record(0, 0) + cifar_record(10, 0));
  EXPECT_THAT(cifar_error(file, {0, 1}),
              AllOf(HasSubstr("record 1 at byte 3073"), HasSubstr("label 10")));
  EXPECT_THAT(cifar_error(dir.write("b.bin", cifar_record(255, 0))), HasSubstr("label 255"));
}

TEST(Cifar10Binary, SwappedPlanesOrLabelsChangeTheHash) {
  const TempDir dir;
  const std::string record = cifar_record(3, 0);
  const std::string planes_swapped = record.substr(0, 1) + record.substr(2049) +
                                     record.substr(1025, 1024) + record.substr(1, 1024);
  const auto hash = [&](const std::string& bytes) {
    return load_dataset(dir.write("a.bin", bytes)).sha256;
  };
  EXPECT_EQ(hash(record), hash(record));
  EXPECT_NE(hash(record), hash(planes_swapped));
  EXPECT_NE(hash(record), hash(cifar_record(4, 0)));
  EXPECT_NE(hash(record), hash(record + record));
}

TEST(Cifar10Binary, HashIsTheDocumentedOne) {
  const TempDir dir;
  const std::string record = cifar_record(3, 5);
  EXPECT_EQ(load_dataset(dir.write("a.bin", record)).sha256,
            sha256("1,3,32,32,1\n" + record.substr(1) + "\x03"));
}

TEST(Cifar10Real, TheFirstTestImagesAreThere) {
  const std::filesystem::path file = ASSAY_SHARED_DIR "/data/cifar10/test_batch.bin";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "needs " << file;
  const Dataset set = load_dataset(file);
  EXPECT_EQ(set.size(), 761);
  // cat, ship, ship, airplane, frog, frog, automobile, frog, cat, automobile
  const std::vector<std::uint8_t> first(set.labels.begin(), set.labels.begin() + 10);
  EXPECT_THAT(first, ElementsAre(3, 8, 8, 0, 6, 6, 1, 6, 3, 1));
  EXPECT_EQ(set.image(0)[0], 158);
  EXPECT_EQ(set.image(0)[1], 159);
  EXPECT_EQ(load_dataset(file.parent_path(), {0, 761}).sha256, set.sha256);
}

}  // namespace
}  // namespace assay
