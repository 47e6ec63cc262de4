// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compile/passes/thresholds/threshold_solver.h"

namespace assay {

/// One channel of a residual sum: u = sum_k slopes[k] * X_k + shift with X_k in [min[k], max[k]],
/// against ascending boundaries.
struct JoinRow {
  std::vector<Real> slopes;
  Real shift;
  std::vector<std::int64_t> min, max;
  std::vector<Boundary> boundaries;

  /// The number of combinations of all X but X_main; saturates.
  std::int64_t combinations(std::size_t main) const;
};

/// multipliers . X >= thresholds[k] exactly where u meets boundaries[k], for all X in range.
struct LineForm {
  std::vector<std::int64_t> multipliers, thresholds;
  int fraction_bits = 0;
  std::int64_t inseparable = 0;  ///< combinations decided wrongly; 0: exact
  std::size_t worst_step = 0;    ///< the boundary with the most of them
  double margin = -1;            ///< least distance of a reachable value from a boundary
  std::int64_t ties = 0;
};

/// design 3.1: the X with a slope and the largest range is compared, the others are enumerated. For
/// f = 0, 1, ... budget the multipliers are round(2^f * slope_k / slope_main); thresholds exist
/// exactly when
///
///     max (2^f * (A(B) - 1) + m . B)  <  min (2^f * A(B) + m . B)      over the combinations B
///
/// with A(B) the smallest A that meets the boundary, and the first such f is taken. When none is
/// within the budget, the result for f = budget with inseparable > 0 and thresholds rounded to
/// nearest. Slopes must not be negative for the main input.
LineForm solve_line(const JoinRow& row, std::size_t main, int budget);
/// The line form with exactly these fraction bits, right or wrong (inseparable tells).
LineForm line_with(const JoinRow& row, std::size_t main, int fraction_bits);
/// Multipliers that are exact multiples of one unit, when the slopes have one and everything stays
/// within 62 bits: works for any range without enumeration.
std::optional<LineForm> solve_ratio(const JoinRow& row);
/// Brings a line form to more fraction bits.
void raise_fraction(LineForm& line, int fraction_bits);

/// Table form: thresholds[b * steps + k] on X_0 for X_1 = min[1] + b.
struct TableForm {
  std::vector<std::int64_t> thresholds;
  double margin = -1;
  std::int64_t ties = 0;
};
/// Precondition: two inputs, slopes[0] >= 0.
TableForm solve_table(const JoinRow& row);

}  // namespace assay
