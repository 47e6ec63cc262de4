// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/thresholds/order_solver.h"

#include <gtest/gtest.h>

#include "support/random_graph.h"

namespace assay {
namespace {

using assay::testing::Random;

int order(const Real& a, const Real& b) { return (a - b).sign(); }
int order(std::int64_t a, std::int64_t b) { return a < b ? -1 : a > b ? 1 : 0; }

/// Compares all pairs of classes at all their integers; how many were compared.
std::int64_t expect_same_order(const std::vector<RankedClass>& classes, const OrderForm& form) {
  std::int64_t compared = 0;
  for (std::size_t c = 0; c < classes.size(); ++c)
    for (std::size_t d = 0; d < classes.size(); ++d) {
      if (c == d) continue;
      for (std::int64_t n = classes[c].min; n <= classes[c].max; ++n)
        for (std::int64_t m = classes[d].min; m <= classes[d].max; ++m) {
          const Real mine = classes[c].slope * Real(n) + classes[c].offset,
                     other = classes[d].slope * Real(m) + classes[d].offset;
          const std::int64_t key = form.factors[c] * n + form.addends[c],
                             other_key = form.factors[d] * m + form.addends[d];
          EXPECT_EQ(order(mine, other), order(key, other_key))
              << "classes " << c << ", " << d << " at " << n << ", " << m;
          ++compared;
        }
    }
  return compared;
}

Real root(int n) { return Real::sqrt(mpq_class(n)); }

TEST(OrderSolver, RanksTwoRootsByHand) {
  // 1 * n against sqrt(2) * m for n, m in 0..3: 0 = 0 < 1 < 1.41 < 2 < 2.83 < 3 < 4.24.
  const std::vector<RankedClass> classes{{Real(1), Real(), 0, 3}, {root(2), Real(), 0, 3}};
  const auto form = solve_order(classes, 16);
  ASSERT_TRUE(form);
  EXPECT_EQ(expect_same_order(classes, *form), 32);
  // With f = 0 both factors were 1 and the order of 1 and sqrt(2) was lost.
  EXPECT_GT(form->fraction_bits, 0);
}

TEST(OrderSolver, KeepsTies) {
  const std::vector<RankedClass> classes{
      {root(3), Real(1), -4, 4}, {root(3), Real(1), -4, 4}, {root(5), Real(1), -4, 4}};
  const auto form = solve_order(classes, 24);
  ASSERT_TRUE(form);
  expect_same_order(classes, *form);
}

TEST(OrderSolver, TurnsNegativeSlopesAndKeepsConstants) {
  const std::vector<RankedClass> classes{
      {-root(2), Real(3), -6, 5}, {Real(), root(7), -9, 9}, {root(3), -Real(1), 0, 7}};
  const auto form = solve_order(classes, 30);
  ASSERT_TRUE(form);
  EXPECT_LT(form->factors[0], 0);
  EXPECT_EQ(form->factors[1], 0);
  expect_same_order(classes, *form);
}

TEST(OrderSolver, RanksRandomClasses) {
  std::int64_t compared = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<RankedClass> classes;
    for (int c = 0; c < 4; ++c)
      classes.push_back({root(static_cast<int>(random.range(2, 50))) *
                             Real(mpq_class(static_cast<long>(random.range(1, 9)), 7)),
                         Real(mpq_class(static_cast<long>(random.range(-40, 40)), 11)),
                         random.range(-12, 0), random.range(1, 12)});
    const auto form = solve_order(classes, 40);
    ASSERT_TRUE(form);
    compared += expect_same_order(classes, *form);
  }
  EXPECT_GT(compared, 20000);
}

TEST(OrderSolver, GivesNothingRatherThanAWrongOrder) {
  // sqrt(2) and its neighbour 1.41421356 swap only far out: two fraction bits cannot tell.
  const std::vector<RankedClass> classes{{root(2), Real(), 0, 1000},
                                         {Real(mpq_class(141, 100)), Real(), 0, 1000}};
  EXPECT_FALSE(solve_order(classes, 2));
  EXPECT_TRUE(solve_order(classes, 40));
}

TEST(OrderSolver, RefusesRangesThatItCannotCheck) {
  EXPECT_FALSE(solve_order({{root(2), Real(), 0, 1 << 30}, {root(3), Real(), 0, 1}}, 40));
}

}  // namespace
}  // namespace assay
