// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compile/graph/real.h"

namespace assay {

/// A class whose score is slope * n + offset for integers n in [min, max].
struct RankedClass {
  Real slope, offset;
  std::int64_t min = 0, max = 0;
};

/// Integers that order the classes as their scores do: factors[c] * n_c + addends[c].
struct OrderForm {
  std::vector<std::int64_t> factors, addends;
  int fraction_bits = 0;
};

/// For scores without a common unit (irrational ratios): factors round(2^f * slope / unit) and
/// addends likewise, with unit the largest slope, for the smallest f in [0, budget] for which
///
///     sign(score_c(n_c) - score_d(n_d)) = sign(key_c(n_c) - key_d(n_d))
///
/// holds for all pairs of classes and all their n, ties included. That is checked, not estimated:
/// one exact crossing per class, n_c and other class. Nothing when no f will do, or when the ranges
/// are too large to check.
std::optional<OrderForm> solve_order(const std::vector<RankedClass>& classes, int budget);

}  // namespace assay
