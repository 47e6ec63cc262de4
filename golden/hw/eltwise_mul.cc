// SPDX-License-Identifier: Apache-2.0
#include "golden/hw/layers.h"

namespace assay::exact::layers {

Ints eltwise_mul(const Ints& a, const Ints& b) {
  Ints out(a.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = a[i] * b[i % b.size()];
  return out;
}

}  // namespace assay::exact::layers
