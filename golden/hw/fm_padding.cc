// SPDX-License-Identifier: Apache-2.0
#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {
namespace {

/// The index of X at place `at` of a padded axis, or -1.
std::int64_t origin(std::int64_t at, std::int64_t before, std::int64_t insert, std::int64_t size) {
  const std::int64_t from = at - before;
  return from >= 0 && from % insert == 0 && from / insert < size ? from / insert : -1;
}

/// Behind the elements of X come those of a pixel of padding.
Ints padded(const hw::FMPadding& op, const Shape& x) {
  const std::int64_t height = x.at(1), width = x.at(2), channels = x.at(3),
                     padding = height * width * channels;
  const std::int64_t rows = op.pads[0] + (height - 1) * op.insert[0] + 1 + op.pads[2],
                     columns = op.pads[1] + (width - 1) * op.insert[1] + 1 + op.pads[3];
  Ints source;
  source.reserve(static_cast<std::size_t>(rows * columns * channels));
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) {
      const std::int64_t h = origin(r, op.pads[0], op.insert[0], height),
                         w = origin(c, op.pads[1], op.insert[1], width);
      const std::int64_t first = h < 0 || w < 0 ? padding : (h * width + w) * channels;
      for (std::int64_t k = 0; k < channels; ++k) source.push_back(first + k);
    }
  return source;
}

}  // namespace

void plan(const LayerPlanner& layer, const hw::FMPadding& op) {
  const Shape pixel{layer.shape().at(3)};
  const Ints padding(static_cast<std::size_t>(pixel[0]), op.pad_value);
  layer.move({layer.integers(0), layer.constant(pixel, padding)}, padded(op, layer.shape()));
}

}  // namespace assay::exact::layers
