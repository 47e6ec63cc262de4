// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <numeric>
#include <string>
#include <string_view>

#include "support/real_eval_linear.h"
#include "support/real_eval_move.h"
#include "support/real_eval_quant.h"

/// A slow evaluator of whole graphs in exact real arithmetic, written for the tests from the
/// operators' definitions and from nothing else: naive loops, no thresholds, no floating point, no
/// shape inference.
namespace assay::real_eval {

inline Real power(const Real& base, const Real& exponent) {
  if (exponent == half()) {
    if (!base.is_rational() || base.sign() < 0)
      user_error("no exact square root of {}", base.str());
    return Real::sqrt(base.rational());
  }
  const std::int64_t count = to_int(exponent);
  Real result(1);
  for (std::int64_t i = 0; i < std::abs(count); ++i) result *= base;
  return count < 0 ? divide(Real(1), result) : result;
}

inline RealTensor relu(const Call& call) {
  return map_unary(call.input(0), [](const Real& x) { return max_of(x, Real(0)); });
}

inline RealTensor sign(const Call& call) {
  return map_unary(call.input(0), [](const Real& x) { return Real(x.sign()); });
}

inline RealTensor identity(const Call& call) { return call.input(0); }

inline RealTensor clip(const Call& call) {
  return map_unary(call.input(0), [&](const Real& x) {
    const Real raised = call.has(1) ? max_of(x, scalar(call.input(1))) : x;
    return call.has(2) ? min_of(raised, scalar(call.input(2))) : raised;
  });
}

inline RealTensor cast(const Call& call) {
  constexpr std::int64_t kFloat = 1;
  if (call.op<ops::Cast>().to == kFloat) return call.input(0);
  return map_unary(call.input(0), [](const Real& x) { return round_to(x, RoundingMode::kDown); });
}

inline RealTensor batch_normalization(const Call& call) {
  const Real epsilon = Real::of(call.op<ops::BatchNormalization>().epsilon);
  const RealTensor &x = call.input(0), &gamma = call.input(1), &beta = call.input(2),
                   &mean = call.input(3), &variance = call.input(4);
  return generate(x.shape, [&](const Shape& at) {
    const auto c = static_cast<std::size_t>(at[1]);
    const Real deviation = Real::sqrt((variance.values[c] + epsilon).rational());
    return divide(gamma.values[c] * (x.at(at) - mean.values[c]), deviation) + beta.values[c];
  });
}

/// Values and indices; the lower index wins among equals.
inline std::vector<RealTensor> top_k(const Call& call) {
  const auto& op = call.op<ops::TopK>();
  const RealTensor& x = call.input(0);
  const std::size_t axis = ops::normalise_axis(op.axis, x.shape.size());
  Shape shape = x.shape;
  shape[axis] = to_int(scalar(call.input(1)));
  if (shape[axis] > x.shape[axis]) user_error("{}: k exceeds the axis", call.node().label());
  const RealTensor indices = generate(shape, [&](const Shape& at) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(x.shape[axis]));
    std::iota(order.begin(), order.end(), 0);
    const auto value = [&](std::int64_t i) {
      Shape from = at;
      from[axis] = i;
      return x.at(from);
    };
    std::ranges::stable_sort(order, [&](std::int64_t a, std::int64_t b) {
      return op.largest ? value(b) < value(a) : value(a) < value(b);
    });
    return Real(order[static_cast<std::size_t>(at[axis])]);
  });
  const RealTensor values = generate(shape, [&](const Shape& at) {
    Shape from = at;
    from[axis] = to_int(indices.at(at));
    return x.at(from);
  });
  return {values, indices};
}

template <auto Function>
RealTensor binary(const Call& call) {
  return map_binary(call.input(0), call.input(1), Function);
}

inline const std::map<std::string_view, std::function<RealTensor(const Call&)>>& evaluators() {
  static const std::map<std::string_view, std::function<RealTensor(const Call&)>> table = {
      {"Quant", quant},
      {"BipolarQuant", bipolar_quant},
      {"Trunc", trunc},
      {"FloatQuant", float_quant},
      {"MultiThreshold", multi_threshold},
      {"JoinThreshold", join_threshold},
      {"QuantizeLinear", quantize_linear},
      {"DequantizeLinear", dequantize_linear},
      {"Conv", conv},
      {"ConvTranspose", conv_transpose},
      {"MatMul", matmul},
      {"Gemm", gemm},
      {"XnorPopcountMatMul", xnor_popcount_matmul},
      {"DepthwiseMatMul", depthwise_matmul},
      {"Add", binary<[](const Real& a, const Real& b) { return a + b; }>},
      {"Sub", binary<[](const Real& a, const Real& b) { return a - b; }>},
      {"Mul", binary<[](const Real& a, const Real& b) { return a * b; }>},
      {"Div", binary<[](const Real& a, const Real& b) { return divide(a, b); }>},
      {"Pow", binary<[](const Real& a, const Real& b) { return power(a, b); }>},
      {"Relu", relu},
      {"Sign", sign},
      {"Identity", identity},
      {"DebugMarker", identity},
      {"Clip", clip},
      {"Cast", cast},
      {"BatchNormalization", batch_normalization},
      {"MaxPool", max_pool},
      {"AveragePool", average_pool},
      {"SumPool", sum_pool},
      {"GlobalAveragePool", global_average_pool},
      {"QuantAvgPool2d", quant_avg_pool},
      {"MaxPoolNHWC", max_pool_nhwc},
      {"Flatten", flatten},
      {"Reshape", reshape},
      {"Transpose", transpose},
      {"Concat", concat},
      {"Pad", pad},
      {"Resize", resize},
      {"DepthToSpace", depth_to_space},
      {"Im2Col", im2col},
      {"Squeeze", squeeze},
      {"Unsqueeze", unsqueeze},
      {"Shape", shape_of},
      {"Gather", gather},
  };
  return table;
}

/// The outputs of one node. UserError for Softmax and other operators without an exact result.
inline std::vector<RealTensor> evaluate_node(const Call& call) {
  if (call.node().as<ops::TopK>()) return top_k(call);
  const auto it = evaluators().find(call.node().op->type());
  if (it == evaluators().end())
    user_error("{}: exact reals cannot express it", call.node().label());
  return {it->second(call)};
}

/// The exact values of all tensors of `graph`, by name, constants included. `inputs` holds one
/// tensor for every graph input.
inline std::map<std::string, RealTensor> evaluate(const Graph& graph,
                                                  const std::map<std::string, RealTensor>& inputs) {
  std::map<std::string, RealTensor> values;
  for (const Tensor* input : graph.inputs()) {
    if (input->constant) continue;
    const auto it = inputs.find(input->name);
    if (it == inputs.end()) user_error("no value for the input '{}'", input->name);
    values[input->name] = it->second;
  }
  for (const auto& tensor : graph.tensors())
    if (tensor->constant) values[tensor->name] = real_tensor(*tensor->constant);
  for (const Node* node : graph.topological_order()) {
    std::vector<const RealTensor*> operands;
    for (const Tensor* input : node->inputs)
      operands.push_back(input ? &values.at(input->name) : nullptr);
    const std::vector<RealTensor> results = evaluate_node(Call(*node, std::move(operands)));
    for (std::size_t i = 0; i < node->outputs.size(); ++i)
      if (node->outputs[i]) values[node->outputs[i]->name] = results[i];
  }
  return values;
}

/// What the checkpoints of `graph` hold, by checkpoint name and in their own order of axes: the
/// integers (real - offset) / scale with real = unit * value + shift where there is a map, else the
/// reals. UserError when a mapped value is not an integer of the checkpoint's type.
inline std::map<std::string, RealTensor> checkpoint_values(
    const Graph& graph, const std::map<std::string, RealTensor>& inputs) {
  const std::map<std::string, RealTensor> values = evaluate(graph, inputs);
  std::map<std::string, RealTensor> out;
  for (const Checkpoint& checkpoint : graph.checkpoints()) {
    RealTensor held = values.at(checkpoint.tensor->name);
    if (!checkpoint.perm.empty()) held = transposed(held, checkpoint.perm);
    const auto broadcast = [&](const RealArray& array) {
      return generate(held.shape, Broadcast(RealTensor{array.shape, array.values}, held.shape));
    };
    const RealTensor unit = broadcast(checkpoint.unit), shift = broadcast(checkpoint.shift);
    held = generate(held.shape,
                    [&](const Shape& at) { return held.at(at) * unit.at(at) + shift.at(at); });
    if (checkpoint.has_map) {
      const RealTensor scale = broadcast(checkpoint.scale), offset = broadcast(checkpoint.offset);
      held = generate(held.shape, [&](const Shape& at) {
        return divide(held.at(at) - offset.at(at), scale.at(at));
      });
      for (const Real& q : held.values)
        if (checkpoint.dtype.is_integer() && !checkpoint.dtype.allows(to_int(q)))
          user_error("checkpoint '{}' holds {}, which is no {}", checkpoint.name, q.str(),
                     checkpoint.dtype.name());
    }
    out[checkpoint.name] = std::move(held);
  }
  return out;
}

}  // namespace assay::real_eval
