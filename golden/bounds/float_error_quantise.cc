// SPDX-License-Identifier: Apache-2.0
#include <gmpxx.h>

#include <algorithm>
#include <array>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "golden/bounds/float_error_rules.h"
#include "golden/floating/broadcast.h"
#include "golden/floating/kernels.h"

namespace assay {
namespace {

struct BoundedValue {
  double value = 0, error = 0;
};

/// A quantiser and its operands where they meet the elements of X.
class Operands {
 public:
  Operands(const Node& quantiser, const BoundedInputs& inputs) : node(quantiser), in(inputs) {
    const Shape& shape = float_shape(node, node.inputs.at(0));
    for (std::size_t k = 1; k < in.size(); ++k) {
      if (in[k] && in[k]->value.size() != 1) index_[k] = index(in[k]->shape, shape);
    }
  }
  BoundedValue at(std::size_t input, std::int64_t i) const {
    const BoundedTensor* tensor = input < in.size() ? in[input] : nullptr;
    if (!tensor) return {};
    const std::size_t k =
        tensor->value.size() == 1 ? 0 : static_cast<std::size_t>(index_[input](i));
    return {tensor->value[k], tensor->error[k]};
  }
  double scalar(std::size_t input) const { return in.at(input)->value.at(0); }

  const Node& node;
  const BoundedInputs& in;
  // Looked up once: weights have millions of elements.
  const ops::Quant* const quant = node.as<ops::Quant>();
  const ops::Trunc* const trunc = node.as<ops::Trunc>();
  const ops::MultiThreshold* const thresholds = node.as<ops::MultiThreshold>();
  const bool bipolar = node.as<ops::BipolarQuant>();
  const bool linear = node.as<ops::QuantizeLinear>();

 private:
  BroadcastIndex index(const Shape& from, const Shape& to) const {
    // Thresholds have a meeting rule of their own.
    if (node.as<ops::MultiThreshold>()) return {};
    const auto along = [&](std::int64_t axis) {
      return BroadcastIndex::along_axis(element_count(from), ops::normalise_axis(axis, to.size()),
                                        to);
    };
    if (const auto* op = node.as<ops::QuantizeLinear>()) return along(op->axis);
    if (const auto* op = node.as<ops::DequantizeLinear>()) return along(op->axis);
    return {from, to};
  }
  std::array<BroadcastIndex, 8> index_;
};

// ---- Decisions
// --------------------------------------------------------------------------------------------------------

/// A step function of u = x/s + z: the clamped rounding of a Quant and its relatives.
struct Staircase {
  BoundedValue scale, zero;  ///< zero: what is added before rounding
  RoundingMode mode = RoundingMode::kHalfEven;
  double lo = -HUGE_VAL, hi = HUGE_VAL;
  bool bipolar = false;

  double level(double u) const {
    if (bipolar) return u >= 0 ? 1 : -1;
    return round(std::clamp(u, lo, hi));
  }
  mpz_class level(const mpq_class& u) const;
  /// How far float32's u may be from the exact one.
  double uncertainty(double x, double error) const;
  /// The level of the exact number (in .value) and how many levels float32 may be away from it.
  BoundedValue decide(BoundedValue x) const;

 private:
  double round(double u) const;
};

double Staircase::round(double u) const {
  const double sign = u < 0 ? -1 : 1, size = std::fabs(u);
  switch (mode) {
    case RoundingMode::kHalfEven:
      return std::rint(u);
    case RoundingMode::kHalfUp:
      return std::round(u);
    case RoundingMode::kHalfDown:
      return sign * std::ceil(size - 0.5);
    case RoundingMode::kCeil:
      return std::ceil(u);
    case RoundingMode::kFloor:
      return std::floor(u);
    case RoundingMode::kUp:
      return sign * std::ceil(size);
    case RoundingMode::kDown:
      return std::trunc(u);
  }
  ASSAY_INVARIANT(false, "an unknown rounding mode");
}

mpz_class Staircase::level(const mpq_class& u) const {
  if (bipolar) return u >= 0 ? 1 : -1;
  // A staircase without an end never saturates, and GMP has no infinity to compare with.
  if (std::isfinite(lo) && u <= lo) return mpz_class(lo);
  if (std::isfinite(hi) && u >= hi) return mpz_class(hi);
  mpz_class below;
  mpz_fdiv_q(below.get_mpz_t(), u.get_num_mpz_t(), u.get_den_mpz_t());
  // Within the unit interval the double decision is exact at the three places that matter.
  const mpq_class rest = u - below, half(1, 2);
  const double place = rest == 0 ? 0 : rest < half ? 0.25 : rest == half ? 0.5 : 0.75;
  const int parity = mpz_odd_p(below.get_mpz_t()) ? 1 : 0;
  const double base = below < 0 ? parity - 4 : parity;  // the same sign and parity
  return below + mpz_class(round(base + place) - base);
}

double Staircase::uncertainty(double x, double error) const {
  const double least = scale.value - 2 * scale.error;
  if (!(least > 0)) return HUGE_VAL;
  const double quotient = (std::fabs(x) + error) / least;
  double bound = error / least + quotient * scale.error / least + kUnit * quotient + kUnderflow;
  if (zero.value != 0 || zero.error != 0)
    bound += zero.error + kUnit * (quotient + std::fabs(zero.value) + zero.error + bound);
  const bool adds_half = mode == RoundingMode::kHalfUp || mode == RoundingMode::kHalfDown;
  if (adds_half) bound += kUnit * (quotient + std::fabs(zero.value) + 1 + bound);
  return bound;
}

BoundedValue Staircase::decide(BoundedValue x) const {
  const double u = x.value / scale.value + zero.value;
  const double reach = uncertainty(x.value, x.error) + 0x1p-40 * (std::fabs(u) + 1);
  if (!std::isfinite(reach)) return {level(u), HUGE_VAL};
  const double low = level(u - reach), high = level(u + reach);
  if (low == high) return {low, 0};
  if (x.error != 0 || scale.error != 0 || zero.error != 0) return {level(u), high - low};
  // Exact operands: the exact level in rational arithmetic, float32's by doing what it does.
  const double exact =
      level(mpq_class(x.value) / mpq_class(scale.value) + mpq_class(zero.value)).get_d();
  const float rounded = static_cast<float>(x.value) / static_cast<float>(scale.value) +
                        static_cast<float>(zero.value);
  const float theirs =
      bipolar
          ? (rounded >= 0 ? 1.0F : -1.0F)
          : float_round(std::clamp(rounded, static_cast<float>(lo), static_cast<float>(hi)), mode);
  return {exact, std::fabs(static_cast<double>(theirs) - exact)};
}

void set_bounds(Staircase& stairs, double bits, bool is_signed, bool narrow) {
  const double less = narrow ? 1 : 0;
  stairs.lo = is_signed ? -std::exp2(bits - 1) + less : 0;
  stairs.hi = is_signed ? std::exp2(bits - 1) - 1 : std::exp2(bits) - 1 - less;
}

DataType linear_type(const Operands& q) {
  const bool has_zero = q.in.size() > 2 && q.in[2];
  return container_type(has_zero ? q.node.inputs[2]->container : Container::kUInt8);
}

/// The first decision that a quantiser takes on element i; a QuantizeLinear adds its zero point to
/// the level.
Staircase staircase(const Operands& q, std::int64_t i) {
  Staircase stairs;
  stairs.scale = q.at(1, i);
  if (const auto* op = q.quant) {
    stairs.zero = q.at(2, i);
    stairs.mode = op->rounding_mode;
    const double bits = q.scalar(3);
    stairs.bipolar = op->is_signed && bits == 1;
    set_bounds(stairs, bits, op->is_signed, op->narrow);
  } else if (q.trunc) {
    stairs.zero = q.at(2, i);
  } else if (q.linear) {
    const DataType type = linear_type(q);
    const double zero = q.at(2, i).value;
    stairs.lo = static_cast<double>(type.min()) - zero;
    stairs.hi = static_cast<double>(type.max()) - zero;
  }
  return stairs;
}

// ---- From levels to outputs
// -------------------------------------------------------------------------------------------

/// The rounding of fl(fl(y - z) * s) = value +- moved, where the level y is known but for `moved`.
double dequantisation_error(const Operands& q, std::int64_t i, double value, double moved) {
  const double size = std::fabs(value) + moved;
  if (const auto* op = q.thresholds) {
    const bool integers =
        op->out_scale == std::rint(op->out_scale) && op->out_bias == std::rint(op->out_bias);
    if (moved == 0 && (op->out_bias == 0 || integers) && is_float32(value)) return 0;
    return 2 * kUnit * (size + std::fabs(static_cast<double>(op->out_bias)));
  }
  const auto* trunc = q.trunc;
  const BoundedValue scale = q.at(trunc && trunc->version == 2 ? 4 : 1, i);
  const BoundedValue zero = q.bipolar ? BoundedValue{} : q.at(2, i);
  // y - z is exact for integers that float32 holds; then the product rounds, unless it is a float32
  // itself.
  const double steps = size / std::fabs(scale.value);
  const bool whole = zero.error == 0 && zero.value == std::rint(zero.value) && steps < 0x1p23 &&
                     std::fabs(zero.value) < 0x1p23 && !(trunc && zero.value != 0);
  if (whole && moved == 0 && scale.error == 0 && is_float32(value)) return 0;
  const double roundings = whole ? 1 : 3;
  return roundings * kUnit * (size + std::fabs(zero.value * scale.value)) + kUnderflow +
         (steps + 1) * scale.error * 2 + zero.error * (std::fabs(scale.value) + scale.error);
}

struct TruncScales {
  double step, out;
};
TruncScales trunc_scales(const Operands& q, const ops::Trunc& op, std::int64_t i) {
  const double scale = q.at(1, i).value;
  if (op.version == 1) return {std::exp2(q.scalar(3) - q.scalar(4)), scale};
  const double out = q.at(4, i).value;
  return {std::exp2(std::rint(std::log2(out / scale))), out};
}

/// A level, or a value made from it, and how far float32 may be away.
BoundedValue truncate(const Operands& q, const ops::Trunc& op, std::int64_t i, BoundedValue wide) {
  Staircase second;
  second.mode = op.rounding_mode;
  if (op.version == 2) set_bounds(second, q.scalar(5), op.is_signed, op.narrow);
  const auto [step, out] = trunc_scales(q, op, i);
  const double zero = q.at(2, i).value / (op.version == 1 ? 1 : step);
  const double level = second.level(wide.value / step);
  const double moved = wide.error == 0 ? 0
                                       : second.level((wide.value + wide.error) / step) -
                                             second.level((wide.value - wide.error) / step);
  return {(level - zero) * out, moved * out};
}

BoundedValue quantise(const Operands& q, std::int64_t i) {
  const auto at = static_cast<std::size_t>(i);
  const BoundedValue x{q.in[0]->value[at], q.in[0]->error[at]};
  const Staircase stairs = staircase(q, i);
  if (q.bipolar) {
    const bool sure = x.error == 0 || std::fabs(x.value) > x.error;
    const double size = stairs.scale.value;
    return {x.value >= 0 ? size : -size, sure ? 0 : 2 * std::fabs(size)};
  }
  const BoundedValue level = stairs.decide(x);
  if (const auto* op = q.trunc) return truncate(q, *op, i, level);
  return {(level.value - stairs.zero.value) * stairs.scale.value,
          level.error * std::fabs(stairs.scale.value)};
}

BoundedValue quantise_linear(const Operands& q, std::int64_t i) {
  const auto at = static_cast<std::size_t>(i);
  const BoundedValue zero = q.at(2, i);
  const BoundedValue level = staircase(q, i).decide({q.in[0]->value[at], q.in[0]->error[at]});
  return {level.value + zero.value, level.error + zero.error};
}

BoundedValue dequantise_linear(const Operands& q, std::int64_t i) {
  const auto at = static_cast<std::size_t>(i);
  const BoundedValue scale = q.at(1, i), zero = q.at(2, i);
  return {(q.in[0]->value[at] - zero.value) * scale.value,
          (q.in[0]->error[at] + zero.error) * (std::fabs(scale.value) + 2 * scale.error)};
}

/// `rule` gives the value and by how much the levels may be off.
template <typename Rule>
bool bound_each(const Operands& q, BoundedTensor& out, Rule rule) {
  for (std::size_t i = 0; i < out.value.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const BoundedValue result = rule(q, at);
    out.value[i] = result.value;
    out.error[i] = result.error + dequantisation_error(q, at, result.value, result.error);
  }
  return true;
}

bool bound_levels(const Operands& q, BoundedTensor& out) {
  for (std::size_t i = 0; i < out.value.size(); ++i) {
    const BoundedValue level = quantise_linear(q, static_cast<std::int64_t>(i));
    out.value[i] = level.value;
    out.error[i] = level.error;
  }
  return true;
}

bool bound_multi_threshold(const Operands& q, const ops::MultiThreshold& op, BoundedTensor& out) {
  const BoundedTensor &x = *q.in.at(0), &thresholds = *q.in.at(1);
  const bool last = layout_name(op.data_layout).ends_with('C');
  const auto channel =
      BroadcastIndex::along_axis(thresholds.shape.at(0), last ? x.shape.size() - 1 : 1, x.shape);
  const std::int64_t steps = thresholds.shape.at(1);
  return bound_each(q, out, [&](const Operands&, std::int64_t i) {
    const auto at = static_cast<std::size_t>(i),
               first = static_cast<std::size_t>(channel(i) * steps);
    double reached = 0, doubtful = 0;
    for (std::size_t t = first; t < first + static_cast<std::size_t>(steps); ++t) {
      const double margin = x.value[at] - thresholds.value[t],
                   error = x.error[at] + thresholds.error[t];
      reached += margin >= 0 ? 1 : 0;
      doubtful += error > 0 && std::fabs(margin) <= error * (1 + 0x1p-20) ? 1 : 0;
    }
    const double scale = static_cast<double>(op.out_scale);
    return BoundedValue{scale * reached + static_cast<double>(op.out_bias),
                        std::fabs(scale) * doubtful};
  });
}

/// A minifloat is taken to be off by some steps of its grid everywhere: nothing is decided by it.
bool bound_float_quant(const Operands& q, const ops::FloatQuant& op, BoundedTensor& out) {
  const double mantissa = q.scalar(3), bias = q.scalar(4);
  const double largest = std::min(
      (2 - std::exp2(-mantissa)) * std::exp2(std::exp2(q.scalar(2)) - 1 - bias), q.scalar(5));
  Staircase grid;
  grid.mode = op.rounding_mode;
  for (std::size_t i = 0; i < out.value.size(); ++i) {
    const BoundedValue scale = q.at(1, static_cast<std::int64_t>(i));
    const double x = q.in[0]->value[i] / scale.value;
    const double exponent = x == 0 ? -126 : std::floor(std::log2(std::fabs(x)));
    const double step = std::exp2(std::max(exponent, 1 - bias) - mantissa);
    out.value[i] = std::clamp(grid.level(x / step) * step, -largest, largest) * scale.value;
    const double reach = magnitude(*q.in[0], i) + step * scale.value;
    out.error[i] = 2 * q.in[0]->error[i] + 4 * step * scale.value + 4 * kUnit * reach +
                   scale.error * (std::fabs(x) + step);
    const bool overflows = std::fabs(out.value[i]) + out.error[i] >= largest * scale.value;
    if (!op.saturation && overflows) out.error[i] = HUGE_VAL;
  }
  return true;
}

}  // namespace

bool is_activation_quantiser(const Node& node) {
  return node.as<ops::Quant>() || node.as<ops::BipolarQuant>() || node.as<ops::Trunc>() ||
         node.as<ops::MultiThreshold>() || node.as<ops::DequantizeLinear>();
}

void bound_dequantisation(const Node& node, const BoundedInputs& in, BoundedTensor& out) {
  const Operands q(node, in);
  for (std::size_t i = 0; i < out.value.size(); ++i)
    out.error[i] = dequantisation_error(q, static_cast<std::int64_t>(i), out.value[i], 0);
}

double decision_slack(const Node& node, const BoundedInputs& in, std::int64_t i, double x,
                      double error) {
  if (node.as<ops::BipolarQuant>() || node.as<ops::MultiThreshold>()) return error;
  const Staircase stairs = staircase(Operands(node, in), i);
  return stairs.uncertainty(x, error) * (std::fabs(stairs.scale.value) + stairs.scale.error);
}

bool bound_quantiser(const Node& node, const BoundedInputs& in, std::vector<BoundedTensor>& out) {
  const auto* float_quant = node.as<ops::FloatQuant>();
  const bool linear = node.as<ops::QuantizeLinear>();
  if (!is_activation_quantiser(node) && !float_quant && !linear) return false;
  const Operands q(node, in);
  if (float_quant) return bound_float_quant(q, *float_quant, out[0]);
  if (linear) return bound_levels(q, out[0]);
  if (node.as<ops::DequantizeLinear>()) return bound_each(q, out[0], dequantise_linear);
  if (const auto* op = node.as<ops::MultiThreshold>()) return bound_multi_threshold(q, *op, out[0]);
  return bound_each(q, out[0], quantise);
}

}  // namespace assay
