// SPDX-License-Identifier: Apache-2.0
#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {

void plan(const LayerPlanner& layer, const hw::Pick& op) {
  const std::int64_t width = layer.shape().at(2), channels = layer.shape().at(3);
  Ints source;
  source.reserve(op.rows.size() * op.columns.size() * static_cast<std::size_t>(channels));
  for (const std::int64_t r : op.rows)
    for (const std::int64_t s : op.columns)
      for (std::int64_t k = 0; k < channels; ++k) source.push_back((r * width + s) * channels + k);
  layer.move(source);
}

}  // namespace assay::exact::layers
