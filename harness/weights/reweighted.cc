// SPDX-License-Identifier: Apache-2.0
#include "harness/weights/reweighted.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/function_digest.h"
#include "compile/graph/hw_ops.h"
#include "compile/hw/constants.h"
#include "compile/hw/layer.h"

namespace assay {
namespace {

bool carries_streams_alone(const Node& node) {
  return node.as<hw::StreamingFIFO>() || node.as<hw::StreamingDataWidthConverter>();
}

bool is_writable(const Node& node) {
  if (const auto* op = node.as<hw::MultiplyOp>()) return op->runtime_writeable_weights;
  if (const auto* op = node.as<hw::Thresholding>()) return op->runtime_writeable_weights;
  if (const auto* op = node.as<hw::JoinThreshold>()) return op->runtime_writeable_weights;
  return false;
}

/// Weights that come from outside are no contents of the hardware.
bool is_external(const Node& node, std::size_t input) {
  const auto* op = node.as<hw::MultiplyOp>();
  return op && input == 1 && op->mem_mode == "external";
}

/// The multipliers of a JoinThreshold, whose type decides widths.
bool are_multipliers(const Node& node, std::size_t input) {
  return node.as<hw::JoinThreshold>() && input == 1;
}

/// Weights, whose type decides widths too.
bool are_weights(const Node& node, std::size_t input) {
  return node.as<hw::MultiplyOp>() && input == 1;
}

std::string type_text(const Tensor& tensor) {
  return fmt::format("{}{}", tensor.dtype.name(),
                     tensor.shape ? shape_text(*tensor.shape) : std::string(" of no known shape"));
}

class Swap {
 public:
  Swap(Graph& graph, const Graph& theirs) : graph_(graph), theirs_(theirs) {}

  void run() {
    for (Node* node : graph_.topological_order())
      if (!carries_streams_alone(*node)) take(*node);
    for (const auto& node : theirs_.nodes())
      if (!graph_.find_node(node->name))
        user_error(
            "the other network has {}, which this one lacks; it is no training of the same network",
            node->label());
    graph_.remove_dead();
  }

 private:
  [[noreturn]] static void refuse(const Node& node, const std::string& why) {
    user_error("{}: {}; weights of another network do not fit this hardware", node.label(), why);
  }

  void take(Node& node) {
    const Node* other = theirs_.find_node(node.name);
    if (!other) refuse(node, "the other network has no layer of this name");
    if (node.op->type() != other->op->type())
      refuse(node, fmt::format("in the other network it is a {}", other->op->type()));
    if (node.inputs.size() != other->inputs.size() || node.outputs.size() != other->outputs.size())
      refuse(node, "it has other inputs or outputs there");
    for (std::size_t i = 0; i < node.inputs.size(); ++i) take_input(node, *other, i);
    if (function_text(node) != function_text(*other))
      refuse(node, "it has other attributes in the other network");
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      require_same(node, node.outputs[i], other->outputs[i]);
  }

  /// Shape and type of a tensor that is no constant.
  static void require_same(const Node& node, const Tensor* a, const Tensor* b) {
    if (!a && !b) return;
    if (!a || !b) refuse(node, "it has other inputs or outputs there");
    if (a->shape != b->shape || a->dtype != b->dtype)
      refuse(node, fmt::format("'{}' is {} here and {} there", printable(a->name), type_text(*a),
                               type_text(*b)));
  }

  void take_input(Node& node, const Node& other, std::size_t i) {
    Tensor* mine = node.inputs[i];
    const Tensor* new_one = other.inputs[i];
    if (!mine || !new_one || !mine->is_constant() || !new_one->is_constant())
      return require_same(node, mine, new_one);
    if (mine->shape != new_one->shape || (are_weights(node, i) && mine->dtype != new_one->dtype))
      refuse(node, fmt::format("its constant '{}' is {} here and {} there", printable(mine->name),
                               type_text(*mine), type_text(*new_one)));
    if (mine->constant->digest() == new_one->constant->digest() && mine->dtype == new_one->dtype)
      return;
    if (!is_writable(node) && !is_external(node, i))
      refuse(
          node,
          fmt::format("its constant '{}' differs, and nobody can write it at run time; begin a run "
                      "with --runtime-weights",
                      printable(mine->name)));
    Tensor* constant = graph_.add_constant(mine->name, *new_one->constant);
    constant->dtype = new_one->dtype;
    constant->container = new_one->container;
    graph_.set_input(&node, i, constant);
  }

  Graph& graph_;
  const Graph& theirs_;
};

/// Multipliers get the type for which the hardware is made.
void keep_widths(Graph& graph, const Graph& ours) {
  for (const auto& node : graph.nodes())
    for (std::size_t i = 0; i < node->inputs.size(); ++i) {
      if (!are_multipliers(*node, i) || !node->inputs[i]) continue;
      const DataType& type = ours.find_node(node->name)->inputs[i]->dtype;
      for (const std::int64_t value : hw::integer_constant(*node, i))
        if (value < type.min() || value > type.max())
          user_error(
              "{}: its multiplier {} does not fit the {} of this hardware; weights of this "
              "training need hardware of their own",
              node->label(), value, type.name());
      node->inputs[i]->dtype = type;
    }
}

bool same_stream(const hw::Stream& a, const hw::Stream& b) {
  return a.dtype == b.dtype && a.lanes == b.lanes && a.beats == b.beats && a.last == b.last;
}

bool same_parameter(const hw::Parameter& a, const hw::Parameter& b) {
  return a.name == b.name && a.value == b.value;
}

/// What reweighted() promises of the hardware, proved of what it made.
void require_same_hardware(const Graph& graph, const Graph& ours) {
  for (const auto& node : graph.nodes()) {
    if (!hw::find_layer(*node)) continue;
    const hw::Layer after = hw::build_layer(*node),
                    before = hw::build_layer(*ours.find_node(node->name));
    const bool same = after.module == before.module &&
                      std::ranges::equal(after.parameters, before.parameters, same_parameter) &&
                      std::ranges::equal(after.inputs, before.inputs, same_stream) &&
                      std::ranges::equal(after.outputs, before.outputs, same_stream);
    if (!same)
      user_error("{}: with these weights it would be other hardware; they need a run of their own",
                 node->label());
    if (!is_writable(*node) && !is_external(*node, 1) && after.images != before.images)
      user_error("{}: its memories differ, and nobody can write them at run time", node->label());
  }
}

}  // namespace

Graph reweighted(const Graph& ours, const Graph& theirs) {
  Graph graph = ours;
  Swap(graph, theirs).run();
  if (function_digest(graph) != function_digest(theirs))
    user_error(
        "the other network differs from this one in more than weights: its layers are connected in "
        "another way");
  keep_widths(graph, ours);
  require_same_hardware(graph, ours);
  return graph;
}

}  // namespace assay
