// SPDX-License-Identifier: Apache-2.0
#include "harness/run/input_quantiser.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "compile/base/error.h"
#include "compile/graph/checkpoints.h"
#include "compile/graph/ops.h"
#include "compile/graph/views.h"
#include "golden/exact/executor.h"

namespace assay {
namespace {

constexpr int kMostBits = 31;

bool has_scalar_parameters(const Node& node) {
  return std::ranges::all_of(node.inputs.begin() + 1, node.inputs.end(), [](const Tensor* t) {
    return !t || (t->constant && t->constant->size() == 1);
  });
}

bool moves(const Node& node) {
  return reshapes(node) || node.as<ops::Transpose>() || node.as<ops::Identity>();
}

bool quantises(const Node& node) {
  return node.as<ops::Quant>() || node.as<ops::QuantizeLinear>() || node.as<ops::Clip>() ||
         node.as<ops::DequantizeLinear>();
}

bool ends(const Node& node) { return node.as<ops::Quant>() || node.as<ops::DequantizeLinear>(); }

/// Neither a narrow range nor a Clip cuts integers of its type off.
bool keeps_all_integers(const std::vector<const Node*>& nodes) {
  return std::ranges::none_of(nodes, [](const Node* node) {
    const auto* quant = node->as<ops::Quant>();
    return (quant && quant->narrow) || node->as<ops::Clip>();
  });
}

/// The nodes of the quantiser behind `tensor`, or none.
std::vector<const Node*> quantiser_nodes(const Graph& graph, const Tensor& tensor) {
  std::vector<const Node*> nodes;
  const Tensor* at = &tensor;
  while (at && at->consumers.size() == 1 && !graph.is_output(at)) {
    const Node& node = *at->consumers.front();
    at = node.outputs.front();
    if (nodes.empty() && moves(node)) continue;
    if (!quantises(node) || !has_scalar_parameters(node)) break;
    // A Clip of reals, and what dequantises integers, begin no quantiser.
    if (nodes.empty() && !node.as<ops::Quant>() && !node.as<ops::QuantizeLinear>()) break;
    nodes.push_back(&node);
    if (ends(node)) return nodes;
  }
  return {};
}

/// The quantiser alone, on `count` reals.
Graph alone(const InputQuantiser& quantiser, std::int64_t count) {
  Graph graph;
  Tensor* value = graph.add_input("reals", {1, count});
  for (const Node* node : quantiser.nodes) {
    std::vector<Tensor*> inputs{value};
    for (std::size_t i = 1; i < node->inputs.size(); ++i) {
      const Tensor* old = node->inputs[i];
      if (old) {
        Tensor* copy = graph.add_constant(old->name, *old->constant);
        copy->container = old->container;
        copy->dtype = old->dtype;
      }
      inputs.push_back(old ? graph.tensors().back().get() : nullptr);
    }
    value = graph.add(node->op->clone(), std::move(inputs), node->outputs[0]->name);
  }
  graph.add_output(value);
  infer_shapes(graph);
  mark_checkpoints(graph);
  std::erase_if(graph.checkpoints(),
                [](const Checkpoint& c) { return c.kind != Checkpoint::Kind::kActivation; });
  return graph;
}

}  // namespace

std::optional<InputQuantiser> input_quantiser(const Graph& graph, const Tensor& tensor) {
  const std::vector<const Node*> nodes = quantiser_nodes(graph, tensor);
  if (nodes.empty()) return {};
  for (const Checkpoint& checkpoint : derived_checkpoints(graph)) {
    if (checkpoint.tensor != nodes.back()->outputs[0] || !checkpoint.has_map) continue;
    const bool plain = checkpoint.dtype.is_integer() &&
                       checkpoint.dtype.kind != DataType::Kind::kBipolar &&
                       checkpoint.dtype.bits <= kMostBits && checkpoint.scale.is_scalar() &&
                       checkpoint.offset.is_scalar();
    if (!plain) return {};
    return InputQuantiser{checkpoint.dtype, checkpoint.scale.values[0], checkpoint.offset.values[0],
                          nodes, keeps_all_integers(nodes)};
  }
  return {};
}

std::vector<std::int64_t> quantised(const InputQuantiser& quantiser, std::span<const float> reals,
                                    const std::string& name) {
  const auto wrong = std::ranges::find_if(reals, [](float x) { return !std::isfinite(x); });
  if (wrong != reals.end())
    user_error("'{}': element {} is {}, which no quantiser takes", name, wrong - reals.begin(),
               *wrong);
  const auto count = static_cast<std::int64_t>(reals.size());
  const Graph graph = alone(quantiser, count);
  const FloatImages images = exact_images(reals, {1, count});
  const ExactExecutor executor(graph, {images.input});
  return executor.run({.inputs = {images.images.at(0)}}).checkpoints.at(0).q;
}

}  // namespace assay
