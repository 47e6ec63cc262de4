// SPDX-License-Identifier: Apache-2.0
#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {
namespace {

Ints part(const hw::StreamingSplit& op, const Shape& x, std::size_t output) {
  std::int64_t first = 0;
  for (std::size_t i = 0; i < output; ++i) first += op.channels[i];
  Ints source;
  const std::int64_t count = element_count(x), channels = x.back();
  for (std::int64_t vector = 0; vector < count; vector += channels)
    for (std::int64_t c = 0; c < op.channels.at(output); ++c) source.push_back(vector + first + c);
  return source;
}

}  // namespace

void plan(const LayerPlanner& layer, const hw::StreamingSplit& op) {
  layer.each_output(
      [&](std::size_t i) { layer.move({layer.integers(0)}, part(op, layer.shape(), i), i); });
}

}  // namespace assay::exact::layers
