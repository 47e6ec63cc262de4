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

}  // namespace

bool is_positional(const Shape& rows) {
  for (std::size_t axis = 0; axis < rows.size(); ++axis)
    if (axis != 1 && rows[axis] > 1) return true;
  return false;
}

Rows quantiser_rows(const Node& node, const Value& value, const StepFunction& f,
                    const std::vector<Bounds>& bounds) {
  Rows rows;
  rows.shape.assign(value.shape.size(), 1);
  std::vector<RealArray> slopes;
  const auto widen = [&](const RealArray& a) { rows.shape = broadcast_shape(rows.shape, a.shape); };
  for (const Term& term : value.terms) slopes.push_back(term.scale * f.inverse_scale);
  const RealArray shift = value.offset * f.inverse_scale + f.zero;
  std::optional<RealArray> lower, upper;
  if (value.lower) lower = *value.lower * f.inverse_scale + f.zero;
  if (value.upper) upper = *value.upper * f.inverse_scale + f.zero;
  for (const RealArray& slope : slopes) widen(slope);
  widen(shift);
  if (lower) widen(*lower);
  if (upper) widen(*upper);
  const bool own_rows = f.kind == StepFunction::Kind::kThresholds;
  Shape threshold_rows(f.thresholds.shape.begin(), f.thresholds.shape.end() - (own_rows ? 1 : 0));
  if (own_rows) rows.shape = broadcast_shape(rows.shape, threshold_rows);

  for (const RealArray& slope : slopes) rows.slopes.push_back(per_row(slope, rows.shape));
  rows.shifts = per_row(shift, rows.shape);
  for (const Bounds& b : bounds) rows.ranges.push_back(hull_over(b, value.shape, rows.shape));
  rows.lo = f.lo;
  rows.hi = f.hi;
  if (!f.bounded) find_levels(node, rows, f);
  if (rows.levels() > kMaxLevels ||
      rows.levels() * static_cast<std::int64_t>(rows.count()) > kMaxThresholds)
    user_error("{}: it would need {} rows of {} thresholds; quantise to fewer bits", node.label(),
               rows.count(), rows.levels());
  const auto low = lower ? per_row(*lower, rows.shape) : std::vector<Real>{};
  const auto high = upper ? per_row(*upper, rows.shape) : std::vector<Real>{};
  const auto own =
      own_rows ? broadcast_index(threshold_rows, rows.shape) : std::vector<std::int64_t>{};
  for (std::size_t r = 0; r < rows.count(); ++r) {
    Rows::Steps steps;
    const std::optional<AffineStep> least =
        lower ? std::optional<AffineStep>(AffineStep(Real(), low[r])) : std::nullopt;
    const std::optional<AffineStep> most =
        upper ? std::optional<AffineStep>(AffineStep(Real(), high[r])) : std::nullopt;
    for (std::int64_t k = rows.lo + 1; k <= rows.hi; ++k) {
      Boundary boundary = f.boundary(k, own_rows ? static_cast<std::size_t>(own[r]) : 0);
      if (most && !most->meets(boundary, 0)) break;  // max(., lower) <= upper never meets it
      if (least && least->meets(boundary, 0))
        ++steps.always;
      else
        steps.decided.push_back(std::move(boundary));
    }
    rows.steps.push_back(std::move(steps));
  }
  return rows;
}

}  // namespace assay::streamline
