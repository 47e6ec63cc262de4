// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streamline/unquantised.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/integer_weights.h"

namespace assay {
namespace {

/// A float32 has so many.
constexpr int kRealBits = 24;

bool makes_integers(const Node& node) {
  return is_quantiser(node) || node.as<ops::JoinThreshold>() != nullptr;
}

/// The nodes that reach `at` before any quantiser, itself included.
std::unordered_set<const Node*> nodes_before(const Node& at) {
  std::unordered_set<const Node*> seen;
  std::vector<const Node*> open{&at};
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    if (!seen.insert(node).second) continue;
    for (const Tensor* input : node->inputs)
      if (input && input->producer && !makes_integers(*input->producer))
        open.push_back(input->producer);
  }
  return seen;
}

/// What depends on the network's input.
std::unordered_set<const Tensor*> computed_tensors(const Graph& graph) {
  std::unordered_set<const Tensor*> computed(graph.inputs().begin(), graph.inputs().end());
  for (const Node* node : graph.topological_order())
    if (std::ranges::any_of(node->inputs,
                            [&](const Tensor* t) { return t && computed.contains(t); }))
      computed.insert(node->outputs.begin(), node->outputs.end());
  return computed;
}

}  // namespace

std::string Unquantised::problem() const {
  if (!from) return "its weights are not quantised";
  return fmt::format("its input is not quantised: no quantiser is between it and {}",
                     from->label());
}

std::string Unquantised::remedy() const {
  const char* type = layer->as<ops::Conv>()            ? "QuantConv2d"
                     : layer->as<ops::ConvTranspose>() ? "QuantConvTranspose2d"
                                                       : "QuantLinear";
  if (!from)
    return fmt::format(
        "make it a {} with weight_bit_width in Brevitas, with a QuantIdentity or QuantReLU in "
        "front",
        type);
  return fmt::format(
      "put a QuantIdentity or QuantReLU in front of it in Brevitas, and make it a {} with "
      "weight_bit_width where it is none",
      type);
}

bool has_real_weights(const Node& node) {
  if (!sums_products(node) || !constant_input(node, 1)) return false;
  try {
    const auto integers =
        integer_constant(*node.inputs[1], node.inputs[1]->constant->shape().size());
    return std::ranges::any_of(integers->values, [](std::int64_t w) {
      return w >= std::int64_t{1} << kRealBits || w <= -(std::int64_t{1} << kRealBits);
    });
  } catch (const UserError&) {  // not even that
    return true;
  }
}

std::vector<Unquantised> unquantised_layers(const Graph& graph) {
  std::vector<Unquantised> found;
  const std::unordered_set<const Tensor*> computed = computed_tensors(graph);
  std::unordered_map<const Tensor*, const Node*> from;  // the product behind a tensor
  for (const Node* node : graph.topological_order()) {
    if (makes_integers(*node)) continue;
    const Node* behind = nullptr;
    for (const Tensor* input : node->inputs)
      if (const auto it = from.find(input); it != from.end()) behind = it->second;
    if (sums_products(*node)) {
      if (has_real_weights(*node))
        found.push_back({node, nullptr});
      else if (behind && !computed.contains(node->inputs[1]))
        found.push_back({node, behind});
      behind = node;
    }
    if (behind)
      for (const Tensor* output : node->outputs) from.emplace(output, behind);
  }
  return found;
}

std::vector<Unquantised> unquantised_before(const std::vector<Unquantised>& layers,
                                            const Node& at) {
  const std::unordered_set<const Node*> before = nodes_before(at);
  std::vector<Unquantised> found;
  for (const Unquantised& layer : layers)
    if (before.contains(layer.layer)) found.push_back(layer);
  return found;
}

bool takes_normalised_input(const Graph& graph, const Node& at) {
  const auto reads_input = [&](const Node* node) {
    return std::ranges::any_of(node->inputs, [&](const Tensor* t) { return graph.is_input(t); });
  };
  for (const Node* node : nodes_before(at))
    if (node != &at && reads_input(node) &&
        (node->as<ops::Mul>() || node->as<ops::Add>() || node->as<ops::Sub>() ||
         node->as<ops::Div>()))
      return true;
  return false;
}

}  // namespace assay
