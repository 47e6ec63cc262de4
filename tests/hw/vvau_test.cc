// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace vvau_test {

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;
const DataType kBipolar = DataType::bipolar(), kTernary = DataType::ternary();
using ::testing::HasSubstr;

struct Spec {
  Shape pixels;
  std::int64_t taps = 1, channels = 1;
  DataType in, weight;
  std::int64_t pe = 1, simd = 1;
  std::int64_t steps = 0;  ///< 0: no thresholds
  bool shared = false;     ///< one row for all channels
  std::string style = "auto", memory = "embedded", ram = "auto";
};

DataType sum_type(const Spec& spec) {
  const std::int64_t corners[] = {
      spec.in.min() * spec.weight.min(), spec.in.min() * spec.weight.max(),
      spec.in.max() * spec.weight.min(), spec.in.max() * spec.weight.max()};
  const auto [low, high] = std::ranges::minmax(corners);
  return DataType::smallest_for(std::min<std::int64_t>(spec.taps * low, 0),
                                std::max<std::int64_t>(spec.taps * high, 0));
}

Graph vvau(const Spec& spec, Ints weights, Ints thresholds) {
  NodeGraph g;
  VVAU op;
  op.acc_dtype = sum_type(spec);
  op.pe = spec.pe;
  op.simd = spec.simd;
  op.mem_mode = spec.memory;
  op.ram_style = spec.ram;
  op.preferred_impl_style = spec.style;
  const DataType out = spec.steps > 0 ? DataType::smallest_for(0, spec.steps) : op.acc_dtype;
  op.levels = {out, 1, 0};
  Shape x = spec.pixels;
  x.push_back(spec.taps * spec.channels);
  std::vector<Tensor*> inputs = {
      g.input(x, spec.in), g.constant({spec.taps, spec.channels}, std::move(weights), spec.weight)};
  if (spec.steps > 0)
    inputs.push_back(
        g.constant({spec.shared ? 1 : spec.channels, spec.steps}, std::move(thresholds), kInt(64)));
  return g.node(op, inputs, {out});
}

Graph vvau(const Spec& spec, std::uint64_t seed) {
  const std::int64_t rows = spec.shared ? 1 : spec.channels;
  Ints thresholds = random_values(rows * spec.steps, sum_type(spec), seed + 1);
  for (std::int64_t& t : thresholds) t /= 2;
  for (std::int64_t at = 0; at < std::ssize(thresholds); at += spec.steps)
    std::sort(thresholds.begin() + at, thresholds.begin() + at + spec.steps);
  return vvau(spec, random_values(spec.taps * spec.channels, spec.weight, seed),
              std::move(thresholds));
}

void expect_refusal(const Graph& graph, const std::string& message) {
  try {
    build_layer(node_of(graph));
    FAIL() << "not refused";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

TEST(VVAU, WeighsEveryChannelByItself) {
  // Channels 0 1 | 2 3, for both groups the taps 0 and 1 of PE = 2 channels.
  const Ints weights = {1,  -1, 1, -2,   // tap 0
                        -1, 1,  0, -2};  // tap 1
  const std::vector<Ints> inputs = {{1, 2, 3, 0, 1, 2, 3, 3}};
  const std::vector<Ints> sums = {{1 - 3, -2 + 0, 1 + 0, -4 - 6}};
  for (const std::int64_t simd : {1, 2}) {
    const Graph graph = vvau({{1}, 2, 4, kUInt(2), kInt(2), 2, simd}, weights, {});
    EXPECT_EQ(golden_outputs(graph, inputs), sums);
    EXPECT_EQ(rtl_outputs(graph, inputs), sums);
  }
}

TEST(VVAU, EqualsGoldenForAllKernelsAndFoldings) {
  std::vector<LayerCase> cases;
  for (const std::int64_t kernel : {1, 2, 3, 4, 5})
    for (const std::int64_t pe : {1, 2, 6})
      for (const std::int64_t simd : {std::int64_t{1}, kernel, kernel * kernel}) {
        if (kernel == 1 && simd > 1) continue;
        Spec spec{{1, 2, 3}, kernel * kernel, 6, kUInt(2), kInt(2), pe, simd};
        spec.steps = cases.size() % 2 == 0 ? 3 : 0;
        spec.style = cases.size() % 3 == 0 ? "lut" : "popcount";
        cases.push_back({"kernel " + std::to_string(kernel) + ", PE " + std::to_string(pe) +
                             ", SIMD " + std::to_string(simd),
                         vvau(spec, cases.size())});
      }
  expect_equal_to_golden(std::move(cases));
}

TEST(VVAU, EqualsGoldenForAllTypesStylesAndMemories) {
  std::vector<LayerCase> cases;
  const char* memories[] = {"embedded", "decoupled", "external"};
  const char* styles[] = {"popcount", "lut", "dsp"};
  for (const DataType& in : {kUInt(1), kUInt(4), kInt(4), kInt(8), kBipolar, kTernary})
    for (const DataType& weight : {kInt(4), kBipolar, kTernary, kUInt(2)}) {
      const std::size_t i = cases.size();
      Spec spec{{1, 2, 2}, 9, 4, in, weight, 2, 3};
      spec.steps = i % 2 == 0 ? 5 : 0;
      spec.shared = i % 4 == 0;
      spec.memory = memories[i % 3];
      spec.style = styles[i / 4 % 3];
      cases.push_back({in.name() + " by " + weight.name() + ", " + spec.style + ", " + spec.memory,
                       vvau(spec, i)});
    }
  Spec block{{1, 2, 2}, 9, 72, kUInt(4), kInt(8), 1, 3};
  block.memory = "decoupled";
  block.ram = "block";
  cases.push_back({"block", vvau(block, 1)});
  expect_equal_to_golden(std::move(cases));
}

TEST(VVAU, RefusesFoldingsThatDoNotDivide) {
  expect_refusal(vvau({{1, 2}, 9, 6, kUInt(2), kInt(2), 4, 1}, 1),
                 "PE = 4 does not divide its 6 output channels");
  expect_refusal(vvau({{1, 2}, 9, 6, kUInt(2), kInt(2), 2, 2}, 1),
                 "SIMD = 2 does not divide its 9 taps");
}

}  // namespace vvau_test
}  // namespace assay::hw::test
