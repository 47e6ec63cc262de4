// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/made_up_images.h"

#include <random>

namespace assay {

std::vector<std::uint8_t> made_up_images(const Dataset& set, std::uint64_t seed) {
  constexpr int kNoise = 12;
  const std::size_t size = set.image(0).size(), width = static_cast<std::size_t>(set.width);
  std::vector<std::uint8_t> pixels;
  pixels.insert(pixels.end(), size, 0);
  pixels.insert(pixels.end(), size, 255);
  for (const std::size_t odd : {0, 1})
    for (std::size_t i = 0; i < size; ++i)
      pixels.push_back((i / width + i % width) % 2 == odd ? 255 : 0);
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < kNoise * size; ++i)
    pixels.push_back(static_cast<std::uint8_t>(random() % 256));
  return pixels;
}

}  // namespace assay
