// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/made_up_images.h"

#include <functional>
#include <random>

#include "harness/run/images.h"
#include "harness/run/pixel_order.h"

namespace assay {
namespace {

using Pixel = std::function<std::int32_t(IntegerRange range, std::size_t row, std::size_t column)>;

/// Appends what enters at an input.
void append(std::vector<std::int32_t>& pixels, const Tensor& input, const Pixel& pixel) {
  const IntegerRange range = pixel_range(input);
  const auto size = static_cast<std::size_t>(element_count(*input.shape)),
             width = static_cast<std::size_t>(picture_shape(input)[2]);
  for (std::size_t i = 0; i < size; ++i) pixels.push_back(pixel(range, i / width, i % width));
}

std::int32_t least(IntegerRange range) { return static_cast<std::int32_t>(range.min); }
std::int32_t most(IntegerRange range) { return static_cast<std::int32_t>(range.max); }

}  // namespace

std::vector<std::vector<std::int32_t>> made_up_images(const Graph& graph, std::uint64_t seed) {
  constexpr int kNoise = 12;
  std::vector<std::vector<std::int32_t>> images;
  const auto add = [&](const Pixel& pixel) {
    std::vector<std::int32_t>& image = images.emplace_back();
    for (const Tensor* input : graph.inputs()) append(image, *input, pixel);
  };
  add([](IntegerRange range, std::size_t, std::size_t) { return least(range); });
  add([](IntegerRange range, std::size_t, std::size_t) { return most(range); });
  for (const std::size_t odd : {0, 1})
    add([&](IntegerRange range, std::size_t row, std::size_t column) {
      return (row + column) % 2 == odd ? most(range) : least(range);
    });
  std::mt19937_64 random(seed);
  for (int i = 0; i < kNoise; ++i)
    add([&](IntegerRange range, std::size_t, std::size_t) {
      const auto count = static_cast<std::uint64_t>(range.max - range.min) + 1;
      return static_cast<std::int32_t>(range.min + static_cast<std::int64_t>(random() % count));
    });
  return images;
}

}  // namespace assay
