// SPDX-License-Identifier: Apache-2.0
// Internal to the exact executor: how the hardware layers are planned. Every value that a layer
// computes is an integer of its tensor's data type, or the image is refused.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
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

/// Outputs of a layer, each row-major, from its inputs.
using Function = std::function<std::vector<Ints>(const std::vector<Ints>&)>;

/// A layer while it is planned.
class LayerPlanner {
 public:
  LayerPlanner(Planner& p, const Node& n) : planner(p), node(n) {}
  Planner& planner;
  const Node& node;

  const Shape& shape() const { return *node.inputs.at(0)->shape; }  ///< of input 0
  /// Input `index` as integers, row-major.
  Value integers(std::size_t index) const;
  /// An input that is a constant.
  Integers parameters(std::size_t index) const;
  /// Constant integers beside the inputs, row-major.
  Value constant(const Shape& shape, const Ints& values) const;

  /// Every output is computed from whole tensors.
  void function(const std::vector<Value>& x, Function f) const;
  /// The only output, from the integers of input 0.
  void unary(std::function<Ints(const Integers&)> f) const;
  /// Output `index` takes its elements from those of `parts`, one part after the other: `source`
  /// has the place of each, row-major.
  void move(const std::vector<Value>& parts, const Ints& source, std::size_t index = 0) const;
  /// Every output takes its elements from input 0.
  void move(const Ints& source) const;
  /// Calls f(index) for every output that is there.
  void each_output(const std::function<void(std::size_t)>& f) const;

  /// Sums of type `dtype`, which the node's output is made of: f gets the integers of input 0.
  Value sums(DataType dtype, std::function<Ints(const Ints&)> f) const;
  /// The output of a product: these sums, or their levels where it has thresholds.
  void finish_sums(const Value& value, const hw::MultiplyOp& op) const;
  /// The output's value, which must be integers of its type.
  void finish(const Value& value, std::size_t index = 0) const;
};

/// Levels of the integers of `x`, row-major in its slot, by the thresholds at input `index`.
Value count_levels(Planner& planner, const Value& x, const hw::Levels& levels, std::size_t index);

// What each layer computes, written from its definition in compile/graph/hw/<stem>.h alone:
// golden/hw/<stem>.cc. A layer without its plan does not link.
#define ASSAY_HW_LAYER(stem) void plan(const LayerPlanner& layer, const hw::stems::stem& op);
#include "generated/hw_layers.def"

}  // namespace assay::exact::layers
