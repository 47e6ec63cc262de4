// SPDX-License-Identifier: Apache-2.0
// Elementwise operators, and those that move streams.
#include <algorithm>
#include <limits>

#include "compile/hw/constants.h"
#include "compile/passes/layers/hw_inference.h"
#include "compile/passes/rewrite/nearest.h"

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
    throw NoLayer{"its constant depends on the position; only one value per channel has a layer"};
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

/// A type that holds what all inputs may hold.
DataType common_type(const std::vector<Tensor*>& inputs) {
  DataType type = inputs[0]->dtype;
  for (const Tensor* input : inputs)
    if (input->dtype != type)
      type = DataType::smallest_for(std::min(type.min(), input->dtype.min()),
                                    std::max(type.max(), input->dtype.max()));
  return type;
}

void infer_concat(Inference& inference, Node& node, const ops::Concat& op) {
  const std::size_t rank = known_shape(*node.outputs[0]).size();
  if (ops::normalise_axis(op.axis, rank) + 1 != rank)
    throw NoLayer{"it does not join channels, the last axis; only those have a layer"};
  for (const Tensor* input : node.inputs)
    if (input->constant) throw NoLayer{"it joins a constant; only streams have a layer"};
  if (node.inputs.size() > static_cast<std::size_t>(hw::StreamingConcat::kMaxInputs))
    throw NoLayer{fmt::format("it joins {} streams, more than {}; join them in two steps",
                              node.inputs.size(), hw::StreamingConcat::kMaxInputs)};
  node.outputs[0]->dtype = common_type(node.inputs);
  inference.replace({&node}, hw::StreamingConcat{}, node.inputs, {node.outputs[0]});
}

/// Whether every position reads the element at position / scale.
bool repeats(const ops::Resize& op, std::int64_t n, std::int64_t scale) {
  const auto positions = nearest_positions(op, n, n * scale);
  if (!positions) return false;
  for (std::int64_t i = 0; i < n * scale; ++i)
    if ((*positions)[static_cast<std::size_t>(i)] != i / scale) return false;
  return true;
}

void infer_resize(Inference& inference, Node& node, const ops::Resize& op) {
  const Shape &in = known_shape(*node.inputs[0]), &out = known_shape(*node.outputs[0]);
  const bool spatial = in.size() == 4 && in[0] == out[0] && in[3] == out[3];
  if (!spatial || op.mode != "nearest" || out[1] % in[1] != 0 || out[2] % in[2] != 0 ||
      !repeats(op, in[1], out[1] / in[1]) || !repeats(op, in[2], out[2] / in[2]))
    throw NoLayer{
        fmt::format("it resizes {} to {} in a way that does not repeat every pixel; use "
                    "nearest, asymmetric, floor and whole factors",
                    shape_text(in), shape_text(out))};
  if (in == out && inference.drop(node, node.inputs[0])) return;
  hw::UpsampleNearestNeighbour up;
  up.scale = {out[1] / in[1], out[2] / in[2]};
  node.outputs[0]->dtype = node.inputs[0]->dtype;
  inference.replace({&node}, up, {node.inputs[0]}, {node.outputs[0]});
}

bool is_read(const Graph& graph, const Tensor* tensor) {
  return !tensor->consumers.empty() || graph.is_output(tensor) ||
         std::ranges::any_of(graph.checkpoints(), [&](const Checkpoint& checkpoint) {
           return checkpoint.tensor == tensor;
         });
}

void infer_top_k(Inference& inference, Node& node, const ops::TopK& op) {
  const Shape& x = known_shape(*node.inputs[0]);
  if (!constant_input(node, 1)) throw NoLayer{"its k is not constant"};
  if (ops::normalise_axis(op.axis, x.size()) + 1 != x.size() || element_count(x) != x.back())
    throw NoLayer{fmt::format("it ranks {} along axis {}; only one vector of classes has a layer",
                              shape_text(x), op.axis)};
  hw::LabelSelect select;
  select.k = hw::integer_constant(node, 1)[0];
  select.largest = op.largest;
  std::vector<Tensor*> outputs = node.outputs;
  for (Tensor*& tensor : outputs)
    if (tensor && !is_read(inference.graph, tensor)) tensor = nullptr;
  if (outputs[0]) outputs[0]->dtype = node.inputs[0]->dtype;
  if (outputs.size() > 1 && outputs[1]) outputs[1]->dtype = DataType::smallest_for(0, x.back() - 1);
  inference.replace({&node}, select, {node.inputs[0]}, outputs);
}

}  // namespace

bool infer_elementwise(Inference& inference, Node& node) {
  const bool constant = !hw::reads_streams(node);
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

bool infer_move(Inference& inference, Node& node) {
  if (const auto* concat = node.as<ops::Concat>())
    infer_concat(inference, node, *concat);
  else if (const auto* resize = node.as<ops::Resize>())
    infer_resize(inference, node, *resize);
  else if (const auto* top = node.as<ops::TopK>())
    infer_top_k(inference, node, *top);
  else if (node.as<ops::Identity>())
    return inference.drop(node, node.inputs[0]);
  else if (node.as<ops::Gather>())
    throw NoLayer{
        "it picks or repeats rows or columns, as Slice and a reflecting or edge Pad do; only "
        "channels move in hardware: pad with a constant, or cut in front of the network"};
  else
    return false;
  return true;
}

}  // namespace assay::hw_inference
