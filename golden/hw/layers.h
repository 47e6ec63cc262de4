// SPDX-License-Identifier: Apache-2.0
// Internal to the exact executor: what each hardware layer computes, written from the definitions
// of compile/graph/hw_ops.h alone.
#pragma once

#include <cstdint>
#include <vector>

#include "compile/graph/hw_ops.h"
#include "golden/exact/plan.h"

namespace assay::exact::layers {

using Ints = std::vector<std::int64_t>;

/// A tensor of integers, row-major.
struct Integers {
  Shape shape;
  Ints q;
};

// ---- Layers that only move elements -----------------------------------------------------------
//
// Each gives, per element of an output, row-major, the element of the input it is: an index into
// the elements of all inputs, one input after the other.

/// Indices from the number of X's elements on are padding.
Ints fm_padding(const hw::FMPadding& op, const Shape& x);
Ints convolution_input_generator(const hw::ConvolutionInputGenerator& op, const Shape& x);
Ints streaming_concat(const std::vector<Shape>& x);
Ints streaming_split(const hw::StreamingSplit& op, const Shape& x, std::size_t output);
Ints upsample(const hw::UpsampleNearestNeighbour& op, const Shape& x);
Ints duplicate_streams(const Shape& x);  ///< of every output
Ints data_width_converter(const Shape& x);
Ints fifo(const Shape& x);
Ints tlast_marker(const Shape& x);

// ---- Layers as functions ----------------------------------------------------------------------

Ints add_streams(const Ints& x0, const Ints& x1);
/// `b` has the size of `a`, or one vector of it, which meets every vector.
Ints eltwise_mul(const Ints& a, const Ints& b);
Ints channelwise_op(const hw::ChannelwiseOp& op, const Integers& x, const Ints& parameters);
Ints pool(const hw::Pool& op, const Integers& x);
Ints global_acc_pool(const hw::GlobalAccPool& op, const Integers& x);
/// Values and indices.
std::vector<Ints> label_select(const hw::LabelSelect& op, const Ints& x);
/// The sums of a VVAU; `w` is [K, C].
Ints vvau(const hw::VVAU& op, const Ints& x, const Integers& w);

// ---- Layers planned with the executor's own products and thresholds
// -------------------------------

/// The sums of an MVAU.
Value mvau(Planner& planner, const hw::MVAU& op);
/// Levels of the integers of `x`, row-major in `slot`, by the thresholds at input `index`.
Value thresholding(Planner& planner, const Value& x, SlotId slot, const hw::Levels& levels,
                   std::size_t index);
/// Sets the node's output.
void join_threshold(Planner& planner, const hw::JoinThreshold& op, const Node& node);

}  // namespace assay::exact::layers
