// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace assay {

/// Numbers from `min` to `max` in steps of `step`.
struct Steps {
  std::int64_t min = 0, max = 0, step = 1;
};

/// coefficient * x.
struct SumTerm {
  std::int64_t coefficient = 0;
  Steps x;
};

/// All that a sum of terms can be lies in here; not all of it need be reached.
Steps reach(std::span<const SumTerm> terms);

/// Changes x, which starts within the terms' bounds, until the sum of the terms is exactly
/// `target`; terms in the order given, those that may best be changed first. False when no way was
/// found, which proves nothing; x is then anything within the bounds.
bool solve_sum(std::span<const SumTerm> terms, std::int64_t target,
               std::span<const std::size_t> order, std::span<std::int64_t> x);

}  // namespace assay
