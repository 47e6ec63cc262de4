// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace global_acc_pool_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Spec {
  std::int64_t height, width, channels;
  std::string in = "INT4", out = "INT8";
  std::int64_t shift = 0, pe = 1;
  std::string ram_style = "auto";
};

Graph global_pool(const Spec& s) {
  NodeGraph g;
  GlobalAccPool op;
  op.shift = s.shift;
  op.pe = s.pe;
  op.ram_style = s.ram_style;
  return g.node(op, {g.input({1, s.height, s.width, s.channels}, *DataType::parse(s.in))},
                {*DataType::parse(s.out)});
}

TEST(GlobalAccPool, SumsEveryChannelOverTheFrame) {
  const Graph graph = global_pool({.height = 2, .width = 2, .channels = 3, .shift = 1});
  const Ints input = {1, -1, 7, 2, -2, 7, 3, -3, 7, 5, -1, 7};
  const Ints expected = {5, -4, 14};
  EXPECT_THAT(golden_outputs(graph, {input}), ElementsAre(expected));
  EXPECT_THAT(rtl_outputs(graph, {input}), ElementsAre(expected));
  EXPECT_EQ(build_layer(node_of(graph)).cycles, 2 * 2 * 3);
}

TEST(GlobalAccPool, RtlMatchesGolden) {
  const std::vector<Spec> specs = {
      {7, 7, 4, "UINT4", "UINT10", 0, 1},       {7, 7, 4, "UINT4", "UINT10", 0, 2, "block"},
      {7, 7, 4, "INT4", "INT10", 0, 4},         {4, 4, 6, "UINT2", "UINT2", 4, 1},
      {4, 4, 6, "INT8", "INT8", 4, 3, "block"}, {1, 1, 6, "INT8", "INT8", 0, 2},
      {1, 1, 1, "UINT8", "UINT8", 0, 1},        {3, 5, 2, "BIPOLAR", "INT5", 0, 1},
      {3, 5, 2, "BIPOLAR", "INT4", 1, 2},       {1, 1, 4, "BIPOLAR", "BIPOLAR", 0, 2},
      {5, 1, 3, "TERNARY", "INT4", 0, 3},       {1, 5, 3, "UINT1", "UINT3", 0, 1},
      {2, 2, 8, "INT6", "INT32", 0, 4},         {2, 2, 2, "INT4", "INT3", 62, 1},
      {3, 3, 8, "INT60", "INT64", 0, 4},        {2, 1, 5, "UINT3", "INT5", 0, 5},
  };
  std::vector<LayerCase> cases;
  for (const Spec& s : specs)
    cases.push_back({fmt::format("{}x{}x{} {} {} >> {} PE {} {}", s.height, s.width, s.channels,
                                 s.in, s.out, s.shift, s.pe, s.ram_style),
                     global_pool(s)});
  expect_equal_to_golden(std::move(cases));
}

TEST(GlobalAccPool, KeepsASumPerChannelThatCannotOverflow) {
  const Graph graph = global_pool({.height = 4, .width = 4, .channels = 6, .pe = 2});
  const MemoryNeed need = build_layer(node_of(graph)).memories.at(0);
  EXPECT_EQ(need.words, 3);
  EXPECT_EQ(need.bits, 2 * (4 + 1 + 4));
  EXPECT_EQ(need.style, "distributed");
}

TEST(GlobalAccPool, RefusesAFoldingThatDoesNotDivide) {
  const Graph graph = global_pool({.height = 2, .width = 2, .channels = 6, .pe = 4});
  try {
    build_layer(node_of(graph));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("PE = 4 does not divide its 6 channels"));
  }
}

}  // namespace global_acc_pool_test
}  // namespace assay::hw::test
