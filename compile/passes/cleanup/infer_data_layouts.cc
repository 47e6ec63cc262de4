// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/infer_data_layouts.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "compile/graph/ops.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

using Layouts = std::unordered_map<const Tensor*, Layout>;

std::size_t rank_of(const Tensor& tensor) { return known_shape(tensor).size(); }

Layout channels_first(std::size_t rank) {
  constexpr std::array<Layout, 5> kByRank = {Layout::kUnknown, Layout::kUnknown, Layout::kNC,
                                             Layout::kNCW, Layout::kNCHW};
  return rank < kByRank.size() ? kByRank[rank] : Layout::kUnknown;
}

/// Rows and columns of three values are pictures in colour, channels last.
Layout guess(const Shape& shape) {
  constexpr std::int64_t kColours = 3;
  if (shape.size() == 3) return Layout::kNWC;
  const bool last =
      shape.size() == 4 && shape[3] == kColours && shape[1] > kColours && shape[2] > 1;
  return last ? Layout::kNHWC : channels_first(shape.size());
}

/// The layout that the operator itself demands of its data, and gives its result.
Layout demanded(const Node& node) {
  switch (node.traits().demands) {
    case Demands::kAny:
      break;
    case Demands::kChannelsFirst:
      return channels_first(rank_of(*node.inputs[0]));
    case Demands::kChannelsLast:
      return Layout::kNHWC;
    case Demands::kMatrix:
      return Layout::kNC;
    case Demands::kDeclared:
      return node.op->declared_layout();
  }
  return Layout::kUnknown;
}

/// Whether axes keep their meaning from the inputs of full rank to the output.
bool keeps_axes(const Node& node) { return node.traits().axes == Axes::kKept; }

Layout permuted(Layout layout, const std::vector<std::int64_t>& perm) {
  const std::string_view name = layout_name(layout);
  if (name.size() != perm.size()) return Layout::kUnknown;
  std::string result;
  for (const std::int64_t axis : perm) result += name[static_cast<std::size_t>(axis)];
  return parse_layout(result).value_or(Layout::kUnknown);
}

std::vector<std::int64_t> inverse(const std::vector<std::int64_t>& perm) {
  std::vector<std::int64_t> result(perm.size());
  for (std::size_t i = 0; i < perm.size(); ++i)
    result[static_cast<std::size_t>(perm[i])] = static_cast<std::int64_t>(i);
  return result;
}

Layout squeezed(Layout layout, const Constant* axes) {
  const std::string_view name = layout_name(layout);
  if (name.empty() || !axes || !axes->is_int()) return Layout::kUnknown;
  std::string result(name);
  for (const std::int64_t axis : axes->ints()) result[ops::normalise_axis(axis, name.size())] = ' ';
  std::erase(result, ' ');
  return parse_layout(result).value_or(Layout::kUnknown);
}

Layout known(const Layouts& layouts, const Tensor* tensor) {
  const auto it = tensor ? layouts.find(tensor) : layouts.end();
  return it == layouts.end() ? Layout::kUnknown : it->second;
}

/// The first decision about a tensor stands.
void decide(Layouts& layouts, const Tensor* tensor, Layout layout) {
  if (!tensor || tensor->constant || layout == Layout::kUnknown) return;
  if (layout_name(layout).size() == rank_of(*tensor)) layouts.emplace(tensor, layout);
}

void propagate_backward(Layouts& layouts, const Node& node) {
  const Layout layout = known(layouts, node.outputs[0]);
  if (keeps_axes(node))
    for (const Tensor* input : node.inputs) decide(layouts, input, layout);
  if (const auto* op = node.as<ops::Transpose>())
    decide(layouts, node.inputs[0], permuted(layout, inverse(op->perm)));
}

/// The layout of the first input of full rank that has one.
Layout kept_layout(const Layouts& layouts, const Node& node, const Tensor& output) {
  for (const Tensor* input : node.inputs)
    if (input && input->shape && rank_of(*input) == rank_of(output) &&
        known(layouts, input) != Layout::kUnknown)
      return known(layouts, input);
  return Layout::kUnknown;
}

/// The last axis holds the features.
Layout feature_layout(Layout first, const Tensor& output) {
  if (rank_of(output) == 2) return Layout::kNC;
  return layout_name(first).ends_with('C') ? first : Layout::kUnknown;
}

Layout regrouped_layout(Layout first, const Node& node, const Tensor& output) {
  if (const auto* op = node.as<ops::Transpose>()) return permuted(first, op->perm);
  if (node.as<ops::Squeeze>()) return squeezed(first, constant_input(node, 1));
  if (node.as<ops::Flatten>()) return Layout::kNC;
  if (!node.as<ops::Reshape>()) return Layout::kUnknown;
  if (known_shape(*node.inputs[0]) == known_shape(output)) return first;
  return rank_of(output) == 2 ? Layout::kNC : Layout::kUnknown;
}

Layout result_layout(const Layouts& layouts, const Node& node, const Tensor& output) {
  switch (node.traits().axes) {
    case Axes::kKept:
      return kept_layout(layouts, node, output);
    case Axes::kFeatures:
      return feature_layout(known(layouts, node.inputs[0]), output);
    case Axes::kRegrouped:
      return regrouped_layout(known(layouts, node.inputs[0]), node, output);
    case Axes::kDemanded:  // decided already
      break;
  }
  return Layout::kUnknown;
}

bool depends_on_input(const Node& node) {
  return std::ranges::any_of(node.inputs, [](const Tensor* t) { return t && !t->constant; });
}

/// What inputs and operators, seen from both sides, say of the graph's inputs, and of others.
Layouts infer_inputs(const Graph& graph, const std::vector<Node*>& order) {
  Layouts layouts;
  for (const Tensor* input : graph.inputs()) decide(layouts, input, input->layout);
  for (const Node* node : order) {
    decide(layouts, node->inputs[0], demanded(*node));
    decide(layouts, node->outputs[0], demanded(*node));
  }
  for (auto it = order.rbegin(); it != order.rend(); ++it) propagate_backward(layouts, **it);
  for (const Tensor* input : graph.inputs()) decide(layouts, input, guess(known_shape(*input)));
  return layouts;
}

Layouts infer(const Graph& graph) {
  const std::vector<Node*> order = graph.topological_order();
  Layouts layouts = infer_inputs(graph, order);
  for (const Node* node : order) {
    if (!depends_on_input(*node)) continue;
    for (const Tensor* output : node->outputs)
      if (output) decide(layouts, output, result_layout(layouts, *node, *output));
  }
  return layouts;
}

}  // namespace

void decide_input_layouts(Graph& graph) {
  const auto shaped = [](const auto& tensor) { return tensor->constant || tensor->shape; };
  if (!std::ranges::all_of(graph.tensors(), shaped)) return;
  const Layouts layouts = infer_inputs(graph, graph.topological_order());
  for (Tensor* input : graph.inputs())
    if (input->layout == Layout::kUnknown) input->layout = known(layouts, input);
}

bool infer_data_layouts(Graph& graph, PassContext&) {
  bool changed = false;
  const Layouts layouts = infer(graph);
  for (const auto& tensor : graph.tensors()) {
    const Layout layout = known(layouts, tensor.get());
    if (layout == Layout::kUnknown || layout == tensor->layout) continue;
    tensor->layout = layout;
    changed = true;
  }
  return changed;
}

}  // namespace assay
