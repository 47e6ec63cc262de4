// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/thresholds.h"
#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {

Value count_levels(Planner& planner, const Value& x, const hw::Levels& levels, std::size_t index) {
  const Shape& t = planner.constant(index).shape();
  const std::size_t rank = x.shape.size();
  Shape lead(rank, 1);
  if (t.size() == 2) lead.back() = t[0];
  if (t.size() == rank + 1) lead.assign(t.begin(), t.end() - 1);
  return count_thresholds(planner, x, x.terms[0].slot, index, lead,
                          {levels.out_scale, levels.out_bias});
}

void plan(const LayerPlanner& layer, const hw::Thresholding& op) {
  layer.finish(count_levels(layer.planner, layer.integers(0), op.levels, 1));
}

}  // namespace assay::exact::layers
