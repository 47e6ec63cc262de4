// SPDX-License-Identifier: Apache-2.0
#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {
namespace {

Ints repeated(const hw::UpsampleNearestNeighbour& op, const Shape& x) {
  const std::int64_t rows = x.at(1) * op.scale[0], columns = x.at(2) * op.scale[1],
                     channels = x.at(3);
  Ints source;
  source.reserve(static_cast<std::size_t>(rows * columns * channels));
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) {
      const std::int64_t pixel = r / op.scale[0] * x[2] + c / op.scale[1];
      for (std::int64_t k = 0; k < channels; ++k) source.push_back(pixel * channels + k);
    }
  return source;
}

}  // namespace

void plan(const LayerPlanner& layer, const hw::UpsampleNearestNeighbour& op) {
  layer.move(repeated(op, layer.shape()));
}

}  // namespace assay::exact::layers
