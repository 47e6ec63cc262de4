// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// Where a step of a quantiser lies: it is taken when u > at (strict) or u >= at.
struct Boundary {
  Real at;
  double approx = 0;  ///< `at`, rounded once
  bool exact = true;  ///< approx is `at`
  bool strict = false;
};

/// A quantiser as a non-decreasing step function of a real u = X * inverse_scale + zero:
///
///     level(u) = the largest k in (lo, hi] whose boundary(k) is met, or lo
///     output   = out_scale * t + out_offset,  t = t_scale * level + t_bias (integers)
///
/// Covers Quant, BipolarQuant, Trunc 1 and 2, QuantizeLinear, MultiThreshold and Sign.
struct StepFunction {
  enum class Kind : std::uint8_t { kRound, kSign, kTernarySign, kTrunc, kThresholds };
  Kind kind = Kind::kRound;
  RoundingMode mode = RoundingMode::kHalfEven;
  bool bounded = true;  ///< false (Trunc 1): lo and hi come from the reachable input
  std::int64_t lo = 0, hi = 0;
  std::int64_t post = 0;   ///< added to the rounded value before the clamp (QuantizeLinear)
  std::int64_t shift = 0;  ///< kTrunc: the level is round(y / 2^shift), y = half_even(u)
  RealArray inverse_scale{Real(1)}, zero;
  std::int64_t t_scale = 1, t_bias = 0;
  RealArray out_scale{Real(1)}, out_offset;
  RealArray thresholds;  ///< kThresholds: [.., steps], sorted; leading axes broadcast to X
  DataType natural;      ///< the data type of t over all levels; FLOAT32 when unbounded

  /// The boundary of level k. `row` indexes the leading elements of `thresholds` (kThresholds
  /// only).
  Boundary boundary(std::int64_t k, std::size_t row = 0) const;
};

/// The step function of a quantiser node with constant parameters; nothing when the node is none.
/// UserError naming the node when its parameters are no constants or out of range.
std::optional<StepFunction> step_function(const Node& node);

}  // namespace assay
