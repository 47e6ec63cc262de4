// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace data_width_converter_test {

Graph convert(std::int64_t elements, DataType dtype, std::int64_t in_lanes,
              std::int64_t out_lanes) {
  NodeGraph g;
  Tensor* x = g.input({1, elements}, dtype);
  StreamingDataWidthConverter op;
  op.in_lanes = in_lanes;
  op.out_lanes = out_lanes;
  return g.node(op, {x}, {dtype});
}

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;

TEST(DataWidthConverter, KeepsTheOrderOfElements) {
  const Ints input = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  for (const auto& [in, out] : {std::pair{2, 3}, {3, 2}, {1, 4}, {4, 1}, {6, 4}}) {
    SCOPED_TRACE(::testing::Message() << in << " to " << out);
    const Graph graph = convert(12, kUInt(4), in, out);
    EXPECT_EQ(golden_outputs(graph, {input}), std::vector<Ints>{input});
    EXPECT_EQ(rtl_outputs(graph, {input}), std::vector<Ints>{input});
  }
}

TEST(DataWidthConverter, EqualsGoldenForAllRatios) {
  std::vector<LayerCase> cases;
  for (const std::int64_t in : {1, 2, 3, 4, 6, 12})
    for (const std::int64_t out : {1, 2, 3, 4, 6, 12})
      cases.push_back(
          {std::to_string(in) + " to " + std::to_string(out), convert(48, kInt(3), in, out)});
  for (const auto& [in, out] : {std::pair{5, 7}, {7, 5}, {10, 14}, {35, 2}, {2, 35}, {35, 35}})
    cases.push_back(
        {std::to_string(in) + " to " + std::to_string(out), convert(70, kUInt(8), in, out)});
  cases.push_back({"bits", convert(120, DataType::bipolar(), 40, 24)});
  cases.push_back({"wide", convert(60, kInt(33), 4, 6)});
  cases.push_back({"the whole frame at once", convert(30, kInt(4), 30, 5)});
  cases.push_back({"into one beat", convert(30, kInt(4), 6, 30)});
  expect_equal_to_golden(std::move(cases), {.frames = 4});
}

TEST(DataWidthConverter, RefusesLanesThatDoNotDivideTheFrame) {
  const Graph graph = convert(12, kInt(4), 4, 5);
  try {
    build_layer(node_of(graph));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(),
                ::testing::HasSubstr("out_lanes = 5 does not divide its 12 elements"));
  }
}

}  // namespace data_width_converter_test
}  // namespace assay::hw::test
