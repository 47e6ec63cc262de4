// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/linear.h"
#include "golden/hw/layers.h"

namespace assay::exact::layers {

Ints duplicate_streams(const Shape& x) { return identity_order(element_count(x)); }

}  // namespace assay::exact::layers
