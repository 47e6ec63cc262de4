// SPDX-License-Identifier: Apache-2.0
// Internal to the exact executor: linear operators on sums of terms.
#pragma once

#include <cstdint>
#include <vector>

#include "compile/graph/ops.h"
#include "golden/exact/plan.h"

namespace assay::exact {

/// Integer weights with one exact scale per output channel (or one in all).
struct Weights {
  RealArray scale;  ///< scalar or [O]
  std::vector<std::int64_t> q;
};

/// A linear operator: `shape` says how inputs and outputs lie in memory, `out_axis` is the output's
/// channel axis.
struct Linear {
  ConvShape shape;
  std::int64_t batch = 1;
  Shape in, out;
  std::size_t out_axis = 1;
};

/// The operator on a sum: one integer convolution per term, and the exact image of the constant
/// part.
Value apply_linear(Planner& planner, const Linear& linear, const Value& x,
                   const std::vector<Weights>& weights);
/// Matrices times matrices by numpy's rules; both factors lie row-major.
Value product_of_stacks(Planner& planner, const Value& a, const Value& b);
/// Input 0 [.., K] of the current node times its input 1; with `xnor` that is a constant [K, N], both
/// hold bits and the result is the count of equal ones.
Value matrix_product(Planner& planner, bool xnor);
/// A weight tensor as integer weights with one scale per entry of `axis`. `order` brings its
/// elements into [O][...] order: element i of the result is element order[i] of the tensor.
std::vector<Weights> weights_of(Planner& planner, const Value& value, std::size_t axis,
                                const std::vector<std::int64_t>& order);
std::vector<std::int64_t> identity_order(std::int64_t count);  ///< 0, 1, ...
/// The window fields as two spatial axes; a 1-D window gets a first axis of size 1.
ConvShape conv_shape(const ops::Window& w, const Shape& in, std::int64_t out_channels,
                     std::int64_t groups);

}  // namespace assay::exact
