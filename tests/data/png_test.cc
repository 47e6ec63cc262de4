// SPDX-License-Identifier: Apache-2.0
#include "golden/data/png.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "base/temp_dir.h"
#include "compile/base/error.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string big_endian_word(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

std::string chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian_word(static_cast<std::uint32_t>(data.size())) + body +
         big_endian_word(static_cast<std::uint32_t>(crc));
}

std::string deflated(const std::string& bytes) {
  std::string out(compressBound(bytes.size()), '\0');
  uLongf size = out.size();
  compress(reinterpret_cast<Bytef*>(out.data()), &size,
           reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  return out.substr(0, size);
}

/// A PNG file put together by hand: `rows` are filter bytes and samples.
std::string png_file(std::uint32_t width, std::uint32_t height, int depth, int color,
                     const std::string& rows, const std::string& extra = "") {
  std::string header = big_endian_word(width) + big_endian_word(height);
  header += static_cast<char>(depth);
  header += static_cast<char>(color);
  header += std::string(3, '\0');
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + extra + chunk("IDAT", deflated(rows)) +
         chunk("IEND", "");
}

std::string png_error(const std::string& bytes) {
  return message_of<UserError>([&] { decode_png(bytes, "x.png"); });
}

TEST(Png, ReadsRgbIntoPlanes) {
  const PngImage image = decode_png(png_file(2, 1, 8, 2, std::string("\0RGBrgb", 7)), "x.png");
  EXPECT_EQ(image.channels, 3);
  EXPECT_EQ(image.height, 1);
  EXPECT_EQ(image.width, 2);
  EXPECT_THAT(image.pixels, ElementsAre('R', 'r', 'G', 'g', 'B', 'b'));
}

TEST(Png, ReadsGreyRowByRow) {
  const PngImage image = decode_png(png_file(2, 2, 8, 0, std::string("\0ab\0cd", 6)), "x.png");
  EXPECT_EQ(image.channels, 1);
  EXPECT_THAT(image.pixels, ElementsAre('a', 'b', 'c', 'd'));
}

TEST(Png, LeavesSamplesAsStoredWhateverTheGammaSays) {
  const std::string gamma = chunk("gAMA", big_endian_word(100000));
  const PngImage image =
      decode_png(png_file(2, 1, 8, 0, std::string("\0\x40\x80", 3), gamma), "x.png");
  EXPECT_THAT(image.pixels, ElementsAre(0x40, 0x80));
}

TEST(Png, RoundTripsThroughAFile) {
  const TempDir dir;
  for (const std::int64_t channels : {1, 3}) {
    std::vector<std::uint8_t> pixels;
    for (int i = 0; i < channels * 5 * 7; ++i) pixels.push_back(static_cast<std::uint8_t>(37 * i));
    write_png(dir.path() / "a.png", channels, 5, 7, pixels);
    const PngImage image = read_png(dir.path() / "a.png");
    EXPECT_EQ(image.channels, channels);
    EXPECT_EQ(image.height, 5);
    EXPECT_EQ(image.width, 7);
    EXPECT_EQ(image.pixels, pixels);
  }
  EXPECT_EQ(dir.entries(), 1u);
}

TEST(Png, RefusesEveryTruncationAndAFlippedByte) {
  const std::string good = png_file(2, 1, 8, 2, std::string("\0RGBrgb", 7));
  // The last 12 bytes are the IEND chunk, the pixels are whole before it; it is asked for anyway.
  for (std::size_t length = 0; length < good.size(); ++length) {
    SCOPED_TRACE(length);
    EXPECT_THROW(decode_png(good.substr(0, length), "x.png"), UserError);
  }
  std::string bad = good;
  bad[45] = static_cast<char>(bad[45] ^ 1);
  EXPECT_THAT(png_error(bad), AllOf(HasSubstr("x.png"), HasSubstr("damaged")));
}

TEST(Png, RefusesOtherDepthsAndColoursAndTransparency) {
  EXPECT_THAT(png_error(png_file(1, 1, 16, 0, std::string(3, '\0'))), HasSubstr("bit depth 16"));
  EXPECT_THAT(png_error(png_file(1, 1, 1, 0, std::string(2, '\0'))), HasSubstr("bit depth 1"));
  EXPECT_THAT(png_error(png_file(1, 1, 8, 3, std::string(2, '\0'))), HasSubstr("colour type 3"));
  EXPECT_THAT(png_error(png_file(1, 1, 8, 6, std::string(5, '\0'))), HasSubstr("colour type 6"));
  EXPECT_THAT(
      png_error(png_file(1, 1, 8, 0, std::string(2, '\0'), chunk("tRNS", std::string(2, '\0')))),
      HasSubstr("transparency"));
  EXPECT_THAT(png_error("\xff\xd8\xff\xe0 a JPEG file that is long enough"),
              HasSubstr("no PNG file"));
}

TEST(Png, RefusesHugeSizesBeforeAllocating) {
  EXPECT_THAT(png_error(png_file(0x7fffffff, 0x7fffffff, 8, 2, "")), HasSubstr("at most"));
  EXPECT_THAT(png_error(png_file(1 << 14, 1 << 13, 8, 0, "")), HasSubstr("at most"));
  EXPECT_THAT(png_error(png_file(0, 1, 8, 0, "")), HasSubstr("damaged"));
}

TEST(PngDeathTest, PixelsThatDoNotFitAreOurBug) {
  const std::vector<std::uint8_t> pixels(5);
  EXPECT_DEATH(write_png("x.png", 1, 2, 2, pixels), "do not fit");
  EXPECT_DEATH(write_png("x.png", 2, 2, 2, pixels), "1 or 3 channels");
}

}  // namespace
}  // namespace assay
