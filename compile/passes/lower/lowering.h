// SPDX-License-Identifier: Apache-2.0
// Internal to lower(): the graph under construction and the orders of axes in which it holds the
// tensors of the old one.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/graph/ops.h"
#include "compile/passes/rewrite/pass_report.h"

namespace assay::lowering {

using Axes = std::vector<std::int64_t>;

/// A tensor of the new graph that holds a tensor of the old one: axis i of the old one is axis
/// perm[i] of `tensor`.
struct View {
  Tensor* tensor = nullptr;
  Axes perm;
};

Axes identity_perm(std::size_t rank);
/// [N,C,...] held as [N,...,C].
Axes channels_last_perm(std::size_t rank);
Axes inverse_perm(const Axes& perm);
/// The shape of what holds a tensor of `shape` in the order `perm`.
Shape permuted_shape(const Shape& shape, const Axes& perm);
/// `type`, or a type that also holds 0.
DataType with_zero(const DataType& type);

/// The new graph. Tensors of the old graph are known by the orders in which they exist already; a
/// Transpose is made only when a user needs another order, so that those of the model and those of
/// the lowering meet and vanish.
class Lowering {
 public:
  explicit Lowering(const Graph& old) : old_(old) {}
  Graph graph;
  const Graph& old() const { return old_; }

  void add_input(const Tensor& old);
  /// What holds `old`, best first. Constants and missing inputs have none.
  const std::vector<View>& views(const Tensor* old) const { return views_.at(old); }
  bool is_computed(const Tensor* old) const { return old && views_.contains(old); }
  void add_view(const Tensor* old, View view) { views_[old].push_back(std::move(view)); }
  /// `old` in the order `perm`; `user` is whom a Transpose serves.
  Tensor* in_order(const Tensor* old, const Axes& perm, const Node& user) {
    return in_order(old, perm, user.label());
  }
  Tensor* channels_last(const Tensor* old, const Node& user);
  /// Whether some view of `old` has its elements as `perm` would: only axes of size 1 move.
  bool lies_in_order(const Tensor* old, const Axes& perm) const;
  /// A constant of the old graph as it is; null stays null.
  Tensor* constant(const Tensor* old);
  /// A new constant with the container and data type of `like`.
  Tensor* constant_like(const Tensor& like, Constant value);
  Tensor* axes_constant(const std::string& name, std::vector<std::int64_t> values);

  /// The node that stands for `old`: its outputs hold those of `old` in the order `perm`.
  void emit(const Node& old, std::unique_ptr<Op> op, std::vector<Tensor*> inputs, const Axes& perm);
  template <std::derived_from<Op> OpType>
  void emit(const Node& old, OpType op, std::vector<Tensor*> inputs, const Axes& perm) {
    emit(old, std::make_unique<OpType>(std::move(op)), std::move(inputs), perm);
  }
  /// A node that the old graph has no name for.
  struct Helper {
    std::string name;
    Shape shape;
    DataType dtype;
  };
  Tensor* add(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, const Helper& helper);
  template <std::derived_from<Op> OpType>
  Tensor* add(OpType op, std::vector<Tensor*> inputs, const Helper& helper) {
    return add(std::make_unique<OpType>(std::move(op)), std::move(inputs), helper);
  }
  Tensor* reshape(Tensor* x, const std::string& name, const Shape& shape);

  /// A tensor [N,W,C] as [N,1,W,C], and back.
  Tensor* with_height(Tensor* x);
  Tensor* without_height(Tensor* x, const std::string& name);

  /// The features of `old` (rank 2) lie in another order: feature j of its view is order[j] of old.
  /// Null: the same order.
  using Order = std::shared_ptr<const std::vector<std::int64_t>>;
  Order order(const Tensor* old) const;
  void set_order(const Tensor* old, Order order) { orders_[old] = std::move(order); }
  /// Whether nobody can see the order of the features of `old`: it ends in the rows of constant
  /// matrices, and no checkpoint or output is on the way.
  bool order_is_free(const Tensor& old) const;

  /// Gives the new graph the old one's outputs and checkpoints, and drops what nobody uses.
  void finish();
  /// One remark per Transpose that is left.
  void explain(PassReport& report) const;

 private:
  Tensor* in_order(const Tensor* old, const Axes& perm, const std::string& user);
  View output_view(const Tensor& old);
  void add_output(const Tensor& old);
  const Graph& old_;
  std::unordered_map<const Tensor*, std::vector<View>> views_;
  std::unordered_map<const Tensor*, Tensor*> constants_;
  std::unordered_map<const Tensor*, Tensor*> with_height_;  ///< [N,W,C] -> [N,1,W,C]
  std::unordered_map<const Tensor*, Order> orders_;
  std::unordered_map<std::string, std::string> reasons_;  ///< of Transposes, by name
};

// Each lowers `node` when it belongs to its family; else false.
bool lower_convolution(Lowering& lowering, const Node& node);  ///< conv.cc
bool lower_pool(Lowering& lowering, const Node& node);         ///< pool.cc
bool lower_elementwise(Lowering& lowering, const Node& node);  ///< elementwise.cc
bool lower_channels(Lowering& lowering, const Node& node);     ///< channels.cc
bool lower_move(Lowering& lowering, const Node& node);         ///< moves.cc
bool lower_features(Lowering& lowering, const Node& node);     ///< features.cc

/// DepthToSpace becomes a transposed convolution with weights of 0 and 1, which has layers.
void depth_to_space_as_convolution(Graph& graph);  ///< channels.cc

}  // namespace assay::lowering
