// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/datatype.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace assay {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(DataType, HasQonnxNames) {
  EXPECT_EQ(DataType::float32().name(), "FLOAT32");
  EXPECT_EQ(DataType::uint(1).name(), "BINARY");
  EXPECT_EQ(DataType::uint(8).name(), "UINT8");
  EXPECT_EQ(DataType::sint(4).name(), "INT4");
  EXPECT_EQ(DataType::sint(64).name(), "INT64");
  EXPECT_EQ(DataType::bipolar().name(), "BIPOLAR");
  EXPECT_EQ(DataType::ternary().name(), "TERNARY");
  EXPECT_EQ(DataType::fixed(8, 3).name(), "FIXED<8,3>");
}

TEST(DataType, ParsesEveryNameItPrints) {
  std::vector<DataType> types = {DataType::float32(), DataType::bipolar(), DataType::ternary()};
  for (int bits = 1; bits <= 64; ++bits) {
    types.push_back(DataType::uint(bits));
    types.push_back(DataType::sint(bits));
    for (int integer = 1; integer < bits; ++integer)
      types.push_back(DataType::fixed(bits, integer));
  }
  for (const DataType& type : types) {
    SCOPED_TRACE(type.name());
    EXPECT_EQ(DataType::parse(type.name()), type);
  }
  EXPECT_EQ(DataType::parse("UINT1"), DataType::uint(1));
}

TEST(DataType, RefusesEverythingElse) {
  for (const std::string name : {"",
                                 "FLOAT16",
                                 "float32",
                                 "FLOAT32 ",
                                 " INT8",
                                 "INT",
                                 "UINT",
                                 "U",
                                 "INT0",
                                 "INT08",
                                 "INT65",
                                 "INT+8",
                                 "INT-8",
                                 "INT8 ",
                                 "INT8.0",
                                 "INT 8",
                                 "int8",
                                 "UINT0x8",
                                 "UUINT8",
                                 "INT99999999999",
                                 "FIXED",
                                 "FIXED<",
                                 "FIXED<>",
                                 "FIXED<,>",
                                 "FIXED<8>",
                                 "FIXED<8,",
                                 "FIXED<8,>",
                                 "FIXED<,3>",
                                 "FIXED<8,8>",
                                 "FIXED<8,9>",
                                 "FIXED<8,0>",
                                 "FIXED<65,3>",
                                 "FIXED<8, 3>",
                                 "FIXED<8,3>>",
                                 "FIXED<8,3",
                                 "FIXED<8,3,1>",
                                 "SCALEDINT<8>",
                                 "BIPOLAR\n",
                                 "__import__('os')",
                                 "INT8);DROP TABLE"}) {
    SCOPED_TRACE(name);
    EXPECT_FALSE(DataType::parse(name));
  }
  EXPECT_FALSE(DataType::parse(std::string("INT8\0", 5)));
  EXPECT_FALSE(DataType::parse(std::string(1 << 20, '8')));
  EXPECT_FALSE(DataType::parse("INT" + std::string(1 << 20, '8')));
}

struct Bounds {
  DataType type;
  std::int64_t min, max;
};

TEST(DataType, KnowsItsBounds) {
  const std::vector<Bounds> cases = {
      {DataType::uint(1), 0, 1},        {DataType::uint(8), 0, 255},
      {DataType::uint(63), 0, kMax},    {DataType::uint(64), 0, kMax},
      {DataType::sint(1), -1, 0},       {DataType::sint(2), -2, 1},
      {DataType::sint(8), -128, 127},   {DataType::sint(63), kMin / 2, kMax / 2},
      {DataType::sint(64), kMin, kMax}, {DataType::bipolar(), -1, 1},
      {DataType::ternary(), -1, 1}};
  for (const auto& [type, min, max] : cases) {
    SCOPED_TRACE(type.name());
    EXPECT_EQ(type.min(), min);
    EXPECT_EQ(type.max(), max);
    EXPECT_TRUE(type.allows(min));
    EXPECT_TRUE(type.allows(max));
    EXPECT_FALSE(min > kMin && type.allows(min - 1));
    EXPECT_FALSE(max < kMax && type.allows(max + 1));
  }
}

TEST(DataType, BipolarHasNoZeroAndTernaryHas) {
  EXPECT_FALSE(DataType::bipolar().allows(0));
  EXPECT_TRUE(DataType::ternary().allows(0));
}

TEST(DataType, TellsIntegersAndSignsApart) {
  EXPECT_TRUE(DataType::bipolar().is_integer());
  EXPECT_TRUE(DataType::uint(3).is_integer());
  EXPECT_FALSE(DataType::float32().is_integer());
  EXPECT_FALSE(DataType::fixed(8, 3).is_integer());
  EXPECT_FALSE(DataType::uint(3).is_signed());
  EXPECT_TRUE(DataType::sint(3).is_signed());
  EXPECT_TRUE(DataType::bipolar().is_signed());
}

TEST(DataType, SmallestForHoldsTheRangeAndOneBitLessDoesNot) {
  for (std::int64_t min = -20; min <= 20; ++min)
    for (std::int64_t max = min; max <= 20; ++max) {
      const DataType type = DataType::smallest_for(min, max);
      SCOPED_TRACE(std::to_string(min) + ".." + std::to_string(max) + " " + type.name());
      EXPECT_TRUE(type.allows(min) && type.allows(max));
      EXPECT_EQ(type.is_signed(), min < 0);
      const int least = min < 0 ? 2 : 1;
      ASSERT_GE(type.bits, least);
      if (type.bits == least) continue;
      const DataType smaller =
          min < 0 ? DataType::sint(type.bits - 1) : DataType::uint(type.bits - 1);
      EXPECT_FALSE(smaller.allows(min) && smaller.allows(max));
    }
}

TEST(DataType, SmallestForReachesTheEnds) {
  EXPECT_EQ(DataType::smallest_for(0, 0), DataType::uint(1));
  EXPECT_EQ(DataType::smallest_for(0, kMax), DataType::uint(63));
  EXPECT_EQ(DataType::smallest_for(kMin, 0), DataType::sint(64));
  EXPECT_EQ(DataType::smallest_for(-1, kMax), DataType::sint(64));
  EXPECT_EQ(DataType::smallest_for(kMin / 2, 0), DataType::sint(63));
}

TEST(Layout, ParsesEveryNameItPrints) {
  for (const Layout layout :
       {Layout::kUnknown, Layout::kNCHW, Layout::kNHWC, Layout::kNCW, Layout::kNWC, Layout::kNC})
    EXPECT_EQ(parse_layout(layout_name(layout)), layout);
  EXPECT_EQ(layout_name(Layout::kNHWC), "NHWC");
  for (const char* name : {"nchw", "NCHWC", "['N','C']", "eval('1')"})
    EXPECT_FALSE(parse_layout(name)) << name;
}

TEST(RoundingMode, ParsesEveryNameItPrints) {
  for (const RoundingMode mode :
       {RoundingMode::kHalfEven, RoundingMode::kHalfUp, RoundingMode::kHalfDown,
        RoundingMode::kCeil, RoundingMode::kFloor, RoundingMode::kUp, RoundingMode::kDown})
    EXPECT_EQ(parse_rounding_mode(rounding_mode_name(mode)), mode);
}

TEST(RoundingMode, TakesAliasesInAnyCaseAndNothingElse) {
  EXPECT_EQ(rounding_mode_name(RoundingMode::kHalfEven), "ROUND");
  EXPECT_EQ(parse_rounding_mode("half_even"), RoundingMode::kHalfEven);
  EXPECT_EQ(parse_rounding_mode("Round_To_Zero"), RoundingMode::kDown);
  EXPECT_EQ(parse_rounding_mode("Floor"), RoundingMode::kFloor);
  for (const char* name : {"", "ROUND ", "HALFEVEN", "NEAREST", "FLOOR\n"})
    EXPECT_FALSE(parse_rounding_mode(name)) << name;
}

}  // namespace
}  // namespace assay
