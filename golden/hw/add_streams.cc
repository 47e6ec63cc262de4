// SPDX-License-Identifier: Apache-2.0
#include "golden/hw/layers.h"

namespace assay::exact::layers {

Ints add_streams(const Ints& x0, const Ints& x1) {
  Ints out(x0.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = x0[i] + x1[i];
  return out;
}

}  // namespace assay::exact::layers
