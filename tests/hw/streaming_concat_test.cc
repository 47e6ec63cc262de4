// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace streaming_concat_test {

struct Part {
  std::int64_t channels;
  DataType dtype;
};

Graph concat(Shape pixels, const std::vector<Part>& parts, DataType out, std::int64_t pe) {
  NodeGraph g;
  std::vector<Tensor*> inputs;
  for (const Part& part : parts) {
    Shape shape = pixels;
    shape.push_back(part.channels);
    inputs.push_back(g.input(shape, part.dtype));
  }
  StreamingConcat op;
  op.pe = pe;
  return g.node(op, inputs, {out});
}

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;

TEST(StreamingConcat, PutsTheChannelsOfEveryPixelSideBySide) {
  const Graph graph = concat({1, 1, 2}, {{2, kInt(4)}, {1, kInt(4)}, {3, kInt(4)}}, kInt(4), 1);
  const std::vector<Ints> inputs = {{1, 2, 3, 4}, {-1, -2}, {5, 6, 7, -6, -7, -8}};
  const std::vector<Ints> joined = {{1, 2, -1, 5, 6, 7, 3, 4, -2, -6, -7, -8}};
  EXPECT_EQ(golden_outputs(graph, inputs), joined);
  EXPECT_EQ(rtl_outputs(graph, inputs), joined);
}

TEST(StreamingConcat, WidensEachInputAfterItsOwnType) {
  const Graph graph =
      concat({1}, {{2, kInt(2)}, {2, kUInt(3)}, {2, DataType::bipolar()}}, kInt(5), 2);
  const std::vector<Ints> inputs = {{-2, 1}, {7, 0}, {-1, 1}};
  const std::vector<Ints> joined = {{-2, 1, 7, 0, -1, 1}};
  EXPECT_EQ(golden_outputs(graph, inputs), joined);
  EXPECT_EQ(rtl_outputs(graph, inputs), joined);
}

TEST(StreamingConcat, EqualsGoldenForAllTypesAndFoldings) {
  const auto bipolar = DataType::bipolar();
  expect_equal_to_golden({
      {"two", concat({1, 3, 4}, {{4, kInt(4)}, {8, kInt(4)}}, kInt(4), 1)},
      {"two, four lanes", concat({1, 3, 4}, {{4, kInt(4)}, {8, kInt(4)}}, kInt(4), 4)},
      {"one beat each", concat({1, 5, 4}, {{6, kUInt(4)}, {6, kUInt(4)}}, kUInt(4), 6)},
      {"one", concat({1, 3, 4}, {{4, kInt(4)}}, kInt(7), 2)},
      {"three", concat({1, 3, 4}, {{6, kInt(4)}, {3, kUInt(2)}, {9, kUInt(8)}}, kInt(9), 3)},
      {"bipolar", concat({1, 3, 4}, {{4, bipolar}, {2, bipolar}}, bipolar, 2)},
      {"bipolar and others", concat({1, 3, 4}, {{4, bipolar}, {2, kUInt(1)}}, kInt(2), 2)},
      {"ternary", concat({1, 3, 4}, {{4, DataType::ternary()}, {2, bipolar}}, kInt(3), 1)},
      {"ten", concat({1, 2, 2}, std::vector<Part>(10, {2, kInt(3)}), kInt(3), 1)},
      {"wide", concat({1, 2, 2}, {{4, kInt(33)}, {12, kUInt(60)}}, kInt(64), 4)},
  });
}

void expect_refused(const Graph& graph, const std::string& message) {
  try {
    build_layer(node_of(graph));
    FAIL() << message;
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(message));
  }
}

TEST(StreamingConcat, RefusesAFoldingThatDoesNotDivideEveryInput) {
  expect_refused(concat({1}, {{4, kInt(4)}, {6, kInt(4)}}, kInt(4), 4),
                 "PE = 4 does not divide its 2");
}

TEST(StreamingConcat, RefusesAnOutputThatCannotHoldAnInput) {
  expect_refused(concat({1}, {{4, kInt(4)}, {4, kUInt(4)}}, kInt(4), 1), "cannot hold the UINT4");
  expect_refused(concat({1}, {{4, DataType::bipolar()}, {4, kUInt(1)}}, DataType::bipolar(), 1),
                 "cannot hold the BINARY");
}

}  // namespace streaming_concat_test
}  // namespace assay::hw::test
