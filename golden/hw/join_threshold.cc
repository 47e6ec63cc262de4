// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/thresholds.h"
#include "golden/hw/layers.h"

namespace assay::exact::layers {

void join_threshold(Planner& planner, const hw::JoinThreshold& op, const Node& node) {
  static_assert(hw::JoinThreshold::kFirstX == ops::JoinThreshold::kFirstX);
  ops::JoinThreshold join;
  join.out_dtype = op.levels.out_dtype;
  join.out_scale = op.levels.out_scale;
  join.out_bias = op.levels.out_bias;
  join.table_min = op.table_min;
  plan_join(planner, join, node);
}

}  // namespace assay::exact::layers
