// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/adder_graph.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

namespace assay::hw::test {
namespace adder_graph_test {

using Kind = Adder::Kind;
using Ints = std::vector<std::int64_t>;
constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;

void expect_adder(const AdderGraph& graph, std::size_t n, Kind kind, std::int64_t a, std::int64_t b,
                  int shift, AdderRange range) {
  ASSERT_LT(n, graph.adders.size());
  const Adder& adder = graph.adders[n];
  EXPECT_EQ(adder.kind, kind) << n;
  EXPECT_EQ(adder.a, a) << n;
  EXPECT_EQ(adder.b, b) << n;
  EXPECT_EQ(adder.shift, shift) << n;
  EXPECT_EQ(adder.range, range) << n;
}

TEST(AdderGraph, OfTwoByTwo) {
  // x0 + x1 and x0 - x1: nothing is the same.
  const Ints sums = {1, 1,  //
                     1, -1};
  const auto graph = adder_graph(sums, 2, kUInt(2));
  ASSERT_EQ(graph->adders.size(), 2U);
  EXPECT_EQ(graph->stages, 0);
  for (const AdderOutput& output : graph->outputs) {
    EXPECT_EQ(output.shift, 0);
    EXPECT_FALSE(output.negative);
  }
  expect_adder(*graph, static_cast<std::size_t>(graph->outputs[0].operand - 2), Kind::kAdd, 0, 1, 0,
               {0, 6});
  expect_adder(*graph, static_cast<std::size_t>(graph->outputs[1].operand - 2), Kind::kSubtract, 0,
               1, 0, {-3, 3});
}

TEST(AdderGraph, SharesWhatRowsHaveInCommon) {
  // x0 + x1 + x2, its first two times 2, and times -4.
  const Ints w = {1, 2, -4,  //
                  1, 2, -4,  //
                  1, 0, 0};
  const auto graph = adder_graph(w, 3, kUInt(3));
  ASSERT_EQ(graph->adders.size(), 2U);
  expect_adder(*graph, 0, Kind::kAdd, 0, 1, 0, {0, 14});
  expect_adder(*graph, 1, Kind::kAdd, 2, 3, 0, {0, 21});
  EXPECT_EQ(graph->outputs[0], (AdderOutput{4, 0, false, {0, 21}, 0}));
  EXPECT_EQ(graph->outputs[1], (AdderOutput{3, 1, false, {0, 28}, 0}));
  EXPECT_EQ(graph->outputs[2], (AdderOutput{3, 2, true, {-56, 0}, 0}));
  EXPECT_EQ(graph->adders[1].level, 2);
  EXPECT_EQ(graph->adder_bits(), 4 + 5 + 7);  // the negative one takes an adder, too
}

TEST(AdderGraph, TakesCanonicalDigits) {
  const auto seven = adder_graph(Ints{7}, 1, kUInt(2));
  ASSERT_EQ(seven->adders.size(), 1U);
  expect_adder(*seven, 0, Kind::kReverse, 0, 0, 3, {0, 21});
  const auto minus_seven = adder_graph(Ints{-7}, 1, kUInt(2));
  ASSERT_EQ(minus_seven->adders.size(), 1U);
  expect_adder(*minus_seven, 0, Kind::kSubtract, 0, 0, 3, {-21, 0});
  EXPECT_EQ(adder_graph(Ints{5}, 1, kInt(3))->adders[0].range, (AdderRange{-20, 15}));
  EXPECT_EQ(adder_graph(Ints{3}, 1, DataType::bipolar())->adders[0].range, (AdderRange{-3, 3}));
}

TEST(AdderGraph, HasNothingForZerosAndPowersOfTwo) {
  const Ints w = {0, 0, 4,  //
                  0, 0, 0};
  const auto graph = adder_graph(w, 3, kUInt(4));
  EXPECT_TRUE(graph->adders.empty());
  EXPECT_EQ(graph->outputs[0].operand, -1);
  EXPECT_EQ(graph->outputs[2], (AdderOutput{0, 2, false, {0, 60}, 0}));
  EXPECT_EQ(graph->delays(), (std::vector<int>{0, -1}));
  EXPECT_EQ(graph->adder_bits(), 0);
  EXPECT_EQ(graph->register_bits(), 0);
}

TEST(AdderRange, HasTheBitsForItsBounds) {
  EXPECT_EQ((AdderRange{0, 0}.bits()), 1);
  EXPECT_EQ((AdderRange{0, 15}.bits()), 4);
  EXPECT_EQ((AdderRange{0, 16}.bits()), 5);
  EXPECT_EQ((AdderRange{-1, 0}.bits()), 1);
  EXPECT_EQ((AdderRange{-1, 1}.bits()), 2);
  EXPECT_EQ((AdderRange{-8, 7}.bits()), 4);
  EXPECT_EQ((AdderRange{-9, 0}.bits()), 5);
}

Ints random_weights(std::int64_t count, int bits, std::mt19937& random) {
  const std::int64_t end = std::int64_t{1} << (bits - 1);
  std::uniform_int_distribution<std::int64_t> value(-end, std::max<std::int64_t>(end - 1, 0));
  Ints weights;
  for (std::int64_t i = 0; i < count; ++i) weights.push_back(value(random));
  return weights;
}

/// What the adders give, one after the other, as numbers.
Ints outputs_of(const AdderGraph& graph, Ints values) {
  for (const Adder& n : graph.adders) {
    const std::int64_t a = values[static_cast<std::size_t>(n.a)],
                       b = values[static_cast<std::size_t>(n.b)] * (std::int64_t{1} << n.shift);
    const std::int64_t sum = n.kind == Kind::kAdd        ? a + b
                             : n.kind == Kind::kSubtract ? a - b
                                                         : b - a;
    EXPECT_LE(n.range.low, sum);
    EXPECT_GE(n.range.high, sum);
    values.push_back(sum);
  }
  Ints result;
  for (const AdderOutput& o : graph.outputs) {
    const std::int64_t value =
        o.operand < 0 ? 0
                      : values[static_cast<std::size_t>(o.operand)] * (std::int64_t{1} << o.shift);
    result.push_back(o.negative ? -value : value);
  }
  return result;
}

TEST(AdderGraph, IsTheMatrixForAllShapesAndWidths) {
  std::mt19937 random(1);
  for (int round = 0; round < 48; ++round) {
    const int bits = 1 + round % 8;
    const auto columns = static_cast<std::int64_t>(1 + random() % 20),
               rows = static_cast<std::int64_t>(1 + random() % 12);
    const DataType input = round % 3 == 0   ? kInt(1 + round % 7)
                           : round % 3 == 1 ? kUInt(1 + round % 9)
                                            : DataType::bipolar();
    Ints w = random_weights(columns * rows, bits, random);
    for (std::int64_t r = 0; r < rows; ++r) w[static_cast<std::size_t>(r)] = 0;
    SCOPED_TRACE(fmt::format("{} x {}, {} bits, {}", columns, rows, bits, input.name()));
    const auto graph = adder_graph(w, rows, input);
    EXPECT_TRUE(is_product(*graph, w, rows, input));
    for (int sample = 0; sample < 4; ++sample) {
      Ints x, expected(static_cast<std::size_t>(rows));
      for (std::int64_t c = 0; c < columns; ++c) {
        x.push_back(sample == 0   ? input.min()
                    : sample == 1 ? input.max()
                                  : input.min() + static_cast<std::int64_t>(random() % 2) *
                                                      (input.max() - input.min()));
        for (std::int64_t r = 0; r < rows; ++r)
          expected[static_cast<std::size_t>(r)] +=
              x.back() * w[static_cast<std::size_t>(c * rows + r)];
      }
      EXPECT_EQ(outputs_of(*graph, x), expected);
    }
  }
}

/// Additions one behind the other that no register parts.
int longest_chain(const AdderGraph& graph) {
  std::vector<int> chain(static_cast<std::size_t>(graph.inputs), 0);
  int longest = 0;
  for (const Adder& n : graph.adders) {
    int before = 0;
    for (const std::int64_t operand : {n.a, n.b})
      if (operand >= graph.inputs ? graph.stage(operand) == n.stage : n.stage == 0)
        before = std::max(before, chain[static_cast<std::size_t>(operand)]);
    chain.push_back(before + 1);
    longest = std::max(longest, before + 1);
  }
  return longest;
}

TEST(AdderGraph, HasARegisterAfterAFewAdders) {
  std::mt19937 random(2);
  for (const std::int64_t columns : {2, 9, 40}) {
    const Ints w = random_weights(columns * 10, 8, random);
    const auto graph = adder_graph(w, 10, kUInt(4));
    EXPECT_LE(longest_chain(*graph), kAddersPerStage);
    int levels = 0;
    for (const Adder& n : graph->adders) levels = std::max(levels, n.level);
    EXPECT_EQ(graph->stages, (levels - 1) / kAddersPerStage);
  }
}

TEST(AdderGraph, TakesLessThanWithoutSharing) {
  std::mt19937 random(3);
  const Ints w = random_weights(32 * 32, 4, random);
  // A multiplier as CSD takes an adder per digit but one, a row one per product but one.
  std::int64_t digits = 0;
  for (std::int64_t v : w)
    for (; v != 0; v /= 2)
      if (v % 2 != 0) {
        ++digits;
        v -= (v & 3) == 3 ? -1 : 1;
      }
  const auto graph = adder_graph(w, 32, kUInt(4));
  EXPECT_LT(3 * std::ssize(graph->adders), 2 * (digits - 32));
}

TEST(AdderGraph, CutsLargeMatricesIntoParts) {
  std::mt19937 random(4);
  const Ints w = random_weights(700 * 6, 4, random);
  const auto graph = adder_graph(w, 6, kUInt(2));  // 6 rows of about 900 digits: 2.5 million pairs
  EXPECT_TRUE(is_product(*graph, w, 6, kUInt(2)));
}

TEST(AdderGraph, IsKnownByWhatItIs) {
  const Ints w = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(adder_graph(w, 2, kUInt(4))->module(), adder_graph(w, 2, kUInt(4))->module());
  const std::string module = adder_graph(w, 2, kUInt(4))->module();
  EXPECT_TRUE(module.starts_with("assay_adder_graph_"));
  EXPECT_NE(adder_graph(w, 3, kUInt(4))->module(), module);
  EXPECT_NE(adder_graph(w, 2, kUInt(5))->module(), module);
  EXPECT_NE(adder_graph(w, 2, kInt(4))->module(), module);
}

TEST(AdderGraphProof, FindsEveryFault) {
  std::mt19937 random(5);
  const Ints w = random_weights(12 * 6, 6, random);
  const AdderGraph good = *adder_graph(w, 6, kUInt(3));
  ASSERT_TRUE(is_product(good, w, 6, kUInt(3)));
  ASSERT_GT(good.stages, 0);
  const std::function<void(AdderGraph&, Adder&)> faults[] = {
      [](AdderGraph&, Adder& n) { n.kind = n.kind == Kind::kAdd ? Kind::kSubtract : Kind::kAdd; },
      [](AdderGraph&, Adder& n) { n.shift += 1; },
      [](AdderGraph& g, Adder& n) { n.a = (n.a + 1) % g.inputs; },
      [](AdderGraph& g, Adder& n) { n.b = n.b == 0 ? 1 % g.inputs : 0; },
      [](AdderGraph&, Adder& n) { n.range.high -= 1; },
      [](AdderGraph&, Adder& n) { n.stage = -1; },
      [](AdderGraph& g, Adder& n) { n.stage = g.stages + 1; },
      [](AdderGraph& g, Adder& n) { n.a = g.inputs + std::ssize(g.adders); }};
  for (std::size_t n = 0; n < good.adders.size(); ++n)
    for (std::size_t f = 0; f < std::size(faults); ++f) {
      AdderGraph graph = good;
      faults[f](graph, graph.adders[n]);
      if (graph.adders[n] == good.adders[n]) continue;
      EXPECT_FALSE(is_product(graph, w, 6, kUInt(3))) << "fault " << f << " in adder " << n;
    }
  for (std::size_t r = 0; r < good.outputs.size(); ++r) {
    AdderGraph graph = good;
    graph.outputs[r].negative = !graph.outputs[r].negative;
    EXPECT_FALSE(is_product(graph, w, 6, kUInt(3))) << r;
    graph = good;
    graph.outputs[r].shift += 1;
    EXPECT_FALSE(is_product(graph, w, 6, kUInt(3))) << r;
  }
  Ints other = w;
  other[7] += 1;
  EXPECT_FALSE(is_product(good, other, 6, kUInt(3)));
  EXPECT_FALSE(is_product(good, w, 6, kUInt(4)));
}

}  // namespace adder_graph_test
}  // namespace assay::hw::test
