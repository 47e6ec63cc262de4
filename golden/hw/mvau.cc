// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/linear.h"
#include "golden/hw/layers.h"

namespace assay::exact::layers {

Value mvau(Planner& planner, const hw::MVAU& op) { return matrix_product(planner, op.xnor); }

}  // namespace assay::exact::layers
