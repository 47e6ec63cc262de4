// SPDX-License-Identifier: Apache-2.0
#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {

void plan(const LayerPlanner& layer, const hw::Pick& op) {
  const std::int64_t maps = layer.shape().at(0), height = layer.shape().at(1),
                     width = layer.shape().at(2), channels = layer.shape().at(3);
  Ints source;
  for (std::int64_t n = 0; n < maps; ++n)
    for (const std::int64_t r : op.rows)
      for (const std::int64_t s : op.columns)
        for (std::int64_t k = 0; k < channels; ++k)
          source.push_back(((n * height + r) * width + s) * channels + k);
  layer.move(source);
}

}  // namespace assay::exact::layers
