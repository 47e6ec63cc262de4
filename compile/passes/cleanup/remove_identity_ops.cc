// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/remove_identity_ops.h"

#include <algorithm>

#include "compile/graph/ops.h"
#include "compile/graph/views.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

bool in_order(const std::vector<std::int64_t>& perm) {
  for (std::size_t i = 0; i < perm.size(); ++i)
    if (perm[i] != static_cast<std::int64_t>(i)) return false;
  return true;
}

bool one_element_window(const ops::Window& window) {
  const auto all = [](const std::vector<std::int64_t>& values, std::int64_t v) {
    return std::ranges::all_of(values, [&](std::int64_t x) { return x == v; });
  };
  return all(window.kernel_shape, 1) && all(window.strides, 1) && all(window.pads, 0);
}

/// The index of the input that the node returns, if its output has that input's shape and
/// container.
std::optional<std::size_t> neutral_input(const Node& node) {
  if (copies_in_order(node) || node.as<ops::Cast>()) return 0;
  if (const auto* op = node.as<ops::Transpose>(); op && in_order(op->perm)) return 0;
  if (node.as<ops::Pad>() && is_constant_of(node, 1, 0)) return 0;
  if (node.as<ops::Add>() || node.as<ops::Sub>()) {
    if (is_constant_of(node, 1, 0)) return 0;
    if (node.as<ops::Add>() && is_constant_of(node, 0, 0)) return 1;
  }
  if (node.as<ops::Mul>() || node.as<ops::Div>()) {
    if (is_constant_of(node, 1, 1)) return 0;
    if (node.as<ops::Mul>() && is_constant_of(node, 0, 1)) return 1;
  }
  if (node.as<ops::Concat>() && node.inputs.size() == 1) return 0;
  if (node.as<ops::Clip>() &&
      std::ranges::all_of(node.inputs.begin() + 1, node.inputs.end(), [](auto* t) { return !t; }))
    return 0;
  if (const auto* op = node.as<ops::MaxPool>(); op && one_element_window(op->window)) return 0;
  if (const auto* op = node.as<ops::AveragePool>(); op && one_element_window(op->window)) return 0;
  return {};
}

/// What `node` returns unchanged, or null.
Tensor* source(const Node& node) {
  const Tensor& output = *node.outputs[0];
  if (const std::optional<std::size_t> index = neutral_input(node)) {
    Tensor* x = node.inputs[*index];
    return known_shape(*x) == known_shape(output) && x->container == output.container ? x : nullptr;
  }
  const Node* before = node.inputs.empty() || !node.inputs[0] ? nullptr : node.inputs[0]->producer;
  const auto *second = node.as<ops::Transpose>(),
             *first = before ? before->as<ops::Transpose>() : nullptr;
  if (!first || !second) return nullptr;
  std::vector<std::int64_t> both;
  for (const std::int64_t axis : second->perm)
    both.push_back(first->perm[static_cast<std::size_t>(axis)]);
  return in_order(both) ? before->inputs[0] : nullptr;
}

}  // namespace

bool remove_identity_ops(Graph& graph, PassContext&) {
  bool changed = false;
  for (Node* node : graph.topological_order()) {
    if (!node->outputs[0]) continue;
    Tensor* x = source(*node);
    if (x) changed |= bypass(graph, x, node->outputs[0]);
  }
  return finish(graph, changed);
}

}  // namespace assay
