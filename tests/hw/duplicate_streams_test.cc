// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace duplicate_streams_test {

Graph duplicate(Shape shape, DataType dtype, std::int64_t pe, std::vector<DataType> outputs) {
  NodeGraph g;
  Tensor* x = g.input(std::move(shape), dtype);
  DuplicateStreams op;
  op.pe = pe;
  return g.node(op, {x}, std::move(outputs));
}

Graph duplicate(Shape shape, DataType dtype, std::int64_t pe, std::size_t count) {
  return duplicate(std::move(shape), dtype, pe, std::vector<DataType>(count, dtype));
}

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;

TEST(DuplicateStreams, CopiesToEveryOutput) {
  const Graph graph = duplicate({1, 1, 2, 2}, kInt(4), 2, 3);
  const Ints input = {-8, 7, 0, -1};
  EXPECT_EQ(golden_outputs(graph, {input}), (std::vector<Ints>{input, input, input}));
  EXPECT_EQ(rtl_outputs(graph, {input}), (std::vector<Ints>{input, input, input}));
}

TEST(DuplicateStreams, LeavesOutOutputsThatNobodyReads) {
  const Graph graph = duplicate({1, 2}, kInt(4), 1, {kInt(4), DataType::float32(), kInt(4)});
  EXPECT_EQ(rtl_outputs(graph, {{3, -3}}), (std::vector<Ints>{{3, -3}, {3, -3}}));
}

TEST(DuplicateStreams, EqualsGoldenForAllCountsAndFoldings) {
  expect_equal_to_golden({
      {"two", duplicate({1, 3, 4, 8}, kUInt(4), 2, 2)},
      {"two, all lanes", duplicate({1, 6, 4, 8}, kUInt(4), 8, 2)},
      {"one", duplicate({1, 3, 4, 4}, kInt(4), 1, 1)},
      {"three", duplicate({1, 3, 4, 6}, kInt(3), 3, 3)},
      {"seven", duplicate({1, 5, 4, 2}, DataType::bipolar(), 1, 7)},
      {"bits", duplicate({1, 5, 4, 2}, kUInt(1), 2, 4)},
      {"wide", duplicate({1, 5, 4, 9}, kInt(33), 9, 2)},
      {"one beat", duplicate({1, 4}, kInt(5), 4, 2)},
  });
}

TEST(DuplicateStreams, RefusesAFoldingThatDoesNotDivide) {
  const Graph graph = duplicate({1, 2, 2, 6}, kInt(4), 4, 2);
  EXPECT_THROW(build_layer(node_of(graph)), UserError);
}

TEST(DuplicateStreams, RefusesToChangeTheDataType) {
  const Graph graph = duplicate({1, 2}, kInt(4), 1, {kInt(4), kInt(5)});
  try {
    build_layer(node_of(graph));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("give both the same data type"));
  }
}

}  // namespace duplicate_streams_test
}  // namespace assay::hw::test
