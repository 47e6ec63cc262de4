// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace pool_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Spec {
  std::int64_t rows, columns, channels, taps;
  std::string function = "max", in = "INT4", out = "INT4";
  std::int64_t shift = 0, pe = 1;
};

Graph pool(const Spec& s) {
  NodeGraph g;
  Pool op;
  op.function = s.function;
  op.taps = s.taps;
  op.shift = s.shift;
  op.pe = s.pe;
  return g.node(op, {g.input({1, s.rows, s.columns, s.channels * s.taps}, *DataType::parse(s.in))},
                {*DataType::parse(s.out)});
}

void check(const std::vector<Spec>& specs) {
  std::vector<LayerCase> cases;
  for (const Spec& s : specs)
    cases.push_back({fmt::format("{} {}x{}x{} of {} taps >> {} PE {} {} {}", s.function, s.rows,
                                 s.columns, s.channels, s.taps, s.shift, s.pe, s.in, s.out),
                     pool(s)});
  expect_equal_to_golden(std::move(cases));
}

TEST(Pool, TakesTheLargestTapOfEveryChannel) {
  // Two pixels of two channels and three taps, grouped at 2: taps of both channels side by side.
  const Graph graph = pool({.rows = 1, .columns = 2, .channels = 2, .taps = 3, .pe = 2});
  const Ints input = {-3, 7, -8, 6, -5, -8, 0, 1, 2, 1, -1, 1};
  const Ints expected = {-3, 7, 2, 1};
  EXPECT_THAT(golden_outputs(graph, {input}), ElementsAre(expected));
  EXPECT_THAT(rtl_outputs(graph, {input}), ElementsAre(expected));
  EXPECT_EQ(build_layer(node_of(graph)).cycles, 2 * 3);
}

TEST(Pool, SumsTapsAndShiftsTowardsMinusInfinity) {
  // One channel after the other: grouped at 1.
  const Graph graph = pool({.rows = 1,
                            .columns = 1,
                            .channels = 3,
                            .taps = 4,
                            .function = "sum",
                            .out = "INT8",
                            .shift = 1});
  const Ints input = {1, 2, 3, 5, -1, -2, 0, 0, -8, -8, -8, -8};
  const Ints expected = {5, -2, -16};
  EXPECT_THAT(golden_outputs(graph, {input}), ElementsAre(expected));
  EXPECT_THAT(rtl_outputs(graph, {input}), ElementsAre(expected));
  EXPECT_EQ(build_layer(node_of(graph)).cycles, 3 * 4);
}

TEST(Pool, MaximumInRtlMatchesGolden) {
  check({
      {1, 1, 1, 1, "max", "INT8", "INT8", 0, 1},
      {3, 3, 4, 9, "max", "UINT4", "UINT4", 0, 1},
      {3, 3, 4, 9, "max", "INT4", "INT4", 0, 2},
      {3, 3, 4, 9, "max", "INT8", "INT8", 0, 4},
      {1, 5, 6, 3, "max", "UINT2", "UINT2", 0, 3},
      {5, 1, 6, 2, "max", "TERNARY", "TERNARY", 0, 6},
      {2, 2, 8, 4, "max", "BIPOLAR", "BIPOLAR", 0, 4},
      {2, 2, 3, 4, "max", "UINT1", "UINT1", 0, 1},
      {2, 3, 2, 5, "max", "BIPOLAR", "INT3", 0, 2},
      {2, 3, 2, 5, "max", "UINT4", "INT8", 0, 1},
      {2, 3, 4, 4, "max", "INT5", "INT9", 0, 4},
      {1, 1, 4, 49, "max", "INT4", "INT4", 0, 4},
      {2, 2, 2, 3, "max", "UINT40", "UINT40", 0, 1},
      {2, 2, 2, 3, "max", "INT63", "INT63", 0, 2},
  });
}

TEST(Pool, SumInRtlMatchesGolden) {
  check({
      {1, 1, 1, 1, "sum", "INT8", "INT8", 0, 1},
      {3, 3, 4, 9, "sum", "UINT4", "UINT8", 0, 2},
      {3, 3, 4, 9, "sum", "INT4", "INT8", 0, 4},
      {1, 1, 4, 49, "sum", "UINT4", "UINT4", 6, 1},
      {1, 1, 4, 49, "sum", "INT8", "INT4", 10, 2},
      {2, 2, 6, 4, "sum", "INT8", "INT8", 2, 3},
      {2, 2, 6, 4, "sum", "BIPOLAR", "INT4", 0, 6},
      {2, 2, 6, 3, "sum", "BIPOLAR", "INT3", 1, 1},
      {2, 2, 2, 5, "sum", "TERNARY", "INT4", 0, 1},
      {2, 2, 2, 5, "sum", "UINT1", "UINT3", 0, 2},
      {2, 2, 2, 5, "sum", "UINT8", "INT32", 0, 2},
      {2, 2, 2, 2, "sum", "INT4", "INT2", 62, 2},
      {2, 2, 2, 1, "sum", "BIPOLAR", "BIPOLAR", 0, 2},
      {2, 2, 2, 3, "sum", "INT60", "INT62", 0, 1},
  });
}

TEST(Pool, RefusesAFoldingThatDoesNotDivide) {
  const Graph graph = pool({.rows = 1, .columns = 1, .channels = 6, .taps = 4, .pe = 4});
  try {
    build_layer(node_of(graph));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("PE = 4 does not divide its 6 channels"));
  }
}

}  // namespace pool_test
}  // namespace assay::hw::test
