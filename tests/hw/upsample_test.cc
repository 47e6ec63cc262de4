// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace upsample_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Spec {
  std::int64_t height, width, channels;
  Ints scale;
  std::int64_t simd = 1;
  std::string dtype = "INT4", ram_style = "auto";
};

Graph upsample(const Spec& s) {
  NodeGraph g;
  const DataType dtype = *DataType::parse(s.dtype);
  UpsampleNearestNeighbour op;
  op.scale = s.scale;
  op.simd = s.simd;
  op.ram_style = s.ram_style;
  return g.node(op, {g.input({1, s.height, s.width, s.channels}, dtype)}, {dtype});
}

TEST(Upsample, RepeatsPixelsAndRows) {
  const Graph graph = upsample({.height = 2, .width = 2, .channels = 2, .scale = {2, 3}});
  const Ints input = {1, -1, 2, -2, 3, -3, 4, -4};
  const Ints expected = {1, -1, 1, -1, 1, -1, 2, -2, 2, -2, 2, -2,  //
                         1, -1, 1, -1, 1, -1, 2, -2, 2, -2, 2, -2,  //
                         3, -3, 3, -3, 3, -3, 4, -4, 4, -4, 4, -4,  //
                         3, -3, 3, -3, 3, -3, 4, -4, 4, -4, 4, -4};
  EXPECT_THAT(golden_outputs(graph, {input}), ElementsAre(expected));
  EXPECT_THAT(rtl_outputs(graph, {input}), ElementsAre(expected));
  const Layer layer = build_layer(node_of(graph));
  EXPECT_EQ(layer.cycles, 4 * 6 * 2);
  EXPECT_EQ(layer.memories.at(0).words, 2 * 2);
}

TEST(Upsample, KeepsOnlyWhatItRepeats) {
  const Graph columns = upsample({3, 5, 4, {1, 2}, 2});
  EXPECT_EQ(build_layer(node_of(columns)).memories.at(0).words, 2);
  const Graph none = upsample({3, 5, 4, {1, 1}, 2});
  EXPECT_TRUE(build_layer(node_of(none)).memories.empty());
}

TEST(Upsample, RtlMatchesGolden) {
  const std::vector<Spec> specs = {
      {3, 3, 4, {2, 2}, 1, "UINT4"},          {3, 3, 4, {2, 2}, 4, "UINT4"},
      {3, 3, 4, {2, 2}, 2, "INT8", "block"},  {4, 5, 2, {3, 2}, 1, "INT3"},
      {4, 5, 2, {3, 2}, 2, "INT3", "block"},  {2, 6, 3, {1, 4}, 1, "BIPOLAR"},
      {2, 6, 3, {1, 4}, 3, "TERNARY"},        {5, 2, 6, {4, 1}, 2, "UINT1"},
      {5, 2, 6, {4, 1}, 6, "UINT7", "block"}, {1, 1, 1, {3, 3}, 1, "INT8"},
      {1, 1, 4, {2, 5}, 2, "INT2"},           {4, 1, 2, {2, 1}, 2, "INT5"},
      {4, 1, 2, {2, 3}, 1, "INT6"},           {1, 7, 2, {1, 2}, 2, "UINT2"},
      {4, 4, 2, {1, 1}, 1, "INT4"},           {2, 3, 5, {5, 3}, 5, "UINT8"},
  };
  std::vector<LayerCase> cases;
  for (const Spec& s : specs)
    cases.push_back({fmt::format("{}x{}x{} by {}x{} SIMD {} {}", s.height, s.width, s.channels,
                                 s.scale[0], s.scale[1], s.simd, s.dtype),
                     upsample(s)});
  expect_equal_to_golden(std::move(cases));
}

TEST(Upsample, RefusesAFoldingThatDoesNotDivide) {
  const Graph graph = upsample({2, 2, 6, {2, 2}, 4});
  try {
    build_layer(node_of(graph));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("SIMD = 4 does not divide its 6 channels"));
  }
}

}  // namespace upsample_test
}  // namespace assay::hw::test
