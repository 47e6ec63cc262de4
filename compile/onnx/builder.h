// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/onnx/attributes.h"
#include "compile/onnx/tensors.h"

namespace assay {

/// A node on its way from the file's form to the IR's.
struct Draft {
  std::string name;              ///< may be empty
  std::string type, domain;      ///< as in the IR's registry
  std::int64_t version = 1;      ///< of the operator set in the file
  std::vector<Tensor*> inputs;   ///< null: left out
  std::vector<Tensor*> outputs;  ///< null: left out
  std::vector<bool> used;        ///< which outputs anybody reads
  Attributes attributes;
};

/// Grows a graph node by node in topological order, so that shapes and shape arithmetic are known
/// as soon as a node is there.
class GraphBuilder {
 public:
  Graph graph;

  /// A constant under a fresh name that begins with `name`.
  Tensor* add_constant(std::string_view name, Constant value) {
    return graph.add_constant(name, std::move(value));
  }
  /// Makes `tensor` the constant. A float64 value or an integer keeps its container.
  void set_constant(Tensor* tensor, TensorValue value);
  /// Creates the draft's operator, reads and checks everything, adds the node and infers its
  /// outputs.
  Node* add(Draft draft);
  /// A helper node with one output that is read, the one at `index`: `output`, or a fresh one named
  /// after `name`.
  Tensor* add_helper(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, std::string_view name,
                     Tensor* output = nullptr, std::size_t index = 0);

  /// The value when it is a constant or known from shape arithmetic, else null.
  const Constant* value(const Tensor* tensor) const;
  /// UserError when unknown.
  const Shape& shape(const Tensor* tensor) const;
  /// The constant that `tensor` equals through Identity nodes, else `tensor`.
  static Tensor* behind_identities(Tensor* tensor);
  bool is_bool(const Tensor* tensor) const { return bools_.contains(tensor); }

 private:
  void infer(Node& node);
  void check_inputs(const Node& node) const;

  std::unordered_map<const Tensor*, Constant> known_;
  std::unordered_set<const Tensor*> bools_, not_finite_;
};

/// Brings a node of the file to the IR's form at opset 14: older forms, defaults, dialects. May add
/// helper nodes in front and behind. Adds the node itself unless nothing is left of it.
void build_node(GraphBuilder& builder, Draft draft);

/// Checks what quantisers and normalisations ask of their constants: present, finite, positive,
/// integral, of the right length. UserError without the node's name.
void check_parameters(const Node& node);

}  // namespace assay
