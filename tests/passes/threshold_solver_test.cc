// SPDX-License-Identifier: Apache-2.0
// Thresholds against the definition of every quantiser, worked by hand and by enumeration.
#include "compile/passes/thresholds/threshold_solver.h"

#include "passes/pass_check.h"

namespace assay {
namespace {

using Integers = std::vector<std::int64_t>;

constexpr std::array<RoundingMode, 7> kRoundingModes = {
    RoundingMode::kHalfEven, RoundingMode::kHalfUp, RoundingMode::kHalfDown, RoundingMode::kCeil,
    RoundingMode::kFloor,    RoundingMode::kUp,     RoundingMode::kDown};

Real quotient(long numerator, long denominator) {
  mpq_class value(numerator, denominator);
  value.canonicalize();
  return Real(value);
}

std::vector<Boundary> boundaries(std::int64_t lo, std::int64_t hi, RoundingMode mode) {
  StepFunction f;
  f.mode = mode;
  std::vector<Boundary> out;
  for (std::int64_t k = lo + 1; k <= hi; ++k) out.push_back(f.boundary(k));
  return out;
}

ThresholdRow solve(const Real& slope, const Real& shift, const std::vector<Boundary>& steps,
                   std::int64_t min, std::int64_t max) {
  return solve_row(AffineStep(slope, shift), steps, min, max);
}

std::int64_t level(const ThresholdRow& row, std::int64_t n, std::int64_t lo) {
  for (const std::int64_t t : row.thresholds) lo += n >= t ? 1 : 0;
  return lo;
}

/// The definition: round and clamp in exact arithmetic.
std::int64_t defined(const Real& u, std::int64_t lo, std::int64_t hi, RoundingMode mode) {
  return std::clamp(real_eval::to_int(real_eval::round_to(u, mode)), lo, hi);
}

TEST(ThresholdSolver, APowerOfTwoScaleDiffersFromHalfUpAtEightAccumulators) {
  // 256 accumulators onto the 16 levels of an unsigned 4-bit quantiser: u = n / 16. The ties are at
  // n = 8, 24, ... 232; those to an even level below (0, 2, ... 14) stay down.
  const Real slope = quotient(1, 16);
  const ThresholdRow row = solve(slope, 0, boundaries(0, 15, RoundingMode::kHalfEven), 0, 255);
  EXPECT_EQ(row.thresholds,
            (Integers{9, 24, 41, 56, 73, 88, 105, 120, 137, 152, 169, 184, 201, 216, 233}));
  EXPECT_EQ(row.ties, 15);
  EXPECT_EQ(row.unreachable, 0);
  EXPECT_EQ(row.margin, 0);
  Integers differing;
  for (std::int64_t n = 0; n < 256; ++n) {
    EXPECT_EQ(level(row, n, 0), defined(slope * Real(n), 0, 15, RoundingMode::kHalfEven)) << n;
    const std::int64_t half_up = std::min<std::int64_t>((n + 8) / 16, 15);
    if (level(row, n, 0) != half_up) differing.push_back(n);
  }
  EXPECT_EQ(differing, (Integers{8, 40, 72, 104, 136, 168, 200, 232}));
}

TEST(ThresholdSolver, EveryModeIsTheDefinitionAtEveryAccumulator) {
  const std::vector<Real> slopes = {quotient(1, 8), quotient(3, 8), quotient(1, 2), Real::of(0.3F),
                                    Real::sqrt(mpq_class(2, 49))};
  const std::vector<Real> shifts = {0, quotient(1, 2), quotient(-5, 4), Real::of(0.7F),
                                    Real::sqrt(mpq_class(3))};
  const std::vector<std::pair<std::int64_t, std::int64_t>> ranges = {
      {0, 15}, {-8, 7}, {-7, 7}, {0, 1}, {-3, 12}};
  std::int64_t compared = 0;
  for (const RoundingMode mode : kRoundingModes)
    for (const Real& slope : slopes)
      for (const Real& shift : shifts)
        for (const auto& [lo, hi] : ranges) {
          SCOPED_TRACE(fmt::format("{} {} {} [{}, {}]", rounding_mode_name(mode), slope.str(),
                                   shift.str(), lo, hi));
          const ThresholdRow row = solve(slope, shift, boundaries(lo, hi, mode), -60, 60);
          ASSERT_EQ(row.thresholds.size(), static_cast<std::size_t>(hi - lo));
          for (std::int64_t n = -60; n <= 60; ++n, ++compared)
            ASSERT_EQ(level(row, n, lo), defined(slope * Real(n) + shift, lo, hi, mode)) << n;
        }
  EXPECT_EQ(compared, 7 * 5 * 5 * 5 * 121);
}

TEST(ThresholdSolver, TiesAreCountedOnceEach) {
  // u = n / 2 meets the halves at odd n: 1/2, 3/2, 5/2.
  const ThresholdRow row =
      solve(quotient(1, 2), 0, boundaries(0, 3, RoundingMode::kHalfEven), 0, 10);
  EXPECT_EQ(row.thresholds, (Integers{2, 3, 6}));
  EXPECT_EQ(row.ties, 3);
}

TEST(ThresholdSolver, TheMarginIsTheLeastDistanceOfAReachableValue) {
  // u = n / 3: around 1/2 lie 1/3 and 2/3, around 3/2 lie 4/3 and 5/3.
  const ThresholdRow row =
      solve(quotient(1, 3), 0, boundaries(0, 2, RoundingMode::kHalfEven), 0, 10);
  EXPECT_EQ(row.thresholds, (Integers{2, 5}));
  EXPECT_NEAR(row.margin, 1.0 / 6, 1e-12);
  EXPECT_EQ(row.ties, 0);
}

TEST(ThresholdSolver, WhatNothingReachesAndWhatEverythingReaches) {
  const ThresholdRow row = solve(quotient(1, 4), 5, boundaries(0, 15, RoundingMode::kFloor), -4, 3);
  // u in [4, 5.75]: levels 1 to 4 always, 5 at n = 0, 6 to 15 never.
  EXPECT_EQ(row.thresholds, (Integers{-4, -4, -4, -4, 0, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4}));
  EXPECT_EQ(row.unreachable, 10);
}

TEST(ThresholdSolver, AZeroSlopeIsOneLevelForAll) {
  for (const RoundingMode mode : kRoundingModes) {
    const ThresholdRow row = solve(Real(), quotient(5, 2), boundaries(0, 7, mode), -9, 9);
    const std::int64_t expected = defined(quotient(5, 2), 0, 7, mode);
    for (const std::int64_t n : {-9, 0, 9})
      EXPECT_EQ(level(row, n, 0), expected) << rounding_mode_name(mode);
  }
}

TEST(ThresholdSolver, OneReachableAccumulatorIsEnough) {
  const ThresholdRow row = solve(1, 0, boundaries(0, 3, RoundingMode::kHalfEven), 2, 2);
  EXPECT_EQ(row.thresholds, (Integers{2, 2, 3}));
}

TEST(ThresholdSolver, AnIrrationalNumberIsTiedOnlyToItself) {
  // u = sqrt(2) * n - 70 * sqrt(2) is 0 at n = 70 exactly, and nowhere else near a boundary at 0.
  const Real root = Real::sqrt(mpq_class(2));
  const ThresholdRow up =
      solve(root, -(root * Real(70)), boundaries(-1, 0, RoundingMode::kFloor), 0, 200);
  EXPECT_EQ(up.thresholds, Integers{70});
  EXPECT_EQ(up.ties, 1);
  // ceil: -1 stays for u = -1 only when u > -1 is strict; level 1 needs u > 0.
  const ThresholdRow strict =
      solve(root, -(root * Real(70)), boundaries(0, 1, RoundingMode::kCeil), 0, 200);
  EXPECT_EQ(strict.thresholds, Integers{71});
}

TEST(ThresholdSolver, NumbersThatDoublesCannotTellApartAreDecided) {
  // 1/2 + 2^-80 and 1/2 - 2^-80 are the same double.
  const mpq_class tiny(mpz_class(1), mpz_class(1) << 80);
  const auto steps = boundaries(0, 1, RoundingMode::kHalfEven);
  const AffineStep above(0, quotient(1, 2) + Real(tiny)), at(0, quotient(1, 2)),
      below(0, quotient(1, 2) - Real(tiny));
  EXPECT_TRUE(above.meets(steps[0], 0));
  EXPECT_FALSE(at.meets(steps[0], 0));  // the tie goes to 0
  EXPECT_FALSE(below.meets(steps[0], 0));
  EXPECT_TRUE(at.ties(steps[0], 0));
  EXPECT_FALSE(above.ties(steps[0], 0));
}

TEST(ThresholdSolver, WideAccumulatorsAreSolvedToTheLastUnit) {
  // u = n / (2^50 + 1): 1/2 is at n = 2^49 + 1/2.
  const std::int64_t wide = (std::int64_t{1} << 50) + 1;
  const ThresholdRow row = solve(Real(mpq_class(1, wide)), 0,
                                 boundaries(0, 2, RoundingMode::kHalfEven), -4 * wide, 4 * wide);
  const std::int64_t half = std::int64_t{1} << 49;
  EXPECT_EQ(row.thresholds, (Integers{half + 1, 3 * half + 2}));
  EXPECT_EQ(row.ties, 0);
}

TEST(ThresholdSolver, ABipolarBoundaryTakesZeroUp) {
  StepFunction f;
  f.kind = StepFunction::Kind::kSign;
  const ThresholdRow row = solve(quotient(1, 3), 1, {f.boundary(1)}, -10, 10);
  EXPECT_EQ(row.thresholds, Integers{-3});
  EXPECT_EQ(row.ties, 1);
}

}  // namespace
}  // namespace assay
