// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "golden/floating/broadcast.h"
#include "golden/floating/function.h"
#include "golden/floating/kernels.h"

namespace assay {
namespace {

template <typename Function>
FloatKernel unary(Function function) {
  return [function](const FloatInputs& in, std::vector<FloatTensor>& out) {
    std::ranges::transform(in[0]->data, out[0].data.begin(), function);
  };
}

template <typename Function>
FloatKernel binary(const Node& node, Function function) {
  const Shape& a = float_shape(node, node.inputs.at(0));
  const Shape& b = float_shape(node, node.inputs.at(1));
  const Shape to = broadcast_shape(a, b);
  return [function, same = a == to, first = BroadcastIndex(a, to), second = BroadcastIndex(b, to)](
             const FloatInputs& in, std::vector<FloatTensor>& out) {
    const float* x = in[0]->data.data();
    const float* y = in[1]->data.data();
    float* z = out[0].data.data();
    const auto count = static_cast<std::int64_t>(out[0].data.size());
    if (same) {
      second.for_each(count, [=](std::int64_t i, std::int64_t j) { z[i] = function(x[i], y[j]); });
    } else {
      second.for_each(count, [=, &first](std::int64_t i, std::int64_t j) {
        z[i] = function(x[first(i)], y[j]);
      });
    }
  };
}

float power(float x, float y) {
  if (y == 2) return x * x;  // as ONNX Runtime does
  return std::pow(x, y);
}

FloatKernel clip_kernel() {
  return [](const FloatInputs& in, std::vector<FloatTensor>& out) {
    constexpr float kInf = std::numeric_limits<float>::infinity();
    const auto bound = [&](std::size_t i, float otherwise) {
      return in.size() > i && in[i] ? in[i]->data.at(0) : otherwise;
    };
    const float lo = bound(1, -kInf), hi = bound(2, kInf);
    std::ranges::transform(in[0]->data, out[0].data.begin(), [=](float x) {
      return std::min(std::max(x, lo),
                      hi);  // not std::clamp: ONNX allows lo > hi, and the result is hi then
    });
  };
}

FloatKernel cast_kernel(const Node& node, const ops::Cast& op) {
  const Tensor* input = node.inputs.at(0);
  if (op.to == 1 || (input && input->container != Container::kFloat32))
    return unary([](float x) { return x; });
  return unary([](float x) { return std::trunc(x); });
}

/// ONNX Runtime's form: A = scale * (1 / sqrt(var + eps)), x * A + (bias - mean * A).
FloatKernel batch_norm_kernel(const Node& node, const ops::BatchNormalization& op) {
  const Shape& shape = float_shape(node, node.inputs.at(0));
  return [index = BroadcastIndex::along_axis(shape.at(1), 1, shape), channels = shape.at(1),
          epsilon = op.epsilon](const FloatInputs& in, std::vector<FloatTensor>& out) {
    std::vector<float> slope(static_cast<std::size_t>(channels)), shift(slope.size());
    for (std::size_t c = 0; c < slope.size(); ++c) {
      const float inverse = 1.0F / std::sqrt(in[4]->data[c] + epsilon);
      slope[c] = in[1]->data[c] * inverse;
      shift[c] = in[2]->data[c] - in[3]->data[c] * slope[c];
    }
    const float* x = in[0]->data.data();
    float* y = out[0].data.data();
    index.for_each(
        static_cast<std::int64_t>(in[0]->data.size()), [&](std::int64_t i, std::int64_t c) {
          y[i] = x[i] * slope[static_cast<std::size_t>(c)] + shift[static_cast<std::size_t>(c)];
        });
  };
}

void softmax_lane(const float* x, float* y, std::int64_t size, std::int64_t stride) {
  float largest = x[0], sum = 0;
  for (std::int64_t i = 1; i < size; ++i) largest = std::max(largest, x[i * stride]);
  for (std::int64_t i = 0; i < size; ++i) sum += y[i * stride] = std::exp(x[i * stride] - largest);
  for (std::int64_t i = 0; i < size; ++i) y[i * stride] /= sum;
}

void log_softmax_lane(const float* x, float* y, std::int64_t size, std::int64_t stride) {
  float largest = x[0], sum = 0;
  for (std::int64_t i = 1; i < size; ++i) largest = std::max(largest, x[i * stride]);
  for (std::int64_t i = 0; i < size; ++i) sum += std::exp(x[i * stride] - largest);
  for (std::int64_t i = 0; i < size; ++i) y[i * stride] = x[i * stride] - largest - std::log(sum);
}

using Lane = void (*)(const float*, float*, std::int64_t, std::int64_t);

FloatKernel lane_kernel(const Node& node, std::int64_t along, Lane compute) {
  const Shape& shape = float_shape(node, node.inputs.at(0));
  const std::size_t axis = ops::normalise_axis(along, shape.size());
  const std::int64_t size = shape[axis];
  const std::int64_t stride = std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1,
                                              shape.end(), std::int64_t{1}, std::multiplies<>());
  return [size, stride, compute](const FloatInputs& in, std::vector<FloatTensor>& out) {
    if (size == 0) return;
    const auto lanes = static_cast<std::int64_t>(in[0]->data.size()) / size;
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      const std::int64_t from = lane / stride * stride * size + lane % stride;
      compute(in[0]->data.data() + from, out[0].data.data() + from, size, stride);
    }
  };
}

}  // namespace

FloatKernel float_elementwise_kernel(const Node& node, const FloatInputs&) {
  if (node.as<ops::Add>()) return binary(node, [](float a, float b) { return a + b; });
  if (node.as<ops::Sub>()) return binary(node, [](float a, float b) { return a - b; });
  if (node.as<ops::Mul>()) return binary(node, [](float a, float b) { return a * b; });
  if (node.as<ops::Div>()) return binary(node, [](float a, float b) { return a / b; });
  if (node.as<ops::Pow>()) return binary(node, power);
  if (node.as<ops::Relu>()) return unary([](float x) { return x < 0 ? 0.0F : x; });
  if (node.as<ops::Sign>())
    return unary([](float x) { return x > 0 ? 1.0F : x < 0 ? -1.0F : 0.0F; });
  if (node.as<ops::Clip>()) return clip_kernel();
  if (const auto* op = node.as<ops::Cast>()) return cast_kernel(node, *op);
  if (const auto* op = node.as<ops::BatchNormalization>()) return batch_norm_kernel(node, *op);
  if (const auto* op = node.as<ops::Softmax>()) return lane_kernel(node, op->axis, softmax_lane);
  if (const auto* op = node.as<ops::LogSoftmax>())
    return lane_kernel(node, op->axis, log_softmax_lane);
  if (const auto* op = node.as<ops::FunctionOp>())
    return unary([f = op->function()](float x) { return function_value(f, x); });
  return {};
}

}  // namespace assay
