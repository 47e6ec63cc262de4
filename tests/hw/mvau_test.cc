// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/mvau.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace mvau_test {

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;
const DataType kBipolar = DataType::bipolar(), kTernary = DataType::ternary();
using ::testing::HasSubstr;

struct Spec {
  Shape x;
  DataType in, weight;
  std::int64_t mh = 1, pe = 1, simd = 1;
  std::int64_t steps = 0;  ///< 0: no thresholds
  bool shared = false;     ///< one row for all channels
  DataType out = DataType::uint(2);
  std::string style = "auto", memory = "embedded", ram = "auto";
  bool xnor = false;
};

/// The type of every sum.
DataType sum_type(const Spec& spec) {
  const std::int64_t n = spec.x.back();
  if (spec.xnor) return DataType::smallest_for(0, n);
  const std::int64_t corners[] = {
      spec.in.min() * spec.weight.min(), spec.in.min() * spec.weight.max(),
      spec.in.max() * spec.weight.min(), spec.in.max() * spec.weight.max()};
  const auto [low, high] = std::ranges::minmax(corners);
  return DataType::smallest_for(std::min<std::int64_t>(n * low, 0),
                                std::max<std::int64_t>(n * high, 0));
}

/// Sorted rows around zero, where random sums are.
Ints threshold_rows(std::int64_t rows, std::int64_t steps, DataType sum, std::uint64_t seed) {
  Ints values = random_values(rows * steps, sum, seed);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (i % 5 != 0) values[i] = (sum.min() + sum.max()) / 2 + values[i] / 6;
  for (std::int64_t at = 0; at < rows * steps; at += steps)
    std::sort(values.begin() + at, values.begin() + at + steps);
  return values;
}

Graph mvau(const Spec& spec, Ints weights, Ints thresholds) {
  NodeGraph g;
  MVAU op;
  op.acc_dtype = sum_type(spec);
  op.pe = spec.pe;
  op.simd = spec.simd;
  op.mem_mode = spec.memory;
  op.ram_style = spec.ram;
  op.preferred_impl_style = spec.style;
  op.xnor = spec.xnor;
  const DataType out = spec.steps > 0 ? spec.out : op.acc_dtype;
  if (out == kBipolar)
    op.levels = {out, 2, -1};
  else
    op.levels = {out, 1, out.is_signed() ? out.min() : 0};
  std::vector<Tensor*> inputs = {
      g.input(spec.x, spec.in),
      g.constant({spec.x.back(), spec.mh}, std::move(weights), spec.weight)};
  if (spec.steps > 0)
    inputs.push_back(
        g.constant({spec.shared ? 1 : spec.mh, spec.steps}, std::move(thresholds), kInt(64)));
  return g.node(op, inputs, {out});
}

Graph mvau(const Spec& spec, std::uint64_t seed) {
  return mvau(spec, random_values(spec.x.back() * spec.mh, spec.weight, seed),
              threshold_rows(spec.shared ? 1 : spec.mh, spec.steps, sum_type(spec), seed + 1));
}

void expect_refusal(const Graph& graph, const std::string& message) {
  try {
    build_layer(node_of(graph));
    FAIL() << "not refused";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

TEST(MVAU, MultipliesAMatrixByAVector) {
  //             row 0  row 1          x = 3 0 1 2:  3 - 2 - 4 = -3,  -6 + 1 - 4 = -9
  const Ints w = {1,  -2,  // x = 1 1 1 1:  1 - 1 - 2 - 2 = -4, -2 + 1 + 1 - 2 = -2
                  -1, 1,  -2, 1, -2, -2};
  const std::vector<Ints> inputs = {{3, 0, 1, 2, 1, 1, 1, 1}}, sums = {{-3, -9, -4, -2}};
  const Spec spec{{1, 2, 4}, kUInt(2), kInt(2), 2, 1, 2};
  const Graph graph = mvau(spec, w, {});
  EXPECT_EQ(golden_outputs(graph, inputs), sums);
  EXPECT_EQ(rtl_outputs(graph, inputs), sums);
}

TEST(MVAU, CountsEqualBits) {
  const std::vector<Ints> inputs = {{1, 0, 1, 1}}, counts = {{3, 1}};
  Spec spec{{1, 4}, kUInt(1), kUInt(1), 2, 2, 2};
  spec.xnor = true;
  const Graph graph = mvau(spec, {1, 0, 0, 0, 1, 0, 0, 0}, {});
  EXPECT_EQ(golden_outputs(graph, inputs), counts);
  EXPECT_EQ(rtl_outputs(graph, inputs), counts);
}

TEST(MVAU, AppliesTheThresholdsOfItsRow) {
  const std::vector<Ints> inputs = {{1, -1, 1, 1}}, counts = {{2, 1}};  // sums: 2, -2
  Spec spec{{1, 4}, kBipolar, kBipolar, 2, 1, 4, 3};
  const Graph graph = mvau(spec, {1, -1, 1, 1, 1, 1, 1, -1}, {-1, 2, 3, -4, 0, 1});
  EXPECT_EQ(golden_outputs(graph, inputs), counts);
  EXPECT_EQ(rtl_outputs(graph, inputs), counts);
}

/// The reference grid: data types of weights and activations, with and without thresholds.
std::vector<LayerCase> type_cases(const std::vector<DataType>& activations, std::string style) {
  std::vector<LayerCase> cases;
  for (const DataType& in : activations)
    for (const DataType& weight :
         {kInt(2), kInt(4), kInt(8), kBipolar, kTernary, kUInt(1), kUInt(3)}) {
      const auto i = std::ssize(cases);
      Spec spec{{1, 3, 12}, in, weight, 6, 1 + i % 3, 1 + i % 4};
      if (i % 2 == 0) {
        spec.steps = 3;
        spec.shared = i % 4 == 0;
      }
      spec.style = style;
      cases.push_back(
          {in.name() + " by " + weight.name(), mvau(spec, static_cast<std::uint64_t>(i))});
    }
  return cases;
}

TEST(MVAU, EqualsGoldenForAllTypesByBitPlanes) {
  expect_equal_to_golden(
      type_cases({kUInt(1), kUInt(2), kInt(2), kInt(4), kBipolar, kTernary}, "popcount"));
}

TEST(MVAU, EqualsGoldenForAllTypesByMultipliers) {
  expect_equal_to_golden(type_cases({kInt(4), kUInt(8), kBipolar, kTernary}, "lut"));
}

TEST(MVAU, EqualsGoldenForAllFoldings) {
  std::vector<LayerCase> cases;
  for (const std::int64_t pe : {1, 2, 3, 6})
    for (const std::int64_t simd : {1, 3, 4, 12}) {
      Spec spec{{1, 2, 3, 12}, kUInt(2), kInt(2), 6, pe, simd};
      spec.steps = simd == 4 ? 0 : 3;
      cases.push_back({"PE " + std::to_string(pe) + " SIMD " + std::to_string(simd),
                       mvau(spec, static_cast<std::uint64_t>(pe))});
    }
  Spec wide{{1, 3, 192}, kUInt(2), kInt(2), 8, 4, 96};
  cases.push_back({"more than 64 lanes", mvau(wide, 1)});
  wide.style = "dsp";
  cases.push_back({"more than 64 multipliers", mvau(wide, 2)});
  wide = {{1, 3, 128}, kBipolar, kBipolar, 4, 2, 64};
  cases.push_back({"64 bipolar lanes", mvau(wide, 3)});
  for (const char* style : {"lut", "dsp"}) {
    wide = {{1, 3, 6}, kInt(48), kInt(4), 4, 2, 3};
    wide.style = style;
    cases.push_back({fmt::format("48 bits, {}", style), mvau(wide, 4)});
  }
  expect_equal_to_golden(std::move(cases));
}

/// Full groups of rows and a rest, fields that overlap and that do not.
TEST(MVAU, EqualsGoldenWithSeveralProductsInADspBlock) {
  std::vector<LayerCase> cases;
  const std::pair<DataType, DataType> types[] = {
      {kUInt(4), kInt(4)}, {kInt(4), kInt(4)},  {kUInt(8), kInt(8)},  {kInt(8), kInt(8)},
      {kUInt(2), kInt(2)}, {kUInt(3), kInt(3)}, {kUInt(4), kUInt(4)}, {kInt(8), kInt(3)},
      {kUInt(2), kInt(8)}, {kUInt(5), kInt(5)}, {kUInt(8), kTernary}};
  for (const auto& [in, weight] : types)
    for (const std::int64_t pe : {3, 6, 12})
      for (const std::int64_t simd : {1, 2, 5}) {
        Spec spec{{1, 12, 10}, in, weight, 12, pe, simd};
        spec.style = "packed";
        spec.steps = simd == 2 ? 3 : 0;
        cases.push_back(
            {fmt::format("{} by {}, PE {}, SIMD {}", in.name(), weight.name(), pe, simd),
             mvau(spec, static_cast<std::uint64_t>(cases.size()))});
      }
  expect_equal_to_golden(std::move(cases));
}

/// A register stands between the third level of an adder tree and the fourth, and so on; those of
/// population counts add nines, and chains of DSP blocks have none.
TEST(MVAU, HasARegisterBehindEveryThirdLevelOfAdders) {
  const auto stages = [](const char* style, std::int64_t simd) {
    Spec spec{{1, simd}, kUInt(4), kInt(4), 8, 4, simd};
    spec.style = style;
    return std::get<ProductTiming>(build_layer(node_of(mvau(spec, 1))).timing).sum_stages;
  };
  for (const char* style : {"lut", "packed"}) {
    EXPECT_EQ(stages(style, 1), 3) << style;
    EXPECT_EQ(stages(style, 8), 3) << style;
    EXPECT_EQ(stages(style, 9), 4) << style;
    EXPECT_EQ(stages(style, 64), 4) << style;
    EXPECT_EQ(stages(style, 65), 5) << style;
  }
  EXPECT_EQ(stages("dsp", 64), 3);
  EXPECT_EQ(stages("popcount", 72), 3);
  EXPECT_EQ(stages("popcount", 73), 4);
  EXPECT_EQ(stages("popcount", 576), 4);
  EXPECT_EQ(stages("popcount", 577), 5);
}

TEST(MVAU, EqualsGoldenWithRegistersInItsAdderTree) {
  std::vector<LayerCase> cases;
  for (const char* style : {"lut", "packed"})
    for (const DataType& in : {kUInt(4), kInt(4)})
      for (const std::int64_t simd : {9, 23, 65}) {
        Spec spec{{1, 5, 2 * simd}, in, kInt(4), 6, 3, simd};
        spec.style = style;
        spec.steps = simd == 23 ? 3 : 0;
        cases.push_back({fmt::format("{} by INT4, {}, SIMD {}", in.name(), style, simd),
                         mvau(spec, static_cast<std::uint64_t>(cases.size()))});
      }
  expect_equal_to_golden(std::move(cases));
}

TEST(MVAU, EqualsGoldenWithCountsOfManyNines) {
  std::vector<LayerCase> cases;
  const auto add = [&](const DataType& in, const DataType& weight, std::int64_t simd) {
    Spec spec{{1, 5, 2 * simd}, in, weight, 2, 2, simd};
    spec.style = "popcount";
    cases.push_back({fmt::format("{} by {}, SIMD {}", in.name(), weight.name(), simd),
                     mvau(spec, static_cast<std::uint64_t>(cases.size()))});
  };
  add(kUInt(2), kInt(2), 17);
  add(kUInt(2), kInt(2), 73);  // with a register between levels, and of each plane's count
  add(kUInt(2), kBipolar, 73);
  add(kBipolar, kInt(2), 73);
  add(kBipolar, kBipolar, 577);
  expect_equal_to_golden(std::move(cases));
}

/// Thresholds `distance` apart, rows at different places.
Ints equidistant_rows(std::int64_t rows, std::int64_t steps, std::int64_t first,
                      std::int64_t distance, bool capped) {
  Ints values;
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t k = 0; k < steps; ++k)
      values.push_back(first + 3 * row + (capped && k > 4 ? 33 : k * distance));
  return values;
}

/// With and without thresholds, and registers between adders.
TEST(MVAU, EqualsGoldenAsAdders) {
  std::vector<LayerCase> cases;
  const auto add = [&](const std::string& name, Spec spec, std::int64_t inputs, std::int64_t steps,
                       std::int64_t distance) {
    spec.x = {1, 12, inputs};
    spec.mh = spec.pe = 6;
    spec.simd = inputs;
    spec.style = "adder_graph";
    spec.steps = steps;
    const auto seed = static_cast<std::uint64_t>(cases.size());
    const std::string shown =
        fmt::format("{} by {}, {} inputs, {}", spec.in.name(), spec.weight.name(), inputs, name);
    Ints w = random_values(inputs * 6, spec.weight, seed);
    Ints t = distance == 0 ? threshold_rows(6, steps, sum_type(spec), seed)
                           : equidistant_rows(6, steps, -steps * std::abs(distance) / 2,
                                              std::abs(distance), distance < 0);
    cases.push_back({shown, mvau(spec, std::move(w), std::move(t))});
  };
  const std::pair<DataType, DataType> types[] = {
      {kInt(8), kInt(8)}, {kBipolar, kBipolar}, {kUInt(2), kTernary}};
  for (const auto& [in, weight] : types) {
    Spec spec;
    spec.in = in;
    spec.weight = weight;
    add("sums", spec, 40, 0, 0);
    spec.out = kUInt(3);
    add("any thresholds", spec, 12, 7, 0);
    add("a line of thresholds", spec, 12, 7, 8);
    add("a line with a cap", spec, 12, 7, -8);
  }
  Spec spec;
  spec.in = kUInt(4);
  spec.weight = kInt(4);
  add("one input", spec, 1, 0, 0);
  spec.out = kInt(4);
  add("signed levels", spec, 30, 15, 16);
  spec.out = kBipolar;
  add("signs", spec, 30, 1, 2);
  expect_equal_to_golden(std::move(cases));
}

TEST(MVAU, EqualsGoldenForAllMemoriesAndOutputs) {
  std::vector<LayerCase> cases;
  const auto add = [&](std::string name, const Spec& spec) {
    cases.push_back({std::move(name), mvau(spec, static_cast<std::uint64_t>(cases.size()))});
  };
  Spec spec{{1, 5, 12}, kUInt(2), kInt(2), 6, 2, 3, 3};
  for (const char* memory : {"embedded", "decoupled", "external"}) {
    spec.memory = memory;
    spec.style = "popcount";
    add(std::string(memory) + ", planes", spec);
    spec.style = "lut";
    add(std::string(memory) + ", multipliers", spec);
    Spec fully{{1, 5, 12}, kUInt(2), kInt(2), 6, 6, 12};
    fully.memory = memory;
    add(std::string(memory) + ", not folded", fully);
  }
  spec.memory = "decoupled";
  spec.ram = "block";
  spec.style = "dsp";
  add("block", spec);
  spec = {{1, 5, 12}, kBipolar, kBipolar, 6, 2, 3, 1};
  spec.out = kBipolar;
  add("bipolar output", spec);
  spec = {{1, 5, 12}, kUInt(4), kInt(4), 6, 2, 3, 15};
  spec.out = kInt(4);
  add("signed output by search", spec);
  spec.steps = 255;
  spec.out = kUInt(8);
  add("8 bit output", spec);
  spec = {{1, 5, 12}, kUInt(1), kUInt(1), 6, 2, 3, 2};
  spec.xnor = true;
  add("xnor", spec);
  spec.steps = 0;
  spec.memory = "decoupled";
  add("xnor, sums", spec);
  spec = {{12}, kInt(8), kInt(8), 1, 1, 4};
  add("one vector, one row", spec);
  spec = {{1, 4, 6}, kInt(16), kInt(16), 4, 2, 3};
  add("wide elements", spec);
  expect_equal_to_golden(std::move(cases));
}

TEST(MVAU, DecidesTheStyleByTheWidths) {
  const auto style = [](DataType in, DataType weight) {
    return product_style(node_of(mvau({{1, 4}, in, weight, 2}, 1)));
  };
  EXPECT_EQ(style(kUInt(2), kInt(2)), "popcount");
  EXPECT_EQ(style(kBipolar, kInt(4)), "popcount");
  EXPECT_EQ(style(kUInt(3), kInt(2)), "lut");
  EXPECT_EQ(style(kUInt(8), kInt(2)), "lut");
  EXPECT_EQ(style(kUInt(4), kInt(4)), "dsp");
}

TEST(MVAU, RefusesWhatTheHardwareCannotDo) {
  const Spec good{{1, 12}, kUInt(2), kInt(2), 6, 2, 3};
  Spec spec = good;
  spec.pe = 4;
  expect_refusal(mvau(spec, 1), "PE = 4 does not divide its 6 output channels");
  spec = good;
  spec.simd = 5;
  expect_refusal(mvau(spec, 1), "SIMD = 5 does not divide its 12 inputs");
  spec = good;
  spec.style = "hls";
  expect_refusal(mvau(spec, 1), "choose auto, popcount, lut, dsp, packed or adder_graph");
  spec = good;
  spec.memory = "ultra";
  expect_refusal(mvau(spec, 1), "choose embedded, decoupled or external");
  spec = {{1, 12}, kUInt(1), kUInt(1), 6, 2, 3};
  spec.xnor = true;
  spec.style = "lut";
  expect_refusal(mvau(spec, 1), "xnor is made by popcount only");
  spec.style = "auto";
  spec.in = kUInt(2);
  expect_refusal(mvau(spec, 1), "xnor takes BINARY");
  spec = {{1, 12}, kInt(3), kInt(4), 6, 2, 3};
  spec.style = "packed";
  expect_refusal(mvau(spec, 1), "no two products of INT3 by INT4 fit a DSP block; set");
  spec = good;
  spec.style = "adder_graph";
  expect_refusal(mvau(spec, 1),
                 "an adder_graph is the whole matrix at once; set PE to 6 and SIMD to 12");
  spec.pe = 6;
  spec.simd = 12;
  spec.memory = "decoupled";
  expect_refusal(mvau(spec, 1),
                 "its weights are decoupled, an adder_graph is made of constants; set");
  spec.memory = "external";
  expect_refusal(mvau(spec, 1), "its weights are external");
  spec = {{1, 12}, kInt(40), kInt(18), 6, 6, 12};
  spec.style = "adder_graph";
  expect_refusal(mvau(spec, 1), "the sums of its adder_graph may exceed 61 bits");
  spec = {{1, 12}, kUInt(1), kUInt(1), 6, 6, 12};
  spec.xnor = true;
  spec.style = "adder_graph";
  expect_refusal(mvau(spec, 1), "xnor is made by popcount only");
  spec = {{1, 2}, kInt(49), kInt(2), 6};
  expect_refusal(mvau(spec, 1), "more than 48 bits");
}

}  // namespace mvau_test
}  // namespace assay::hw::test
