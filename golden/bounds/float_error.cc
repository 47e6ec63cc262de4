// SPDX-License-Identifier: Apache-2.0
#include "golden/bounds/float_error.h"

#include <algorithm>
#include <limits>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "golden/bounds/float_error_rules.h"
#include "golden/floating/broadcast.h"
#include "golden/floating/kernels.h"

namespace assay {
namespace {

BoundedTensor empty_tensor(const Shape& shape) {
  const auto count = static_cast<std::size_t>(element_count(shape));
  return {shape, std::vector<double>(count), std::vector<double>(count)};
}

BoundedTensor of_constant(const Constant& constant) {
  BoundedTensor tensor = empty_tensor(constant.shape());
  for (std::size_t i = 0; i < tensor.value.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if (constant.is_float()) {
      tensor.value[i] = static_cast<double>(constant.floats()[i]);
      continue;
    }
    tensor.value[i] = constant.real(at).to_double();
    // A double that is no float32 is an unrounded constant; an exact float32 is exact in double
    // too, but a real may also hide behind a double that looks like a float32.
    const bool exact = constant.is_int() ? is_float32(tensor.value[i])
                                         : constant.real(at) ==
                                               Real::of(static_cast<double>(constant.to_float(at)));
    tensor.error[i] = exact ? 0 : kUnit * std::fabs(tensor.value[i]) + kUnderflow;
  }
  return tensor;
}

/// Covers double's rounding, and turns what float32 cannot hold into "anything may happen".
void inflate(BoundedTensor& tensor) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < tensor.error.size(); ++i) {
    double& error = tensor.error[i];
    error *= 1 + 0x1p-20;
    if (!(std::fabs(tensor.value[i]) + error <= kLargest)) error = HUGE_VAL;
  }
}

BoundedInputs operands_of(const Node& node,
                          const std::function<const BoundedTensor*(const Tensor*)>& find) {
  BoundedInputs operands;
  for (const Tensor* input : node.inputs) operands.push_back(input ? find(input) : nullptr);
  return operands;
}

std::vector<BoundedTensor> evaluate_node(const Node& node, const BoundedInputs& in) {
  std::vector<BoundedTensor> out;
  for (const Tensor* output : node.outputs) {
    const Tensor* shaped = output            ? output
                           : node.outputs[0] ? node.outputs[0]
                                             : node.outputs.back();
    out.push_back(empty_tensor(float_shape(node, shaped)));
  }
  if (!bound_quantiser(node, in, out) && !bound_product(node, in, out) &&
      !bound_elementwise(node, in, out) && !bound_pool(node, in, out) && !bound_move(node, in, out))
    user_error("{}: there is no float32 error bound for this operator in this form", node.label());
  for (BoundedTensor& tensor : out) inflate(tensor);
  return out;
}

/// The checkpoint that `node` decides, if its integers are given.
const Checkpoint* forced_checkpoint(const Graph& graph, const Node& node,
                                    const FloatErrorBounds::Integers& forced) {
  if (!is_activation_quantiser(node)) return nullptr;
  for (const Checkpoint& checkpoint : graph.checkpoints())
    if (checkpoint.tensor == node.outputs.at(0) && checkpoint.has_map &&
        forced.contains(checkpoint.name))
      return &checkpoint;
  return nullptr;
}

std::vector<double> to_doubles(const RealArray& array) {
  std::vector<double> result;
  for (const Real& value : array.values) result.push_back(value.to_double());
  return result;
}

BoundedTensor force(const Node& node, const BoundedInputs& in, const Checkpoint& checkpoint,
                    const std::vector<std::int64_t>& integers) {
  BoundedTensor tensor = empty_tensor(float_shape(node, node.outputs.at(0)));
  if (integers.size() != tensor.value.size())
    user_error("checkpoint '{}' has {} elements, {} integers are given", printable(checkpoint.name),
               tensor.value.size(), integers.size());
  const auto scale = to_doubles(checkpoint.scale), offset = to_doubles(checkpoint.offset);
  const BroadcastIndex scale_of(checkpoint.scale.shape, tensor.shape),
      offset_of(checkpoint.offset.shape, tensor.shape);
  for (std::size_t i = 0; i < integers.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    tensor.value[i] =
        scale[static_cast<std::size_t>(scale_of(at))] * static_cast<double>(integers[i]) +
        offset[static_cast<std::size_t>(offset_of(at))];
  }
  bound_dequantisation(node, in, tensor);
  inflate(tensor);
  return tensor;
}

}  // namespace

FloatErrorBounds::FloatErrorBounds(const Graph& graph) : graph_(graph) {
  for (const auto& tensor : graph.tensors())
    if (tensor->constant) constants_[tensor.get()] = of_constant(*tensor->constant);
  const auto find = [&](const Tensor* tensor) -> const BoundedTensor* {
    const auto it = constants_.find(tensor);
    return it == constants_.end() ? nullptr : &it->second;
  };
  for (const Node* node : graph.topological_order()) {
    const bool known =
        std::ranges::all_of(node->inputs, [&](const Tensor* t) { return !t || find(t); });
    if (!known) continue;
    auto results = evaluate_node(*node, operands_of(*node, find));
    for (std::size_t i = 0; i < results.size(); ++i)
      if (node->outputs[i]) constants_[node->outputs[i]] = std::move(results[i]);
  }
}

FloatErrorBounds::Tensors FloatErrorBounds::evaluate(
    const std::vector<FloatTensor>& inputs, const std::vector<std::vector<double>>& input_errors,
    const Integers& forced) const {
  Tensors values;
  if (inputs.size() != graph_.inputs().size() ||
      (!input_errors.empty() && input_errors.size() != inputs.size()))
    user_error("the network has {} inputs, {} are given", graph_.inputs().size(), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    BoundedTensor& tensor = values[graph_.inputs()[i]] = empty_tensor(inputs[i].shape);
    std::ranges::copy(inputs[i].data, tensor.value.begin());
    if (!input_errors.empty()) tensor.error = input_errors[i];
    ASSAY_INVARIANT(tensor.error.size() == tensor.value.size(),
                    "an input has a wrong number of errors");
  }
  const auto find = [&](const Tensor* tensor) -> const BoundedTensor* {
    if (const auto it = values.find(tensor); it != values.end()) return &it->second;
    const auto it = constants_.find(tensor);
    if (it == constants_.end()) user_error("tensor '{}' has no value", printable(tensor->name));
    return &it->second;
  };
  for (const Node* node : graph_.topological_order()) {
    if (node->outputs.at(0) && constants_.contains(node->outputs[0])) continue;
    const BoundedInputs operands = operands_of(*node, find);
    if (const Checkpoint* checkpoint = forced_checkpoint(graph_, *node, forced)) {
      values[node->outputs[0]] = force(*node, operands, *checkpoint, forced.at(checkpoint->name));
      continue;
    }
    auto results = evaluate_node(*node, operands);
    for (std::size_t i = 0; i < results.size(); ++i)
      if (node->outputs[i]) values[node->outputs[i]] = std::move(results[i]);
  }
  return values;
}

std::map<const Tensor*, std::vector<double>> FloatErrorBounds::bounds(
    const std::vector<FloatTensor>& inputs, const std::vector<std::vector<double>>& input_errors,
    const Integers& forced) const {
  std::map<const Tensor*, std::vector<double>> errors;
  for (auto& [tensor, bounded] : evaluate(inputs, input_errors, forced))
    errors[tensor] = std::move(bounded.error);
  return errors;
}

const BoundedTensor* FloatErrorBounds::constant(const Tensor& tensor) const {
  const auto it = constants_.find(&tensor);
  return it == constants_.end() ? nullptr : &it->second;
}

double FloatErrorBounds::quantiser_slack(const Node& quantiser, std::int64_t element, double x,
                                         double error) const {
  const BoundedInputs operands =
      operands_of(quantiser, [&](const Tensor* tensor) { return constant(*tensor); });
  return decision_slack(quantiser, operands, element, x, error) * (1 + 0x1p-20);
}

}  // namespace assay
