// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// An image with 8 bits per channel, stored as planes (C, H, W).
struct PngImage {
  std::int64_t channels = 0;  ///< 1 grey, 3 red, green, blue
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels;
};

/// Reads the stored samples as they are: no gamma, no colour profile. UserError naming the file
/// when it is damaged, not 8-bit grey or RGB without transparency, or has more than 2^26 samples.
PngImage read_png(const std::filesystem::path& path);
PngImage decode_png(std::string_view bytes, const std::string& name);

/// Writes `pixels`, planes of channels (1 or 3) * height * width bytes. Aborts when the sizes do
/// not fit; ToolError when the file cannot be written.
void write_png(const std::filesystem::path& path, std::int64_t channels, std::int64_t height,
               std::int64_t width, std::span<const std::uint8_t> pixels);

}  // namespace assay
