// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace streaming_split_test {

Graph split(Shape pixels, std::vector<std::int64_t> channels, DataType dtype, std::int64_t pe,
            std::vector<DataType> outputs = {}) {
  NodeGraph g;
  pixels.push_back(std::accumulate(channels.begin(), channels.end(), std::int64_t{0}));
  Tensor* x = g.input(pixels, dtype);
  if (outputs.empty()) outputs.assign(channels.size(), dtype);
  StreamingSplit op;
  op.channels = std::move(channels);
  op.pe = pe;
  return g.node(op, {x}, std::move(outputs));
}

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;

TEST(StreamingSplit, DealsOutTheChannelsOfEveryPixel) {
  const Graph graph = split({1, 1, 2}, {2, 1, 3}, kInt(4), 1);
  const Ints input = {1, 2, -1, 5, 6, 7, 3, 4, -2, -6, -7, -8};
  const std::vector<Ints> parts = {{1, 2, 3, 4}, {-1, -2}, {5, 6, 7, -6, -7, -8}};
  EXPECT_EQ(golden_outputs(graph, {input}), parts);
  EXPECT_EQ(rtl_outputs(graph, {input}), parts);
}

TEST(StreamingSplit, EqualsGoldenForAllPartsAndFoldings) {
  expect_equal_to_golden({
      {"two", split({1, 3, 4}, {4, 8}, kInt(4), 1)},
      {"two, four lanes", split({1, 3, 4}, {4, 8}, kInt(4), 4)},
      {"one beat each", split({1, 5, 4}, {6, 6}, kUInt(4), 6)},
      {"one", split({1, 3, 4}, {4}, kInt(4), 2)},
      {"three", split({1, 3, 4}, {6, 3, 9}, DataType::bipolar(), 3)},
      {"ten", split({1, 2, 2}, Ints(10, 2), kUInt(1), 1)},
      {"wide", split({1, 2, 2}, {4, 12}, kInt(33), 4)},
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

TEST(StreamingSplit, RefusesAFoldingThatDoesNotDivideEveryPart) {
  expect_refused(split({1}, {4, 6}, kInt(4), 4), "PE = 4 does not divide its 2");
}

TEST(StreamingSplit, RefusesAPartThatNobodyReads) {
  expect_refused(split({1}, {4, 6}, kInt(4), 1, {kInt(4), DataType::float32()}),
                 "nobody reads its output 1");
}

}  // namespace streaming_split_test
}  // namespace assay::hw::test
