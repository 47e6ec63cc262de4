// SPDX-License-Identifier: Apache-2.0
#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {
namespace {

Ints shifted_sums(const hw::GlobalAccPool& op, const Integers& x) {
  const auto channels = static_cast<std::size_t>(x.shape.back());
  Ints out(channels, 0);
  for (std::size_t i = 0; i < x.q.size(); ++i) out[i % channels] += x.q[i];
  for (std::int64_t& sum : out) sum >>= op.shift;
  return out;
}

}  // namespace

void plan(const LayerPlanner& layer, const hw::GlobalAccPool& op) {
  layer.unary([op](const Integers& x) { return shifted_sums(op, x); });
}

}  // namespace assay::exact::layers
