// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/node_alone.h"

#include <algorithm>
#include <unordered_map>

#include "harness/rtl/rtl_session.h"

namespace assay {
namespace {

/// Gives a tensor what another one has, but for its place in a graph.
void describe(Tensor& tensor, const Tensor& like) {
  tensor.container = like.container;
  tensor.dtype = like.dtype;
  tensor.shape = like.shape;
  tensor.layout = like.layout;
}

}  // namespace

std::vector<const Tensor*> run_time_inputs(const Node& node) {
  std::vector<const Tensor*> inputs;
  for (const Tensor* tensor : node.inputs)
    if (tensor && !tensor->is_constant() && std::ranges::find(inputs, tensor) == inputs.end())
      inputs.push_back(tensor);
  return inputs;
}

NodeAlone::NodeAlone(const Node& node) {
  std::unordered_map<const Tensor*, Tensor*> copies;
  std::vector<ExactInput> ranges;
  for (const Tensor* tensor : run_time_inputs(node)) {
    describe(*(copies[tensor] = graph_.add_input(tensor->name, known_shape(*tensor))), *tensor);
    ranges.push_back(ExactInput::integers(tensor->dtype.min(), tensor->dtype.max()));
  }
  std::vector<Tensor*> inputs, outputs;
  for (const Tensor* tensor : node.inputs) {
    if (tensor && tensor->is_constant() && !copies.contains(tensor))
      describe(*(copies[tensor] = graph_.add_constant(tensor->name, *tensor->constant)), *tensor);
    inputs.push_back(tensor ? copies.at(tensor) : nullptr);
  }
  for (const Tensor* tensor : node.outputs) {
    given_.push_back(tensor != nullptr);
    outputs.push_back(tensor ? graph_.add_tensor(tensor->name) : nullptr);
    if (tensor) describe(*outputs.back(), *tensor);
  }
  graph_.add_node(node.op->clone(), inputs, outputs, node.name);
  for (Tensor* tensor : outputs)
    if (tensor) graph_.add_output(tensor);
  golden_ = std::make_unique<ExactExecutor>(graph_, ranges, ExactOptions{.parallel = false});
}

std::vector<std::vector<std::int64_t>> NodeAlone::outputs(const NodeFrame& frame) const {
  ExactRequest request;
  for (const std::vector<std::int64_t>& values : frame) request.inputs.push_back({values});
  request.checkpoints = false;
  const ExactRun run = golden_->run(request);
  std::vector<std::vector<std::int64_t>> results(given_.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < given_.size(); ++i)
    if (given_[i]) results[i] = integers(run.outputs[next++]);
  return results;
}

}  // namespace assay
