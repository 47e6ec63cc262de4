// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace pick_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Spec {
  std::int64_t height, width, channels;
  Ints rows, columns;
  std::int64_t simd = 1;
  std::string dtype = "INT4", ram_style = "auto";
  std::int64_t maps = 1;
};

Graph pick(const Spec& s) {
  NodeGraph g;
  const DataType dtype = *DataType::parse(s.dtype);
  Pick op;
  op.rows = s.rows;
  op.columns = s.columns;
  op.simd = s.simd;
  op.ram_style = s.ram_style;
  return g.node(op, {g.input({s.maps, s.height, s.width, s.channels}, dtype)}, {dtype});
}

std::string name_of(const Spec& s) {
  return fmt::format("{}x{}x{}x{} rows {} columns {} SIMD {} {} {}", s.maps, s.height, s.width,
                     s.channels, fmt::join(s.rows, ","), fmt::join(s.columns, ","), s.simd, s.dtype,
                     s.ram_style);
}

TEST(Pick, ReflectsARowAndAColumn) {
  // 1 2 3      5 4 5 6
  // 4 5 6  ->  2 1 2 3
  //            5 4 5 6
  const Graph graph = pick({2, 3, 1, {1, 0, 1}, {1, 0, 1, 2}});
  const Ints input = {1, 2, 3, 4, 5, 6}, expected = {5, 4, 5, 6, 2, 1, 2, 3, 5, 4, 5, 6};
  EXPECT_THAT(golden_outputs(graph, {input}), ElementsAre(expected));
  EXPECT_THAT(rtl_outputs(graph, {input}), ElementsAre(expected));
  EXPECT_EQ(build_layer(node_of(graph)).cycles, 12);
}

TEST(Pick, KeepsNoMoreThanItHasTo) {
  // A cut reads each row as it comes.
  const Graph cut = pick({64, 8, 1, {60, 61, 62}, {2, 3}});
  EXPECT_LE(build_layer(node_of(cut)).memories.at(0).words, 8 + 2);
  EXPECT_EQ(build_layer(node_of(cut)).cycles, 64 * 8);
  // The last row first: a frame comes while the one before leaves.
  const Graph turned = pick({4, 1, 1, {3, 2, 1, 0}, {0}});
  EXPECT_LE(build_layer(node_of(turned)).memories.at(0).words, 8);
}

TEST(Pick, RtlMatchesGolden) {
  const std::vector<Spec> specs = {
      {4, 4, 4, {1, 0, 1, 2, 3, 2}, {1, 0, 1, 2, 3, 2}, 1, "UINT4"},  // reflected
      {4, 4, 4, {1, 0, 1, 2, 3, 2}, {1, 0, 1, 2, 3, 2}, 4, "UINT4"},
      {4, 4, 4, {1, 0, 1, 2, 3, 2}, {1, 0, 1, 2, 3, 2}, 2, "INT8", "block"},
      {3, 5, 2, {0, 0, 0, 1, 2, 2}, {0, 0, 1, 2, 3, 4, 4, 4}, 1, "INT3"},  // edges
      {3, 5, 2, {2, 0, 1, 2, 0}, {3, 4, 0, 1, 2, 3, 4, 0}, 2, "INT3"},     // wrapped
      {6, 6, 3, {0, 2, 4}, {1, 3, 5}, 1, "TERNARY"},                       // every second
      {6, 6, 3, {4}, {5}, 3, "BIPOLAR"},
      {6, 4, 2, {5, 4, 3, 2, 1, 0}, {3, 2, 1, 0}, 1, "INT5", "block"},  // turned round
      {8, 3, 2, {6, 7}, {0, 1, 2}, 2, "UINT1"},                         // cut
      {8, 3, 2, {0, 1}, {2}, 1, "UINT7"},
      {1, 1, 1, {0}, {0}, 1, "INT8"},
      {1, 1, 4, {0, 0, 0}, {0, 0}, 2, "INT2"},
      {1, 7, 2, {0}, {6, 0, 3, 3}, 2, "UINT2"},
      {7, 1, 2, {6, 0, 3, 3}, {0}, 1, "INT6"},
      {5, 5, 1, {0, 4, 0, 4}, {0, 1, 2, 3, 4}, 1, "INT4"},
      {1, 6, 2, {0}, {0, 3, 1, 4, 2, 5}, 2, "INT4", "auto", 9},  // channels of pixels, shuffled
      {2, 3, 1, {1}, {2, 0}, 1, "UINT2", "auto", 4},
  };
  std::vector<LayerCase> cases;
  for (const Spec& s : specs) cases.push_back({name_of(s), pick(s)});
  expect_equal_to_golden(std::move(cases));
}

/// Orders that nobody would think of: every one keeps its formula for the cycles.
TEST(Pick, AnyOrderMatchesGolden) {
  constexpr unsigned kSeed = 20;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random(kSeed);
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<unsigned>(n));
  };
  const auto picks = [&](std::int64_t size) {
    Ints picks(static_cast<std::size_t>(1 + below(2 * size)));
    for (std::int64_t& p : picks) p = below(size);
    return picks;
  };
  std::vector<LayerCase> cases;
  for (int i = 0; i < 16; ++i) {
    const std::int64_t height = 1 + below(5), width = 1 + below(5), simd = 1 + below(2);
    const Spec s = {height, width, simd * (1 + below(2)), picks(height), picks(width), simd};
    cases.push_back({name_of(s), pick(s)});
  }
  expect_equal_to_golden(std::move(cases));
}

TEST(Pick, RefusesAFoldingThatDoesNotDivide) {
  const Graph graph = pick({2, 2, 6, {1}, {0}, 4});
  try {
    build_layer(node_of(graph));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("SIMD = 4 does not divide its 6 channels"));
  }
}

}  // namespace pick_test
}  // namespace assay::hw::test
