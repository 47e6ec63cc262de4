// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {
namespace {

Ints pooled(const hw::Pool& op, const Integers& x) {
  const std::int64_t channels = x.shape.back() / op.taps, group = op.pe,
                     windows = std::ssize(x.q) / x.shape.back();
  const bool max = op.function == "max";
  Ints out;
  out.reserve(static_cast<std::size_t>(windows * channels));
  // In grouped order channel c of tap k is element (c / P, k, c % P) of its window.
  for (std::int64_t w = 0; w < windows; ++w)
    for (std::int64_t c = 0; c < channels; ++c) {
      const std::int64_t* tap =
          x.q.data() + w * x.shape.back() + c / group * op.taps * group + c % group;
      std::int64_t value = *tap;
      for (std::int64_t k = 1; k < op.taps; ++k) {
        const std::int64_t next = tap[k * group];
        value = max ? std::max(value, next) : value + next;
      }
      out.push_back(max ? value : value >> op.shift);
    }
  return out;
}

}  // namespace

void plan(const LayerPlanner& layer, const hw::Pool& op) {
  layer.unary([op](const Integers& x) { return pooled(op, x); });
}

}  // namespace assay::exact::layers
