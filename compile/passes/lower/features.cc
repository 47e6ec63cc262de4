// SPDX-License-Identifier: Apache-2.0
// Flattened features in another order than the model's: the rows of the matrices behind them, and
// the parameters on the way, take that order.
#include "compile/base/error.h"
#include "compile/passes/lower/lowering.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay::lowering {
namespace {

/// The index of the only computed input of an operator that works feature by feature; -1 when it is
/// no such operator.
int feature_input(const Node& node) {
  if (node.as<ops::Relu>() || node.as<ops::Identity>() || node.as<ops::MultiThreshold>()) return 0;
  if (node.as<ops::JoinThreshold>())
    return node.inputs.size() == ops::JoinThreshold::kFirstX + 1 ? ops::JoinThreshold::kFirstX : -1;
  if (!node.as<ops::Add>() && !node.as<ops::Mul>()) return -1;
  if (constant_input(node, 1)) return 0;
  return constant_input(node, 0) ? 1 : -1;
}

bool multiplies_rows(const Node& node, const Tensor* x) {
  const bool product = node.as<ops::MatMul>() || node.as<ops::XnorPopcountMatMul>();
  const Constant* w = constant_input(node, 1);
  return product && node.inputs[0] == x && w && w->shape().size() == 2;
}

/// A Concat that puts features behind features.
bool joins_features(const Node& node) {
  const auto* concat = node.as<ops::Concat>();
  return concat && known_shape(*node.outputs[0]).size() == 2 &&
         ops::normalise_axis(concat->axis, 2) == 1;
}

/// The constant with its axis `axis` in the order of the features; size 1 serves all.
Constant reordered(const Constant& from, std::size_t axis, const std::vector<std::int64_t>& order) {
  const Shape& shape = from.shape();
  if (axis >= shape.size() || shape[axis] == 1) return from;
  std::int64_t outer = 1, inner = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= shape[i];
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  std::vector<std::int64_t> sources;
  sources.reserve(static_cast<std::size_t>(from.size()));
  for (std::int64_t o = 0; o < outer; ++o)
    for (const std::int64_t feature : order)
      for (std::int64_t i = 0; i < inner; ++i)
        sources.push_back((o * shape[axis] + feature) * inner + i);
  return take(from, shape, sources);
}

/// Which axis of constant input `index` counts the features.
std::size_t feature_axis(const Node& node, const Constant& value) {
  if (node.as<ops::JoinThreshold>()) return 1;
  if (node.as<ops::Add>() || node.as<ops::Mul>())
    return value.shape().empty() ? 0 : value.shape().size() - 1;
  return 0;  // rows of a matrix or of thresholds
}

}  // namespace

bool Lowering::order_is_free(const Tensor& old) const {
  if (old_.is_output(&old) || old.consumers.empty()) return false;
  for (const Checkpoint& checkpoint : old_.checkpoints())
    if (checkpoint.tensor == &old) return false;
  for (const Node* node : old.consumers) {
    if (multiplies_rows(*node, &old)) continue;
    if (joins_features(*node) && order_is_free(*node->outputs[0])) continue;
    const int at = feature_input(*node);
    if (at < 0 || node->inputs[static_cast<std::size_t>(at)] != &old) return false;
    const Tensor* next = node->outputs[0];
    if (known_shape(*next) != known_shape(old) || !order_is_free(*next)) return false;
  }
  return true;
}

namespace {

/// The features of each part in the part's own order, one part after the other.
void lower_join(Lowering& lowering, const Node& node) {
  std::vector<Tensor*> inputs;
  auto order = std::make_shared<std::vector<std::int64_t>>();
  std::int64_t first = 0;
  for (const Tensor* input : node.inputs) {
    inputs.push_back(lowering.is_computed(input) ? lowering.in_order(input, identity_perm(2), node)
                                                 : lowering.constant(input));
    const Lowering::Order own = lowering.order(input);
    const std::int64_t count = known_shape(*input)[1];
    for (std::int64_t i = 0; i < count; ++i)
      order->push_back(first + (own ? (*own)[static_cast<std::size_t>(i)] : i));
    first += count;
  }
  lowering.emit(node, node.op->clone(), std::move(inputs), identity_perm(2));
  lowering.set_order(node.outputs[0], std::move(order));
}

}  // namespace

bool lower_features(Lowering& lowering, const Node& node) {
  Lowering::Order order;
  for (const Tensor* input : node.inputs)
    if (!order && input) order = lowering.order(input);
  if (!order) return false;
  if (joins_features(node)) {
    lower_join(lowering, node);
    return true;
  }
  std::vector<Tensor*> inputs;
  for (const Tensor* input : node.inputs) {
    if (!input) {
      inputs.push_back(nullptr);
    } else if (lowering.is_computed(input)) {
      inputs.push_back(lowering.in_order(input, identity_perm(2), node));
    } else {
      const Constant& value = *input->constant;
      inputs.push_back(
          lowering.constant_like(*input, reordered(value, feature_axis(node, value), *order)));
    }
  }
  lowering.emit(node, node.op->clone(), std::move(inputs), identity_perm(2));
  const bool product = node.as<ops::MatMul>() || node.as<ops::XnorPopcountMatMul>();
  if (!product) lowering.set_order(node.outputs[0], order);
  return true;
}

}  // namespace assay::lowering
