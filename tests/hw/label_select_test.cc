// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace label_select_test {

struct Case {
  std::int64_t classes, k, pe;
  DataType in;
  bool largest = true;
  DataType index = DataType::uint(8);
  bool values = false;
};

Graph select(const Case& s) {
  NodeGraph g;
  Tensor* x = g.input({1, s.classes}, s.in);
  LabelSelect op;
  op.k = s.k;
  op.pe = s.pe;
  op.largest = s.largest;
  return g.node(op, {x}, {s.values ? s.in : DataType::float32(), s.index});
}

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;

void expect_results(const Case& setup, const Ints& input, const std::vector<Ints>& expected) {
  const Graph graph = select(setup);
  EXPECT_EQ(golden_outputs(graph, {input}), expected);
  EXPECT_EQ(rtl_outputs(graph, {input}), expected);
}

TEST(LabelSelect, FindsTheLargestAndTheFirstOfEquals) {
  expect_results({6, 1, 1, kInt(8)}, {-5, 3, 100, 7, 100, -128}, {{2}});
  expect_results({6, 3, 2, kInt(8)}, {-5, 3, 100, 7, 100, -128}, {{2, 4, 3}});
}

TEST(LabelSelect, FindsTheSmallestAndTheFirstOfEquals) {
  expect_results({6, 4, 3, kInt(4), false}, {-5, 3, -8, 7, -8, 3}, {{2, 4, 0, 1}});
}

TEST(LabelSelect, GivesTheValuesWhereTheyAreAskedFor) {
  expect_results({4, 4, 1, kUInt(4), true, kUInt(2), true}, {9, 15, 0, 9},
                 {{15, 9, 9, 0}, {1, 0, 3, 2}});
}

TEST(LabelSelect, OrdersBipolarElements) {
  expect_results({4, 3, 2, DataType::bipolar()}, {-1, 1, -1, 1}, {{1, 3, 0}});
}

TEST(LabelSelect, EqualsGoldenForAllTypesAndFoldings) {
  std::vector<LayerCase> cases;
  const auto add = [&](const std::string& name, const Case& setup) {
    cases.push_back({name, select(setup)});
  };
  for (const std::int64_t k : {1, 2, 5, 12})
    for (const std::int64_t pe : {1, 3, 12})
      add("k " + std::to_string(k) + ", PE " + std::to_string(pe), {12, k, pe, kInt(4)});
  add("smallest", {12, 5, 2, kInt(4), false});
  add("unsigned", {12, 5, 2, kUInt(3)});
  add("smallest unsigned", {12, 5, 4, kUInt(3), false});
  add("bipolar", {12, 5, 4, DataType::bipolar()});
  add("ternary", {12, 5, 4, DataType::ternary(), false});
  add("binary, with values", {12, 5, 3, kUInt(1), true, kUInt(4), true});
  add("wide, with values", {10, 3, 2, kInt(40), true, kInt(64), true});
  add("signed index", {10, 3, 2, kInt(9), true, kInt(5)});
  add("many classes", {100, 5, 1, kInt(11), true, kUInt(7)});
  add("one class", {1, 1, 1, kInt(5), true, kUInt(1), true});
  expect_equal_to_golden(std::move(cases), {.frames = 5});
}

void expect_refused(const Case& setup, const std::string& message) {
  const Graph graph = select(setup);
  try {
    build_layer(node_of(graph));
    FAIL() << message;
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(message));
  }
}

TEST(LabelSelect, RefusesAFoldingThatDoesNotDivide) {
  expect_refused({10, 1, 3, kInt(8)}, "PE = 3 does not divide its 10 classes");
}

TEST(LabelSelect, RefusesATypeThatCannotHoldTheIndices) {
  expect_refused({10, 1, 1, kInt(8), true, kUInt(3)}, "cannot hold the index 9");
}

}  // namespace label_select_test
}  // namespace assay::hw::test
