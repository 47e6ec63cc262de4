// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "golden/exact/linear.h"
#include "golden/hw/layers.h"

namespace assay::exact::layers {

std::vector<Ints> label_select(const hw::LabelSelect& op, const Ints& x) {
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

}  // namespace assay::exact::layers
