// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/real.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>

#include "compile/base/error.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Real root(std::int64_t n) { return Real::sqrt(mpq_class(mpz_class(static_cast<long>(n)))); }
Real ratio(long n, long d) { return Real(mpq_class(n, d)); }
Real power_of_two(int exponent) {
  mpq_class value(1);
  if (exponent >= 0)
    value <<= static_cast<mp_bitcnt_t>(exponent);
  else
    value >>= static_cast<mp_bitcnt_t>(-exponent);
  return Real(value);
}

TEST(Real, CalculatesWithRationals) {
  EXPECT_EQ(ratio(1, 3) + ratio(1, 6), ratio(1, 2));
  EXPECT_EQ(ratio(1, 3) - ratio(1, 3), Real(0));
  EXPECT_EQ(ratio(-2, 3) * ratio(9, 4), ratio(-3, 2));
  EXPECT_EQ(ratio(-2, 3).inverse(), ratio(-3, 2));
  EXPECT_EQ(ratio(2, 4).str(), "1/2");
  EXPECT_TRUE((ratio(1, 3) - ratio(1, 3)).is_zero());
}

TEST(Real, TakesEveryDoubleExactly) {
  EXPECT_EQ(Real::of(0.1).str(), "3602879701896397/36028797018963968");
  EXPECT_EQ(Real::of(0.1F).str(), "13421773/134217728");
  EXPECT_EQ(Real::of(-0.0).str(), "0");
  EXPECT_EQ(Real::of(0x1p-1074), power_of_two(-1074));
  EXPECT_EQ(Real::of(0x1p1023), power_of_two(1023));
  EXPECT_EQ(Real(std::numeric_limits<std::int64_t>::min()), -power_of_two(63));
}

TEST(Real, MergesRootsOfOneSquareClass) {
  EXPECT_EQ(root(8), Real(2) * root(2));
  EXPECT_EQ(root(18) + root(8), Real(5) * root(2));
  EXPECT_EQ(root(2) + root(18), Real(4) * root(2));
  EXPECT_EQ(Real::sqrt(mpq_class(1, 2)), ratio(1, 2) * root(2));
  EXPECT_EQ(Real::sqrt(mpq_class(12, 75)), ratio(2, 5));
  EXPECT_EQ((root(50) + root(2)).terms().size(), 1U);
  EXPECT_TRUE(root(49).is_rational());
  EXPECT_EQ(root(49), Real(7));
  EXPECT_TRUE(root(0).is_zero());
}

TEST(Real, MultipliesRoots) {
  EXPECT_EQ(root(2) * root(3), root(6));
  EXPECT_EQ(root(6) * root(10), Real(2) * root(15));
  EXPECT_EQ(root(12) * root(27), Real(18));
  EXPECT_EQ((Real(1) + root(2)) * (Real(1) - root(2)), Real(-1));
  EXPECT_EQ((root(2) + root(3)) * (root(2) + root(3)), Real(5) + Real(2) * root(6));
  EXPECT_EQ((root(5) + Real(1)) * (root(5) + Real(1)) * ratio(1, 4),
            (root(5) + Real(1)) * ratio(1, 2) + Real(1));  // the golden ratio
}

TEST(Real, InvertsASingleTerm) {
  EXPECT_EQ(root(2).inverse(), ratio(1, 2) * root(2));
  EXPECT_EQ(root(7) * root(7).inverse(), Real(1));
  const Real x = ratio(-3, 5) * root(11);
  EXPECT_EQ(x.inverse() * x, Real(1));
  EXPECT_TRUE(x.has_inverse());
  EXPECT_FALSE((Real(1) + root(2)).has_inverse());
  EXPECT_FALSE(Real(0).has_inverse());
}

TEST(Real, IsZeroExactlyWhenTermsCancel) {
  const Real sum = root(2) + root(3) + root(6) - Real(7);
  EXPECT_FALSE(sum.is_zero());
  EXPECT_TRUE((sum - root(3) - root(2) + Real(7) - root(2) * root(3)).is_zero());
  // 99^2 = 2*70^2 + 1: sqrt(2) is not 99/70, only near it.
  EXPECT_FALSE((root(2) - ratio(99, 70)).is_zero());
  EXPECT_EQ((root(3) - root(3)).sign(), 0);
}

TEST(Real, FindsTheSignOfTinyDifferences) {
  // Convergents of sqrt(2) alternate around it: p^2 - 2 q^2 = -1, +1, -1, ...
  mpz_class p = 1, q = 1;
  for (int i = 0; i < 400; ++i) {
    const Real difference = root(2) - Real(mpq_class(p, q));
    ASSERT_EQ(difference.sign(), i % 2 == 0 ? 1 : -1) << "convergent " << i;
    const mpz_class next = p + 2 * q;
    q += p;
    p = next;
  }
  // sqrt(n) - 2 sqrt(n+1) + sqrt(n+2) is negative and of the order n^(-3/2) / 4.
  const std::int64_t n = std::int64_t{1} << 60;
  EXPECT_EQ((root(n + 1) - Real(2) * root(n + 2) + root(n + 3)).sign(), -1);
}

TEST(Real, OrdersLikeTheNumbers) {
  EXPECT_LT(root(2), root(3));
  EXPECT_GT(root(2) + root(3), Real(3));
  EXPECT_LE(root(4), Real(2));
  EXPECT_GE(root(4), Real(2));
  EXPECT_LT(-root(3), -root(2));
  // (sqrt 2 + sqrt 3)^2 = 5 + 2 sqrt 6 < (22/7)^2 = 484/49
  EXPECT_LT(root(2) + root(3), ratio(22, 7) + ratio(1, 200));
  EXPECT_FALSE(root(2) < root(2));
}

TEST(Real, FloorsTowardMinusInfinity) {
  EXPECT_EQ(ratio(7, 2).floor(), 3);
  EXPECT_EQ(ratio(-7, 2).floor(), -4);
  EXPECT_EQ(Real(-3).floor(), -3);
  EXPECT_EQ(Real(0).floor(), 0);
  EXPECT_EQ(root(2).floor(), 1);
  EXPECT_EQ((-root(2)).floor(), -2);
  EXPECT_EQ((root(2) + root(3)).floor(), 3);
  // sqrt(10^40 + 1) is above 10^20 by 5e-21.
  mpz_class big;
  mpz_ui_pow_ui(big.get_mpz_t(), 10, 40);
  mpz_class twenty;
  mpz_ui_pow_ui(twenty.get_mpz_t(), 10, 20);
  EXPECT_EQ(Real::sqrt(mpq_class(big + 1)).floor(), twenty);
  EXPECT_EQ((-Real::sqrt(mpq_class(big + 1))).floor(), -twenty - 1);
}

/// The exact value of a hexadecimal float such as "0x1.8p-3".
Real exact_hex(const std::string& text) {
  const std::size_t power = text.find('p');
  std::string digits = text.substr(2, power - 2);
  const std::size_t point = digits.find('.');
  const std::size_t fraction = point == std::string::npos ? 0 : digits.size() - point - 1;
  if (point != std::string::npos) digits.erase(point, 1);
  return Real(mpq_class(mpz_class(digits, 16))) *
         power_of_two(std::stoi(text.substr(power + 1)) - 4 * static_cast<int>(fraction));
}

TEST(Real, RoundsRationalsLikeTheCLibrary) {
  const std::string texts[] = {"0x1p0",
                               "0x1.fffffep127",
                               "0x1.fffffefp127",
                               "0x1.ffffffp127",
                               "0x1p128",
                               "0x1.fffffeffp127",
                               "0x1p-126",
                               "0x1p-127",
                               "0x1p-148",
                               "0x1p-149",
                               "0x1p-150",
                               "0x1.8p-149",
                               "0x1.7fffffp-149",
                               "0x1.8p-148",
                               "0x1.4p-148",
                               "0x1.cp-148",
                               "0x1p-151",
                               "0x1.000001p0",
                               "0x1.000003p0",
                               "0x1.0000010001p0",
                               "0x1.000002fffp0",
                               "0x1.fffffcp-127",
                               "0x1.fffffep-127",
                               "0x1.ffffffp-127",
                               "0x1.00000000000008p0",
                               "0x1.00000000000018p0",
                               "0x1.000000000000081p0",
                               "0x1p-1022",
                               "0x1p-1074",
                               "0x1p-1075",
                               "0x1.00001p-1075",
                               "0x1.8p-1074",
                               "0x1.fffffffffffffp1023",
                               "0x1.fffffffffffff7p1023",
                               "0x1.fffffffffffff8p1023",
                               "0x1p1024",
                               "0x0.fffffffffffff8p-1022",
                               "0x0.fffffffffffff4p-1022"};
  for (const std::string& text : texts) {
    for (const bool negative : {false, true}) {
      const std::string signed_text = (negative ? "-" : "") + text;
      SCOPED_TRACE(signed_text);
      const Real value = negative ? -exact_hex(text) : exact_hex(text);
      EXPECT_EQ(value.to_float(), std::strtof(signed_text.c_str(), nullptr));
      EXPECT_EQ(value.to_double(), std::strtod(signed_text.c_str(), nullptr));
    }
  }
}

TEST(Real, RoundsRandomDecimalsLikeTheCLibrary) {
  std::mt19937_64 random(20250101);
  for (int i = 0; i < 20000; ++i) {
    const auto digits = static_cast<std::int64_t>(random() >> 1);
    const int exponent = static_cast<int>(random() % 110) - 70;
    const std::string text = std::to_string(digits) + "e" + std::to_string(exponent);
    mpz_class scale;
    mpz_ui_pow_ui(scale.get_mpz_t(), 10, static_cast<unsigned long>(std::abs(exponent)));
    const mpq_class mantissa(mpz_class(static_cast<long>(digits)));
    const Real value(exponent < 0 ? mpq_class(mantissa / scale) : mpq_class(mantissa * scale));
    ASSERT_EQ(value.to_float(), std::strtof(text.c_str(), nullptr)) << text;
    ASSERT_EQ(value.to_double(), std::strtod(text.c_str(), nullptr)) << text;
  }
}

TEST(Real, GivesBackEveryFloatItTakes) {
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random());
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(Real::of(value).to_float(), value) << bits;
    ASSERT_EQ(Real::of(value).to_double(), static_cast<double>(value)) << bits;
  }
}

TEST(Real, RoundsUpJustAboveHalfOfTheSmallestFloat) {
  const Real half = power_of_two(-150), beyond = half + power_of_two(-174);
  EXPECT_EQ(half.to_float(), 0.0F);
  EXPECT_EQ(beyond.to_float(), 0x1p-149F);
  EXPECT_EQ((-beyond).to_float(), -0x1p-149F);
  EXPECT_TRUE(std::signbit((-half).to_float()));
}

TEST(Real, RoundsOnceAndNotThroughDouble) {
  // 1 + 2^-24 + 2^-60: as a double it is the tie 1 + 2^-24, which float32 would take to 1.
  const Real value = Real(1) + power_of_two(-24) + power_of_two(-60);
  EXPECT_EQ(value.to_float(), 0x1.000002p0F);
  EXPECT_EQ(static_cast<float>(value.to_double()), 1.0F);
}

TEST(Real, RoundsIrrationalsCorrectly) {
  EXPECT_EQ(root(2).to_double(), std::sqrt(2.0));  // IEEE sqrt is correctly rounded
  EXPECT_EQ((-root(3)).to_float(), -std::sqrt(3.0F));
  EXPECT_EQ((root(2) * power_of_two(-149)).to_float(), 0x1p-149F);
  EXPECT_EQ((root(3) * power_of_two(-149)).to_float(), 0x1p-148F);
  EXPECT_EQ((root(2) * power_of_two(127)).to_float(), static_cast<float>(std::sqrt(2.0) * 0x1p127));
  EXPECT_EQ((root(5) * power_of_two(127)).to_float(), std::numeric_limits<float>::infinity());
  for (std::int64_t n = 2; n < 2000; ++n)
    ASSERT_EQ(root(n).to_double(), std::sqrt(static_cast<double>(n))) << n;
}

TEST(Real, EnclosesBetweenCloseDoubles) {
  const Real values[] = {Real(0),
                         Real(1),
                         ratio(1, 3),
                         ratio(-1, 3),
                         root(2),
                         root(2) - ratio(99, 70),
                         root(2) + root(3) - root(10) + ratio(1, 60),
                         Real(std::numeric_limits<std::int64_t>::max()),
                         ratio(1, 3) * power_of_two(-1080),
                         ratio(-1, 3) * power_of_two(-1074),
                         ratio(1, 3) * power_of_two(-1000)};
  for (const Real& value : values) {
    SCOPED_TRACE(value.str());
    const auto [lo, hi] = value.enclose();
    EXPECT_LE(Real::of(lo), value);
    EXPECT_GE(Real::of(hi), value);
    const double scale = std::max(std::abs(lo), std::abs(hi));
    EXPECT_LE(hi - lo, scale * 0x1p-50 + 0x1p-1073);
  }
  EXPECT_EQ(Real(5).enclose(), std::pair(5.0, 5.0));
  const auto [lo, hi] = power_of_two(2000).enclose();
  EXPECT_EQ(lo, std::numeric_limits<double>::max());
  EXPECT_EQ(hi, std::numeric_limits<double>::infinity());
}

TEST(Real, ParsesWhatItPrints) {
  std::mt19937 random(3);
  const auto small = [&] { return static_cast<long>(random() % 2001) - 1000; };
  for (int i = 0; i < 2000; ++i) {
    Real value = ratio(small(), 1 + std::abs(small()));
    for (unsigned terms = random() % 4; terms > 0; --terms)
      value += ratio(small(), 1 + std::abs(small())) * root(std::abs(small()));
    ASSERT_EQ(Real::parse(value.str()), value) << value.str();
    ASSERT_EQ(Real::parse(value.str()).str(), value.str());
  }
  EXPECT_EQ(Real::parse("1/3-2/5*sqrt(7)"), ratio(1, 3) - ratio(2, 5) * root(7));
  EXPECT_EQ(Real::parse("2*sqrt(4)"), Real(4));
  EXPECT_EQ((ratio(1, 3) - ratio(2, 5) * root(7)).str(), "1/3-2/5*sqrt(7)");
}

TEST(Real, RefusesMalformedTexts) {
  for (const std::string text : {"",
                                 "-",
                                 "+",
                                 "+5",
                                 "--5",
                                 "5-",
                                 "5+",
                                 "5++3",
                                 "5+-3",
                                 "1/0",
                                 "1/",
                                 "/2",
                                 "1/2/3",
                                 "1/-2",
                                 "1.5",
                                 "1e3",
                                 " 1",
                                 "1 ",
                                 "0x10",
                                 "sqrt(2)",
                                 "*sqrt(2)",
                                 "2*",
                                 "2*sqrt",
                                 "2*sqrt(",
                                 "2*sqrt()",
                                 "2*sqrt(-2)",
                                 "2*sqrt(0)",
                                 "2*sqrt(3",
                                 "2*sqrt(3)x",
                                 "2*sqrt(3)*sqrt(5)",
                                 "2*sqrt(1/2)",
                                 "2*sqrx(3)",
                                 "nan",
                                 "inf",
                                 "1,5"}) {
    SCOPED_TRACE(text);
    EXPECT_THAT([&] { Real::parse(text); },
                ThrowsMessage<UserError>(HasSubstr("is not an exact number")));
  }
  EXPECT_THROW(Real::parse(std::string("1\0002", 3)), UserError);
}

/// Ring laws on random numbers of up to three terms.
TEST(Real, FollowsTheRingLaws) {
  std::mt19937 random(11);
  const auto number = [&] {
    Real value = ratio(static_cast<long>(random() % 41) - 20, 1 + static_cast<long>(random() % 9));
    value += ratio(static_cast<long>(random() % 9) - 4, 3) * root(static_cast<long>(random() % 30));
    return value + root(static_cast<long>(random() % 30));
  };
  for (int i = 0; i < 300; ++i) {
    const Real a = number(), b = number(), c = number();
    SCOPED_TRACE(a.str() + " | " + b.str() + " | " + c.str());
    EXPECT_EQ(a + b, b + a);
    EXPECT_EQ((a + b) + c, a + (b + c));
    EXPECT_EQ(a * b, b * a);
    EXPECT_EQ((a * b) * c, a * (b * c));
    EXPECT_EQ(a * (b + c), a * b + a * c);
    EXPECT_EQ(a - a, Real(0));
    EXPECT_EQ((a * b).sign(), a.sign() * b.sign());
    EXPECT_NEAR((a * b + c).to_double(), a.to_double() * b.to_double() + c.to_double(), 1e-9);
  }
}

}  // namespace
}  // namespace assay
