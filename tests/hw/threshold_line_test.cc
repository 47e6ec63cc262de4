// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/threshold_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace assay::hw::test {
namespace threshold_line_test {

using Ints = std::vector<std::int64_t>;

std::int64_t reached(const Ints& thresholds, std::int64_t acc) {
  return std::ranges::count_if(thresholds, [&](std::int64_t t) { return acc >= t; });
}

/// The header's formula.
std::int64_t level(const ThresholdLine& line, std::int64_t steps, std::int64_t acc) {
  if (line.capped && acc >= line.cap) return steps;
  return std::clamp<std::int64_t>((acc + line.offset) >> line.shift, 0, steps);
}

TEST(ThresholdLine, IsFoundWhereThereIsOne) {
  // floor((acc + 7) / 4): 1 from -3 on, 2 from 1 on, 3 from 5 on.
  EXPECT_EQ(threshold_line({-3, 1, 5}, -100, 100), (ThresholdLine{7, 2, false, 0}));
  EXPECT_EQ(threshold_line({5, -3, 1}, -100, 100), (ThresholdLine{7, 2, false, 0}));
  EXPECT_EQ(threshold_line({1, 2, 3}, 0, 9), (ThresholdLine{0, 0, false, 0}));
  EXPECT_FALSE(threshold_line({-3, 1, 7, 12}, -100, 100));
  EXPECT_FALSE(threshold_line({0, 3, 6, 9}, -100, 100));
  EXPECT_FALSE(threshold_line({2, 2, 2}, -100, 100));
}

TEST(ThresholdLine, IsCappedWhereTheLastOnesAreOne) {
  // 1 from 1 on, 2 from 5 on, all 7 from 8 on.
  EXPECT_EQ(threshold_line({1, 5, 8, 8, 8, 8, 8}, -9, 30), (ThresholdLine{3, 2, true, 8}));
  EXPECT_FALSE(threshold_line({1, 5, 9, 10, 10, 1000}, -9, 30));
}

TEST(ThresholdLine, TakesThoseThatNothingReachesAsTheyFit) {
  // 9 and 13 lie above what there is, as a number that a pass has put in their place does.
  EXPECT_EQ(threshold_line({1, 5, 9, 13}, -8, 7), (ThresholdLine{3, 2, false, 0}));
  EXPECT_EQ(threshold_line({1, 5, 1000, 1000}, -8, 7), (ThresholdLine{3, 2, false, 0}));
  // Nobody tells that -8 is not -3: so far apart that both fit, and 5 is the cap.
  EXPECT_EQ(threshold_line({-1000, -8, 1, 5}, -8, 7), (ThresholdLine{47, 4, true, 5}));
  EXPECT_FALSE(threshold_line({1, 5, 6, 7, 1000}, -8, 7));
}

TEST(ThresholdLine, IsASignOfOneThreshold) {
  EXPECT_EQ(threshold_line({3}, -4, 7),
            (ThresholdLine{5, 3, false, 0}));  // bit 3 of acc + 5, from 1 to 12
  EXPECT_FALSE(threshold_line({100}, -4, 7));
  EXPECT_FALSE(threshold_line({-4}, -4, 7));
}

TEST(ThresholdLine, IsExactForAllSums) {
  std::mt19937 random(1);
  int lines = 0;
  for (int round = 0; round < 4000; ++round) {
    const auto low = -static_cast<std::int64_t>(random() % 60),
               high = static_cast<std::int64_t>(random() % 60);
    const auto steps = static_cast<std::int64_t>(1 + random() % 7);
    const std::int64_t distance = 1 + static_cast<std::int64_t>(random() % 9);
    Ints thresholds;
    for (std::int64_t k = 0; k < steps; ++k)
      thresholds.push_back(low + static_cast<std::int64_t>(random() % 8) * (round % 2) +
                           k * distance);
    if (round % 3 == 0) thresholds.back() = 1000;
    if (round % 5 == 0)
      for (std::int64_t& t : thresholds) t = std::min(t, low + 20);
    const auto line = threshold_line(thresholds, low, high);
    if (!line) continue;
    ++lines;
    for (std::int64_t acc = low; acc <= high; ++acc)
      ASSERT_EQ(level(*line, steps, acc), reached(thresholds, acc)) << acc;
  }
  EXPECT_GT(lines, 500);
}

}  // namespace threshold_line_test
}  // namespace assay::hw::test
