// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/threshold_line.h"

#include <algorithm>
#include <bit>

namespace assay::hw {
namespace {

/// The distance of thresholds of which one, `only`, is reached by some of [low, high] alone: so far that
/// its neighbours lie outside.
int far_shift(std::int64_t only, std::int64_t low, std::int64_t high) {
  const std::int64_t reach = std::max(high + 1 - only, only - low);
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(reach - 1)));
}

std::optional<ThresholdLine> plain_line(std::vector<std::int64_t> thresholds, std::int64_t low,
                                        std::int64_t high) {
  for (std::int64_t& t : thresholds) t = std::clamp(t, low, high + 1);
  std::ranges::sort(thresholds);
  const auto inside = [&](std::int64_t t) { return low < t && t <= high; };
  const auto first = std::ranges::find_if(thresholds, inside);
  if (first == thresholds.end()) return {};
  const bool alone = first + 1 == thresholds.end() || !inside(first[1]);
  const std::int64_t distance = alone ? 0 : first[1] - first[0];
  if (!alone && (distance <= 0 || !std::has_single_bit(static_cast<std::uint64_t>(distance))))
    return {};
  const int shift =
      alone ? far_shift(*first, low, high) : std::countr_zero(static_cast<std::uint64_t>(distance));
  const std::int64_t step = std::int64_t{1} << shift;
  for (std::int64_t k = 0; k < std::ssize(thresholds); ++k) {
    const __int128 place = *first + static_cast<__int128>(k - (first - thresholds.begin())) * step;
    if (std::clamp<__int128>(place, low, high + 1) != thresholds[static_cast<std::size_t>(k)])
      return {};
  }
  const __int128 offset =
      step - (*first - static_cast<__int128>(first - thresholds.begin()) * step);
  constexpr __int128 kLimit = static_cast<__int128>(1) << 61;
  if (offset >= kLimit || offset <= -kLimit) return {};
  ThresholdLine line;
  line.offset = static_cast<std::int64_t>(offset);
  line.shift = shift;
  return line;
}

}  // namespace

std::optional<ThresholdLine> threshold_line(std::vector<std::int64_t> thresholds, std::int64_t low,
                                            std::int64_t high) {
  if (const auto line = plain_line(thresholds, low, high)) return line;
  const std::int64_t cap = std::ranges::max(thresholds);
  if (cap <= low || cap > high) return {};
  auto line = plain_line(std::move(thresholds), low, cap - 1);
  if (!line) return {};
  line->capped = true;
  line->cap = cap;
  return line;
}

}  // namespace assay::hw
