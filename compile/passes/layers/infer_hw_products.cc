// SPDX-License-Identifier: Apache-2.0
// Products and thresholds.
#include <algorithm>
#include <cmath>

#include "compile/hw/constants.h"
#include "compile/passes/layers/hw_inference.h"

namespace assay::hw_inference {
namespace {

/// Thresholds as a layer takes them.
struct Steps {
  hw::Levels levels;
  Shape lead;  ///< of the rows, aligned with the axes of X
  Ints values;
  std::int64_t count = 1;  ///< per row

  /// Whether rows belong to channels alone.
  bool by_channel() const { return element_count(lead) == (lead.empty() ? 1 : lead.back()); }
  Shape shape() const {
    if (by_channel()) return {lead.empty() ? 1 : lead.back(), count};
    Shape full = lead;
    full.push_back(count);
    return full;
  }
};

/// Levels further apart than this are refused: each takes that many thresholds.
constexpr std::int64_t kMostApart = 16;

/// Sets the levels. Hardware counts in ones, except for signs: where levels are further apart,
/// every threshold counts as often.
void set_levels(const Node& node, Steps& steps, std::int64_t scale, std::int64_t bias) {
  for (auto row = steps.values.begin(); row != steps.values.end(); row += steps.count)
    std::sort(row, row + steps.count);
  if (scale == 2 && bias == -1 && steps.count == 1) {
    steps.levels = {DataType::bipolar(), 2, -1};
    return;
  }
  if (scale < 1 || scale > kMostApart)
    throw NoLayer{
        fmt::format("its levels are {} apart; hardware counts upwards in ones, divide "
                    "its scale out of it",
                    scale)};
  Ints repeated;
  for (const std::int64_t value : steps.values)
    repeated.insert(repeated.end(), static_cast<std::size_t>(scale), value);
  steps.values = std::move(repeated);
  steps.count *= scale;
  steps.levels = {node.outputs[0]->dtype, 1, bias};
}

std::int64_t whole(float value) {
  if (value != std::nearbyint(value) || std::abs(value) > 0x1p31F)
    throw NoLayer{"its levels are no integers; streamline the graph first"};
  return static_cast<std::int64_t>(value);
}

Steps steps_of(const Node& node, const ops::MultiThreshold& op) {
  const std::size_t rank = known_shape(*node.inputs[0]).size();
  const Constant* t = constant_input(node, 1);
  if (!t) throw NoLayer{"its thresholds are not constant"};
  const bool last = layout_name(op.data_layout).ends_with('C') || rank == 2;
  if (!last && t->shape()[0] != 1)
    throw NoLayer{"its channels are not the last axis; run the step lower first"};
  Steps steps;
  steps.count = t->shape()[1];
  steps.lead.assign(rank, 1);
  steps.lead.back() = t->shape()[0];
  steps.values = hw::integer_constant(node, 1);
  set_levels(node, steps, whole(op.out_scale), whole(op.out_bias));
  return steps;
}

Steps steps_of(const Node& node, const ops::JoinThreshold& op) {
  const Constant* t = constant_input(node, 0);
  if (!t) throw NoLayer{"its thresholds are not constant"};
  Steps steps;
  steps.count = t->shape().back();
  steps.lead.assign(t->shape().begin(), t->shape().end() - 1);
  steps.values = hw::integer_constant(node, 0);
  set_levels(node, steps, op.out_scale, op.out_bias);
  return steps;
}

/// A quantiser of one stream: its input, and its thresholds.
bool has_one_stream(const Node& node) {
  return node.inputs.size() == ops::JoinThreshold::kFirstX + 1 && !node.inputs[1];
}
std::optional<Steps> one_stream(const Node& node) {
  if (const auto* op = node.as<ops::MultiThreshold>()) return steps_of(node, *op);
  const auto* join = node.as<ops::JoinThreshold>();
  if (join && has_one_stream(node)) return steps_of(node, *join);
  return {};
}

void infer_threshold(Inference& inference, Node& node, Tensor* x, const Steps& steps) {
  hw::Thresholding op;
  op.levels = steps.levels;
  node.outputs[0]->dtype = steps.levels.out_dtype;
  Tensor* t = inference.parameter(node.name + "_steps", steps.shape(), steps.values);
  inference.replace({&node}, op, {x, t}, {node.outputs[0]});
}

/// M * X against T, per channel: a product, then thresholds.
void infer_scaled(Inference& inference, Node& node, const ops::JoinThreshold& op) {
  const Constant& m = *node.inputs[1]->constant;
  Tensor* x = node.inputs[ops::JoinThreshold::kFirstX];
  const std::int64_t channels = known_shape(*x).back();
  if (m.size() != 1 && (m.size() != channels || *(m.shape().end() - 2) != channels))
    throw NoLayer{"its multiplier depends on the position; only one per channel has a layer"};
  const Steps steps = steps_of(node, op);
  const Ints values = hw::integer_constant(node, 1);
  const auto [low, high] = std::ranges::minmax(values);
  const Ints corners = {low * x->dtype.min(), low * x->dtype.max(), high * x->dtype.min(),
                        high * x->dtype.max()};
  const auto [least, most] = std::ranges::minmax(corners);
  hw::ChannelwiseOp product;
  product.function = "mul";
  Tensor* factors = inference.parameter(node.name + "_factors", {std::ssize(values)}, values);
  Tensor* scaled = inference.add(product, {x, factors}, node.name + "_scaled",
                                 DataType::smallest_for(least, most));
  infer_threshold(inference, node, scaled, steps);
}

void infer_join(Inference& inference, Node& node, const ops::JoinThreshold& op) {
  constexpr std::size_t kFirstX = ops::JoinThreshold::kFirstX;
  const bool line = node.inputs[1] != nullptr;
  if (!constant_input(node, 0) || (line && !constant_input(node, 1)))
    throw NoLayer{"its thresholds or multipliers are not constant"};
  if (node.inputs.size() == kFirstX + 1) return infer_scaled(inference, node, op);
  const std::size_t rank = known_shape(*node.inputs[kFirstX]).size();
  for (std::size_t i = 0; i < (line ? 2U : 1U); ++i) {
    const Shape& shape = known_shape(*node.inputs[i]);
    for (std::size_t axis = 0; axis + 1 < rank; ++axis)
      if (shape[axis] != 1)
        throw NoLayer{
            "its thresholds depend on the position, which a sum of streams cannot have "
            "in hardware; pad with a value that the first stream can hold"};
  }
  const Steps steps = steps_of(node, op);
  hw::JoinThreshold join;
  join.levels = steps.levels;
  join.table_min = op.table_min;
  node.outputs[0]->dtype = join.levels.out_dtype;
  Shape shape = steps.lead;
  shape.push_back(steps.count);
  std::vector<Tensor*> inputs = node.inputs;
  inputs[0] = inference.parameter(node.name + "_steps", shape, steps.values);
  inference.replace({&node}, join, inputs, {node.outputs[0]});
}

/// The thresholds behind a product that only they read.
Node* thresholds_behind(const Inference& inference, const Node& node) {
  if (inference.standalone_thresholds) return nullptr;
  Node* next = inference.only_reader(node.outputs[0]);
  if (!next) return nullptr;
  try {
    const auto steps = one_stream(*next);
    return steps && steps->by_channel() ? next : nullptr;
  } catch (const NoLayer&) {
    return nullptr;  // said when its turn comes
  }
}

template <typename T>
void replace_product(Inference& inference, Node& node, T op) {
  if (!constant_input(node, 1))
    throw NoLayer{"it multiplies two activations; only constant weights have a layer"};
  for (const Tensor* factor : node.inputs)
    if (factor->dtype.bits > hw::kMaxFactorBits)
      throw NoLayer{
          fmt::format("it multiplies numbers of {} bits, more than {}; quantise what is in front "
                      "of it, or its weights, to fewer bits",
                      factor->dtype.bits, hw::kMaxFactorBits)};
  op.acc_dtype = node.outputs[0]->dtype;
  std::vector<Tensor*> inputs = node.inputs;
  Node* thresholds = thresholds_behind(inference, node);
  if (!thresholds) {
    op.levels.out_dtype = op.acc_dtype;
    return inference.replace({&node}, op, inputs, {node.outputs[0]});
  }
  const Steps steps = *one_stream(*thresholds);
  Tensor* out = thresholds->outputs[0];
  op.levels = steps.levels;
  out->dtype = steps.levels.out_dtype;
  inputs.push_back(inference.parameter(thresholds->name + "_steps", steps.shape(), steps.values));
  inference.replace({&node, thresholds}, op, inputs, {out});
}

void check_matrix(const Node& node) {
  if (known_shape(*node.inputs[1]).size() != 2 || known_shape(*node.inputs[0]).empty())
    throw NoLayer{"its second factor is no matrix; only matrices have a layer"};
}

void infer_depthwise(Inference& inference, Node& node) {
  const Node* windows = node.inputs[0]->producer;
  const auto* generator = windows ? windows->as<hw::ConvolutionInputGenerator>() : nullptr;
  const bool grouped = generator && generator->depthwise;
  if (!grouped && known_shape(*node.inputs[1])[0] != 1)
    throw NoLayer{"its windows do not come straight from an Im2Col; only those have a layer"};
  replace_product(inference, node, hw::VVAU{});
}

}  // namespace

bool infer_product(Inference& inference, Node& node) {
  const bool xnor = node.as<ops::XnorPopcountMatMul>() != nullptr;
  if (node.as<ops::MatMul>() || xnor) {
    check_matrix(node);
    hw::MVAU op;
    op.xnor = xnor;
    replace_product(inference, node, op);
  } else if (node.as<ops::DepthwiseMatMul>()) {
    infer_depthwise(inference, node);
  } else {
    return false;
  }
  return true;
}

bool infer_thresholds(Inference& inference, Node& node) {
  if (const auto steps = one_stream(node)) {
    const bool join = node.as<ops::JoinThreshold>() != nullptr;
    infer_threshold(inference, node, node.inputs[join ? ops::JoinThreshold::kFirstX : 0], *steps);
  } else if (const auto* op = node.as<ops::JoinThreshold>()) {
    infer_join(inference, node, *op);
  } else {
    return false;
  }
  return true;
}

}  // namespace assay::hw_inference
