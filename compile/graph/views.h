// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "compile/graph/graph.h"

namespace assay {

/// Whether the operator only names another shape: Flatten, Reshape, Squeeze, Unsqueeze.
bool reshapes(const Node& node);
/// Whether the elements of the output are those of input 0 in row-major order.
bool copies_in_order(const Node& node);
/// Whether a tensor of `shape`, axis i of which is held as axis perm[i], has the same elements one after the other: only axes of
/// size 1 move.
bool keeps_order(const Shape& shape, std::span<const std::int64_t> perm);
/// Whether the node is a view: its output is its input's elements in the same order. The shapes of inputs must be known.
bool is_view(const Node& node);

/// Elements along an axis: how many, and how far apart they lie; what an axis means, whatever axes of one
/// element are beside it.
struct Row {
  std::int64_t size = 1, stride = 1;
  friend bool operator==(const Row&, const Row&) = default;
};
Row row_along(std::int64_t axis, const Shape& shape);

}  // namespace assay
