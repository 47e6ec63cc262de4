// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "golden/floating/broadcast.h"
#include "golden/floating/kernels.h"

namespace assay {

float float_round(float value, RoundingMode mode) {
  // numpy's sign: 0 for both zeros; NaN stays NaN.
  const auto sign = [&] {
    return value > 0 ? 1.0F : value < 0 ? -1.0F : value == 0 ? 0.0F : value;
  };
  const float size = std::fabs(value);
  switch (mode) {
    case RoundingMode::kHalfEven:
      return std::rint(value);
    case RoundingMode::kHalfUp:
      return sign() * std::floor(size + 0.5F);
    case RoundingMode::kHalfDown:
      return sign() * std::ceil(size - 0.5F);
    case RoundingMode::kCeil:
      return std::ceil(value);
    case RoundingMode::kFloor:
      return std::floor(value);
    case RoundingMode::kUp:
      return sign() * std::ceil(size);
    case RoundingMode::kDown:
      return sign() * std::floor(size);
  }
  ASSAY_INVARIANT(false, "an unknown rounding mode");
}

namespace {

/// Where the parameters of a quantiser meet its input.
struct Operand {
  BroadcastIndex index;
  std::size_t input;

  Operand(const Node& node, std::size_t i)
      : index(float_shape(node, node.inputs.at(i)), float_shape(node, node.inputs.at(0))),
        input(i) {}
  float at(const FloatInputs& in, std::int64_t i) const {
    return in[input]->data[static_cast<std::size_t>(index(i))];
  }
};

struct Bounds {
  float lo, hi;
  // As QONNX writes it: clamping comes before rounding and lets NaN through.
  float clamp(float y) const {
    y = y > hi ? hi : y;
    return y < lo ? lo : y;
  }
};

/// Of an integer of `bits` bits; in double, so that only the last step rounds to float32.
Bounds integer_bounds(double bits, bool is_signed, bool narrow) {
  const double less = narrow ? 1 : 0;
  if (is_signed)
    return {static_cast<float>(-std::exp2(bits - 1) + less),
            static_cast<float>(std::exp2(bits - 1) - 1)};
  return {0, static_cast<float>(std::exp2(bits) - 1 - less)};
}

float scalar(const FloatInputs& in, std::size_t i) { return in.at(i)->data.at(0); }

FloatKernel quant_kernel(const Node& node, const ops::Quant& op) {
  return [scale = Operand(node, 1), zero = Operand(node, 2), is_signed = op.is_signed,
          narrow = op.narrow,
          mode = op.rounding_mode](const FloatInputs& in, std::vector<FloatTensor>& out) {
    const float bits = scalar(in, 3);
    const bool bipolar = is_signed && bits == 1;
    const Bounds bounds = integer_bounds(bits, is_signed, narrow);
    const auto count = static_cast<std::int64_t>(in[0]->data.size());
    const float* x = in[0]->data.data();
    const float* scales = in[1]->data.data();
    float* y = out[0].data.data();
    scale.index.for_each(count, [&](std::int64_t i, std::int64_t j) {
      const float s = scales[j], z = zero.at(in, i);
      const float u = x[i] / s + z;
      const float q = bipolar ? (u >= 0 ? 1.0F : -1.0F) : float_round(bounds.clamp(u), mode);
      y[i] = (q - z) * s;
    });
  };
}

FloatKernel bipolar_kernel(const Node& node) {
  return [scale = Operand(node, 1)](const FloatInputs& in, std::vector<FloatTensor>& out) {
    const auto count = static_cast<std::int64_t>(in[0]->data.size());
    scale.index.for_each(count, [&](std::int64_t i, std::int64_t j) {
      const float s = in[1]->data[static_cast<std::size_t>(j)];
      out[0].data[static_cast<std::size_t>(i)] =
          (in[0]->data[static_cast<std::size_t>(i)] >= 0 ? 1.0F : -1.0F) * s;
    });
  };
}

FloatKernel trunc_v1_kernel(const Node& node, const ops::Trunc& op) {
  return [scale = Operand(node, 1), zero = Operand(node, 2), mode = op.rounding_mode](
             const FloatInputs& in, std::vector<FloatTensor>& out) {
    const float step = std::exp2(scalar(in, 3) - scalar(in, 4));
    for (std::size_t i = 0; i < out[0].data.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i);
      const float s = scale.at(in, at), z = zero.at(in, at);
      const float y = float_round(std::rint(in[0]->data[i] / s + z) / step, mode);
      out[0].data[i] = (y - z) * s;
    }
  };
}

FloatKernel trunc_v2_kernel(const Node& node, const ops::Trunc& op) {
  return [scale = Operand(node, 1), zero = Operand(node, 2), out_scale = Operand(node, 4),
          mode = op.rounding_mode, is_signed = op.is_signed,
          narrow = op.narrow](const FloatInputs& in, std::vector<FloatTensor>& out) {
    const Bounds bounds = integer_bounds(scalar(in, 5), is_signed, narrow);
    for (std::size_t i = 0; i < out[0].data.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i);
      const float s = scale.at(in, at), z = zero.at(in, at), wanted = out_scale.at(in, at);
      const float step = std::exp2(std::rint(std::log2(wanted / s)));
      const float y = float_round(bounds.clamp(std::rint(in[0]->data[i] / s + z) / step), mode);
      out[0].data[i] = (y - z / step) * wanted;
    }
  };
}

FloatKernel trunc_kernel(const Node& node, const ops::Trunc& op) {
  return op.version == 1 ? trunc_v1_kernel(node, op) : trunc_v2_kernel(node, op);
}

/// The minifloat of QONNX's FloatQuant.
struct MiniFloat {
  float mantissa, lowest_exponent, max;
  RoundingMode mode;
  bool saturation, has_inf;

  float quantise(float x) const {
    constexpr float kTiny = std::numeric_limits<float>::min();
    const float exponent =
        std::max(std::floor(std::log2(std::fabs(x) + kTiny)) - mantissa, lowest_exponent);
    const float grid = std::exp2(exponent);
    const float q = grid * float_round(x / grid, mode);
    if (saturation || !(std::fabs(q) > max)) return std::clamp(q, -max, max);
    constexpr float kInf = std::numeric_limits<float>::infinity();
    return has_inf ? std::copysign(kInf, q) : std::numeric_limits<float>::quiet_NaN();
  }
};

FloatKernel float_quant_kernel(const Node& node, const ops::FloatQuant& op) {
  if (!op.saturation && !op.has_inf && !op.has_nan)
    user_error("{}: without saturation the format must have infinities or NaNs", node.label());
  return [scale = Operand(node, 1), op](const FloatInputs& in, std::vector<FloatTensor>& out) {
    const float exponent_bits = scalar(in, 2), mantissa = scalar(in, 3), bias = scalar(in, 4);
    const float largest =
        (2 - std::exp2(-mantissa)) * std::exp2(std::exp2(exponent_bits) - 1 - bias);
    const MiniFloat format{mantissa,         1 - bias - mantissa, std::min(largest, scalar(in, 5)),
                           op.rounding_mode, op.saturation,       op.has_inf};
    for (std::size_t i = 0; i < out[0].data.size(); ++i) {
      const float s = scale.at(in, static_cast<std::int64_t>(i));
      out[0].data[i] = format.quantise(in[0]->data[i] / s) * s;
    }
  };
}

FloatKernel multi_threshold_kernel(const Node& node, const ops::MultiThreshold& op) {
  const Shape& shape = float_shape(node, node.inputs.at(0));
  const Shape& thresholds = float_shape(node, node.inputs.at(1));
  const bool last = layout_name(op.data_layout).ends_with('C');
  auto channel = BroadcastIndex::along_axis(thresholds.at(0), last ? shape.size() - 1 : 1, shape);
  return [channel = std::move(channel), steps = thresholds.at(1), scale = op.out_scale,
          bias = op.out_bias](const FloatInputs& in, std::vector<FloatTensor>& out) {
    const float* table = in[1]->data.data();
    channel.for_each(
        static_cast<std::int64_t>(in[0]->data.size()), [&](std::int64_t i, std::int64_t c) {
          const float x = in[0]->data[static_cast<std::size_t>(i)];
          const auto reached = std::count_if(table + c * steps, table + (c + 1) * steps,
                                             [&](float t) { return x >= t; });
          out[0].data[static_cast<std::size_t>(i)] = scale * static_cast<float>(reached) + bias;
        });
  };
}

/// Scale and zero point of QuantizeLinear and DequantizeLinear.
struct Linear {
  BroadcastIndex scale, zero;
  bool has_zero;

  Linear(const Node& node, std::int64_t axis) : has_zero(node.inputs.size() > 2 && node.inputs[2]) {
    const Shape& shape = float_shape(node, node.inputs.at(0));
    scale = index(node, 1, axis, shape);
    if (has_zero) zero = index(node, 2, axis, shape);
  }
  float scale_at(const FloatInputs& in, std::int64_t i) const {
    return in[1]->data[static_cast<std::size_t>(scale(i))];
  }
  float zero_at(const FloatInputs& in, std::int64_t i) const {
    return has_zero ? in[2]->data[static_cast<std::size_t>(zero(i))] : 0;
  }

 private:
  static BroadcastIndex index(const Node& node, std::size_t input, std::int64_t axis,
                              const Shape& shape) {
    const std::int64_t size = element_count(float_shape(node, node.inputs.at(input)));
    return size == 1
               ? BroadcastIndex()
               : BroadcastIndex::along_axis(size, ops::normalise_axis(axis, shape.size()), shape);
  }
};

FloatKernel quantize_linear_kernel(const Node& node, const ops::QuantizeLinear& op) {
  const bool has_zero = node.inputs.size() > 2 && node.inputs[2];
  const DataType type = container_type(has_zero ? node.inputs[2]->container : Container::kUInt8);
  const auto lo = static_cast<float>(type.min()), hi = static_cast<float>(type.max());
  return [linear = Linear(node, op.axis), lo, hi](const FloatInputs& in,
                                                  std::vector<FloatTensor>& out) {
    for (std::size_t i = 0; i < out[0].data.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i);
      const float q = std::rint(in[0]->data[i] / linear.scale_at(in, at)) + linear.zero_at(in, at);
      out[0].data[i] = std::clamp(q, lo, hi);
    }
  };
}

FloatKernel dequantize_linear_kernel(const Node& node, const ops::DequantizeLinear& op) {
  return [linear = Linear(node, op.axis)](const FloatInputs& in, std::vector<FloatTensor>& out) {
    for (std::size_t i = 0; i < out[0].data.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i);
      out[0].data[i] = (in[0]->data[i] - linear.zero_at(in, at)) * linear.scale_at(in, at);
    }
  };
}

}  // namespace

FloatKernel float_quantiser_kernel(const Node& node, const FloatInputs&) {
  if (const auto* op = node.as<ops::Quant>()) return quant_kernel(node, *op);
  if (node.as<ops::BipolarQuant>()) return bipolar_kernel(node);
  if (const auto* op = node.as<ops::Trunc>()) return trunc_kernel(node, *op);
  if (const auto* op = node.as<ops::FloatQuant>()) return float_quant_kernel(node, *op);
  if (const auto* op = node.as<ops::MultiThreshold>()) return multi_threshold_kernel(node, *op);
  if (const auto* op = node.as<ops::QuantizeLinear>()) return quantize_linear_kernel(node, *op);
  if (const auto* op = node.as<ops::DequantizeLinear>()) return dequantize_linear_kernel(node, *op);
  return {};
}

}  // namespace assay
