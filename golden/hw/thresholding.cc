// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/thresholds.h"
#include "golden/hw/layers.h"

namespace assay::exact::layers {

Value thresholding(Planner& planner, const Value& x, SlotId slot, const hw::Levels& levels,
                   std::size_t index) {
  const Shape& t = planner.constant(index).shape();
  const std::size_t rank = x.shape.size();
  Shape lead(rank, 1);
  if (t.size() == 2) lead.back() = t[0];
  if (t.size() == rank + 1) lead.assign(t.begin(), t.end() - 1);
  return count_thresholds(planner, x, slot, index, lead, {levels.out_scale, levels.out_bias});
}

}  // namespace assay::exact::layers
