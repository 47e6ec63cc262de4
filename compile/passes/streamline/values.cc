// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streamline/values.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay::streamline {

bool is_integral(const Real& value) {
  return value.is_rational() && value.rational().get_den() == 1 &&
         value.rational().get_num().fits_slong_p();
}

bool all_integral(const RealArray& array) { return std::ranges::all_of(array.values, is_integral); }

std::int64_t Bounds::min() const { return *std::ranges::min_element(lo); }

std::int64_t Bounds::max() const { return *std::ranges::max_element(hi); }

Bounds hull_over(const Bounds& bounds, const Shape& tensor, const Shape& to) {
  if (bounds.shape == to) return bounds;
  // The common refinement of both shapes, so that an array that varies along other axes counts.
  const Shape fine = broadcast_shape(bounds.shape, to);
  const auto source = broadcast_index(bounds.shape, fine), target = broadcast_index(to, fine);
  Bounds out;
  out.shape = to;
  const auto count = static_cast<std::size_t>(element_count(to));
  out.lo.assign(count, INT64_MAX);
  out.hi.assign(count, INT64_MIN);
  ASSAY_INVARIANT(fine.size() <= tensor.size(), "bounds have more axes than their tensor");
  for (std::size_t i = 0; i < source.size(); ++i) {
    const auto s = static_cast<std::size_t>(source[i]), t = static_cast<std::size_t>(target[i]);
    out.lo[t] = std::min(out.lo[t], bounds.lo[s]);
    out.hi[t] = std::max(out.hi[t], bounds.hi[s]);
  }
  return out;
}

void clamp(Value& value, const std::optional<RealArray>& lower,
           const std::optional<RealArray>& upper) {
  for (Value& one : value.among) clamp(one, lower, upper);
  if (!value.among.empty()) return;
  if (value.curve) {
    value.curve = Curve::clamp(value.curve, lower, upper);
    return;
  }
  const auto above = [](const Real& a, const Real& b) { return a < b ? b : a; };
  const auto below = [](const Real& a, const Real& b) { return b < a ? b : a; };
  // min(max(x, l), u) with another clamp behind it is a clamp whose bounds are clamped.
  const auto restrict_to = [&](std::optional<RealArray>& bound) {
    if (bound && lower) bound = combine_arrays(*bound, *lower, above);
    if (bound && upper) bound = combine_arrays(*bound, *upper, below);
  };
  restrict_to(value.lower);
  restrict_to(value.upper);
  if (!value.lower) value.lower = lower;
  if (!value.upper) value.upper = upper;
}

Value Value::integers(Tensor* tensor) {
  Value value;
  value.shape = *tensor->shape;
  value.terms.push_back({RealArray(Real(1)), tensor, false});
  return value;
}

void shift_by(Value& value, const RealArray& addend) {
  for (Value& one : value.among) shift_by(one, addend);
  if (!value.among.empty()) return;
  if (value.curve) {
    value.curve = Curve::sum(value.curve, Curve::constant(addend));
    return;
  }
  value.offset = compressed(value.offset + addend);
  if (value.lower) value.lower = *value.lower + addend;
  if (value.upper) value.upper = *value.upper + addend;
}

void scale_by(Value& value, const RealArray& factor) {
  const bool turns =
      std::ranges::all_of(factor.values, [](const Real& f) { return f.sign() <= 0; });
  for (Value& one : value.among) scale_by(one, factor);
  if (!value.among.empty()) {
    value.largest = value.largest != turns;
    return;
  }
  if (value.curve) {
    value.curve = Curve::product(value.curve, Curve::constant(factor));
    return;
  }
  for (Term& term : value.terms) term.scale = compressed(term.scale * factor);
  value.offset = compressed(value.offset * factor);
  if (value.lower) value.lower = *value.lower * factor;
  if (value.upper) value.upper = *value.upper * factor;
  if (turns) std::swap(value.lower, value.upper);
}

}  // namespace assay::streamline
