// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace eltwise_mul_test {

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;

struct Sorts {
  DataType a, b, out;
};

Graph multiply(Shape a, Shape b, const Sorts& sorts, std::int64_t pe,
               std::string ram_style = "auto") {
  NodeGraph g;
  Tensor* x0 = g.input(std::move(a), sorts.a);
  Tensor* x1 = g.input(std::move(b), sorts.b);
  EltwiseMul op;
  op.pe = pe;
  op.ram_style = std::move(ram_style);
  return g.node(op, {x0, x1}, {sorts.out});
}

/// Both factors have the shape.
Graph equal(const Shape& shape, const Sorts& sorts, std::int64_t pe) {
  return multiply(shape, shape, sorts, pe);
}

/// One vector meets all of a map.
Graph kept(const Shape& map, const Sorts& sorts, std::int64_t pe, std::string ram_style = "auto") {
  return multiply(map, {1, 1, 1, map.back()}, sorts, pe, std::move(ram_style));
}

void expect_products(const Graph& graph, const std::vector<Ints>& inputs, const Ints& products) {
  EXPECT_EQ(golden_outputs(graph, inputs), std::vector<Ints>{products});
  EXPECT_EQ(rtl_outputs(graph, inputs), std::vector<Ints>{products});
}

TEST(EltwiseMul, MultipliesElementByElement) {
  const Sorts sorts{kInt(4), kUInt(4), kInt(8)};
  expect_products(equal({1, 1, 2, 2}, sorts, 2), {{-8, 7, 0, -1}, {15, 15, 9, 1}},
                  {-120, 105, 0, -1});
}

TEST(EltwiseMul, MeetsTheExtremesOfBothSigns) {
  const Sorts sorts{kInt(4), kInt(4), kInt(8)};
  expect_products(equal({1, 4}, sorts, 4), {{-8, -8, 7, 7}, {-8, 7, -8, 7}}, {64, -56, -56, 49});
}

TEST(EltwiseMul, OneVectorMeetsEveryPixel) {
  const Sorts sorts{kInt(4), kUInt(3), kInt(7)};
  for (const std::int64_t pe : {1, 2, 4})
    expect_products(kept({1, 3, 1, 4}, sorts, pe),
                    {{1, 2, 3, 4, -1, -2, -3, -4, 7, -8, 0, 5}, {2, 0, 7, 1}},
                    {2, 0, 21, 4, -2, 0, -21, -4, 14, 0, 0, 5});
}

TEST(EltwiseMul, ReadsBipolarBitsAsMinusAndPlusOne) {
  const Sorts sorts{DataType::bipolar(), DataType::bipolar(), kInt(2)};
  expect_products(equal({1, 4}, sorts, 1), {{-1, -1, 1, 1}, {-1, 1, -1, 1}}, {1, -1, -1, 1});
}

TEST(EltwiseMul, EqualsGoldenForAllTypesAndFoldings) {
  const DataType bipolar = DataType::bipolar(), ternary = DataType::ternary();
  expect_equal_to_golden({
      {"unsigned", equal({1, 3, 4, 8}, {kUInt(4), kUInt(4), kUInt(8)}, 1)},
      {"unsigned, all lanes", equal({1, 3, 4, 8}, {kUInt(4), kUInt(4), kUInt(8)}, 8)},
      {"signed", equal({1, 3, 4, 8}, {kInt(4), kInt(5), kInt(9)}, 4)},
      {"mixed signs", equal({1, 4, 4, 6}, {kInt(3), kUInt(7), kInt(10)}, 3)},
      {"mixed signs turned", equal({1, 4, 4, 6}, {kUInt(7), kInt(3), kInt(10)}, 2)},
      {"binary", equal({1, 5, 3, 4}, {kUInt(1), kUInt(1), kUInt(1)}, 2)},
      {"bipolar and signed", equal({1, 5, 3, 4}, {bipolar, kInt(6), kInt(7)}, 4)},
      {"unsigned and bipolar", equal({1, 5, 3, 4}, {kUInt(2), bipolar, kInt(3)}, 4)},
      {"ternary", equal({1, 5, 3, 4}, {ternary, ternary, ternary}, 1)},
      {"wide", equal({1, 2, 3, 4}, {kInt(24), kInt(31), kInt(55)}, 2)},
      {"output wider than needed", equal({1, 2, 3, 4}, {kInt(8), kUInt(8), kInt(24)}, 4)},
      {"one element", equal({1, 1}, {kInt(8), kInt(8), kInt(16)}, 1)},
  });
}

TEST(EltwiseMul, EqualsGoldenWhereOneVectorIsKept) {
  const Sorts gate{kUInt(4), kUInt(3), kUInt(7)};
  const DataType bipolar = DataType::bipolar();
  expect_equal_to_golden({
      {"every lane alone", kept({1, 3, 4, 8}, gate, 1)},
      {"two words", kept({1, 3, 4, 8}, gate, 4)},
      {"one word", kept({1, 3, 4, 8}, gate, 8)},
      {"block RAM", kept({1, 3, 4, 8}, gate, 2, "block")},
      {"two block words", kept({1, 3, 4, 8}, gate, 4, "block")},
      {"two pixels", kept({1, 2, 1, 6}, {kInt(5), kInt(3), kInt(8)}, 2)},
      {"one pixel", kept({1, 1, 1, 6}, {kInt(5), kInt(3), kInt(8)}, 2)},
      {"one channel", kept({1, 4, 3, 1}, {kInt(5), kUInt(3), kInt(8)}, 1)},
      {"a power of two of pixels", kept({1, 4, 4, 3}, {kUInt(5), kInt(3), kInt(8)}, 1)},
      {"bipolar factors", kept({1, 3, 3, 4}, {kInt(4), bipolar, kInt(5)}, 2)},
      {"bipolar maps", kept({1, 3, 3, 4}, {bipolar, kUInt(4), kInt(5)}, 2)},
      {"vectors of rank 2", multiply({1, 4}, {1, 4}, gate, 2)},
  });
}

TEST(EltwiseMul, KeepsOnlyWhatItReadsAgain) {
  const Sorts gate{kUInt(4), kUInt(3), kUInt(7)};
  EXPECT_TRUE(build_layer(node_of(equal({1, 3, 4, 8}, gate, 2))).memories.empty());
  const Layer layer = build_layer(node_of(kept({1, 3, 4, 8}, gate, 2)));
  ASSERT_EQ(layer.memories.size(), 1U);
  EXPECT_EQ(layer.memories[0].words, 4);
  EXPECT_EQ(layer.memories[0].bits, 6);
  EXPECT_EQ(layer.cycles, 48);
}

TEST(EltwiseMul, RefusesAFoldingThatDoesNotDivide) {
  const Graph graph = equal({1, 2, 2, 6}, {kInt(4), kInt(4), kInt(8)}, 4);
  try {
    build_layer(node_of(graph));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("PE = 4 does not divide its 6 channels"));
  }
}

TEST(EltwiseMul, RefusesABipolarOutput) {
  const DataType bipolar = DataType::bipolar();
  EXPECT_THROW(build_layer(node_of(equal({1, 2}, {bipolar, bipolar, bipolar}, 1))), UserError);
}

}  // namespace eltwise_mul_test
}  // namespace assay::hw::test
