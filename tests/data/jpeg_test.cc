// SPDX-License-Identifier: Apache-2.0
#include "golden/data/jpeg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/error.h"
#include "data/samples.h"

namespace assay {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

std::string jpeg_error(const std::string& bytes) {
  return message_of<UserError>([&] { decode_jpeg(bytes, "x.jpg"); });
}

TEST(Jpeg, ReadsGreyExactlyWhereOneCoefficientSaysItAll) {
  // A block of one value is its first coefficient alone, 8 (100 - 128), which quality 100 keeps.
  const PngImage image = decode_jpeg(jpeg(1, 8, 16, std::vector<std::uint8_t>(128, 100)), "x.jpg");
  EXPECT_EQ(image.channels, 1);
  EXPECT_EQ(image.height, 8);
  EXPECT_EQ(image.width, 16);
  ASSERT_EQ(image.pixels.size(), 128U);
  EXPECT_THAT(image.pixels, Each(100));
}

TEST(Jpeg, ReadsColourIntoPlanes) {
  std::vector<std::uint8_t> samples;
  for (int i = 0; i < 64; ++i) samples.insert(samples.end(), {200, 100, 50});
  // By hand: Y = 124.2, Cb = 86.1, Cr = 182.1, rounded; back from 124, 86, 182: 199.7, 99.9, 49.6.
  const PngImage image = decode_jpeg(jpeg(3, 8, 8, samples), "x.jpg");
  EXPECT_EQ(image.channels, 3);
  ASSERT_EQ(image.pixels.size(), 192U);
  const auto plane = [&](int c) {
    return std::vector<std::uint8_t>(image.pixels.begin() + 64 * c,
                                     image.pixels.begin() + 64 * (c + 1));
  };
  EXPECT_THAT(plane(0), Each(200));
  EXPECT_THAT(plane(1), Each(100));
  EXPECT_THAT(plane(2), Each(50));
}

TEST(Jpeg, RefusesEveryTruncation) {
  std::vector<std::uint8_t> samples;
  for (int i = 0; i < 256; ++i) samples.push_back(static_cast<std::uint8_t>(i * 37));
  const std::string whole = jpeg(1, 16, 16, samples);
  decode_jpeg(whole, "x.jpg");
  for (std::size_t size = 0; size + 2 < whole.size(); ++size)
    EXPECT_THAT(jpeg_error(whole.substr(0, size)), HasSubstr("'x.jpg'")) << size;
  EXPECT_THAT(jpeg_error("\x89PNG\r\n"), HasSubstr("no JPEG file"));
}

TEST(Jpeg, RefusesHugeSizesBeforeAllocating) {
  std::string bytes = jpeg(1, 8, 8, std::vector<std::uint8_t>(64, 1));
  const std::size_t frame = bytes.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  bytes.replace(frame + 5, 4, 4, '\xfd');  // 65021 x 65021
  EXPECT_THAT(jpeg_error(bytes), HasSubstr("at most 67108864 samples"));
}

}  // namespace
}  // namespace assay
