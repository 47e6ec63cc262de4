// SPDX-License-Identifier: Apache-2.0
// Elementwise operators.
#include <algorithm>

#include "compile/hw/constants.h"
#include "compile/hw/layer.h"
#include "compile/passes/layers/hw_inference.h"

namespace assay::hw_inference {
namespace {

hw::ChannelwiseOp channelwise(const char* function) {
  hw::ChannelwiseOp op;
  op.function = function;
  return op;
}

/// Add or Mul with a constant.
void infer_arithmetic(Inference& inference, Node& node, const char* function) {
  const std::size_t constant = constant_input(node, 0) ? 0 : 1, x = 1 - constant;
  if (known_shape(*node.inputs[x]) != known_shape(*node.outputs[0]))
    throw NoLayer{fmt::format("it stretches {} to {}; give its inputs one shape",
                              shape_text(known_shape(*node.inputs[x])),
                              shape_text(known_shape(*node.outputs[0])))};
  const auto values = channel_values(node, constant);
  if (!values)
    throw NoLayer{
        "its constant depends on the position, and only one value per channel has a layer; if it "
        "comes from a Concat of rows or columns, give its parts one scale and zero point"};
  Tensor* p = inference.parameter(node.name + "_parameters", {std::ssize(*values)}, *values);
  inference.replace({&node}, channelwise(function), {node.inputs[x], p}, {node.outputs[0]});
}

void infer_relu(Inference& inference, Node& node) {
  if (node.inputs[0]->dtype.min() >= 0 && inference.drop(node, node.inputs[0])) return;
  Tensor* zero = inference.parameter(node.name + "_parameters", {1}, {0});
  inference.replace({&node}, channelwise("max"), {node.inputs[0], zero}, {node.outputs[0]});
}

/// A bound of Clip as an integer within the type of X; nothing where it does not bind.
std::optional<std::int64_t> bound_of(const Node& node, std::size_t index, bool upper) {
  if (index >= node.inputs.size() || !node.inputs[index]) return {};
  const Constant* value = constant_input(node, index);
  if (!value || value->size() != 1) throw NoLayer{"its bounds are no constants"};
  const DataType type = node.inputs[0]->dtype;
  if (!value->all_finite()) return {};
  const Real real = value->real(0);
  if (upper ? !(real < Real(type.max())) : !(Real(type.min()) < real)) return {};
  return hw::integer_constant(node, index)[0];
}

void infer_clip(Inference& inference, Node& node) {
  const auto low = bound_of(node, 1, false), high = bound_of(node, 2, true);
  Tensor *x = node.inputs[0], *out = node.outputs[0];
  if (!low && !high && inference.drop(node, x)) return;
  const auto bound = [&](std::int64_t value) {
    return inference.parameter(node.name + "_parameters", {1}, {value});
  };
  if (!high) {
    Tensor* least = bound(low.value_or(x->dtype.min()));
    return inference.replace({&node}, channelwise("max"), {x, least}, {out});
  }
  if (low)
    x = inference.add(channelwise("max"), {x, bound(*low)}, node.name + "_low",
                      DataType::smallest_for(*low, std::max(*low, x->dtype.max())));
  inference.replace({&node}, channelwise("min"), {x, bound(*high)}, {out});
}

/// A factor of one channel that meets every channel of the other, as in spatial attention, is
/// repeated for each of them.
void spread_factor(Inference& inference, Node& node) {
  const Shape out = known_shape(*node.outputs[0]);
  Shape one_channel = out;
  one_channel.back() = 1;
  if (out == one_channel) return;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    Tensor* x = node.inputs[i];
    if (known_shape(*x) != one_channel) continue;
    hw::Pick op;
    op.columns.assign(static_cast<std::size_t>(out.back()), 0);
    const std::string name = x->name;
    x = inference.viewed(x, {element_count(one_channel), 1, 1, 1}, name + "_pixels");
    x = inference.add(op, {x}, name + "_repeated", x->dtype);
    inference.graph.set_input(&node, i, inference.viewed(x, out, name + "_spread"));
  }
}

}  // namespace

bool infer_elementwise(Inference& inference, Node& node) {
  const bool constant = !hw::reads_streams(node);
  if (!constant && node.as<ops::Mul>()) {
    spread_factor(inference, node);
    return false;  // the layer of its own takes it then
  }
  if (constant && node.as<ops::Add>())
    infer_arithmetic(inference, node, "add");
  else if (constant && node.as<ops::Mul>())
    infer_arithmetic(inference, node, "mul");
  else if (node.as<ops::Relu>())
    infer_relu(inference, node);
  else if (node.as<ops::Clip>())
    infer_clip(inference, node);
  else
    return false;
  return true;
}

}  // namespace assay::hw_inference
