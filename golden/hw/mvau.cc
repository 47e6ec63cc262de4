// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/linear.h"
#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {

void plan(const LayerPlanner& layer, const hw::MVAU& op) {
  layer.finish_sums(matrix_product(layer.planner, op.xnor), op);
}

}  // namespace assay::exact::layers
