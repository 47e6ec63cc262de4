// SPDX-License-Identifier: Apache-2.0
// Internal to convert_to_xnor(): what counting bits leaves out, and thresholds that make up for it.
#pragma once

#include "compile/graph/graph.h"
#include "compile/graph/ops.h"

namespace assay {

/// sum = 2 * count + correction. Where a window pads with 0, its bit 0 counts as -1: the weights
/// under the padding are added back, which depends on the position.
struct Border {
  Constant correction;  ///< integers [1,H,W,C], or [1] without padding
  bool is_uniform() const { return correction.size() == 1; }
  DataType type() const;
};

/// Whether the window inserts zeros.
bool pads_with_zero(const ops::Im2Col& op);
/// The border of the product of `x` with the matrix `signs` of +-1, whose result has shape `out`.
Border border_of(const Tensor& x, const Constant& signs, const Shape& out);

/// Whether `tensor` is a constant of integers below 2^53.
bool has_integer_thresholds(const Tensor& tensor);
/// Makes the thresholds of `user` (MultiThreshold, or JoinThreshold of one input) on a sum those on
/// `count`: sum >= T exactly when count >= ceil((T - correction) / 2).
void move_thresholds(Graph& graph, Node* user, Tensor* count, const Border& border);

}  // namespace assay
