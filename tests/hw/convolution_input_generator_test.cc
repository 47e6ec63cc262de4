// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace convolution_input_generator_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Spec {
  std::int64_t height, width, channels;
  Ints kernel, stride = {1, 1}, dilation = {1, 1};
  std::int64_t simd = 1;
  std::string dtype = "INT4";
  std::string ram_style = "auto";
  bool least_ring = false;
};
enum class Form { kSerial, kGrouped, kParallel, kParallelGrouped };

Graph windows(const Spec& s, Form form = Form::kSerial) {
  NodeGraph g;
  const DataType dtype = *DataType::parse(s.dtype);
  ConvolutionInputGenerator op;
  op.kernel = s.kernel;
  op.stride = s.stride;
  op.dilation = s.dilation;
  op.simd = s.simd;
  op.ram_style = s.ram_style;
  op.least_ring = s.least_ring;
  op.depthwise = form == Form::kGrouped || form == Form::kParallelGrouped;
  op.parallel_window = form == Form::kParallel || form == Form::kParallelGrouped;
  return g.node(op, {g.input({1, s.height, s.width, s.channels}, dtype)}, {dtype});
}

std::string text(const Spec& s) {
  const auto pair = [](const Ints& v) { return fmt::format("{}x{}", v[0], v[1]); };
  return fmt::format("{}x{}x{} k{} s{} d{} SIMD {} {}", s.height, s.width, s.channels,
                     pair(s.kernel), pair(s.stride), pair(s.dilation), s.simd, s.dtype);
}

void check(const std::vector<Spec>& specs, Form form) {
  std::vector<LayerCase> cases;
  for (const Spec& s : specs) cases.push_back({text(s), windows(s, form)});
  expect_equal_to_golden(std::move(cases));
}

void expect_outputs(const Graph& graph, const Ints& input, const Ints& output) {
  EXPECT_THAT(golden_outputs(graph, {input}), ElementsAre(output));
  EXPECT_THAT(rtl_outputs(graph, {input}), ElementsAre(output));
}

std::int64_t cycles(const Spec& s, Form form = Form::kSerial) {
  const Graph graph = windows(s, form);
  return build_layer(node_of(graph)).cycles;
}

// 3 x 3 pixels of two channels, the second one the negative of the first.
const Ints kPixels = {1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7, 8, -8, 9, -9};

TEST(ConvolutionInputGenerator, ReadsWindowsRowByRow) {
  const Spec s = {.height = 3, .width = 3, .channels = 2, .kernel = {2, 2}, .dtype = "INT5"};
  const Ints expected = {1, -1, 2, -2, 4, -4, 5, -5, 2, -2, 3, -3, 5, -5, 6, -6,
                         4, -4, 5, -5, 7, -7, 8, -8, 5, -5, 6, -6, 8, -8, 9, -9};
  expect_outputs(windows(s), kPixels, expected);
  Spec wide = s;
  wide.simd = 2;
  expect_outputs(windows(wide, Form::kParallel), kPixels, expected);
}

TEST(ConvolutionInputGenerator, DepthwiseReadsOneGroupOfChannelsAfterTheOther) {
  const Spec s = {.height = 3, .width = 3, .channels = 2, .kernel = {2, 2}, .dtype = "INT5"};
  const Ints expected = {1, 2, 4, 5, -1, -2, -4, -5, 2, 3, 5, 6, -2, -3, -5, -6,
                         4, 5, 7, 8, -4, -5, -7, -8, 5, 6, 8, 9, -5, -6, -8, -9};
  expect_outputs(windows(s, Form::kGrouped), kPixels, expected);
}

TEST(ConvolutionInputGenerator, StridesAndDilationsSkipPixels) {
  const Ints pixels = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
  const Spec s = {.height = 4,
                  .width = 5,
                  .channels = 1,
                  .kernel = {2, 2},
                  .stride = {2, 1},
                  .dilation = {1, 3},
                  .dtype = "UINT5"};
  const Ints expected = {0, 3, 5, 8, 1, 4, 6, 9, 10, 13, 15, 18, 11, 14, 16, 19};
  expect_outputs(windows(s, Form::kParallel), pixels, expected);
}

TEST(ConvolutionInputGenerator, LeavesOutRowsAndColumnsThatNoWindowReads) {
  const Ints pixels = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const Spec s = {
      .height = 4, .width = 4, .channels = 1, .kernel = {1, 1}, .stride = {3, 2}, .dtype = "UINT4"};
  const Ints expected = {0, 2, 12, 14};
  expect_outputs(windows(s), pixels, expected);
}

TEST(ConvolutionInputGenerator, TakesAsLongAsItReadsOrWrites) {
  Spec s = {.height = 6, .width = 6, .channels = 4, .kernel = {3, 3}};
  EXPECT_EQ(cycles(s), 4 * 4 * 9 * 4);
  s.simd = 2;
  EXPECT_EQ(cycles(s), 4 * 4 * 9 * 2);
  EXPECT_EQ(cycles(s, Form::kParallelGrouped), 6 * 6 * 2);
  s.simd = 4;
  EXPECT_EQ(cycles(s, Form::kParallel), 6 * 6);
  EXPECT_EQ(cycles({6, 6, 4, {1, 1}, {2, 2}}), 6 * 6 * 4);
}

std::int64_t ring_words(const Spec& s) {
  const Graph graph = windows(s);
  return build_layer(node_of(graph)).memories.at(0).words;
}

// A ring of one window of 2 x 2 of 3 x 3 pixels, 5 words, written while the one before is over: the
// four windows take their four taps but for the first of the next frame, whose five words are all new.
// The last of them comes five cycles after the frame before and is read in the sixth.
TEST(ConvolutionInputGenerator, TheLeastRingHoldsOneWindowAndWaitsBetweenFrames) {
  Spec s = {.height = 3, .width = 3, .channels = 1, .kernel = {2, 2}, .least_ring = true};
  EXPECT_EQ(ring_words(s), 5);
  EXPECT_EQ(cycles(s), 3 * 4 + 6);
  // Single pixels, every second one: they are two words apart in a row, four from row to row and one
  // from frame to frame, and each of these words is waited for.
  s.kernel = {1, 1};
  s.stride = {2, 2};
  EXPECT_EQ(ring_words(s), 1);
  EXPECT_EQ(cycles(s), 2 * (2 + 1) + (4 + 1) + (1 + 1));
  s = {.height = 18, .width = 18, .channels = 16, .kernel = {3, 3}, .simd = 4, .least_ring = true};
  EXPECT_EQ(ring_words(s), 2 * 18 * 4 + 3 * 4);
  EXPECT_EQ(cycles(s), 256 * 36 + 156 + 1 - 36);
}

// Shapes with which every form is tried: kernels of 1 to 5 longer and shorter than their strides,
// dilations, rectangles, one dimension, rows and columns left over, a window as large as the frame.
std::vector<Spec> shapes() {
  return {
      {1, 1, 2, {1, 1}, {1, 1}, {1, 1}, 1, "UINT3"},
      {5, 5, 2, {2, 2}, {1, 1}, {1, 1}, 1, "BIPOLAR"},
      {5, 5, 2, {2, 2}, {1, 1}, {2, 2}, 2, "INT8"},
      {7, 7, 2, {2, 2}, {2, 2}, {2, 2}, 1, "INT8"},
      {7, 7, 2, {3, 3}, {2, 2}, {2, 2}, 2, "INT2"},
      {5, 1, 2, {2, 1}, {1, 1}, {2, 1}, 2, "INT8"},
      {7, 1, 2, {3, 1}, {2, 1}, {2, 1}, 1, "UINT8"},
      {1, 9, 3, {1, 4}, {1, 1}, {1, 1}, 1, "TERNARY"},
      {1, 12, 2, {1, 3}, {1, 2}, {1, 3}, 2, "UINT2"},
      {6, 5, 4, {3, 3}, {1, 1}, {1, 1}, 2, "UINT4"},
      {6, 5, 4, {3, 3}, {1, 1}, {1, 1}, 4, "UINT4"},
      {6, 7, 4, {3, 3}, {2, 2}, {1, 1}, 1, "INT3"},
      {7, 6, 6, {3, 2}, {3, 1}, {1, 2}, 3, "INT5"},
      {6, 6, 2, {2, 2}, {2, 2}, {1, 1}, 1, "UINT1"},
      {8, 7, 3, {1, 1}, {3, 2}, {1, 1}, 1, "INT6"},
      {9, 9, 2, {2, 2}, {3, 3}, {1, 1}, 2, "INT7"},
      {8, 8, 1, {5, 5}, {1, 1}, {1, 1}, 1, "UINT8"},
      {8, 9, 2, {4, 5}, {3, 2}, {1, 1}, 2, "INT4"},
      {9, 10, 3, {3, 3}, {1, 2}, {3, 3}, 3, "UINT1"},
      {4, 4, 3, {4, 4}, {1, 1}, {1, 1}, 1, "INT4"},
      {6, 4, 16, {3, 1}, {1, 1}, {1, 1}, 16, "INT8"},
      {4, 6, 8, {1, 3}, {2, 1}, {1, 1}, 2, "INT4"},
  };
}

TEST(ConvolutionInputGenerator, RtlMatchesGolden) { check(shapes(), Form::kSerial); }
TEST(ConvolutionInputGenerator, DepthwiseRtlMatchesGolden) { check(shapes(), Form::kGrouped); }
TEST(ConvolutionInputGenerator, LeastRingsMatchGolden) {
  std::vector<Spec> specs = shapes();
  for (Spec& s : specs) s.least_ring = true;
  check(specs, Form::kSerial);
  check(specs, Form::kGrouped);
}
TEST(ConvolutionInputGenerator, ParallelRtlMatchesGolden) {
  std::vector<Spec> specs = shapes();
  for (Spec& s : specs) s.simd = s.channels;
  check(specs, Form::kParallel);
}
TEST(ConvolutionInputGenerator, ParallelDepthwiseRtlMatchesGolden) {
  check(shapes(), Form::kParallelGrouped);
}

TEST(ConvolutionInputGenerator, KeepsWindowsInBlockMemory) {
  Spec s = {.height = 6, .width = 6, .channels = 4, .kernel = {3, 3}, .simd = 2};
  for (const char* style : {"block", "distributed"}) {
    s.ram_style = style;
    for (Form form : {Form::kSerial, Form::kGrouped, Form::kParallelGrouped}) {
      const Graph graph = windows(s, form);
      EXPECT_EQ(build_layer(node_of(graph)).memories.at(0).style, style);
    }
  }
  s.ram_style = "block";
  std::vector<LayerCase> cases;
  cases.push_back({"serial", windows(s)});
  cases.push_back({"parallel", windows(s, Form::kParallelGrouped)});
  expect_equal_to_golden(std::move(cases));
}

TEST(ConvolutionInputGenerator, ParallelWindowsKeepLinesAndColumns) {
  const Graph graph = windows({.height = 9,
                               .width = 10,
                               .channels = 8,
                               .kernel = {3, 3},
                               .dilation = {2, 1},
                               .simd = 4,
                               .dtype = "INT4"},
                              Form::kParallelGrouped);
  const auto memories = build_layer(node_of(graph)).memories;
  ASSERT_EQ(memories.size(), 2U);
  EXPECT_EQ(memories[0].words, 2 * 10 * 2 - 2 * 2);
  EXPECT_EQ(memories[0].bits, 2 * 16);
  EXPECT_EQ(memories[1].words, 2);
  EXPECT_EQ(memories[1].bits, 3 * 2 * 16);
}

std::string refusal(const Graph& graph) {
  try {
    build_layer(node_of(graph));
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(ConvolutionInputGenerator, RefusesWhatTheRtlCannotDo) {
  Spec s = {.height = 4, .width = 4, .channels = 6, .kernel = {2, 2}, .simd = 4};
  EXPECT_THAT(refusal(windows(s)), HasSubstr("SIMD = 4 does not divide its 6 channels"));
  s.simd = 3;
  EXPECT_THAT(refusal(windows(s, Form::kParallel)), HasSubstr("choose SIMD = 6"));
  EXPECT_EQ(refusal(windows(s, Form::kParallelGrouped)), "");
  s.least_ring = true;
  EXPECT_THAT(refusal(windows(s, Form::kParallelGrouped)), HasSubstr("leave out least_ring"));
  NodeGraph g;
  ConvolutionInputGenerator op;
  EXPECT_THAT(refusal(g.node(op, {g.input({1, 2, 2, 1}, DataType::uint(4))}, {DataType::sint(5)})),
              HasSubstr("give both the same data type"));
}

}  // namespace convolution_input_generator_test
}  // namespace assay::hw::test
