// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// Where each output element of an operator that only moves data comes from.
struct IndexMap {
  Shape shape;  ///< of the output
  /// Per output element, row-major: the flat index into the concatenation of the elements of the
  /// data inputs, or -1 for padding.
  std::vector<std::int64_t> source;
  std::vector<std::size_t> inputs;  ///< which of the node's inputs are the data inputs, in order
  Real padding;                     ///< the value of every element with source -1
};

/// The map of a node whose output elements are each a copy of one input element or padding:
/// Identity, DebugMarker, Flatten, Reshape, Transpose, Squeeze, Unsqueeze, Concat, Pad, Resize
/// (coordinates in rational arithmetic, scales as their exact float32 values), DepthToSpace, Im2Col
/// and Gather with constant indices. Nothing for every other node. Shapes are taken as recorded,
/// the batch axis included; UserError when one is unknown, or an operand that must be a constant is
/// not one.
std::optional<IndexMap> index_map(const Node& node);

}  // namespace assay
