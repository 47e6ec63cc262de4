// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace join_threshold_test {

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;
const DataType kBipolar = DataType::bipolar(), kTernary = DataType::ternary();
using ::testing::HasSubstr;

struct Spec {
  Shape x;
  std::vector<DataType> in;
  DataType out;
  std::int64_t pe = 1;
  std::int64_t steps = 3;
  bool shared = false;  ///< one row of thresholds for all channels
  std::int64_t bias = 0;
  std::string ram = "auto";
};

Graph join(const Spec& spec, Tensor* (*m)(NodeGraph&, const Spec&, const Ints&), Shape t_lead,
           const Ints& multipliers, Ints thresholds, std::int64_t table_min) {
  NodeGraph g;
  JoinThreshold op;
  const bool bipolar = spec.out == kBipolar;
  op.levels = {spec.out, bipolar ? 2 : 1, bipolar ? -1 : spec.bias};
  op.pe = spec.pe;
  op.table_min = table_min;
  op.ram_style = spec.ram;
  t_lead.push_back(spec.steps);
  std::vector<Tensor*> inputs = {g.constant(t_lead, std::move(thresholds), kInt(64)),
                                 m(g, spec, multipliers)};
  for (const DataType& dtype : spec.in) inputs.push_back(g.input(spec.x, dtype));
  return g.node(op, inputs, {spec.out});
}

/// Leading axes of parameters: 1, and the channels unless one row serves all.
Shape lead(const Spec& spec, bool shared) {
  Shape shape(spec.x.size(), 1);
  if (!shared) shape.back() = spec.x.back();
  return shape;
}

void sort_rows(Ints& values, std::int64_t steps) {
  for (std::int64_t at = 0; at < std::ssize(values); at += steps)
    std::sort(values.begin() + at, values.begin() + at + steps);
}

Graph table(const Spec& spec, std::int64_t table_min, std::int64_t entries, Ints thresholds) {
  Shape t = lead(spec, spec.shared);
  t.push_back(entries);
  return join(
      spec, [](NodeGraph&, const Spec&, const Ints&) -> Tensor* { return nullptr; }, t, {},
      std::move(thresholds), table_min);
}

/// A table for every value of X1 and, below and above, some more.
Graph random_table(const Spec& spec, std::uint64_t seed) {
  const std::int64_t low = spec.in[1].min() - 1, entries = spec.in[1].max() - low + 2;
  Ints t = random_values((spec.shared ? 1 : spec.x.back()) * entries * spec.steps,
                         kInt(spec.in[0].bits + 2), seed);
  sort_rows(t, spec.steps);
  return table(spec, low, entries, std::move(t));
}

/// As many multipliers as streams serve all channels.
Graph line(const Spec& spec, const Ints& multipliers, Ints thresholds) {
  const auto m = [](NodeGraph& g, const Spec& s, const Ints& values) {
    const bool shared = values.size() == s.in.size();
    Shape shape = lead(s, shared);
    shape.push_back(std::ssize(s.in));
    return g.constant(shape, values, kInt(64));
  };
  return join(spec, m, lead(spec, spec.shared), multipliers, std::move(thresholds), 0);
}

Graph random_line(const Spec& spec, bool one_row, DataType multiplier, std::uint64_t seed) {
  const std::int64_t n = std::ssize(spec.in);
  const Ints m = random_values((one_row ? 1 : spec.x.back()) * n, multiplier, seed);
  Ints t = random_values((spec.shared ? 1 : spec.x.back()) * spec.steps,
                         kInt(multiplier.bits + spec.in[0].bits), seed + 1);
  sort_rows(t, spec.steps);
  return line(spec, m, std::move(t));
}

void expect_refusal(const Graph& graph, const std::string& message) {
  try {
    build_layer(node_of(graph));
    FAIL() << "not refused";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

TEST(JoinThreshold, ChoosesTheThresholdsByTheSecondStream) {
  // For X1 = -1: 2, 5; for 0: 0, 1; for 1: never, never.
  const std::vector<Ints> inputs = {{2, 4, 0, 1, 7, 5}, {-1, -1, 0, 0, 1, -1}};
  const std::vector<Ints> counts = {{1, 1, 1, 2, 0, 2}};
  const Graph graph =
      table({{1, 6}, {kUInt(3), kTernary}, kUInt(2), 2, 2, true}, -1, 3, {2, 5, 0, 1, 8, 9});
  EXPECT_EQ(golden_outputs(graph, inputs), counts);
  EXPECT_EQ(rtl_outputs(graph, inputs), counts);
}

TEST(JoinThreshold, ComparesAWeightedSum) {
  // Channel 0: 3 X0 - 2 X1 against -1, 4; channel 1: X0 + X1 against 0, 5.
  const std::vector<Ints> inputs = {{1, 1, 0, 2, 3, 3}, {2, -2, 1, 3, 2, -1}};
  const std::vector<Ints> counts = {{1, 0, 0, 2, 2, 1}};  // sums: -1, -1, -2, 5, 5, 2
  const Graph graph =
      line({{1, 3, 2}, {kUInt(2), kInt(3)}, kUInt(2), 1, 2}, {3, -2, 1, 1}, {-1, 4, 0, 5});
  EXPECT_EQ(golden_outputs(graph, inputs), counts);
  EXPECT_EQ(rtl_outputs(graph, inputs), counts);
}

TEST(JoinThreshold, EqualsGoldenForAllTables) {
  expect_equal_to_golden({
      {"unsigned", random_table({{1, 4, 4, 6}, {kUInt(4), kUInt(2)}, kUInt(2), 2}, 1)},
      {"one row", random_table({{1, 4, 4, 6}, {kInt(4), kInt(3)}, kUInt(2), 3, 3, true}, 2)},
      {"search", random_table({{1, 4, 4, 6}, {kInt(6), kInt(3)}, kInt(4), 3, 15, false, -8}, 3)},
      {"search, one row",
       random_table({{1, 4, 4, 6}, {kInt(6), kUInt(3)}, kUInt(3), 2, 7, true}, 4)},
      {"all lanes", random_table({{1, 4, 4, 6}, {kInt(6), kUInt(4)}, kUInt(3), 6, 6}, 5)},
      {"one lane", random_table({{1, 4, 4, 6}, {kUInt(6), kInt(4)}, kUInt(2), 1}, 6)},
      {"bipolar chooses", random_table({{1, 4, 4, 6}, {kUInt(6), kBipolar}, kUInt(2), 2}, 7)},
      {"bipolar compared", random_table({{1, 4, 4, 6}, {kBipolar, kInt(2)}, kUInt(1), 2, 1}, 8)},
      {"binary chooses", random_table({{1, 4, 4, 6}, {kUInt(6), kUInt(1)}, kBipolar, 2, 1}, 9)},
      {"ternary", random_table({{1, 4, 4, 6}, {kTernary, kTernary}, kUInt(2), 3}, 10)},
      {"wide", random_table({{1, 4, 4, 2}, {kInt(40), kUInt(8)}, kUInt(2), 1}, 11)},
      {"block",
       random_table({{1, 4, 4, 4}, {kInt(20), kUInt(6)}, kUInt(3), 2, 7, false, 0, "block"}, 12)},
      {"one channel", random_table({{1, 3, 5, 1}, {kUInt(4), kUInt(4)}, kUInt(4), 1, 15}, 13)},
  });
}

TEST(JoinThreshold, EqualsGoldenForAllLines) {
  const auto kU = kUInt;
  expect_equal_to_golden({
      {"per channel", random_line({{1, 4, 4, 6}, {kU(4), kInt(4)}, kU(2), 2}, false, kInt(6), 1)},
      {"one row of multipliers",
       random_line({{1, 4, 4, 6}, {kU(4), kInt(4)}, kU(2), 3}, true, kInt(6), 2)},
      {"one row of thresholds",
       random_line({{1, 4, 4, 6}, {kU(4), kInt(4)}, kU(2), 3, 3, true}, false, kInt(6), 3)},
      {"one row of both",
       random_line({{1, 4, 4, 6}, {kU(4), kInt(2)}, kU(2), 2, 3, true}, true, kInt(6), 4)},
      {"three streams",
       random_line({{1, 4, 4, 6}, {kU(4), kInt(3), kInt(5)}, kU(3), 6, 7}, false, kInt(6), 5)},
      {"eight streams",
       random_line({{1, 4, 4, 6},
                    {kU(1), kInt(2), kU(3), kInt(4), kBipolar, kTernary, kU(7), kInt(8)},
                    kInt(4),
                    2,
                    15,
                    false,
                    -8},
                   false, kInt(5), 6)},
      {"bipolar",
       random_line({{1, 4, 4, 6}, {kBipolar, kBipolar}, kBipolar, 3, 1}, false, kInt(6), 7)},
      {"wide sums", random_line({{1, 4, 4, 6}, {kU(16), kInt(16)}, kU(2), 1}, false, kInt(44), 8)},
      {"62 bits", random_line({{1, 4, 4, 4}, {kU(2), kInt(2)}, kU(2), 2}, false, kInt(59), 9)},
      {"multipliers of one bit",
       random_line({{1, 4, 4, 6}, {kU(4), kInt(4)}, kU(2), 2}, false, kInt(1), 10)},
      {"all zero", line({{1, 4, 4, 6}, {kU(4), kInt(4)}, kU(2), 2, 3, true}, {0, 0}, {-1, 0, 1})},
      {"one channel",
       random_line({{1, 3, 5, 1}, {kU(4), kU(4)}, kU(4), 1, 15}, false, kInt(3), 11)},
  });
}

TEST(JoinThreshold, RefusesWhatTheHardwareCannotDo) {
  expect_refusal(random_table({{1, 6}, {kUInt(4), kUInt(2)}, kUInt(2), 4}, 1),
                 "PE = 4 does not divide its 6 channels");
  expect_refusal(random_table({{1, 1}, {kUInt(4), kUInt(13)}, kUInt(1), 1, 1}, 1),
                 "indexed by UINT13");
  expect_refusal(
      line({{1, 1}, {kInt(32), kInt(8)}, kUInt(1), 1, 1}, {std::int64_t{1} << 40, 1}, {0}),
      "more than 63; scale its multipliers down");
  const std::vector<DataType> nine(9, kUInt(2));
  expect_refusal(random_line({{1, 6}, nine, kUInt(2), 2}, true, kInt(3), 1), "joins 9 streams");
}

}  // namespace join_threshold_test
}  // namespace assay::hw::test
