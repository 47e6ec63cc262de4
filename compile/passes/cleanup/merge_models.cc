// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/merge_models.h"

#include <unordered_map>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

void check_ends(const Graph& pre, const Graph& post, std::size_t input) {
  if (pre.outputs().size() != 1)
    user_error("pre-processing graph '{}' has {} outputs; it must have one", printable(pre.name),
               pre.outputs().size());
  if (pre.inputs().empty())
    user_error("pre-processing graph '{}' has no input", printable(pre.name));
  if (input >= post.inputs().size())
    user_error("network '{}' has {} inputs, no number {}", printable(post.name),
               post.inputs().size(), input);
  const Tensor &from = *pre.outputs()[0], &to = *post.inputs()[input];
  if (known_shape(from) != known_shape(to))
    user_error(
        "pre-processing graph '{}' gives shape {} but input '{}' of the network has shape {}",
        printable(pre.name), shape_text(*from.shape), printable(to.name), shape_text(*to.shape));
  if (from.container != to.container)
    user_error("pre-processing graph '{}' gives {} but input '{}' of the network takes {}",
               printable(pre.name), container_name(from.container), printable(to.name),
               container_name(to.container));
}

/// Copies tensors and nodes of `from` into `graph`, except for one input, which becomes `input`.
std::unordered_map<const Tensor*, Tensor*> append(Graph& graph, const Graph& from,
                                                  const Tensor* fed, Tensor* input) {
  std::unordered_map<const Tensor*, Tensor*> copies{{nullptr, nullptr}, {fed, input}};
  for (const auto& tensor : from.tensors()) {
    if (copies.contains(tensor.get())) continue;
    Tensor* copy = graph.add_tensor(tensor->name);
    copy->container = tensor->container;
    copy->dtype = tensor->dtype;
    copy->shape = tensor->shape;
    copy->layout = tensor->layout;
    copy->constant = tensor->constant;
    copies[tensor.get()] = copy;
  }
  for (const auto& node : from.nodes()) {
    std::vector<Tensor*> inputs, outputs;
    for (const Tensor* tensor : node->inputs) inputs.push_back(copies.at(tensor));
    for (const Tensor* tensor : node->outputs) outputs.push_back(copies.at(tensor));
    graph.add_node(node->op->clone(), std::move(inputs), std::move(outputs), node->name);
  }
  return copies;
}

}  // namespace

Graph merge_models(const Graph& pre, Graph post, std::size_t input) {
  check_ends(pre, post, input);
  Graph graph = pre;
  graph.name = post.name;
  Tensor* joint = graph.outputs()[0];
  const std::vector<Tensor*> pre_inputs = graph.inputs();
  const Tensor& network_input = *post.inputs()[input];
  if (joint->dtype == DataType::float32()) joint->dtype = network_input.dtype;
  if (joint->layout == Layout::kUnknown) joint->layout = network_input.layout;
  const auto copies = append(graph, post, &network_input, joint);
  std::vector<Tensor*> inputs;
  for (const Tensor* own : post.inputs())
    if (own == &network_input)
      inputs.insert(inputs.end(), pre_inputs.begin(), pre_inputs.end());
    else
      inputs.push_back(copies.at(own));
  graph.mutable_inputs() = std::move(inputs);
  graph.mutable_outputs().clear();
  for (const Tensor* output : post.outputs()) graph.add_output(copies.at(output));
  std::erase_if(graph.checkpoints(),
                [](const Checkpoint& c) { return c.kind != Checkpoint::Kind::kActivation; });
  for (Checkpoint checkpoint : post.checkpoints()) {
    checkpoint.tensor = copies.at(checkpoint.tensor);
    graph.checkpoints().push_back(std::move(checkpoint));
  }
  verify(graph);
  return graph;
}

}  // namespace assay
