// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streamline/common_unit.h"

#include <gmock/gmock.h>

#include <string>

#include "compile/passes/streamline/integer_weights.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

Real ratio(long a, long b) {
  mpq_class value(a, b);
  value.canonicalize();
  return Real(value);
}

/// Bits of the integers in proportion to 1/std[c], with std in ten thousandths.
std::size_t multiplier_bits(const std::vector<long>& std) {
  std::vector<Real> inverses;
  for (const long s : std) inverses.push_back(ratio(10000, s));
  const auto unit = common_unit(inverses);
  std::size_t bits = 0;
  for (const mpz_class& m : unit.value().multiples)
    bits = std::max(bits, mpz_sizeinbase(m.get_mpz_t(), 2));
  return bits;
}

TEST(CommonUnit, IsTheLargest) {
  const auto unit = common_unit({ratio(3, 4), ratio(-1, 2), Real(0), ratio(5, 4)});
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->unit, ratio(1, 4));
  EXPECT_THAT(unit->multiples, ElementsAre(3, -2, 0, 5));
}

TEST(CommonUnit, IsPositiveWhereTheFirstNumberIsNot) {
  const auto unit = common_unit({ratio(-1, 3), ratio(1, 2)});
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->unit, ratio(1, 6));
  EXPECT_THAT(unit->multiples, ElementsAre(-2, 3));
}

TEST(CommonUnit, MayBeIrrationalWhenRatiosAreNot) {
  const Real root = Real::sqrt(2);
  const auto unit = common_unit({root * ratio(3, 2), root});
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->unit, root * ratio(1, 2));
  EXPECT_THAT(unit->multiples, ElementsAre(3, 2));
  EXPECT_FALSE(common_unit({root, Real(1)}));
}

TEST(CommonUnit, OfNothingButZerosIsOne) {
  const auto unit = common_unit({Real(0), Real(0)});
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->unit, Real(1));
  EXPECT_THAT(unit->multiples, ElementsAre(0, 0));
}

TEST(CommonUnit, OfUsualNormalisationsIsSmall) {
  EXPECT_EQ(multiplier_bits({2470, 2430, 2610}), 13U);  // CIFAR-10 with three digits
  EXPECT_EQ(multiplier_bits({2470, 2435, 2616}), 20U);  // with four
  EXPECT_EQ(multiplier_bits({2290, 2240, 2250}), 16U);  // ImageNet
}

TEST(IntegerConstants, FloatsAreMultiplesOfAPowerOfTwoPerChannel) {
  Graph graph;
  const Tensor* tensor = graph.add_constant(
      "w", Constant({2, 4}, std::vector<float>{0, 1, 0.5F, -3, 6, 0, 1, 0.125F}));
  const auto shared = integer_constant(*tensor, 2).value();
  EXPECT_EQ(shared.values, (std::vector<std::int64_t>{0, 8, 4, -24, 48, 0, 8, 1}));
  EXPECT_EQ(shared.scale.values[0].str(), "1/8");
  const auto rows = integer_constant(*tensor, 0).value();
  EXPECT_EQ(rows.values, (std::vector<std::int64_t>{0, 2, 1, -6, 48, 0, 8, 1}));
  EXPECT_EQ(rows.scale.values[0].str(), "1/2");
  EXPECT_EQ(rows.scale.values[1].str(), "1/8");
}

}  // namespace
}  // namespace assay
