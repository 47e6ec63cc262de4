// SPDX-License-Identifier: Apache-2.0
#include "harness/page/page_graph.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "compile/hw/layer.h"

namespace assay {
namespace {

std::string shape_cell(const Tensor& tensor) {
  if (!tensor.shape) return "?";
  std::string text;
  for (const std::int64_t size : *tensor.shape)
    text += (text.empty() ? "" : " × ") + std::to_string(size);
  return text.empty() ? "scalar" : text;
}

/// Numbers tensors in the order in which they are met.
class Tensors {
 public:
  explicit Tensors(const Graph& graph) {
    for (const Checkpoint& checkpoint : graph.checkpoints())
      checkpoints_[checkpoint.tensor] = checkpoint.name;
  }
  std::size_t index(const Tensor* tensor) {
    const auto [it, fresh] = indices_.try_emplace(tensor, indices_.size());
    if (fresh) {
      const auto checkpoint = checkpoints_.find(tensor);
      list.push_back({tensor->name, tensor->dtype.name(), shape_cell(*tensor),
                      checkpoint == checkpoints_.end() ? "" : checkpoint->second});
    }
    return it->second;
  }
  Json list = Json::array();

 private:
  std::map<const Tensor*, std::size_t> indices_;
  std::map<const Tensor*, std::string> checkpoints_;
};

Json notes(const Node& node) {
  Json lines = Json::array();
  if (const hw::LayerKind* kind = hw::find_layer(node))
    for (const hw::FoldingRule& rule : kind->rules(node))
      lines.push_back(
          fmt::format("{} {} of {} {}", rule.field, rule.value, rule.divides, rule.what));
  for (const Tensor* input : node.inputs)
    if (input && input->is_constant())
      lines.push_back(
          fmt::format("constant {} [{}] {}", input->dtype.name(), shape_cell(*input), input->name));
  return lines;
}

}  // namespace

Json page_graph(const Graph& graph) {
  if (graph.nodes().size() > kMaxPageNodes) return {};
  Tensors tensors(graph);
  Json nodes = Json::array(), inputs = Json::array(), outputs = Json::array();
  for (const Tensor* tensor : graph.inputs()) inputs.push_back(tensors.index(tensor));
  for (const Node* node : graph.topological_order()) {
    Json in = Json::array(), out = Json::array();
    for (const Tensor* tensor : node->inputs)
      if (tensor && !tensor->is_constant()) in.push_back(tensors.index(tensor));
    for (const Tensor* tensor : node->outputs)
      if (tensor) out.push_back(tensors.index(tensor));
    nodes.push_back({node->name, node->op->type(), in, out, notes(*node)});
  }
  for (const Tensor* tensor : graph.outputs()) outputs.push_back(tensors.index(tensor));
  return {{"tensors", std::move(tensors.list)},
          {"inputs", std::move(inputs)},
          {"outputs", std::move(outputs)},
          {"nodes", std::move(nodes)}};
}

}  // namespace assay
