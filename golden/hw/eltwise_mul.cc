// SPDX-License-Identifier: Apache-2.0
#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {

void plan(const LayerPlanner& layer, const hw::EltwiseMul&) {
  layer.function({layer.integers(0), layer.integers(1)}, [](const std::vector<Ints>& x) {
    const Ints &a = x[0], &b = x[1];  // b: the size of a, or one vector that meets every vector
    Ints out(a.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = a[i] * b[i % b.size()];
    return std::vector<Ints>{std::move(out)};
  });
}

}  // namespace assay::exact::layers
