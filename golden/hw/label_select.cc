// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "golden/exact/linear.h"
#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {
namespace {

/// Values and indices.
std::vector<Ints> best(const hw::LabelSelect& op, const Ints& x) {
  Ints order = identity_order(std::ssize(x));
  const auto value = [&](std::int64_t i) { return x[static_cast<std::size_t>(i)]; };
  // Stable: ties keep the lower index first.
  std::ranges::stable_sort(order, [&](std::int64_t a, std::int64_t b) {
    return op.largest ? value(a) > value(b) : value(a) < value(b);
  });
  order.resize(static_cast<std::size_t>(op.k));
  Ints values;
  for (const std::int64_t i : order) values.push_back(value(i));
  return {std::move(values), std::move(order)};
}

}  // namespace

void plan(const LayerPlanner& layer, const hw::LabelSelect& op) {
  layer.function({layer.integers(0)}, [op](const std::vector<Ints>& x) { return best(op, x[0]); });
}

}  // namespace assay::exact::layers
