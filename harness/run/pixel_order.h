// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// Channels, rows and columns of the images that an input takes: by its layout where it has four axes,
/// or three (one row), else one row of all elements.
std::array<std::int64_t, 3> picture_shape(const Tensor& input);

/// Where each element of the input lies in an image of planes (channel, row, column): moved where
/// the input's layout has the channels last, empty where the order is the same.
std::vector<std::size_t> pixel_order(const Tensor& input);

/// An image's pixels in such an order.
template <typename T>
std::vector<T> ordered_pixels(std::span<const std::int32_t> pixels,
                              const std::vector<std::size_t>& order) {
  std::vector<T> values;
  values.reserve(pixels.size());
  if (order.empty())
    for (const std::int32_t pixel : pixels) values.push_back(static_cast<T>(pixel));
  for (const std::size_t at : order) values.push_back(static_cast<T>(pixels[at]));
  return values;
}

}  // namespace assay
