// SPDX-License-Identifier: Apache-2.0
// Internal to streamlining: the integer graph that grows.
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compile/graph/ops.h"
#include "compile/passes/streamline/values.h"

namespace assay::streamline {

/// Adds nodes to a graph, knows the bounds of its integers, and names what it adds after the node of
/// the old graph that it stands for.
class Builder {
 public:
  Graph graph;

  /// From now on nodes stand for `node`; null: for the graph's end.
  void stand_for(const Node* node);
  const Node* node() const { return node_; }

  /// A new input.
  Tensor* add_input(std::string_view name, const Shape& shape, const DataType& type);
  /// A new node with one integer output.
  Tensor* add_node(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, const Shape& shape,
                   const Bounds& bounds);
  /// The same whose output is real numbers.
  Tensor* add_real(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, const Shape& shape);
  /// Constants.
  Tensor* integers(std::string_view name, Shape shape, const std::vector<std::int64_t>& values);
  Tensor* reals(std::string_view name, const RealArray& array);

  /// Inclusive bounds of an integer tensor that this made.
  const Bounds& bounds(const Tensor* tensor) const { return bounds_.at(tensor); }
  void set_bounds(const Tensor* tensor, Bounds bounds) { bounds_[tensor] = std::move(bounds); }

  // Integer arithmetic; arrays must hold integers. UserError, naming the node that the result stands
  // for, beyond 62 bits.

  Tensor* times(Tensor* tensor, const RealArray& factor);
  Tensor* plus(Tensor* tensor, const RealArray& addend);
  Tensor* sum(Tensor* a, Tensor* b);
  /// a * b, of which one may broadcast to the other.
  Tensor* product(Tensor* a, Tensor* b);
  /// The larger or smaller of two of one shape.
  Tensor* extreme(Tensor* a, Tensor* b, bool largest);
  /// T over a shape that it broadcasts to: its elements, read again and again.
  Tensor* stretched(Tensor* tensor, const Shape& shape);
  /// [T >= t].
  Tensor* indicator(Tensor* tensor, const RealArray& t);

 private:
  std::unordered_map<const Tensor*, Bounds> bounds_;
  std::map<std::pair<const Tensor*, Shape>, Tensor*> stretched_;
  const Node* node_ = nullptr;
  bool stands_ = false;  ///< the node that keeps the name of `node_` is there
  int helpers_ = 0;      ///< other new nodes for it
};

}  // namespace assay::streamline
