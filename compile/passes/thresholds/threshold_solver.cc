// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/thresholds/threshold_solver.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compile/base/error.h"

namespace assay {
namespace {

/// A generous bound on the rounding of one double operation on a value of this size, and of the
/// parameters that went into it.
constexpr double kUnit = 0x1p-50;
constexpr double kLeastError = std::numeric_limits<double>::min();

}  // namespace

Enclosed::Enclosed(Real value) : exact(std::move(value)) {
  approx = exact.to_double();
  error = std::abs(approx) * 0x1p-53 + kLeastError;
}

bool AffineStep::meets(const Boundary& boundary, std::int64_t n) const {
  const auto x = static_cast<double>(n);
  const double product = slope_.approx * x;
  const double value = product + (shift_.approx - boundary.approx);
  const double error =
      (std::abs(product) + std::abs(shift_.approx) + std::abs(boundary.approx)) * kUnit +
      kLeastError;
  if (value > error) return true;  // comparisons with infinities and NaN fail: decided below
  if (value < -error) return false;
  const int sign = (slope_.exact * Real(n) + shift_.exact - boundary.at).sign();
  return boundary.strict ? sign > 0 : sign >= 0;
}

double AffineStep::distance(const Boundary& boundary, std::int64_t n) const {
  return slope_.approx * static_cast<double>(n) + (shift_.approx - boundary.approx);
}

bool AffineStep::ties(const Boundary& boundary, std::int64_t n) const {
  const double scale = std::abs(slope_.approx * static_cast<double>(n)) + std::abs(shift_.approx) +
                       std::abs(boundary.approx);
  if (std::abs(distance(boundary, n)) > scale * kUnit + kLeastError) return false;
  return (slope_.exact * Real(n) + shift_.exact - boundary.at).is_zero();
}

std::int64_t AffineStep::smallest(const Boundary& boundary, std::int64_t lo,
                                  std::int64_t hi) const {
  if (meets(boundary, lo)) return lo;
  if (!meets(boundary, hi)) return hi + 1;
  // Invariant: lo does not meet the boundary, hi does. The first guess is nearly always right.
  const double guess = std::ceil((boundary.approx - shift_.approx) / slope_.approx);
  for (std::int64_t step = 0; step <= 1 && hi - lo > 1; ++step) {
    if (!(std::abs(guess) < 0x1p62)) break;
    const std::int64_t n = static_cast<std::int64_t>(guess) - step;
    if (n <= lo || n >= hi) continue;
    (meets(boundary, n) ? hi : lo) = n;
  }
  while (hi - lo > 1) {
    const std::int64_t middle = lo + (hi - lo) / 2;
    (meets(boundary, middle) ? hi : lo) = middle;
  }
  return hi;
}

ThresholdRow solve_row(const AffineStep& step, const std::vector<Boundary>& boundaries,
                       std::int64_t min, std::int64_t max) {
  ThresholdRow row;
  row.thresholds.reserve(boundaries.size());
  std::int64_t from = min;  // boundaries ascend, and so do their thresholds
  for (const Boundary& boundary : boundaries) {
    const std::int64_t t = from > max ? from : step.smallest(boundary, from, max);
    row.thresholds.push_back(t);
    from = t;
    if (t > max) {
      ++row.unreachable;
      continue;
    }
    for (const std::int64_t n : {t - 1, t}) {
      if (n < min) continue;
      const bool tie = step.ties(boundary, n);
      row.ties += tie ? 1 : 0;
      const double distance = tie ? 0 : std::abs(step.distance(boundary, n));
      if (t > min) row.margin = row.margin < 0 ? distance : std::min(row.margin, distance);
    }
  }
  return row;
}

}  // namespace assay
