// SPDX-License-Identifier: Apache-2.0
#include <unordered_map>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/graph.h"

namespace assay {
namespace {

using KnownValues = std::unordered_map<const Tensor*, Constant>;

/// Of one tensor and of all together that are not constants. Executors hold tensors whole and
/// passes map them element by element, so these bound the memory that a model can ask for.
constexpr std::int64_t kMaxComputed = std::int64_t{1} << 25, kMaxTotal = std::int64_t{1} << 29;

/// The elements of a tensor that has to be computed or given.
std::int64_t computed_elements(const Shape& shape) {
  const std::int64_t count = element_count(shape);
  if (count > kMaxComputed)
    user_error(
        "shape {} has too many elements; {} are supported, export the network for smaller images "
        "or a batch of 1",
        shape_text(shape), kMaxComputed);
  return count;
}

InferInput infer_input(const Tensor* tensor, const KnownValues& known) {
  if (!tensor) return {};
  const auto it = known.find(tensor);
  const Constant* value = tensor->constant    ? &*tensor->constant
                          : it == known.end() ? nullptr
                                              : &it->second;
  return {tensor->shape ? &*tensor->shape : nullptr, tensor->container, value, true};
}

bool record(const Node& node, Tensor& tensor, const InferOutput& inferred, bool overwrite) {
  if (tensor.shape && *tensor.shape != inferred.shape && !overwrite)
    user_error("{}: output '{}' is declared with shape {} but has shape {}", node.label(),
               printable(tensor.name), shape_text(*tensor.shape), shape_text(inferred.shape));
  const bool changed =
      !tensor.shape || *tensor.shape != inferred.shape || tensor.container != inferred.container;
  if (tensor.container != inferred.container && !tensor.dtype.is_integer() &&
      inferred.container != Container::kFloat32)
    tensor.dtype = container_type(inferred.container);
  tensor.shape = inferred.shape;
  tensor.container = inferred.container;
  return changed;
}

/// The outputs of `node`. Every refusal names the node; every shape has a legal element count.
std::vector<InferOutput> infer_node(const Node& node, std::vector<InferInput> inputs) {
  const OpInfo* info = find_op(node.op->domain(), node.op->type());
  ASSAY_INVARIANT(info, "an operator is not registered");
  const int count = static_cast<int>(inputs.size());
  if (count < info->min_inputs || count > info->max_inputs)
    user_error("{}: takes {} to {} inputs, not {}", node.label(), info->min_inputs,
               info->max_inputs, count);
  if (static_cast<int>(node.outputs.size()) > info->outputs)
    user_error("{}: has {} outputs at most, not {}", node.label(), info->outputs,
               node.outputs.size());
  InferContext context(node, std::move(inputs), static_cast<std::size_t>(info->outputs));
  try {
    node.op->infer(context);
    for (const InferOutput& output : context.outputs) computed_elements(output.shape);
  } catch (const UserError& error) {
    const std::string message = error.what();
    if (message.starts_with(node.label())) throw;
    user_error("{}: {}", node.label(), message);
  }
  return std::move(context.outputs);
}

void check_inputs(const Graph& graph) {
  for (const Tensor* input : graph.inputs()) try {
      if (input->shape) computed_elements(*input->shape);
    } catch (const UserError& error) {
      user_error("input '{}': {}", printable(input->name), error.what());
    }
}

}  // namespace

bool infer_shapes(Graph& graph, bool overwrite) {
  check_inputs(graph);
  bool changed = false;
  std::int64_t total = 0;
  KnownValues known;
  for (Node* node : graph.topological_order()) {
    std::vector<InferInput> inputs;
    for (const Tensor* input : node->inputs) inputs.push_back(infer_input(input, known));
    const std::vector<InferOutput> outputs = infer_node(*node, std::move(inputs));
    for (std::size_t i = 0; i < node->outputs.size(); ++i) {
      Tensor* output = node->outputs[i];
      if (!output) continue;
      changed |= record(*node, *output, outputs[i], overwrite);
      total += element_count(outputs[i].shape);
      if (total > kMaxTotal)
        user_error(
            "{}: the tensors up to here have more than {} elements together; export the network "
            "for smaller images or a batch of 1, or cut it",
            node->label(), kMaxTotal);
      if (outputs[i].value) known[output] = *outputs[i].value;
    }
  }
  return changed;
}

}  // namespace assay
