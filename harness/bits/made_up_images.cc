// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/made_up_images.h"

#include <random>

namespace assay {

std::vector<std::int32_t> made_up_images(const Dataset& set, IntegerRange range,
                                         std::uint64_t seed) {
  constexpr int kNoise = 12;
  const std::size_t size = set.values(0).size(), width = static_cast<std::size_t>(set.width);
  const auto least = static_cast<std::int32_t>(range.min),
             most = static_cast<std::int32_t>(range.max);
  const auto count = static_cast<std::uint64_t>(range.max - range.min) + 1;
  std::vector<std::int32_t> pixels;
  pixels.insert(pixels.end(), size, least);
  pixels.insert(pixels.end(), size, most);
  for (const std::size_t odd : {0, 1})
    for (std::size_t i = 0; i < size; ++i)
      pixels.push_back((i / width + i % width) % 2 == odd ? most : least);
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < kNoise * size; ++i)
    pixels.push_back(
        static_cast<std::int32_t>(range.min + static_cast<std::int64_t>(random() % count)));
  return pixels;
}

}  // namespace assay
