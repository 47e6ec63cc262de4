// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/views.h"

#include "compile/graph/ops.h"

namespace assay {

bool reshapes(const Node& node) { return node.traits().elements == Elements::kReshaped; }

bool copies_in_order(const Node& node) {
  return node.traits().elements == Elements::kSame || reshapes(node);
}

bool keeps_order(const Shape& shape, std::span<const std::int64_t> perm) {
  std::int64_t last = -1;
  for (std::size_t i = 0; i < perm.size(); ++i) {
    if (shape[i] == 1) continue;
    if (perm[i] < last) return false;
    last = perm[i];
  }
  return true;
}

bool is_view(const Node& node) {
  const auto* op = node.as<ops::Transpose>();
  if (!op) return reshapes(node);
  // Axis i of the output is axis perm[i] of the input, which is held the other way round.
  std::vector<std::int64_t> held(op->perm.size());
  for (std::size_t i = 0; i < held.size(); ++i)
    held[static_cast<std::size_t>(op->perm[i])] = static_cast<std::int64_t>(i);
  return keeps_order(known_shape(*node.inputs[0]), held);
}

Row row_along(std::int64_t axis, const Shape& shape) {
  const std::size_t at = ops::normalise_axis(axis, shape.size());
  return {shape[at],
          element_count(Shape(shape.begin() + static_cast<std::ptrdiff_t>(at) + 1, shape.end()))};
}

}  // namespace assay
