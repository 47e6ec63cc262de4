// SPDX-License-Identifier: Apache-2.0
#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {
namespace {

/// `w` is [K, C].
Ints depthwise_sums(const hw::VVAU& op, const Ints& x, const Integers& w) {
  const std::int64_t taps = w.shape.at(0), channels = w.shape.at(1), group = op.pe,
                     vectors = std::ssize(x) / (taps * channels);
  Ints out;
  out.reserve(static_cast<std::size_t>(vectors * channels));
  for (std::int64_t v = 0; v < vectors; ++v)
    for (std::int64_t c = 0; c < channels; ++c) {
      const std::int64_t* tap =
          x.data() + v * taps * channels + c / group * taps * group + c % group;
      std::int64_t sum = 0;
      for (std::int64_t k = 0; k < taps; ++k)
        sum += tap[k * group] * w.q[static_cast<std::size_t>(k * channels + c)];
      out.push_back(sum);
    }
  return out;
}

}  // namespace

void plan(const LayerPlanner& layer, const hw::VVAU& op) {
  const Value sums = layer.sums(op.acc_dtype, [op, w = layer.parameters(1)](const Ints& x) {
    return depthwise_sums(op, x, w);
  });
  layer.finish_sums(sums, op);
}

}  // namespace assay::exact::layers
