// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/constant_check.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace assay {
namespace {

Constant floats(std::vector<float> values) {
  const Shape shape{static_cast<std::int64_t>(values.size())};
  return {shape, std::move(values)};
}

TEST(SurelyWithin, AcceptsTheIntegersOfAType) {
  EXPECT_TRUE(surely_within(floats({-8, 7, 0, -0.0F}), DataType::sint(4)));
  EXPECT_TRUE(surely_within(floats({0, 15}), DataType::uint(4)));
  EXPECT_TRUE(surely_within(floats({-1, 0, 1}), DataType::ternary()));
  EXPECT_TRUE(surely_within(floats({-16777216, 16777216}), DataType::sint(32)));
}

TEST(SurelyWithin, LeavesWhatIsNotToACloserLook) {
  EXPECT_FALSE(surely_within(floats({-9}), DataType::sint(4)));
  EXPECT_FALSE(surely_within(floats({8}), DataType::sint(4)));
  EXPECT_FALSE(surely_within(floats({0.5F}), DataType::uint(4)));
  EXPECT_FALSE(surely_within(floats({2}), DataType::ternary()));
  EXPECT_FALSE(surely_within(floats({1, -1}), DataType::bipolar()));
  EXPECT_FALSE(surely_within(floats({33554432}), DataType::sint(32)));
  EXPECT_FALSE(surely_within(Constant(Shape{1}, std::vector<std::int64_t>{1}), DataType::uint(1)));
  for (const float odd :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()})
    EXPECT_FALSE(surely_within(floats({odd}), DataType::sint(32)));
}

TEST(SurelyWithin, SeesTheOddOneOutAnywhere) {
  for (const std::size_t place : {0U, 1023U, 1024U, 2047U, 2500U}) {
    std::vector<float> values(2501, 1.0F);
    EXPECT_TRUE(surely_within(floats(values), DataType::uint(1)));
    values[place] = 2;
    EXPECT_FALSE(surely_within(floats(values), DataType::uint(1))) << place;
    values[place] = std::numeric_limits<float>::infinity();
    EXPECT_FALSE(floats(values).all_finite()) << place;
  }
}

}  // namespace
}  // namespace assay
