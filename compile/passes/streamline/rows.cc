// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streamline/rows.h"

#include <algorithm>
#include <cmath>

#include "compile/base/error.h"

namespace assay::streamline {
namespace {

constexpr std::int64_t kMaxLevels = 1 << 16;
constexpr std::int64_t kMaxThresholds = std::int64_t{1} << 26;

/// An array as one value per row.
std::vector<Real> per_row(const RealArray& array, const Shape& rows) {
  std::vector<Real> out;
  for (const std::int64_t i : broadcast_index(array.shape, rows))
    out.push_back(array.values[static_cast<std::size_t>(i)]);
  return out;
}

/// The level of a real, exactly.
std::int64_t level_of(const Node& node, const StepFunction& f, const Real& u) {
  const AffineStep value(Real(), u);
  double guess = u.to_double();
  if (f.kind == StepFunction::Kind::kTrunc) guess = std::ldexp(guess, -static_cast<int>(f.shift));
  if (!(std::abs(guess) < 0x1p31))
    user_error("{}: its output exceeds 31 bits; use a larger scale", node.label());
  auto level = static_cast<std::int64_t>(std::nearbyint(guess));
  while (value.meets(f.boundary(level + 1), 0)) ++level;
  while (!value.meets(f.boundary(level), 0)) --level;
  return level;
}

/// The levels that anything reaches, for quantisers without bounds of their own.
void find_levels(const Node& node, Rows& rows, const StepFunction& f) {
  rows.lo = INT64_MAX;
  rows.hi = INT64_MIN;
  for (std::size_t r = 0; r < rows.count(); ++r) {
    Real least = rows.shifts[r], most = rows.shifts[r];
    for (std::size_t k = 0; k < rows.slopes.size(); ++k) {
      const Real a = rows.slopes[k][r] * Real(rows.ranges[k].lo[r]),
                 b = rows.slopes[k][r] * Real(rows.ranges[k].hi[r]);
      least += std::min(a, b);
      most += std::max(a, b);
    }
    rows.lo = std::min(rows.lo, level_of(node, f, least));
    rows.hi = std::max(rows.hi, level_of(node, f, most));
    if (rows.levels() > kMaxLevels)
      user_error("{}: its output takes more than {} values; quantise to fewer bits", node.label(),
                 kMaxLevels);
  }
  rows.hi = std::max(rows.hi, rows.lo + 1);
}

/// What a quantiser gets, in its own unit.
struct InUnit {
  std::vector<RealArray> slopes;
  RealArray shift;
  std::optional<RealArray> lower, upper;

  InUnit(const Value& value, const StepFunction& f)
      : shift(value.offset * f.inverse_scale + f.zero) {
    for (const Term& term : value.terms) slopes.push_back(term.scale * f.inverse_scale);
    if (value.lower) lower = *value.lower * f.inverse_scale + f.zero;
    if (value.upper) upper = *value.upper * f.inverse_scale + f.zero;
  }
  /// The shape that all of them broadcast to.
  Shape shape(std::size_t rank) const {
    Shape out = broadcast_shape(Shape(rank, 1), shift.shape);
    for (const RealArray& slope : slopes) out = broadcast_shape(out, slope.shape);
    if (lower) out = broadcast_shape(out, lower->shape);
    if (upper) out = broadcast_shape(out, upper->shape);
    return out;
  }
};

/// The level of a clamp in each row.
std::vector<std::optional<AffineStep>> clamp_per_row(const std::optional<RealArray>& clamp,
                                                     const Rows& rows) {
  std::vector<std::optional<AffineStep>> out(rows.count());
  if (!clamp) return out;
  const std::vector<Real> values = per_row(*clamp, rows.shape);
  for (std::size_t r = 0; r < out.size(); ++r) out[r].emplace(Real(), values[r]);
  return out;
}

/// `row` is that of the step function.
Rows::Steps steps_of(const Rows& rows, const StepFunction& f, std::size_t row,
                     const std::optional<AffineStep>& least,
                     const std::optional<AffineStep>& most) {
  Rows::Steps steps;
  for (std::int64_t k = rows.lo + 1; k <= rows.hi; ++k) {
    Boundary boundary = f.boundary(k, row);
    if (most && !most->meets(boundary, 0)) break;  // max(., lower) <= upper never meets it
    if (least && least->meets(boundary, 0))
      ++steps.always;
    else
      steps.decided.push_back(std::move(boundary));
  }
  return steps;
}

}  // namespace

bool is_positional(const Shape& rows) {
  for (std::size_t axis = 0; axis < rows.size(); ++axis)
    if (axis != 1 && rows[axis] > 1) return true;
  return false;
}

Rows quantiser_rows(const Node& node, const Value& value, const StepFunction& f,
                    const std::vector<Bounds>& bounds) {
  const InUnit in_unit(value, f);
  const bool own_rows = f.kind == StepFunction::Kind::kThresholds;
  const Shape threshold_rows(f.thresholds.shape.begin(),
                             f.thresholds.shape.end() - (own_rows ? 1 : 0));
  Rows rows;
  rows.shape = in_unit.shape(value.shape.size());
  if (own_rows) rows.shape = broadcast_shape(rows.shape, threshold_rows);
  for (const RealArray& slope : in_unit.slopes) rows.slopes.push_back(per_row(slope, rows.shape));
  rows.shifts = per_row(in_unit.shift, rows.shape);
  for (const Bounds& b : bounds) rows.ranges.push_back(hull_over(b, value.shape, rows.shape));
  rows.lo = f.lo;
  rows.hi = f.hi;
  if (!f.bounded) find_levels(node, rows, f);
  if (rows.levels() > kMaxLevels ||
      rows.levels() * static_cast<std::int64_t>(rows.count()) > kMaxThresholds)
    user_error("{}: it would need {} rows of {} thresholds; quantise to fewer bits", node.label(),
               rows.count(), rows.levels());
  const auto least = clamp_per_row(in_unit.lower, rows), most = clamp_per_row(in_unit.upper, rows);
  const auto own = own_rows ? broadcast_index(threshold_rows, rows.shape)
                            : std::vector<std::int64_t>(rows.count(), 0);
  for (std::size_t r = 0; r < rows.count(); ++r)
    rows.steps.push_back(steps_of(rows, f, static_cast<std::size_t>(own[r]), least[r], most[r]));
  return rows;
}

}  // namespace assay::streamline
