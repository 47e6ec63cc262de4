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

/// `x` over a shape that it broadcasts to: one layer for each run of axes that it lacks.
Tensor* repeated(Inference& inference, Tensor* x, const Shape& to) {
  const std::string name = x->name;
  Shape shape = known_shape(*x);
  for (std::size_t axis = 0, end = 0; axis < to.size(); axis = std::max(end, axis + 1)) {
    for (end = axis; end < to.size() && shape[end] == 1; ++end) shape[end] = to[end];
    const auto product = [&](std::size_t first, std::size_t last) {
      return element_count({shape.begin() + static_cast<std::ptrdiff_t>(first),
                            shape.begin() + static_cast<std::ptrdiff_t>(last)});
    };
    const std::int64_t times = product(axis, end);
    if (times == 1) continue;
    hw::Pick op;
    op.columns.assign(static_cast<std::size_t>(times), 0);
    x = inference.viewed(x, {product(0, axis), 1, 1, product(end, to.size())}, name + "_pixels");
    x = inference.add(op, {x}, name + "_repeated", x->dtype);
  }
  return inference.viewed(x, to, name + "_spread");
}

/// The layer repeats one vector for every pixel; another factor that does not have the output's
/// shape, such as that of one channel in spatial attention, is repeated in front of it.
void spread_factor(Inference& inference, Node& node) {
  const Shape out = known_shape(*node.outputs[0]);
  Shape vector(out.size(), 1);
  vector.back() = out.back();
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Shape& shape = known_shape(*node.inputs[i]);
    if (shape != out && shape != vector && shape.size() == out.size())
      inference.graph.set_input(&node, i, repeated(inference, node.inputs[i], out));
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
