// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {
namespace {

template <typename F>
Ints each(const Integers& x, const Ints& parameters, F&& f) {
  Ints out(x.q.size());
  // One parameter serves all channels.
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = f(x.q[i], parameters[i % parameters.size()]);
  return out;
}

Ints channelwise(const hw::ChannelwiseOp& op, const Integers& x, const Ints& parameters) {
  using I = std::int64_t;
  if (op.function == "add") return each(x, parameters, [](I a, I p) { return a + p; });
  if (op.function == "mul") return each(x, parameters, [](I a, I p) { return a * p; });
  if (op.function == "max") return each(x, parameters, [](I a, I p) { return std::max(a, p); });
  return each(x, parameters, [](I a, I p) { return std::min(a, p); });
}

}  // namespace

void plan(const LayerPlanner& layer, const hw::ChannelwiseOp& op) {
  layer.unary([op, p = layer.parameters(1).q](const Integers& x) { return channelwise(op, x, p); });
}

}  // namespace assay::exact::layers
