// SPDX-License-Identifier: Apache-2.0
#include "golden/floating/executor.h"

#include <cmath>
#include <unordered_map>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "golden/floating/broadcast.h"
#include "golden/floating/finiteness.h"
#include "golden/floating/kernels.h"

namespace assay {
namespace {

FloatKernel kernel_of(const Node& node, const FloatInputs& constants) {
  for (const auto make : {float_quantiser_kernel, float_product_kernel, float_elementwise_kernel,
                          float_pool_kernel, float_move_kernel})
    if (FloatKernel kernel = make(node, constants)) return kernel;
  user_error("{}: the float reference does not execute this operator in this form", node.label());
}

FloatTensor rounded(const Constant& constant) {
  FloatTensor tensor{constant.shape(),
                     std::vector<float>(static_cast<std::size_t>(constant.size()))};
  for (std::int64_t i = 0; i < constant.size(); ++i)
    tensor.data[static_cast<std::size_t>(i)] = constant.to_float(i);
  return tensor;
}

std::vector<FloatTensor> empty_outputs(const Node& node) {
  std::vector<FloatTensor> outputs(node.outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    // An output that nobody uses still gets its place: kernels fill all of them.
    const Tensor* shaped = node.outputs[i] ? node.outputs[i] : node.outputs[0];
    if (!shaped) shaped = node.outputs.back();
    outputs[i].shape = float_shape(node, shaped);
    outputs[i].data.resize(static_cast<std::size_t>(element_count(outputs[i].shape)));
  }
  return outputs;
}

}  // namespace

const Shape& float_shape(const Node& node, const Tensor* tensor) {
  if (!tensor || !tensor->shape)
    user_error("{}: the shape of a tensor is not known; give the graph's inputs static shapes",
               node.label());
  return *tensor->shape;
}

struct FloatExecutor::Plan {
  struct Step {
    const Node* node;
    FloatKernel kernel;
    std::vector<const Tensor*> last_used;  ///< tensors that no later step reads
  };
  std::vector<const Tensor*> inputs, outputs;
  std::unordered_map<const Tensor*, FloatTensor> constants;
  std::vector<Step> steps;

  explicit Plan(const Graph& graph);
  void add(const Node& node);
  void find_last_uses();
};

void FloatExecutor::Plan::add(const Node& node) {
  FloatInputs known;
  bool all_known = true;
  for (const Tensor* input : node.inputs) {
    const auto it = constants.find(input);
    known.push_back(it == constants.end() ? nullptr : &it->second);
    all_known = all_known && (!input || known.back());
  }
  FloatKernel kernel = kernel_of(node, known);
  if (!all_known) {
    steps.push_back({&node, std::move(kernel), {}});
    return;
  }
  auto results = empty_outputs(node);
  kernel(known, results);
  for (std::size_t i = 0; i < results.size(); ++i)
    if (node.outputs[i]) constants[node.outputs[i]] = std::move(results[i]);
}

void FloatExecutor::Plan::find_last_uses() {
  std::unordered_map<const Tensor*, std::size_t> last;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    for (const Tensor* output : steps[s].node->outputs)
      if (output) last[output] = s;
    for (const Tensor* input : steps[s].node->inputs)
      if (input && last.contains(input)) last[input] = s;
  }
  for (const Tensor* output : outputs) last.erase(output);
  for (const auto& [tensor, step] : last) steps[step].last_used.push_back(tensor);
}

FloatExecutor::Plan::Plan(const Graph& graph)
    : inputs(graph.inputs().begin(), graph.inputs().end()),
      outputs(graph.outputs().begin(), graph.outputs().end()) {
  for (const auto& tensor : graph.tensors())
    if (tensor->constant) constants[tensor.get()] = rounded(*tensor->constant);
  for (const Node* node : graph.topological_order()) add(*node);
  find_last_uses();
}

FloatExecutor::FloatExecutor(const Graph& graph, NotFinite not_finite)
    : plan_(std::make_unique<const Plan>(graph)), not_finite_(not_finite) {}
FloatExecutor::~FloatExecutor() = default;
FloatExecutor::FloatExecutor(FloatExecutor&&) noexcept = default;
FloatExecutor& FloatExecutor::operator=(FloatExecutor&&) noexcept = default;

const FloatTensor* FloatExecutor::constant(const Tensor& tensor) const {
  const auto it = plan_->constants.find(&tensor);
  return it == plan_->constants.end() ? nullptr : &it->second;
}

namespace {

void check_input(const Tensor& tensor, const FloatTensor& value) {
  if (!tensor.shape || *tensor.shape != value.shape)
    user_error("input '{}' has shape {}, not {}", printable(tensor.name),
               tensor.shape ? shape_text(*tensor.shape) : "unknown", shape_text(value.shape));
  ASSAY_INVARIANT(static_cast<std::int64_t>(value.data.size()) == element_count(value.shape),
                  "a float tensor's data disagrees with its shape");
}

}  // namespace

std::vector<FloatTensor> FloatExecutor::run(const std::vector<FloatTensor>& inputs,
                                            const Observer& observe) const {
  const Plan& plan = *plan_;
  if (inputs.size() != plan.inputs.size())
    user_error("the network has {} inputs, {} are given", plan.inputs.size(), inputs.size());
  std::unordered_map<const Tensor*, const FloatTensor*> given;
  Finiteness finiteness;
  const bool refused = not_finite_ == NotFinite::kRefused;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    check_input(*plan.inputs[i], inputs[i]);
    if (refused) Finiteness::check_input(*plan.inputs[i], inputs[i]);
    given[plan.inputs[i]] = &inputs[i];
    if (observe) observe(*plan.inputs[i], inputs[i]);
  }
  std::unordered_map<const Tensor*, FloatTensor> values;
  const auto find = [&](const Tensor* tensor) -> const FloatTensor* {
    if (!tensor) return nullptr;
    if (const auto it = values.find(tensor); it != values.end()) return &it->second;
    if (const auto it = given.find(tensor); it != given.end()) return it->second;
    const auto it = plan.constants.find(tensor);
    if (it == plan.constants.end()) user_error("tensor '{}' has no value", printable(tensor->name));
    return &it->second;
  };
  for (const Plan::Step& step : plan.steps) {
    FloatInputs operands;
    for (const Tensor* input : step.node->inputs) operands.push_back(find(input));
    auto results = empty_outputs(*step.node);
    step.kernel(operands, results);
    for (std::size_t i = 0; i < results.size(); ++i) {
      const Tensor* tensor = step.node->outputs[i];
      if (!tensor) continue;
      if (refused) finiteness.made(*step.node, *tensor, results[i], operands);
      if (observe) observe(*tensor, results[i]);
      values[tensor] = std::move(results[i]);
    }
    for (const Tensor* tensor : step.last_used) values.erase(tensor);
  }
  std::vector<FloatTensor> outputs;
  for (const Tensor* output : plan.outputs) {
    if (refused) finiteness.check_output(*output);
    outputs.push_back(*find(output));
  }
  return outputs;
}

std::vector<std::int64_t> checkpoint_integers(const Checkpoint& checkpoint,
                                              const FloatTensor& values) {
  if (!checkpoint.has_map)
    user_error("checkpoint '{}' has no integers of its own", printable(checkpoint.name));
  const auto doubles = [](const RealArray& array) {
    std::vector<double> result;
    for (const Real& value : array.values) result.push_back(value.to_double());
    return result;
  };
  // In double: the quotient of a float32 by its own scale is off by far less than half a step.
  const auto scale = doubles(checkpoint.scale), offset = doubles(checkpoint.offset);
  const BroadcastIndex scale_of(checkpoint.scale.shape, values.shape),
      offset_of(checkpoint.offset.shape, values.shape);
  std::vector<std::int64_t> integers(values.data.size());
  for (std::size_t i = 0; i < integers.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const double q =
        (static_cast<double>(values.data[i]) - offset[static_cast<std::size_t>(offset_of(at))]) /
        scale[static_cast<std::size_t>(scale_of(at))];
    if (!(std::abs(q) < 0x1p62))
      user_error("checkpoint '{}': element {} is not a finite number", printable(checkpoint.name),
                 i);
    integers[i] = std::llrint(q);
  }
  return integers;
}

}  // namespace assay
