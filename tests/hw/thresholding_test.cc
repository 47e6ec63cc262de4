// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "compile/base/error.h"
#include "compile/hw/threshold_unit.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace thresholding_test {

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;
using ::testing::HasSubstr;

struct Spec {
  Shape x;
  DataType in, out;
  Shape t;  ///< the last size: steps
  Ints thresholds;
  std::int64_t pe = 1;
  std::string style = "auto", ram = "auto";
  std::int64_t bias = 0;
};

Graph thresholding(Spec spec) {
  NodeGraph g;
  Thresholding op;
  const bool bipolar = spec.out.kind == DataType::Kind::kBipolar;
  op.levels = {spec.out, bipolar ? 2 : 1, bipolar ? -1 : spec.bias};
  op.pe = spec.pe;
  op.preferred_impl_style = spec.style;
  op.ram_style = spec.ram;
  Tensor* x = g.input(spec.x, spec.in);
  return g.node(op, {x, g.constant(spec.t, spec.thresholds, kInt(64))}, {spec.out});
}

/// Sorted rows of random thresholds between low and high; every fourth repeats its neighbour.
Ints random_rows(const Shape& t, std::int64_t low, std::int64_t high, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Ints values(static_cast<std::size_t>(element_count(t)));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = i % 4 == 3 ? values[i - 1]
                           : low + static_cast<std::int64_t>(
                                       random() % static_cast<std::uint64_t>(high - low + 1));
  for (std::int64_t at = 0; at < std::ssize(values); at += t.back())
    std::sort(values.begin() + at, values.begin() + at + t.back());
  return values;
}

/// Random thresholds around the input's range.
Graph random_case(Spec spec, std::uint64_t seed) {
  const std::int64_t margin = spec.in.bits < 60 ? std::max<std::int64_t>(spec.in.max() / 4, 2) : 0;
  spec.thresholds = random_rows(spec.t, spec.in.min() - margin, spec.in.max() + margin, seed);
  return thresholding(std::move(spec));
}

void expect_refusal(const Graph& graph, const std::string& message) {
  try {
    build_layer(node_of(graph));
    FAIL() << "not refused";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

TEST(Thresholding, CountsTheThresholdsThatAreReached) {
  // Channel 0: -2, 0, 5; channel 1: 1, 1, 7.
  const std::vector<Ints> inputs = {{-3, 0, -2, 1, 0, 6, 5, 7, 7, -8}};
  const std::vector<Ints> counts = {{0, 0, 1, 2, 2, 2, 3, 3, 3, 0}};
  for (const char* style : {"comparators", "search"}) {
    SCOPED_TRACE(style);
    const Graph graph =
        thresholding({{1, 5, 1, 2}, kInt(4), kUInt(2), {2, 3}, {-2, 0, 5, 1, 1, 7}, 1, style});
    EXPECT_EQ(golden_outputs(graph, inputs), counts);
    EXPECT_EQ(rtl_outputs(graph, inputs), counts);
  }
}

TEST(Thresholding, MakesBipolarValues) {
  const std::vector<Ints> inputs = {{0, 1, 2, 3}}, signs = {{-1, -1, 1, 1}};
  const Graph graph = thresholding({{1, 4}, kUInt(2), DataType::bipolar(), {1, 1}, {2}, 2});
  EXPECT_EQ(golden_outputs(graph, inputs), signs);
  EXPECT_EQ(rtl_outputs(graph, inputs), signs);
}

TEST(Thresholding, ReadsBipolarBitsAsMinusAndPlusOne) {
  // Every place a threshold may have: always reached, reached by +1 (0 and 1), never.
  const std::vector<Ints> inputs = {{-1, 1}}, counts = {{1, 3}};
  const Graph graph =
      thresholding({{1, 2}, DataType::bipolar(), kUInt(3), {1, 4}, {-1, 0, 1, 2}, 1});
  EXPECT_EQ(golden_outputs(graph, inputs), counts);
  EXPECT_EQ(rtl_outputs(graph, inputs), counts);
}

TEST(Thresholding, KeepsThresholdsBeyondTheInputsRange) {
  constexpr std::int64_t kLow = std::numeric_limits<std::int64_t>::min(),
                         kHigh = std::numeric_limits<std::int64_t>::max();
  const Ints rows = {kLow, -129, -128, 127, 128, 200, kHigh};
  const std::vector<Ints> inputs = {{-128, -127, 126, 127}}, counts = {{-1, -1, -1, 0}};
  for (const char* style : {"comparators", "search"}) {
    const Graph graph =
        thresholding({{1, 4}, kInt(8), kInt(4), {1, 7}, rows, 1, style, "auto", -4});
    EXPECT_EQ(golden_outputs(graph, inputs), counts);
    EXPECT_EQ(rtl_outputs(graph, inputs), counts);
  }
}

TEST(Thresholding, EqualsGoldenForAllOutputWidths) {
  std::vector<LayerCase> cases;
  for (int bits = 1; bits <= 8; ++bits) {
    const std::int64_t steps = (std::int64_t{1} << bits) - 1;
    for (const bool is_signed : {false, true}) {
      const DataType in = is_signed ? kInt(8 + bits % 3) : kUInt(7 + bits % 3);
      const DataType out = is_signed ? kInt(bits) : kUInt(bits);
      cases.push_back({"search, per channel, " + in.name() + " to " + out.name(),
                       random_case({{1, 2, 5, 6},
                                    in,
                                    out,
                                    {6, steps},
                                    {},
                                    2,
                                    "search",
                                    "auto",
                                    is_signed ? -(std::int64_t{1} << (bits - 1)) : 0},
                                   static_cast<std::uint64_t>(bits))});
    }
  }
  expect_equal_to_golden(std::move(cases));
}

TEST(Thresholding, EqualsGoldenForAllFoldingsAndStyles) {
  expect_equal_to_golden({
      {"comparators, one row",
       random_case({{1, 3, 4, 8}, kInt(6), kUInt(2), {1, 3}, {}, 4, "comparators"}, 1)},
      {"comparators, per channel",
       random_case({{1, 3, 4, 8}, kInt(6), kUInt(2), {8, 3}, {}, 4, "comparators"}, 2)},
      {"comparators, all lanes",
       random_case({{1, 3, 4, 8}, kUInt(6), kUInt(2), {8, 3}, {}, 8, "comparators"}, 3)},
      {"comparators, block",
       random_case({{1, 2, 2, 96}, kInt(24), kUInt(3), {96, 7}, {}, 1, "comparators", "block"}, 4)},
      {"search, one row",
       random_case({{1, 3, 4, 8}, kInt(6), kUInt(3), {1, 7}, {}, 4, "search"}, 5)},
      {"search, all lanes",
       random_case({{1, 3, 4, 6}, kInt(6), kUInt(3), {6, 7}, {}, 6, "search"}, 6)},
      {"search, block",
       random_case({{1, 2, 2, 48}, kInt(16), kUInt(4), {48, 15}, {}, 3, "search", "block"}, 7)},
      {"search, padded rows",
       random_case({{1, 4, 4, 6}, kUInt(8), kUInt(3), {6, 5}, {}, 3, "search"}, 8)},
      {"auto", random_case({{1, 4, 4, 6}, kUInt(8), kUInt(3), {6, 4}, {}, 3}, 9)},
      {"one step by search",
       random_case({{1, 4, 4, 6}, kInt(3), kUInt(1), {6, 1}, {}, 3, "search"}, 10)},
      {"one bit in", random_case({{1, 4, 4, 6}, kUInt(1), kUInt(2), {6, 2}, {}, 3}, 11)},
      {"one signed bit in",
       random_case({{1, 4, 4, 6}, kInt(1), kUInt(2), {6, 2}, {}, 3, "search"}, 12)},
      {"ternary in",
       random_case({{1, 4, 4, 6}, DataType::ternary(), kInt(2), {6, 2}, {}, 2, "auto", "auto", -1},
                   13)},
      {"bipolar in",
       random_case({{1, 4, 4, 6}, DataType::bipolar(), DataType::bipolar(), {6, 1}, {}, 2}, 14)},
      {"bipolar out by search",
       random_case({{1, 4, 4, 6}, kInt(9), DataType::bipolar(), {6, 1}, {}, 2, "search"}, 15)},
      {"wide in", random_case({{1, 4, 4, 6}, kInt(62), kUInt(3), {6, 7}, {}, 2}, 16)},
      {"wide unsigned in", random_case({{1, 4, 4, 6}, kUInt(61), kUInt(2), {6, 3}, {}, 2}, 17)},
      {"no batch axes", random_case({{12}, kInt(5), kUInt(2), {12, 3}, {}, 3}, 18)},
      {"constant, no thresholds",
       thresholding({{1, 4, 4, 2}, kInt(5), kInt(4), {2, 0}, {}, 1, "auto", "auto", -7})},
      {"constant, always reached",
       thresholding({{1, 4, 4, 2}, kInt(5), kUInt(2), {1, 2}, {-16, -16}, 1})},
  });
}

TEST(Thresholding, EqualsGoldenForThresholdsThatDependOnThePosition) {
  expect_equal_to_golden({
      {"everywhere", random_case({{1, 3, 4, 6}, kInt(7), kUInt(3), {1, 3, 4, 6, 7}, {}, 2}, 1)},
      {"by row", random_case({{1, 3, 4, 6}, kInt(7), kUInt(2), {1, 3, 1, 6, 3}, {}, 3}, 2)},
      {"by column, one for all channels",
       random_case({{1, 3, 4, 6}, kInt(7), kUInt(2), {1, 1, 4, 1, 3}, {}, 2}, 3)},
      {"by position, as many as channels",
       random_case({{1, 2, 3, 6}, kInt(7), kUInt(2), {1, 2, 3, 1, 3}, {}, 2}, 4)},
      {"channels only", random_case({{1, 2, 3, 6}, kInt(7), kUInt(2), {1, 1, 1, 6, 3}, {}, 2}, 5)},
      {"nothing", random_case({{1, 2, 3, 6}, kInt(7), kUInt(2), {1, 1, 1, 1, 3}, {}, 2}, 6)},
  });
}

/// Thresholds [1, height, width, channels, steps] behind a padded window: the outermost lines and
/// columns have their own.
Ints bordered_rows(const Shape& t, std::uint64_t seed) {
  const std::int64_t height = t[1], width = t[2], block = t[3] * t[4];
  const Ints classes = random_rows({9, t[3], t[4]}, -20, 150, seed);
  const auto side = [](std::int64_t at, std::int64_t size) {
    return at == 0 ? 0 : at == size - 1 ? 2 : 1;
  };
  Ints values;
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      const auto from = classes.begin() + (side(y, height) * 3 + side(x, width)) * block;
      values.insert(values.end(), from, from + block);
    }
  return values;
}

Graph bordered(Shape x, std::int64_t t_channels, std::int64_t steps, std::int64_t pe,
               const std::string& style, const std::string& ram, std::uint64_t seed) {
  const Shape t = {1, x[1], x[2], t_channels, steps};
  return thresholding({std::move(x), kInt(8), kUInt(4), t, bordered_rows(t, seed), pe, style, ram});
}

TEST(Thresholding, KeepsTheRowsOfEveryClassOfPixelsOnce) {
  const Graph graph = bordered({1, 7, 9, 6}, 6, 3, 2, "comparators", "distributed", 1);
  const Layer layer = build_layer(node_of(graph));
  const auto words = [&](const std::string& name) {
    for (const MemoryImage& image : layer.images)
      if (image.name() == name) return image.words();
    return std::int64_t{0};
  };
  EXPECT_EQ(words("thresholds.hex"), 9 * 6 / 2);
  EXPECT_EQ(words("lines.hex"), 7);
  EXPECT_EQ(words("columns.hex"), 9);
}

TEST(Thresholding, EqualsGoldenForThresholdsOfABorder) {
  expect_equal_to_golden({
      {"per channel", bordered({1, 7, 9, 6}, 6, 3, 2, "comparators", "distributed", 1)},
      {"all lanes", bordered({1, 4, 5, 6}, 6, 3, 6, "comparators", "distributed", 2)},
      {"one lane, search", bordered({1, 5, 4, 3}, 3, 7, 1, "search", "distributed", 3)},
      {"block", bordered({1, 6, 6, 4}, 4, 7, 2, "search", "block", 4)},
      {"one row for all channels", bordered({1, 5, 5, 4}, 1, 3, 2, "comparators", "auto", 5)},
      {"a single line", bordered({1, 1, 6, 4}, 4, 3, 2, "comparators", "auto", 6)},
      {"a single column", bordered({1, 6, 1, 4}, 4, 3, 2, "comparators", "auto", 7)},
      {"lines without columns, rank 3",
       random_case({{1, 5, 6}, kInt(7), kUInt(2), {1, 5, 6, 3}, {}, 3}, 8)},
  });
}

TEST(Thresholding, DecidesTheStyleByTheNumberOfSteps) {
  EXPECT_EQ(threshold_style("auto", 3), "comparators");
  EXPECT_EQ(threshold_style("auto", 4), "search");
  EXPECT_EQ(threshold_style("comparators", 255), "comparators");
  EXPECT_EQ(threshold_style("search", 1), "search");
}

TEST(Thresholding, RefusesWhatTheHardwareCannotDo) {
  const auto graph = [](DataType in, DataType out, std::int64_t pe, const std::string& style) {
    return random_case({{1, 2, 2, 6}, in, out, {6, 3}, {}, pe, style}, 1);
  };
  expect_refusal(graph(kInt(4), kUInt(2), 4, "auto"), "PE = 4 does not divide its 6 channels");
  expect_refusal(thresholding({{1, 2}, kInt(64), kUInt(1), {1, 1}, {0}, 1}), "more than 63");
  expect_refusal(graph(kInt(4), kUInt(2), 2, "hls"), "choose auto, comparators or search");
  expect_refusal(random_case({{1, 2}, kInt(20), kUInt(17), {1, 65536}, {}, 1}, 1),
                 "65536 thresholds per channel");
}

TEST(Thresholding, RefusesScalesOtherThanItsHardwares) {
  NodeGraph g;
  Thresholding op;
  op.levels = {kUInt(3), 3, 0};
  Tensor* x = g.input({1, 2}, kInt(4));
  const Graph graph = g.node(op, {x, g.constant({1, 2}, {0, 1})}, {kUInt(3)});
  expect_refusal(graph, "out_scale is 3");
}

}  // namespace thresholding_test
}  // namespace assay::hw::test
