// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streamline/integer_weights.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/real_arrays.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/thresholds/step_function.h"
#include "compile/passes/thresholds/threshold_solver.h"

namespace assay {
namespace {

constexpr int kMaxShiftedBits = 62;

/// A float32 as mantissa * 2^exponent, mantissa odd or 0.
struct Dyadic {
  std::int64_t mantissa = 0;
  int exponent = 0;
};

Dyadic dyadic(float value) {
  if (value == 0) return {};
  int exponent = 0;
  const auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(value, &exponent), 24));
  const int zeros = std::countr_zero(static_cast<std::uint64_t>(mantissa));
  return {mantissa / (std::int64_t{1} << zeros), exponent - 24 + zeros};
}

bool all_integers(std::span<const float> values) {
  return std::ranges::all_of(
      values, [](float v) { return std::abs(v) < 0x1p62F && v == std::nearbyint(v); });
}

/// The entry of `axis` that element i belongs to.
struct AxisIndex {
  AxisIndex(const Shape& shape, std::size_t axis) {
    for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
    size = axis < shape.size() ? shape[axis] : 1;
  }
  std::size_t operator()(std::int64_t i) const {
    return static_cast<std::size_t>(i / inner % size);
  }
  std::int64_t inner = 1, size = 1;
};

/// Floats without a quantiser: a power of two per entry of the axis.
IntegerConstant dyadic_integers(const Tensor& tensor, std::size_t axis) {
  const Constant& c = *tensor.constant;
  IntegerConstant out{c.shape(), {}, RealArray(Real(1)), {}};
  out.values.reserve(static_cast<std::size_t>(c.size()));
  if (all_integers(c.floats())) {
    for (const float v : c.floats()) out.values.push_back(static_cast<std::int64_t>(v));
    return out;
  }
  constexpr int kNone = 1 << 20;
  const AxisIndex entry(c.shape(), axis);
  std::vector<int> lowest(static_cast<std::size_t>(entry.size), kNone);
  for (std::int64_t i = 0; i < c.size(); ++i) {
    const Dyadic d = dyadic(c.floats()[static_cast<std::size_t>(i)]);
    if (d.mantissa != 0) lowest[entry(i)] = std::min(lowest[entry(i)], d.exponent);
  }
  for (std::int64_t i = 0; i < c.size(); ++i) {
    const Dyadic d = dyadic(c.floats()[static_cast<std::size_t>(i)]);
    const int shift = d.mantissa == 0 ? 0 : d.exponent - lowest[entry(i)];
    if (shift + 25 > kMaxShiftedBits)
      user_error(
          "constant '{}' spans more than {} binary digits and is not quantised; quantise it in the "
          "model",
          printable(tensor.name), kMaxShiftedBits);
    out.values.push_back(d.mantissa * (std::int64_t{1} << shift));
  }
  std::vector<Real> scales;
  for (const int e : lowest) scales.push_back(Real::of(e == kNone ? 1.0 : std::ldexp(1.0, e)));
  Shape shape(c.shape().size(), 1);
  if (axis < shape.size()) shape[axis] = entry.size;
  out.scale = compressed({shape, std::move(scales)});
  return out;
}

IntegerConstant plain_integers(const Tensor& tensor, std::size_t axis) {
  const Constant& c = *tensor.constant;
  if (!c.all_finite()) user_error("constant '{}' holds NaN or infinity", printable(tensor.name));
  if (c.is_int()) return {c.shape(), {c.ints().begin(), c.ints().end()}, RealArray(Real(1)), {}};
  if (c.is_float()) return dyadic_integers(tensor, axis);
  IntegerConstant out{c.shape(), {}, RealArray(Real(1)), {}};
  for (const Real& value : c.reals()) {
    if (!value.is_rational() || value.rational().get_den() != 1 ||
        !value.rational().get_num().fits_slong_p())
      user_error(
          "constant '{}' holds {}, which is neither an integer nor a float32 number; quantise it "
          "in the model",
          printable(tensor.name), value.str());
    out.values.push_back(value.rational().get_num().get_si());
  }
  return out;
}

/// The level of one real, exactly.
std::int64_t level_at(const StepFunction& f, const AffineStep& u, std::int64_t guess) {
  std::int64_t level = std::clamp(guess, f.lo, f.hi);
  while (level < f.hi && u.meets(f.boundary(level + 1), 1)) ++level;
  while (level > f.lo && !u.meets(f.boundary(level), 1)) --level;
  return level;
}

/// Quantises constants; element i has the parameters at broadcast position i.
class ConstantQuantiser {
 public:
  ConstantQuantiser(const StepFunction& f, const Shape& shape) : f_(f) {
    inverse_ = prepare(f.inverse_scale, shape, inverse_index_);
    zero_ = prepare(f.zero, shape, zero_index_);
    fast_ = f.kind == StepFunction::Kind::kRound && f.mode == RoundingMode::kHalfEven;
  }
  std::int64_t level(const Constant& c, std::int64_t i) const {
    const auto at = static_cast<std::size_t>(i);
    const Enclosed& a = inverse_[inverse_index_.empty() ? 0 : inverse_index_[at]];
    const Enclosed& z = zero_[zero_index_.empty() ? 0 : zero_index_[at]];
    const double u = static_cast<double>(c.to_float(i)) * a.approx + z.approx;
    const double rounded = std::nearbyint(u);
    const double error = (std::abs(u) + std::abs(z.approx)) * 0x1p-48 + 0x1p-40;
    const bool certain =
        c.is_float() && fast_ && std::abs(u) < 0x1p40 && std::abs(u - rounded) < 0.5 - error;
    if (c.is_float() && f_.kind == StepFunction::Kind::kSign && std::abs(u) > error)
      return u > 0 ? 1 : 0;
    if (certain) return std::clamp(static_cast<std::int64_t>(rounded) + f_.post, f_.lo, f_.hi);
    const Real exact = c.real(i) * a.exact + z.exact;
    // From the level that is about right, so that few steps are left to the exact comparison.
    const int shift = f_.kind == StepFunction::Kind::kTrunc ? static_cast<int>(f_.shift) : 0;
    const double guess = std::clamp(std::ldexp(rounded, -shift), -0x1p40, 0x1p40);
    return level_at(f_, AffineStep(Real(), exact), static_cast<std::int64_t>(guess) + f_.post);
  }

 private:
  static std::vector<Enclosed> prepare(const RealArray& array, const Shape& shape,
                                       std::vector<std::size_t>& index) {
    std::vector<Enclosed> out;
    for (const Real& value : array.values) out.emplace_back(value);
    if (!array.is_scalar())
      for (const std::int64_t i : broadcast_index(array.shape, shape))
        index.push_back(static_cast<std::size_t>(i));
    return out;
  }
  const StepFunction& f_;
  std::vector<Enclosed> inverse_, zero_;
  std::vector<std::size_t> inverse_index_, zero_index_;
  bool fast_ = false;
};

/// Of all integers that a bounded quantiser puts out.
DataType levels_type(const StepFunction& f) {
  const auto [low, high] = std::minmax(f.t_scale * f.lo + f.t_bias, f.t_scale * f.hi + f.t_bias);
  if (low == -1 && high == 1 && f.t_scale == 2) return DataType::bipolar();
  return DataType::smallest_for(low, high);
}

IntegerConstant quantised_integers(const Node& node, const StepFunction& f) {
  const Constant& c = *node.inputs[0]->constant;
  if (f.kind == StepFunction::Kind::kThresholds || !f.bounded)
    user_error("{}: a constant quantised in this way is not supported; use Quant", node.label());
  IntegerConstant out{c.shape(), {}, f.out_scale, f.out_offset};
  out.declared = levels_type(f);
  out.values.reserve(static_cast<std::size_t>(c.size()));
  const ConstantQuantiser quantiser(f, c.shape());
  for (std::int64_t i = 0; i < c.size(); ++i)
    out.values.push_back(f.t_scale * quantiser.level(c, i) + f.t_bias);
  return out;
}

/// `out` holds what the node takes.
IntegerConstant dequantised_integers(const Node& node, const ops::DequantizeLinear& op,
                                     IntegerConstant out) {
  const auto along = [&](std::size_t index) {
    return along_axis(real_array_of(*constant_input(node, index)), op.axis, out.shape.size());
  };
  out.scale = along(1);
  if (!constant_input(node, 2)) return out;
  const RealArray zero = along(2);
  const auto index = broadcast_index(zero.shape, out.shape);
  for (std::size_t i = 0; i < out.values.size(); ++i)
    out.values[i] -= zero.values[static_cast<std::size_t>(index[i])].rational().get_num().get_si();
  return out;
}

bool over_constants(const Node& node, std::size_t first = 0) {
  return std::all_of(node.inputs.begin() + static_cast<std::ptrdiff_t>(first), node.inputs.end(),
                     [](const Tensor* t) { return !t || t->constant; });
}

/// The integers in front of a DequantizeLinear, as they are in the file or as QuantizeLinear makes
/// them of constants; nothing where they are neither.
std::optional<IntegerConstant> stored_integers(const Tensor& tensor) {
  if (tensor.constant && tensor.constant->is_int())
    return IntegerConstant{tensor.constant->shape(),
                           {tensor.constant->ints().begin(), tensor.constant->ints().end()},
                           RealArray(Real(1)),
                           {}};
  const Node* node = tensor.producer;
  if (!node || !node->as<ops::QuantizeLinear>() || !over_constants(*node)) return {};
  return quantised_integers(*node, *step_function(*node));
}

}  // namespace

std::optional<IntegerConstant> integer_constant(const Tensor& tensor, std::size_t axis) {
  if (tensor.constant) {
    IntegerConstant out = plain_integers(tensor, axis);
    if (tensor.dtype.is_integer() && out.scale == RealArray(Real(1))) out.declared = tensor.dtype;
    return out;
  }
  const Node* node = tensor.producer;
  if (!node) return {};
  if (const auto* op = node->as<ops::DequantizeLinear>(); op && over_constants(*node, 1))
    if (auto stored = stored_integers(*node->inputs[0]))
      return dequantised_integers(*node, *op, *std::move(stored));
  if (!over_constants(*node)) return {};
  if (const auto f = step_function(*node)) return quantised_integers(*node, *f);
  user_error("{}: its constant result has no integer form; quantise constants with Quant",
             node->label());
}

std::optional<RealArray> exact_constant(const Tensor& tensor) {
  if (tensor.constant) return real_array_of(*tensor.constant);
  const auto integers = integer_constant(tensor, tensor.shape ? tensor.shape->size() : 0);
  if (!integers) return {};
  RealArray q;
  q.shape = integers->shape;
  q.values.assign(integers->values.begin(), integers->values.end());
  return compressed(q * integers->scale + integers->offset);
}

}  // namespace assay
