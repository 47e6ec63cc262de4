// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace fm_padding_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Spec {
  std::int64_t height, width, channels;
  Ints pads, insert = {1, 1};
  std::int64_t pad_value = 0, simd = 1;
  std::string dtype = "INT4";
};

Graph padding(const Spec& s) {
  NodeGraph g;
  const DataType dtype = *DataType::parse(s.dtype);
  FMPadding op;
  op.pads = s.pads;
  op.insert = s.insert;
  op.pad_value = s.pad_value;
  op.simd = s.simd;
  return g.node(op, {g.input({1, s.height, s.width, s.channels}, dtype)}, {dtype});
}

std::string refusal(const Graph& graph) {
  try {
    build_layer(node_of(graph));
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(FMPadding, PutsTheValueAround) {
  const Graph graph =
      padding({.height = 2, .width = 2, .channels = 2, .pads = {1, 0, 0, 2}, .pad_value = -3});
  const Ints input = {1, 2, 3, 4, 5, 6, 7, -8};
  const Ints expected = {-3, -3, -3, -3, -3, -3, -3, -3,  //
                         1,  2,  3,  4,  -3, -3, -3, -3,  //
                         5,  6,  7,  -8, -3, -3, -3, -3};
  EXPECT_THAT(golden_outputs(graph, {input}), ElementsAre(expected));
  EXPECT_THAT(rtl_outputs(graph, {input}), ElementsAre(expected));
  EXPECT_EQ(build_layer(node_of(graph)).cycles, 3 * 4 * 2);
}

TEST(FMPadding, InsertsBetweenPixels) {
  const Graph graph = padding({.height = 2,
                               .width = 2,
                               .channels = 1,
                               .pads = {0, 1, 1, 0},
                               .insert = {2, 3},
                               .dtype = "UINT4"});
  const Ints input = {1, 2, 3, 4};
  const Ints expected = {0, 1, 0, 0, 2,  //
                         0, 0, 0, 0, 0,  //
                         0, 3, 0, 0, 4,  //
                         0, 0, 0, 0, 0};
  EXPECT_THAT(golden_outputs(graph, {input}), ElementsAre(expected));
  EXPECT_THAT(rtl_outputs(graph, {input}), ElementsAre(expected));
}

TEST(FMPadding, RtlMatchesGolden) {
  const std::vector<Spec> specs = {
      {8, 8, 2, {1, 1, 1, 1}, {1, 1}, 0, 1, "INT2"},
      {8, 8, 2, {2, 2, 1, 1}, {1, 1}, 0, 2, "INT2"},
      {8, 8, 4, {1, 1, 1, 1}, {1, 1}, 0, 2, "INT4"},
      {5, 3, 6, {3, 0, 0, 0}, {1, 1}, 5, 3, "UINT3"},
      {5, 3, 6, {0, 3, 0, 0}, {1, 1}, 1, 6, "UINT1"},
      {5, 3, 6, {0, 0, 3, 0}, {1, 1}, 1, 2, "BIPOLAR"},
      {5, 3, 6, {0, 0, 0, 3}, {1, 1}, -1, 1, "BIPOLAR"},
      {1, 1, 1, {0, 0, 0, 0}, {1, 1}, 0, 1, "INT8"},
      {1, 1, 3, {2, 1, 0, 4}, {3, 2}, -1, 1, "TERNARY"},
      {1, 7, 4, {0, 2, 0, 1}, {1, 1}, -128, 4, "INT8"},
      {7, 1, 4, {2, 0, 1, 0}, {1, 1}, 255, 2, "UINT8"},
      {4, 5, 2, {0, 0, 0, 0}, {2, 2}, 0, 1, "INT5"},
      {4, 5, 2, {1, 2, 2, 1}, {3, 2}, 7, 2, "INT6"},
      {3, 4, 2, {4, 1, 5, 2}, {1, 4}, 3, 2, "UINT7"},
      {2, 3, 3, {1, 3, 3, 3}, {2, 1}, -2, 1, "INT2"},
      {2, 2, 2, {1, 1, 1, 1}, {1, 1}, -2147483648, 2, "INT40"},
      {2, 2, 2, {1, 1, 1, 1}, {1, 1}, 2147483647, 1, "UINT33"},
      {2, 2, 2, {1, 1, 1, 1}, {1, 1}, -17179869184, 2, "INT35"},
      {2, 2, 2, {1, 1, 1, 1}, {1, 1}, 0x7ffffffff, 1, "UINT35"},
      {2, 2, 2, {1, 1, 1, 1}, {1, 1}, -(std::int64_t{1} << 61), 1, "INT62"},
      {4, 4, 6, {0, 0, 0, 0}, {1, 1}, 0, 3, "BIPOLAR"},
  };
  std::vector<LayerCase> cases;
  for (const Spec& s : specs) {
    const std::string name =
        fmt::format("{}x{}x{} pads {},{},{},{} insert {}x{} of {} SIMD {} {}", s.height, s.width,
                    s.channels, s.pads[0], s.pads[1], s.pads[2], s.pads[3], s.insert[0],
                    s.insert[1], s.pad_value, s.simd, s.dtype);
    cases.push_back({name, padding(s)});
  }
  expect_equal_to_golden(std::move(cases));
}

TEST(FMPadding, RefusesWhatTheRtlCannotDo) {
  Spec s = {.height = 2, .width = 2, .channels = 6, .pads = {1, 1, 1, 1}, .simd = 4};
  EXPECT_THAT(refusal(padding(s)), HasSubstr("SIMD = 4 does not divide its 6 channels"));
  s.simd = 6;
  EXPECT_EQ(refusal(padding(s)), "");
  s.pad_value = 8;
  EXPECT_THAT(refusal(padding(s)), HasSubstr("the padding 8 is no INT4"));
  s.pad_value = 0;
  s.dtype = "BIPOLAR";
  EXPECT_THAT(refusal(padding(s)), HasSubstr("the padding 0 is no BIPOLAR"));
  s.dtype = "INT34";
  s.pad_value = std::int64_t{1} << 33;
  EXPECT_THAT(refusal(padding(s)), HasSubstr("is no INT34"));
}

}  // namespace fm_padding_test
}  // namespace assay::hw::test
