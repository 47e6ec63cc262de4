// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/thresholds.h"
#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {

void plan(const LayerPlanner& layer, const hw::JoinThreshold& op) {
  static_assert(hw::JoinThreshold::kFirstX == ops::JoinThreshold::kFirstX);
  ops::JoinThreshold join;
  join.out_dtype = op.levels.out_dtype;
  join.out_scale = op.levels.out_scale;
  join.out_bias = op.levels.out_bias;
  join.table_min = op.table_min;
  plan_join(layer.planner, join, layer.node);
  layer.finish(Value(layer.planner.values.at(layer.node.outputs[0])));
}

}  // namespace assay::exact::layers
