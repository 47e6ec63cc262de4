// SPDX-License-Identifier: Apache-2.0
// Internal to streamlining: a quantiser row by row.
#pragma once

#include <cstdint>
#include <vector>

#include "compile/passes/streamline/values.h"
#include "compile/passes/thresholds/threshold_solver.h"

namespace assay::streamline {

/// A quantiser of sum_k scale_k * T_k + offset in its own unit u, where all parameters are equal:
/// one row per entry of `shape`, which broadcasts to the tensor and has its rank.
struct Rows {
  Shape shape;
  std::vector<std::vector<Real>> slopes;  ///< [term][row]
  std::vector<Real> shifts;               ///< [row]
  std::vector<Bounds> ranges;             ///< [term], of shape `shape`
  std::int64_t lo = 0, hi = 0;            ///< levels
  /// [row]: boundaries of levels lo + 1 ... hi that are really decided; `always` of them come
  /// before and are met by everything, those behind are met by nothing (clamps).
  struct Steps {
    std::vector<Boundary> decided;
    std::int64_t always = 0;
  };
  std::vector<Steps> steps;

  std::size_t count() const { return shifts.size(); }
  std::int64_t levels() const { return hi - lo; }
};

/// UserError via `node` when there would be too many thresholds.
Rows quantiser_rows(const Node& node, const Value& value, const StepFunction& f,
                    const std::vector<Bounds>& bounds);
/// Whether rows differ along axes other than 1 (channels).
bool is_positional(const Shape& rows);

}  // namespace assay::streamline
