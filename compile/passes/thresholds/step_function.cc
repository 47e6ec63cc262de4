// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/thresholds/step_function.h"

#include <algorithm>
#include <cmath>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/real_arrays.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

constexpr int kMaxWidth = 32;

Boundary boundary_at(double at, bool strict) { return {Real::of(at), at, true, strict}; }

/// Where round(u) reaches k. Levels and their halves are far below 2^52, so doubles are exact.
Boundary rounding_boundary(std::int64_t k, RoundingMode mode) {
  const auto at = static_cast<double>(k);
  switch (mode) {
    case RoundingMode::kHalfEven:  // a tie goes to k exactly when k is even
      return boundary_at(at - 0.5, k % 2 != 0);
    case RoundingMode::kHalfUp:  // ties away from zero
      return boundary_at(at - 0.5, k <= 0);
    case RoundingMode::kHalfDown:  // ties toward zero
      return boundary_at(at - 0.5, k > 0);
    case RoundingMode::kCeil:
      return boundary_at(at - 1, true);
    case RoundingMode::kFloor:
      return boundary_at(at, false);
    case RoundingMode::kUp:  // away from zero: ceil above 0, floor below
      return k > 0 ? boundary_at(at - 1, true) : boundary_at(at, false);
    case RoundingMode::kDown:  // toward zero
      return k > 0 ? boundary_at(at, false) : boundary_at(at - 1, true);
  }
  ASSAY_INVARIANT(false, "an unknown rounding mode");
}

const Constant& parameter(const Node& node, std::size_t index, std::string_view what) {
  const Constant* constant = constant_input(node, index);
  if (!constant)
    user_error("{}: {} must be a constant; quantise with constant parameters", node.label(), what);
  return *constant;
}

RealArray array_parameter(const Node& node, std::size_t index, std::string_view what) {
  return real_array_of(parameter(node, index, what));
}

/// An array that must be one integer.
std::int64_t integer_parameter(const Node& node, std::size_t index, std::string_view what) {
  const Constant& constant = parameter(node, index, what);
  const Real value = constant.size() > 0 ? constant.real(0) : Real();
  if (!all_equal(constant, value) || !value.is_rational() || value.rational().get_den() != 1 ||
      !value.rational().get_num().fits_slong_p())
    user_error("{}: {} must be one integer; give all channels the same", node.label(), what);
  return value.rational().get_num().get_si();
}

RealArray scale_parameter(const Node& node, std::size_t index, std::string_view what) {
  RealArray scale = array_parameter(node, index, what);
  for (const Real& value : scale.values)
    if (value.sign() <= 0 || !value.has_inverse())
      user_error("{}: {} must be positive", node.label(), what);
  return scale;
}

/// The one integer that all elements equal, if so.
std::optional<std::int64_t> common_integer(const RealArray& array) {
  const Real& value = array.values[0];
  if (!is_constant_array(array, value) || !value.is_rational() || value.rational().get_den() != 1)
    return {};
  return value.rational().get_num().get_si();
}

void set_bit_width(const Node& node, StepFunction& f, std::int64_t bits, bool is_signed,
                   bool narrow) {
  if (bits < 1 || bits > kMaxWidth)
    user_error("{}: a bit width of {} is outside [1, {}]", node.label(), bits, kMaxWidth);
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  f.lo = is_signed ? -half + (narrow ? 1 : 0) : 0;
  f.hi = is_signed ? half - 1 : 2 * half - 1 - (narrow ? 1 : 0);
}

/// real = scale * (level - zero): a carrier whose 0 is the real 0 where the zero point is one
/// integer.
void carry_from_zero(StepFunction& f, const RealArray& scale, const RealArray& zero) {
  f.out_scale = scale;
  if (const auto common = common_integer(zero)) {
    f.t_bias = -*common;
  } else {
    f.out_offset = -(scale * zero);
  }
}

StepFunction bipolar(const RealArray& scale, RealArray zero) {
  StepFunction f;
  f.kind = StepFunction::Kind::kSign;
  f.hi = 1;
  f.t_scale = 2;
  f.t_bias = -1;
  f.out_scale = scale;
  f.zero = std::move(zero);
  return f;
}

StepFunction quant(const Node& node, const ops::Quant& op) {
  const RealArray scale = scale_parameter(node, 1, "the scale");
  const RealArray zero = array_parameter(node, 2, "the zero point");
  const std::int64_t bits = integer_parameter(node, 3, "the bit width");
  if (bits == 1 && op.is_signed) {  // +-1 decided on X/scale + zero; the zero point comes off again
    StepFunction f = bipolar(scale, zero);
    f.inverse_scale = inverse_of(scale);
    if (const auto common = common_integer(zero); common && *common == 0) return f;
    f.out_offset = -(scale * zero);
    return f;
  }
  StepFunction f;
  f.mode = op.rounding_mode;
  set_bit_width(node, f, bits, op.is_signed, op.narrow);
  f.inverse_scale = inverse_of(scale);
  f.zero = zero;
  carry_from_zero(f, scale, zero);
  return f;
}

/// round(log2(ratio)), ties cannot occur: sqrt(2) is irrational.
std::int64_t nearest_power(const Real& ratio) {
  std::int64_t k = std::lround(std::log2(ratio.to_double()));
  const Real square = ratio * ratio;
  const auto above = [&](std::int64_t n) {  // ratio > 2^(n + 1/2)
    mpq_class limit(1);
    const std::int64_t power = 2 * n + 1;
    if (power >= 0)
      limit <<= static_cast<mp_bitcnt_t>(power);
    else
      limit >>= static_cast<mp_bitcnt_t>(-power);
    return square > Real(limit);
  };
  while (above(k)) ++k;
  while (!above(k - 1)) --k;
  return k;
}

StepFunction trunc(const Node& node, const ops::Trunc& op) {
  StepFunction f;
  f.kind = StepFunction::Kind::kTrunc;
  f.mode = op.rounding_mode;
  const RealArray scale = scale_parameter(node, 1, "the scale");
  const RealArray zero = array_parameter(node, 2, "the zero point");
  f.inverse_scale = inverse_of(scale);
  f.zero = zero;
  if (op.version == 1) {
    f.bounded = false;
    f.shift = integer_parameter(node, 3, "the input bit width") -
              integer_parameter(node, 4, "the output bit width");
    carry_from_zero(f, scale, zero);
  } else {
    const RealArray out = scale_parameter(node, 4, "the output scale");
    if (!out.is_scalar() || !scale.is_scalar())
      user_error("{}: version 2 needs one scale and one output scale", node.label());
    f.shift = nearest_power(out.values[0] * scale.values[0].inverse());
    set_bit_width(node, f, integer_parameter(node, 5, "the output bit width"), op.is_signed,
                  op.narrow);
    mpq_class step(1);
    if (f.shift >= 0)
      step >>= static_cast<mp_bitcnt_t>(f.shift);
    else
      step <<= static_cast<mp_bitcnt_t>(-f.shift);
    carry_from_zero(f, out, zero * RealArray(Real(step)));
  }
  if (std::abs(f.shift) > kMaxWidth)
    user_error("{}: the bit widths differ by more than {}", node.label(), kMaxWidth);
  return f;
}

StepFunction quantize_linear(const Node& node, const ops::QuantizeLinear& op) {
  StepFunction f;
  const Shape& x = known_shape(*node.inputs[0]);
  const RealArray scale = along_axis(scale_parameter(node, 1, "the scale"), op.axis, x.size());
  f.inverse_scale = inverse_of(scale);
  if (node.inputs.size() > 2 && node.inputs[2])
    f.post = integer_parameter(node, 2, "the zero point of an activation");
  const DataType type = container_type(node.outputs[0]->container);
  f.lo = type.min();
  f.hi = type.max();
  return f;
}

StepFunction multi_threshold(const Node& node, const ops::MultiThreshold& op) {
  StepFunction f;
  f.kind = StepFunction::Kind::kThresholds;
  const Constant& t = parameter(node, 1, "the thresholds");
  const Shape& x = known_shape(*node.inputs[0]);
  const std::int64_t rows = t.shape()[0], steps = t.shape()[1];
  f.hi = steps;
  f.out_scale = RealArray(Real::of(op.out_scale));
  f.out_offset = RealArray(Real::of(op.out_bias));
  if (op.out_scale <= 0)
    user_error("{}: a negative output scale is not supported; negate the input instead",
               node.label());
  Shape shape(x.size(), 1);
  shape[layout_name(op.data_layout).ends_with('C') ? x.size() - 1 : 1] = rows;
  shape.push_back(steps);
  std::vector<Real> values;
  for (std::int64_t i = 0; i < t.size(); ++i) values.push_back(t.real(i));
  for (std::int64_t r = 0; r < rows; ++r)
    std::sort(values.begin() + r * steps, values.begin() + (r + 1) * steps);
  f.thresholds = {shape, std::move(values)};
  // Integers stay the integers that they are: [0, steps] * scale + bias.
  const bool integral = op.out_scale == std::nearbyint(op.out_scale) &&
                        op.out_bias == std::nearbyint(op.out_bias) && op.out_scale < 0x1p20F &&
                        std::abs(op.out_bias) < 0x1p30F;
  if (integral) {
    f.t_scale = static_cast<std::int64_t>(op.out_scale);
    f.t_bias = static_cast<std::int64_t>(op.out_bias);
    f.out_scale = RealArray(Real(1));
    f.out_offset = {};
  }
  return f;
}

StepFunction sign() {
  StepFunction f;
  f.kind = StepFunction::Kind::kTernarySign;
  f.lo = -1;
  f.hi = 1;
  return f;
}

/// The smallest integer y whose rounded quotient y / 2^shift reaches k.
std::int64_t trunc_input(std::int64_t k, std::int64_t shift, RoundingMode mode) {
  const Boundary b = rounding_boundary(k, mode);  // of y / 2^shift
  const mpq_class quotient = b.at.rational();
  mpz_class y;
  if (shift >= 0) {
    const mpq_class at = quotient << static_cast<mp_bitcnt_t>(shift);
    mpz_cdiv_q(y.get_mpz_t(), at.get_num_mpz_t(), at.get_den_mpz_t());
    if (b.strict && at.get_den() == 1) ++y;
  } else {
    const mpq_class at = quotient >> static_cast<mp_bitcnt_t>(-shift);
    mpz_cdiv_q(y.get_mpz_t(), at.get_num_mpz_t(), at.get_den_mpz_t());
    if (b.strict && at.get_den() == 1) ++y;
  }
  return y.get_si();
}

}  // namespace

Boundary StepFunction::boundary(std::int64_t k, std::size_t row) const {
  switch (kind) {
    case Kind::kSign:
      return boundary_at(0, false);
    case Kind::kTernarySign:  // 0 at X >= 0, 1 at X > 0
      return boundary_at(0, k == 1);
    case Kind::kTrunc:
      return rounding_boundary(trunc_input(k, shift, mode), RoundingMode::kHalfEven);
    case Kind::kThresholds: {
      const auto steps = static_cast<std::size_t>(thresholds.shape.back());
      const Real& at = thresholds.values[row * steps + static_cast<std::size_t>(k - 1)];
      const double approx = at.to_double();
      return {at, approx, std::isfinite(approx) && Real::of(approx) == at, false};
    }
    case Kind::kRound:
      break;
  }
  return rounding_boundary(k - post, mode);
}

std::optional<StepFunction> step_function(const Node& node) {
  std::optional<StepFunction> f;
  if (const auto* op = node.as<ops::Quant>()) f = quant(node, *op);
  if (node.as<ops::BipolarQuant>()) f = bipolar(scale_parameter(node, 1, "the scale"), {});
  if (const auto* op = node.as<ops::Trunc>()) f = trunc(node, *op);
  if (const auto* op = node.as<ops::QuantizeLinear>()) f = quantize_linear(node, *op);
  if (const auto* op = node.as<ops::MultiThreshold>()) f = multi_threshold(node, *op);
  if (node.as<ops::Sign>()) f = sign();
  if (f && f->bounded)
    f->natural = f->t_scale == 2 && f->lo == 0 && f->hi == 1 && f->t_bias == -1
                     ? DataType::bipolar()
                     : DataType::smallest_for(f->t_scale * f->lo + f->t_bias,
                                              f->t_scale * f->hi + f->t_bias);
  return f;
}

}  // namespace assay
