// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace add_streams_test {

Graph add(Shape shape, DataType a, DataType b, DataType out, std::int64_t pe) {
  NodeGraph g;
  Tensor* x0 = g.input(shape, a);
  Tensor* x1 = g.input(shape, b);
  AddStreams op;
  op.pe = pe;
  return g.node(op, {x0, x1}, {out});
}

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;

TEST(AddStreams, AddsElementByElement) {
  const Graph graph = add({1, 1, 2, 2}, kInt(4), kUInt(4), kInt(6), 2);
  const std::vector<Ints> inputs = {{-8, 7, 0, -1}, {0, 15, 9, 1}};
  const std::vector<Ints> sums = {{-8, 22, 9, 0}};
  EXPECT_EQ(golden_outputs(graph, inputs), sums);
  EXPECT_EQ(rtl_outputs(graph, inputs), sums);
}

TEST(AddStreams, ReadsBipolarBitsAsMinusAndPlusOne) {
  const Graph graph = add({1, 4}, DataType::bipolar(), DataType::bipolar(), kInt(3), 1);
  const std::vector<Ints> inputs = {{-1, -1, 1, 1}, {-1, 1, -1, 1}};
  const std::vector<Ints> sums = {{-2, 0, 0, 2}};
  EXPECT_EQ(golden_outputs(graph, inputs), sums);
  EXPECT_EQ(rtl_outputs(graph, inputs), sums);
}

TEST(AddStreams, EqualsGoldenForAllTypesAndFoldings) {
  expect_equal_to_golden({
      {"unsigned", add({1, 3, 4, 8}, kUInt(4), kUInt(4), kUInt(5), 1)},
      {"unsigned, all lanes", add({1, 3, 4, 8}, kUInt(4), kUInt(4), kUInt(5), 8)},
      {"mixed signs", add({1, 4, 4, 6}, kInt(3), kUInt(7), kInt(9), 3)},
      {"mixed signs turned", add({1, 4, 4, 6}, kUInt(7), kInt(3), kInt(9), 2)},
      {"binary", add({1, 5, 3, 4}, kUInt(1), kUInt(1), kUInt(2), 2)},
      {"bipolar and signed", add({1, 5, 3, 4}, DataType::bipolar(), kInt(6), kInt(7), 4)},
      {"bipolar and unsigned", add({1, 5, 3, 4}, kUInt(2), DataType::bipolar(), kInt(4), 4)},
      {"ternary", add({1, 5, 3, 4}, DataType::ternary(), DataType::ternary(), kInt(3), 1)},
      {"wide", add({1, 2, 3, 4}, kInt(32), kInt(31), kInt(33), 2)},
      {"wider than a machine word", add({1, 2, 3, 5}, kInt(24), kInt(17), kInt(25), 5)},
      {"output wider than needed", add({1, 2, 3, 4}, kInt(8), kUInt(8), kInt(16), 4)},
      {"one element", add({1, 1}, kInt(8), kInt(8), kInt(9), 1)},
  });
}

TEST(AddStreams, RefusesAFoldingThatDoesNotDivide) {
  const Graph graph = add({1, 2, 2, 6}, kInt(4), kInt(4), kInt(5), 4);
  try {
    build_layer(node_of(graph));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("PE = 4 does not divide its 6 channels"));
  }
}

TEST(AddStreams, RefusesABipolarOutput) {
  const Graph graph = add({1, 2}, kUInt(1), kUInt(1), DataType::bipolar(), 1);
  EXPECT_THROW(build_layer(node_of(graph)), UserError);
}

}  // namespace add_streams_test
}  // namespace assay::hw::test
