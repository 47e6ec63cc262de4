// SPDX-License-Identifier: Apache-2.0
#include "golden/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "data/samples.h"
#include "golden/data/npy.h"
#include "golden/data/png.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string dataset_error(const std::filesystem::path& path, ImageRange range = {}) {
  return message_of<UserError>([&] { load_dataset(path, range); });
}

template <typename T>
void save(const std::filesystem::path& path, std::vector<std::int64_t> shape,
          std::vector<T> values) {
  write_npy(path, make_npy<T>(std::move(shape), values));
}

void save_png(const std::filesystem::path& path, std::int64_t channels, std::int64_t height,
              std::int64_t width, std::uint8_t first) {
  std::filesystem::create_directories(path.parent_path());
  std::vector<std::uint8_t> pixels;
  for (std::int64_t i = 0; i < channels * height * width; ++i)
    pixels.push_back(static_cast<std::uint8_t>(first + i));
  write_png(path, channels, height, width, pixels);
}

TEST(ImageRange, ReadsACountOrAPair) {
  EXPECT_EQ(parse_image_range("100").begin, 0);
  EXPECT_EQ(parse_image_range("100").end, 100);
  EXPECT_EQ(parse_image_range("10:20").begin, 10);
  EXPECT_EQ(parse_image_range("10:20").end, 20);
  EXPECT_EQ(parse_image_range("9223372036854775807").end, INT64_MAX);
}

TEST(ImageRange, RefusesNonsenseAndEmptyRanges) {
  for (const char* text : {"",
                           ":",
                           "5:",
                           ":5",
                           "1:2:3",
                           "-1",
                           "-1:3",
                           "1:-1",
                           "+5",
                           " 5",
                           "5 ",
                           "0x10",
                           "1e3",
                           "all",
                           "1.5",
                           "9223372036854775808",
                           "1:99999999999999999999",
                           "5:x",
                           "x:5",
                           "\n",
                           "1::2"}) {
    SCOPED_TRACE(text);
    EXPECT_THAT(message_of<UserError>([&] { parse_image_range(text); }),
                HasSubstr("is no range of images"));
  }
  for (const char* text : {"0", "0:0", "5:5", "7:3"}) {
    SCOPED_TRACE(text);
    EXPECT_THAT(message_of<UserError>([&] { parse_image_range(text); }), HasSubstr("is empty"));
  }
}

TEST(Dataset, RefusesWhatItDoesNotKnowAndSaysWhatItReads) {
  const TempDir dir;
  EXPECT_THAT(dataset_error(dir.path() / "missing"),
              AllOf(HasSubstr("there is no"), HasSubstr(".npy")));
  EXPECT_THAT(dataset_error(dir.path()),
              AllOf(HasSubstr("no known data set"), HasSubstr("CIFAR-10")));
  EXPECT_THAT(dataset_error(dir.write("x.jpg", "x")), HasSubstr("no known data set"));
  EXPECT_THAT(dataset_error("/dev/zero"), HasSubstr("no known data set"));
  EXPECT_THAT(dataset_error(dir.path() / "a'\n\x1b"), HasSubstr("a\\'\\x0a\\x1b"));
}

TEST(DatasetDeathTest, AnImageOutsideTheSetIsOurBug) {
  Dataset set;
  set.channels = set.height = set.width = 1;
  set.pixels = {5};
  EXPECT_EQ(set.image(0)[0], 5);
  EXPECT_DEATH(set.image(1), "outside the data set");
  EXPECT_DEATH(set.image(-1), "outside the data set");
}

TEST(NpyImages, ReadsImagesWithLabelsBesideThem) {
  const TempDir dir;
  const auto file = dir.path() / "x.npy";
  save<std::uint8_t>(file, {3, 1, 1, 2}, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(load_dataset(file).labels, IsEmpty());
  save<std::int64_t>(dir.path() / "x.labels.npy", {3}, {0, 255, 7});
  const Dataset set = load_dataset(file, {1, 3});
  EXPECT_EQ(set.size(), 2);
  EXPECT_THAT(set.labels, ElementsAre(255, 7));
  EXPECT_THAT(set.pixels, ElementsAre(3, 4, 5, 6));
}

TEST(NpyImages, LabelsGoBeyondAByte) {
  const TempDir dir;
  const auto file = dir.path() / "x.npy";
  save<std::uint8_t>(file, {2, 1, 1, 1}, {1, 2});
  save<std::int64_t>(dir.path() / "x.labels.npy", {2}, {999, 65535});
  const Dataset set = load_dataset(file);
  EXPECT_THAT(set.labels, ElementsAre(999, 65535));
  EXPECT_EQ(set.sha256, sha256(std::string("2,1,1,1,2\n\x01\x02\xe7\x03\xff\xff")));
  save<std::uint16_t>(dir.path() / "x.labels.npy", {2}, {7, 255});
  EXPECT_EQ(load_dataset(file).sha256, sha256(std::string("2,1,1,1,2\n\x01\x02\x07\xff")));
}

TEST(NpyImages, RefusesOtherTypesShapesAndLabels) {
  const TempDir dir;
  const auto file = dir.path() / "x.npy";
  save<std::uint8_t>(file, {}, {1});
  EXPECT_THAT(dataset_error(file), HasSubstr("single number"));
  save<std::int64_t>(file, {2, 1}, {1, 1LL << 31});
  EXPECT_THAT(dataset_error(file), HasSubstr("holds 2147483648; integers of up to 32 bits"));
  save<std::uint8_t>(file, {0, 3, 2, 2}, {});
  EXPECT_THAT(dataset_error(file), HasSubstr("holds no images"));
  save<std::uint8_t>(file, {2, 3, 0, 2}, {});
  EXPECT_THAT(dataset_error(file), HasSubstr("without pixels"));
  save<std::uint8_t>(file, {2, 1, 1, 1}, {1, 2});
  const auto labels = dir.path() / "x.labels.npy";
  save<std::int64_t>(labels, {3}, {1, 2, 3});
  EXPECT_THAT(dataset_error(file), HasSubstr("one label for each of the 2 images"));
  save<std::int64_t>(labels, {2}, {1, 65536});
  EXPECT_THAT(dataset_error(file),
              AllOf(HasSubstr("x.labels.npy"), HasSubstr("element 1 is 65536")));
  save<float>(labels, {2}, {1, 2});
  EXPECT_THAT(dataset_error(file), HasSubstr("labels are integers"));
}

TEST(NpyImages, ReadsIntegersOfAnyTypeAsTheNarrowest) {
  const TempDir dir;
  const auto file = dir.path() / "x.npy";
  const auto type_of = [&](std::vector<std::int32_t> values) {
    save<std::int32_t>(file, {2, 1}, values);
    const Dataset set = load_dataset(file);
    EXPECT_EQ(set.values(0)[0], values[0]);
    EXPECT_EQ(set.values(1)[0], values[1]);
    EXPECT_EQ(set.size(), 2);
    return npy_type_name(set.type);
  };
  EXPECT_EQ(type_of({0, 255}), "uint8");
  EXPECT_EQ(type_of({-1, 127}), "int8");
  EXPECT_EQ(type_of({0, 65535}), "uint16");
  EXPECT_EQ(type_of({-1, 128}), "int16");
  EXPECT_EQ(type_of({-32768, 32767}), "int16");
  EXPECT_EQ(type_of({INT32_MIN, INT32_MAX}), "int32");
  save<std::int16_t>(file, {2, 1}, {-2, 258});
  EXPECT_EQ(load_dataset(file).sha256,
            sha256(std::string("2,1,1,1,0,int16\n\xfe\xff\x02\x01", 20)));
}

TEST(NpyImages, KeepsTheAxesOfTheArray) {
  const TempDir dir;
  const auto file = dir.path() / "x.npy";
  save<float>(file, {1, 2, 3}, {0, 1, 2, 3, 4, 0.5F});
  const Dataset set = load_dataset(file);
  EXPECT_THAT(set.shape, ElementsAre(2, 3));
  EXPECT_TRUE(set.has_floats());
  EXPECT_EQ(set.channels, 2);
  EXPECT_EQ(set.height, 1);
  EXPECT_EQ(set.width, 3);
  EXPECT_EQ(set.size(), 1);
  save<std::uint8_t>(file, {2}, {1, 2});
  EXPECT_THAT(load_dataset(file).shape, IsEmpty()) << "one number an image";
  save<double>(file, {1, 1, 2, 1, 3}, {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(load_dataset(file).width, 6);
}

TEST(PngFolder, OrdersClassesAndFilesByName) {
  const TempDir dir;
  save_png(dir.path() / "dog" / "2.png", 3, 2, 2, 20);
  save_png(dir.path() / "dog" / "10.png", 3, 2, 2, 10);
  save_png(dir.path() / "Cat" / "x.png", 3, 2, 2, 30);
  dir.write(".hidden/x.txt", "ignored");
  const Dataset set = load_dataset(dir.path());
  EXPECT_THAT(set.class_names, ElementsAre("Cat", "dog"));
  EXPECT_THAT(set.labels, ElementsAre(0, 1, 1));
  EXPECT_EQ(set.image(0)[0], 30);
  EXPECT_EQ(set.image(1)[0], 10);
  EXPECT_EQ(set.image(2)[11], 31);
  EXPECT_THAT(load_dataset(dir.path(), {1, 2}).labels, ElementsAre(1));
  EXPECT_EQ(load_dataset(dir.path() / "").name, set.name);
}

TEST(PngFolder, RefusesImagesOfDifferentSizesAndNamesBoth) {
  const TempDir dir;
  save_png(dir.path() / "a" / "1.png", 3, 2, 2, 0);
  save_png(dir.path() / "a" / "2.png", 3, 2, 3, 0);
  EXPECT_THAT(dataset_error(dir.path()),
              AllOf(HasSubstr("2.png' is 2 x 3"), HasSubstr("1.png' is 2 x 2")));
  EXPECT_EQ(load_dataset(dir.path(), {0, 1}).size(), 1) << "the range leaves the other one out";
}

TEST(PictureFolder, GreyAmongColourIsAColour) {
  const TempDir dir;
  save_png(dir.path() / "a" / "1.png", 1, 1, 2, 10);
  save_png(dir.path() / "a" / "2.png", 3, 1, 2, 20);
  save_png(dir.path() / "b" / "3.png", 1, 1, 2, 30);
  const Dataset set = load_dataset(dir.path());
  EXPECT_EQ(set.channels, 3);
  EXPECT_TRUE(set.pictures);
  EXPECT_THAT(set.values(0), ElementsAre(10, 11, 10, 11, 10, 11));
  EXPECT_THAT(set.values(1), ElementsAre(20, 21, 22, 23, 24, 25));
  EXPECT_THAT(set.values(2), ElementsAre(30, 31, 30, 31, 30, 31));
}

TEST(PictureFolder, ReadsJpegBesidePng) {
  const TempDir dir;
  save_png(dir.path() / "a" / "1.png", 1, 8, 8, 0);
  dir.write("b/2.jpg", jpeg(1, 8, 8, std::vector<std::uint8_t>(64, 100)));
  dir.write("b/3.JPEG", jpeg(1, 8, 8, std::vector<std::uint8_t>(64, 50)));
  const Dataset set = load_dataset(dir.path());
  EXPECT_THAT(set.labels, ElementsAre(0, 1, 1));
  EXPECT_EQ(set.values(1)[63], 100);
  EXPECT_EQ(set.values(2)[0], 50);
  dir.write("b/4.jpg", "no picture");
  EXPECT_THAT(dataset_error(dir.path()), HasSubstr("4.jpg' is no JPEG file"));
}

TEST(PngFolder, RefusesStrayFilesAndEmptyFolders) {
  const TempDir dir;
  std::filesystem::create_directories(dir.path() / "a");
  EXPECT_THAT(dataset_error(dir.path()), HasSubstr("holds no PNG or JPEG files"));
  save_png(dir.path() / "a" / "1.png", 1, 1, 1, 0);
  dir.write("a/photo.gif", "x");
  EXPECT_THAT(dataset_error(dir.path()), HasSubstr("photo.gif' is no .png or .jpg file"));
  std::filesystem::remove(dir.path() / "a" / "photo.gif");
  dir.write("labels.txt", "x");
  EXPECT_THAT(dataset_error(dir.path()), HasSubstr("labels.txt' lies beside"));
}

}  // namespace
}  // namespace assay
