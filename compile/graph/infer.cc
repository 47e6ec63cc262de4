// SPDX-License-Identifier: Apache-2.0
#include <unordered_map>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/graph/graph.h"

namespace assay {
namespace {

using KnownValues = std::unordered_map<const Tensor*, Constant>;

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

}  // namespace

bool infer_shapes(Graph& graph, bool overwrite) {
  bool changed = false;
  KnownValues known;
  for (Node* node : graph.topological_order()) {
    std::vector<InferInput> inputs;
    for (const Tensor* input : node->inputs) inputs.push_back(infer_input(input, known));
    const OpInfo* info = find_op(node->op->domain(), node->op->type());
    ASSAY_INVARIANT(info, "an operator is not registered");
    const int count = static_cast<int>(inputs.size());
    if (count < info->min_inputs || count > info->max_inputs)
      user_error("{}: takes {} to {} inputs, not {}", node->label(), info->min_inputs,
                 info->max_inputs, count);
    InferContext context(*node, std::move(inputs), static_cast<std::size_t>(info->outputs));
    try {
      node->op->infer(context);
    } catch (const UserError& error) {
      const std::string message = error.what();
      if (message.starts_with(node->label())) throw;
      user_error("{}: {}", node->label(), message);
    }
    for (std::size_t i = 0; i < node->outputs.size() && i < context.outputs.size(); ++i) {
      Tensor* output = node->outputs[i];
      if (!output) continue;
      changed |= record(*node, *output, context.outputs[i], overwrite);
      if (context.outputs[i].value) known[output] = *context.outputs[i].value;
    }
  }
  return changed;
}

}  // namespace assay
