// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

/// Thresholds that are as far apart as a power of two: rtl/assay_line_levels.sv.
namespace assay::hw {

/// #{k : acc >= T[k]} = floor((acc + offset) / 2^shift), but at least 0 and at most their number; `capped`:
/// all of them where acc >= cap, as where a pass has put the first sum that cannot come in the place of
/// thresholds above it.
struct ThresholdLine {
  std::int64_t offset = 0;
  int shift = 0;
  bool capped = false;
  std::int64_t cap = 0;

  friend bool operator==(const ThresholdLine&, const ThresholdLine&) = default;
};

/// The line of thresholds, in any order, for all acc in [low, high]; nothing where there is none, or none
/// is reached or missed by some. Those that all or none of these reach stand where they fit. Bounds are
/// below 2^61.
std::optional<ThresholdLine> threshold_line(std::vector<std::int64_t> thresholds, std::int64_t low,
                                            std::int64_t high);

}  // namespace assay::hw
