// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streamline/product_paths.h"

#include <algorithm>

#include "compile/graph/ops.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/rows.h"
#include "compile/passes/thresholds/step_function.h"

namespace assay {
namespace {

bool keeps_channels_apart(const Node& node) {
  return node.as<ops::Relu>() || node.as<ops::MaxPool>() || node.as<ops::Identity>() ||
         node.as<ops::Flatten>() || node.as<ops::Reshape>() || node.as<ops::Transpose>() ||
         node.as<ops::Pad>() || node.as<ops::Concat>() || node.as<ops::AveragePool>() ||
         node.as<ops::Add>() || node.as<ops::Sub>() || node.as<ops::Mul>() || node.as<ops::Div>();
}

}  // namespace

std::unordered_set<const Tensor*> before_quantisers(const std::vector<Tensor*>& from) {
  std::vector<const Tensor*> open(from.begin(), from.end());
  std::unordered_set<const Tensor*> seen;
  while (!open.empty()) {
    const Tensor* tensor = open.back();
    open.pop_back();
    if (!seen.insert(tensor).second) continue;
    if (tensor->producer && step_function(*tensor->producer)) continue;
    for (const Node* node : tensor->consumers)
      std::ranges::copy_if(node->outputs, std::back_inserter(open),
                           [](const Tensor* output) { return output != nullptr; });
  }
  return seen;
}

bool reaches(const Tensor* from, const std::function<bool(const Node&)>& stops) {
  std::vector<const Tensor*> open{from};
  std::unordered_set<const Tensor*> seen;
  while (!open.empty()) {
    const Tensor* tensor = open.back();
    open.pop_back();
    if (!seen.insert(tensor).second) continue;
    for (const Node* node : tensor->consumers) {
      if (stops(*node)) return true;
      if (keeps_channels_apart(*node)) open.push_back(node->outputs[0]);
    }
  }
  return false;
}

bool joins_by_position(const Graph& graph) {
  constexpr std::size_t kFirstX = ops::JoinThreshold::kFirstX;
  return std::ranges::any_of(graph.nodes(), [](const auto& node) {
    if (!node->template as<ops::JoinThreshold>() || node->inputs.size() <= kFirstX + 1)
      return false;
    const Shape &x = known_shape(*node->inputs[kFirstX]), &t = known_shape(*node->inputs[0]);
    return streamline::is_positional({t.begin(), t.begin() + std::ssize(x)});
  });
}

bool is_dense_product(const Node& node) {
  if (node.as<ops::MatMul>()) return true;
  if (const auto* conv = node.as<ops::Conv>())
    return conv->group != known_shape(*node.inputs[0])[1];
  const auto* transposed = node.as<ops::ConvTranspose>();
  return transposed && transposed->group != known_shape(*node.inputs[0])[1];
}

}  // namespace assay
