// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmpxx.h>

#include <optional>
#include <vector>

#include "compile/graph/real.h"

namespace assay {

/// Integers m and a positive unit with numbers[i] = m[i] * unit.
struct CommonUnit {
  Real unit{Real(1)};
  std::vector<mpz_class> multiples;
};

/// The largest such unit. Nothing when there is none: when a ratio of two of the numbers is
/// irrational.
std::optional<CommonUnit> common_unit(const std::vector<Real>& numbers);

}  // namespace assay
