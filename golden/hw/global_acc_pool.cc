// SPDX-License-Identifier: Apache-2.0
#include "golden/hw/layers.h"

namespace assay::exact::layers {

Ints global_acc_pool(const hw::GlobalAccPool& op, const Integers& x) {
  const auto channels = static_cast<std::size_t>(x.shape.back());
  Ints out(channels, 0);
  for (std::size_t i = 0; i < x.q.size(); ++i) out[i % channels] += x.q[i];
  for (std::int64_t& sum : out) sum >>= op.shift;
  return out;
}

}  // namespace assay::exact::layers
