// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "compile/passes/thresholds/step_function.h"

namespace assay {

/// A real number with its nearest double and a bound on the distance of the two.
struct Enclosed {
  Real exact;
  double approx = 0, error = 0;
  explicit Enclosed(Real value);
};

/// Decides whether `slope * n + shift` meets a boundary, exactly: in double arithmetic with a
/// proved error bound, and in exact arithmetic where that is not conclusive.
class AffineStep {
 public:
  AffineStep(Real slope, Real shift) : slope_(std::move(slope)), shift_(std::move(shift)) {}
  bool meets(const Boundary& boundary, std::int64_t n) const;
  /// slope * n + shift - boundary, about.
  double distance(const Boundary& boundary, std::int64_t n) const;
  /// Whether it is exactly the boundary.
  bool ties(const Boundary& boundary, std::int64_t n) const;
  int slope_sign() const { return slope_.exact.sign(); }
  /// The smallest n in [lo, hi + 1] that meets the boundary; hi + 1: none in [lo, hi] does.
  /// Precondition: slope > 0, or slope = 0 (then lo or hi + 1).
  std::int64_t smallest(const Boundary& boundary, std::int64_t lo, std::int64_t hi) const;

 private:
  Enclosed slope_, shift_;
};

/// One row of thresholds: T[k] is the smallest n in [min, max] at which level lo + 1 + k is
/// reached, max + 1 where none is, min where every n reaches it.
struct ThresholdRow {
  std::vector<std::int64_t> thresholds;
  /// The least distance of a reachable value from a boundary between reachable levels, in steps;
  /// negative: there is none.
  double margin = -1;
  std::int64_t ties = 0, unreachable = 0;
};

/// The thresholds of `levels` (boundaries of levels lo + 1 ... hi, ascending) for n in [min, max].
ThresholdRow solve_row(const AffineStep& step, const std::vector<Boundary>& boundaries,
                       std::int64_t min, std::int64_t max);

}  // namespace assay
