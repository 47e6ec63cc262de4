// SPDX-License-Identifier: Apache-2.0
// Internal to infer_hw_layers().
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "compile/base/error.h"
#include "compile/graph/hw_ops.h"
#include "compile/passes/layers/infer_hw_layers.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay::hw_inference {

using Ints = std::vector<std::int64_t>;

/// Thrown, before anything has changed, by a rewrite of a node that has no layer.
struct NoLayer {
  std::string why;  ///< "..., what to do"
};

/// The graph while its nodes become layers, in topological order.
class Inference {
 public:
  Inference(Graph& g, bool standalone) : graph(g), standalone_thresholds(standalone) {}
  Graph& graph;
  const bool standalone_thresholds;  ///< not part of the product in front of them

  /// A layer in front of what is being replaced, with one fresh output.
  template <std::derived_from<Op> T>
  Tensor* add(T op, std::vector<Tensor*> inputs, const std::string& name, DataType dtype) {
    return add(std::make_unique<T>(std::move(op)), std::move(inputs), name, dtype);
  }
  /// The layer that takes the place of `old`, the last of which gave `outputs`; it is called as the
  /// first of them.
  template <std::derived_from<Op> T>
  void replace(const std::vector<Node*>& old, T op, std::vector<Tensor*> inputs,
               std::vector<Tensor*> outputs) {
    replace(old, std::make_unique<T>(std::move(op)), std::move(inputs), std::move(outputs));
  }
  void replace(const std::vector<Node*>& old, std::unique_ptr<Op> op, std::vector<Tensor*> inputs,
               std::vector<Tensor*> outputs);
  /// The node goes: whoever reads its output reads `x`, which holds the same elements. False, and
  /// nothing happens, where an output of the graph would lose its name.
  bool drop(Node& node, Tensor* x);
  /// The same, or the node becomes a view: of one output another.
  void drop_or_view(Node& node, Tensor* x);
  bool is_gone(const Node* node) const { return gone_.contains(node); }

  /// `x` as a tensor of another shape, in front of what is being replaced.
  Tensor* viewed(Tensor* x, Shape shape, const std::string& name);
  /// The output of the node becomes a view of `x`, which holds its elements.
  void replace_by_view(Node& node, Tensor* x);

  /// Integers of a hardware parameter.
  Tensor* parameter(const std::string& name, Shape shape, Ints values);
  /// The only reader of `tensor`, which nothing else shows; null when there are others.
  Node* only_reader(const Tensor* tensor) const;
  /// `x` as a stream of `dtype`, which holds its values.
  Tensor* typed(Tensor* x, DataType dtype, const std::string& name);
  /// `x` [N,H,W,C] with `value` around it: top, left, bottom, right. Joins a padding in front of it
  /// that nobody else reads; negative amounts take from that one, or are cut off. `dtype` holds the
  /// elements of x and the value.
  Tensor* padded(Node& user, Tensor* x, Ints pads, std::int64_t value, DataType dtype);
  /// How much `padded` may take away from the rows (0) or columns (1) at the end.
  std::int64_t removable(const Node& user, const Tensor* x, std::size_t axis) const;

 private:
  /// `x` [N,H,W,C] without the rows and columns that negative amounts count.
  Tensor* cropped(Tensor* x, const Ints& pads, const std::string& name);
  Tensor* add(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, const std::string& name,
              DataType dtype);
  const hw::FMPadding* padding_of(const Node& user, const Tensor* x) const;
  std::unordered_set<const Node*> gone_;
};

/// Constants that scale, shift or bound channels: one for all, or one per entry of the last axis.
/// Nothing when it depends on more.
std::optional<Ints> channel_values(const Node& node, std::size_t input);

// Each replaces the node when it belongs to the family; false otherwise.
bool infer_window(Inference& inference, Node& node);       ///< infer_hw_windows.cc
bool infer_product(Inference& inference, Node& node);      ///< infer_hw_products.cc
bool infer_thresholds(Inference& inference, Node& node);   ///< infer_hw_products.cc
bool infer_elementwise(Inference& inference, Node& node);  ///< infer_hw_elementwise.cc
bool infer_move(Inference& inference, Node& node);         ///< infer_hw_moves.cc

}  // namespace assay::hw_inference
