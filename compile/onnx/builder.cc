// SPDX-License-Identifier: Apache-2.0
#include "compile/onnx/builder.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"

namespace assay {
namespace {

/// Pools without dilations have no such attribute.
void fill_dilations(Op& op) {
  if (auto* pool = dynamic_cast<ops::AveragePool*>(&op))
    pool->window.dilations.assign(pool->window.rank(), 1);
  if (auto* pool = dynamic_cast<ops::MaxPoolNHWC*>(&op))
    pool->window.dilations.assign(pool->window.rank(), 1);
  if (auto* pool = dynamic_cast<ops::SumPool*>(&op))
    pool->window.dilations.assign(pool->window.rank(), 1);
}

void check_arity(const OpInfo& info, const Draft& draft) {
  const auto inputs = static_cast<std::int64_t>(draft.inputs.size());
  if (inputs < info.min_inputs || inputs > info.max_inputs)
    user_error("it has {} inputs; {} to {} are supported", inputs, info.min_inputs,
               info.max_inputs);
  // These may leave out inputs before the minimum.
  const bool gaps = info.type == ops::Resize::kType || info.type == ops::JoinThreshold::kType;
  for (std::size_t i = 0; i < static_cast<std::size_t>(info.min_inputs) && !gaps; ++i)
    if (!draft.inputs[i]) user_error("input {} is left out", i);
  if (!draft.inputs[0]) user_error("input 0 is left out");
  if (static_cast<int>(draft.outputs.size()) > info.outputs)
    user_error("it has {} outputs; {} supported", draft.outputs.size(),
               info.outputs == 1 ? "1 is" : fmt::format("{} are", info.outputs));
  if (std::ranges::none_of(draft.outputs, [](const Tensor* t) { return t != nullptr; }))
    user_error("it has no outputs");
}

}  // namespace

void GraphBuilder::set_constant(Tensor* tensor, TensorValue value) {
  tensor->shape = value.constant.shape();
  tensor->container = value.container;
  if (value.container != Container::kFloat32)
    tensor->dtype = value.narrow.value_or(container_type(value.container));
  if (value.is_bool) bools_.insert(tensor);
  if (!value.constant.all_finite()) not_finite_.insert(tensor);
  tensor->constant = std::move(value.constant);
}

const Constant* GraphBuilder::value(const Tensor* tensor) const {
  if (!tensor) return nullptr;
  if (tensor->constant) return &*tensor->constant;
  const auto it = known_.find(tensor);
  return it == known_.end() ? nullptr : &it->second;
}

const Shape& GraphBuilder::shape(const Tensor* tensor) const {
  if (!tensor || !tensor->shape) user_error("the shape of an input is not known");
  return *tensor->shape;
}

Tensor* GraphBuilder::behind_identities(Tensor* tensor) {
  Tensor* source = tensor;
  while (source && source->producer && source->producer->as<ops::Identity>())
    source = source->producer->inputs[0];
  return source && source->constant ? source : tensor;
}

void GraphBuilder::check_inputs(const Node& node) const {
  for (const Tensor* input : node.inputs) {
    if (bools_.contains(input))
      user_error("input '{}' is boolean, which is not supported", printable(input->name));
    if (not_finite_.contains(input))
      user_error("parameter '{}' holds NaN or infinity", printable(input->name));
  }
}

void GraphBuilder::infer(Node& node) {
  std::vector<InferInput> inputs;
  for (const Tensor* input : node.inputs)
    inputs.push_back(input ? InferInput{input->shape ? &*input->shape : nullptr, input->container,
                                        value(input), true}
                           : InferInput{});
  InferContext context(
      node, std::move(inputs),
      static_cast<std::size_t>(find_op(node.op->domain(), node.op->type())->outputs));
  node.op->infer(context);
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    const InferOutput& inferred = context.outputs[i];
    check_shape(inferred.shape);
    if (element_count(inferred.shape) == 0)
      user_error("its output of shape {} has no elements", shape_text(inferred.shape));
    Tensor* output = node.outputs[i];
    if (!output) continue;
    output->shape = inferred.shape;
    output->container = inferred.container;
    if (inferred.container != Container::kFloat32)
      output->dtype = container_type(inferred.container);
    if (inferred.value) known_.insert_or_assign(output, *inferred.value);
  }
}

Node* GraphBuilder::add(Draft draft) {
  const OpInfo* info = find_op(draft.domain, draft.type);
  ASSAY_INVARIANT(info, "a draft of an operator that is not registered");
  check_arity(*info, draft);
  std::unique_ptr<Op> op = info->make();
  // The version decides which attributes there are.
  if (auto* trunc = dynamic_cast<ops::Trunc*>(op.get())) trunc->version = draft.version;
  draft.attributes.read_into(*op);
  fill_dilations(*op);
  Node* node =
      graph.add_node(std::move(op), std::move(draft.inputs), std::move(draft.outputs), draft.name);
  check_inputs(*node);
  infer(*node);
  check_parameters(*node);
  return node;
}

Tensor* GraphBuilder::add_helper(std::unique_ptr<Op> op, std::vector<Tensor*> inputs,
                                 std::string_view name, Tensor* output, std::size_t index) {
  if (!output) output = graph.add_tensor(name);
  std::vector<Tensor*> outputs(index + 1, nullptr);
  outputs[index] = output;
  Node* node = graph.add_node(std::move(op), std::move(inputs), std::move(outputs), name);
  check_inputs(*node);
  infer(*node);
  check_parameters(*node);
  return output;
}

}  // namespace assay
