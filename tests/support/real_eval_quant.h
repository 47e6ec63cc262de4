// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/real_call.h"

/// Quantisers, straight from their definitions.
namespace assay::real_eval {

/// Bounds of a quantiser's integers.
struct Levels {
  Real lo, hi;
  Levels(std::int64_t bits, bool is_signed, bool narrow) {
    lo = is_signed ? Real(narrow ? 1 : 0) - power_of_two(bits - 1) : Real(0);
    hi = is_signed ? power_of_two(bits - 1) - Real(1) : power_of_two(bits) - Real(narrow ? 2 : 1);
  }
  Real clamp(const Real& y) const { return max_of(lo, min_of(hi, y)); }
};

inline RealTensor quant(const Call& call) {
  const auto& op = call.op<ops::Quant>();
  const RealTensor& x = call.input(0);
  const Broadcast scale(call.input(1), x.shape), zero(call.input(2), x.shape);
  const std::int64_t bits = to_int(scalar(call.input(3)));
  const Levels levels(bits, op.is_signed, op.narrow);
  return generate(x.shape, [&](const Shape& at) {
    const Real u = divide(x.at(at), scale(at)) + zero(at);
    const Real y = bits == 1 && op.is_signed ? Real(u.sign() >= 0 ? 1 : -1)
                                             : round_to(levels.clamp(u), op.rounding_mode);
    return (y - zero(at)) * scale(at);
  });
}

inline RealTensor bipolar_quant(const Call& call) {
  const RealTensor& x = call.input(0);
  const Broadcast scale(call.input(1), x.shape);
  return generate(x.shape,
                  [&](const Shape& at) { return x.at(at).sign() >= 0 ? scale(at) : -scale(at); });
}

inline RealTensor trunc_v1(const Call& call) {
  const auto& op = call.op<ops::Trunc>();
  const RealTensor& x = call.input(0);
  const Broadcast scale(call.input(1), x.shape), zero(call.input(2), x.shape);
  const std::int64_t in_bits = to_int(scalar(call.input(3))),
                     out_bits = to_int(scalar(call.input(4)));
  const Real step = power_of_two(out_bits - in_bits);
  return generate(x.shape, [&](const Shape& at) {
    const Real y = round_half_even(divide(x.at(at), scale(at)) + zero(at));
    return (round_to(y * step, op.rounding_mode) - zero(at)) * scale(at);
  });
}

/// log2(ratio) to the nearest integer.
inline std::int64_t nearest_log2(const Real& ratio) {
  const std::int64_t k = floor_log2(ratio);
  const Real squared = ratio * ratio, middle = power_of_two(2 * k + 1);
  const bool up = middle < squared || (middle == squared && k % 2 != 0);
  return up ? k + 1 : k;
}

inline RealTensor trunc_v2(const Call& call) {
  const auto& op = call.op<ops::Trunc>();
  const RealTensor& x = call.input(0);
  const Broadcast scale(call.input(1), x.shape), zero(call.input(2), x.shape),
      out_scale(call.input(4), x.shape);
  const Levels levels(to_int(scalar(call.input(5))), op.is_signed, op.narrow);
  return generate(x.shape, [&](const Shape& at) {
    const Real per_step = power_of_two(-nearest_log2(divide(out_scale(at), scale(at))));
    const Real y = round_half_even(divide(x.at(at), scale(at)) + zero(at)) * per_step;
    return (round_to(levels.clamp(y), op.rounding_mode) - zero(at) * per_step) * out_scale(at);
  });
}

inline RealTensor trunc(const Call& call) {
  return call.op<ops::Trunc>().version == 1 ? trunc_v1(call) : trunc_v2(call);
}

inline RealTensor float_quant(const Call& call) {
  const auto& op = call.op<ops::FloatQuant>();
  const RealTensor& x = call.input(0);
  const Broadcast scale(call.input(1), x.shape);
  const std::int64_t exponent_bits = to_int(scalar(call.input(2))),
                     mantissa = to_int(scalar(call.input(3))), bias = to_int(scalar(call.input(4)));
  const Real largest = (Real(2) - power_of_two(-mantissa)) *
                       power_of_two((std::int64_t{1} << exponent_bits) - 1 - bias);
  const Real bound = min_of(scalar(call.input(5)), largest);
  return generate(x.shape, [&](const Shape& at) {
    const Real u = divide(x.at(at), scale(at));
    const std::int64_t smallest = 1 - bias - mantissa;
    const std::int64_t exponent =
        u.is_zero() ? smallest : std::max(smallest, floor_log2(abs_of(u)) - mantissa);
    const Real grid = power_of_two(exponent);
    const Real q = grid * round_to(divide(u, grid), op.rounding_mode);
    if (!op.saturation && bound < abs_of(q))
      user_error("{}: the result is not a finite number", call.node().label());
    return max_of(-bound, min_of(bound, q)) * scale(at);
  });
}

inline RealTensor multi_threshold(const Call& call) {
  const auto& op = call.op<ops::MultiThreshold>();
  const RealTensor &x = call.input(0), &thresholds = call.input(1);
  const bool channels_last = layout_name(op.data_layout).ends_with('C');
  const std::size_t axis = channels_last ? x.shape.size() - 1 : 1;
  const std::int64_t steps = thresholds.shape[1];
  return generate(x.shape, [&](const Shape& at) {
    const std::int64_t row = thresholds.shape[0] == 1 ? 0 : at[axis];
    std::int64_t count = 0;
    for (std::int64_t step = 0; step < steps; ++step)
      if (x.at(at) >= thresholds.at({row, step})) ++count;
    return Real::of(op.out_scale) * Real(count) + Real::of(op.out_bias);
  });
}

/// Three forms: one X; two X, the second choosing an entry; a sum of multiples.
inline RealTensor join_threshold(const Call& call) {
  const auto& op = call.op<ops::JoinThreshold>();
  const RealTensor &t = call.input(0), &x = call.input(ops::JoinThreshold::kFirstX);
  const std::size_t rank = x.shape.size(), count = call.input_count() - ops::JoinThreshold::kFirstX;
  // The leading axes of a parameter stretch to x; `rest` indexes what is left.
  const auto parameter = [&](const RealTensor& p, const Shape& at, Shape rest) {
    Shape index;
    for (std::size_t axis = 0; axis < rank; ++axis)
      index.push_back(p.shape[axis] == 1 ? 0 : at[axis]);
    index.insert(index.end(), rest.begin(), rest.end());
    if (!inside(p.shape, index)) user_error("{}: an index is outside", call.node().label());
    return p.at(index);
  };
  const auto operand = [&](std::size_t i) -> const RealTensor& {
    return call.input(ops::JoinThreshold::kFirstX + i);
  };
  return generate(x.shape, [&](const Shape& at) {
    Real sum = x.at(at);
    if (call.has(1)) {
      sum = Real();
      for (std::size_t i = 0; i < count; ++i)
        sum += parameter(call.input(1), at, {static_cast<std::int64_t>(i)}) * operand(i).at(at);
    }
    Shape entry;
    if (!call.has(1) && count == 2) entry = {to_int(operand(1).at(at)) - op.table_min};
    std::int64_t reached = 0;
    for (std::int64_t k = 0; k < t.shape.back(); ++k) {
      Shape rest = entry;
      rest.push_back(k);
      if (sum >= parameter(t, at, rest)) ++reached;
    }
    return Real(op.out_scale * reached + op.out_bias);
  });
}

/// A one-element or per-channel parameter of QuantizeLinear, in the rank of its data.
inline RealTensor along_axis(const RealTensor& parameter, std::int64_t axis, const Shape& data) {
  RealTensor out = parameter;
  out.shape.assign(data.size(), 1);
  if (parameter.values.size() != 1)
    out.shape[ops::normalise_axis(axis, data.size())] = parameter.shape[0];
  return out;
}

inline RealTensor quantize_linear(const Call& call) {
  const auto& op = call.op<ops::QuantizeLinear>();
  const RealTensor& x = call.input(0);
  const RealTensor zero_default{{}, {Real(0)}};
  const RealTensor scales = along_axis(call.input(1), op.axis, x.shape);
  const RealTensor zeros = along_axis(call.has(2) ? call.input(2) : zero_default, op.axis, x.shape);
  const Broadcast scale(scales, x.shape), zero(zeros, x.shape);
  const DataType type =
      call.has(2) ? container_type(call.node().inputs[2]->container) : DataType::uint(8);
  return generate(x.shape, [&](const Shape& at) {
    const Real y = round_half_even(divide(x.at(at), scale(at))) + zero(at);
    return max_of(Real(type.min()), min_of(Real(type.max()), y));
  });
}

inline RealTensor dequantize_linear(const Call& call) {
  const auto& op = call.op<ops::DequantizeLinear>();
  const RealTensor& x = call.input(0);
  const RealTensor zero_default{{}, {Real(0)}};
  const RealTensor scales = along_axis(call.input(1), op.axis, x.shape);
  const RealTensor zeros = along_axis(call.has(2) ? call.input(2) : zero_default, op.axis, x.shape);
  const Broadcast scale(scales, x.shape), zero(zeros, x.shape);
  return generate(x.shape, [&](const Shape& at) { return (x.at(at) - zero(at)) * scale(at); });
}

}  // namespace assay::real_eval
