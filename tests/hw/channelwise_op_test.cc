// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace channelwise_op_test {

struct Case {
  std::string function;
  Shape shape;
  DataType in, out;
  Ints constants;
  std::int64_t pe = 1;
  std::string ram_style = "auto";
};

Graph apply(const Case& s) {
  NodeGraph g;
  Tensor* x = g.input(s.shape, s.in);
  Tensor* p = g.constant({static_cast<std::int64_t>(s.constants.size())}, s.constants);
  ChannelwiseOp op;
  op.function = s.function;
  op.pe = s.pe;
  op.ram_style = s.ram_style;
  return g.node(op, {x, p}, {s.out});
}

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;

void expect_results(const Case& setup, const Ints& input, const Ints& expected) {
  const Graph graph = apply(setup);
  EXPECT_EQ(golden_outputs(graph, {input}), std::vector<Ints>{expected});
  EXPECT_EQ(rtl_outputs(graph, {input}), std::vector<Ints>{expected});
}

TEST(ChannelwiseOp, AddsAConstantPerChannel) {
  expect_results({"add", {1, 1, 2, 3}, kInt(4), kInt(8), {10, -20, 0}}, {-8, 7, 3, 0, -1, -3},
                 {2, -13, 3, 10, -21, -3});
}

TEST(ChannelwiseOp, MultipliesByAConstantPerChannel) {
  expect_results({"mul", {1, 1, 2, 2}, kUInt(4), kInt(8), {-3, 5}, 2}, {15, 15, 0, 1},
                 {-45, 75, 0, 5});
}

TEST(ChannelwiseOp, TakesTheLargerOrSmaller) {
  const Ints input = {-8, -8, 0, 0, 7, 7};
  expect_results({"max", {1, 1, 3, 2}, kInt(4), kInt(4), {-2, 3}}, input, {-2, 3, 0, 3, 7, 7});
  expect_results({"min", {1, 1, 3, 2}, kInt(4), kInt(4), {-2, 3}}, input, {-8, -8, -2, 0, -2, 3});
}

TEST(ChannelwiseOp, EqualsGoldenForAllTypesAndFoldings) {
  const Ints six = {3, -7, 0, 12, -1, 5}, positive = {1, 7, 3, 2, 9, 4};
  std::vector<LayerCase> cases;
  const auto add = [&](const std::string& name, const Case& setup) {
    cases.push_back({name, apply(setup)});
  };
  for (const std::int64_t pe : {1, 2, 6})
    for (const std::string function : {"add", "mul", "max", "min"})
      add(function + std::to_string(pe), {function, {1, 3, 3, 6}, kInt(5), kInt(9), six, pe});
  add("unsigned", {"mul", {1, 3, 4, 6}, kUInt(8), kUInt(12), positive, 3});
  add("unsigned with signed", {"add", {1, 3, 4, 6}, kUInt(8), kInt(10), six, 3});
  add("unsigned at most", {"min", {1, 3, 4, 6}, kUInt(3), kUInt(3), positive, 2});
  add("unsigned against signed", {"max", {1, 3, 4, 6}, kUInt(3), kUInt(4), six, 2});
  add("one constant", {"add", {1, 3, 4, 6}, kInt(8), kInt(9), {-77}, 2});
  add("bipolar", {"mul", {1, 3, 4, 6}, DataType::bipolar(), kInt(5), six, 3});
  add("bipolar and more", {"max", {1, 3, 4, 6}, DataType::bipolar(), kInt(5), six, 1});
  add("binary", {"add", {1, 3, 4, 6}, kUInt(1), kInt(5), six, 1});
  add("wide", {"mul", {1, 2, 2, 2}, kInt(24), kInt(48), {8388607, -8388608}, 1});
  add("block", {"add", {1, 3, 3, 6}, kInt(5), kInt(6), six, 2, "block"});
  add("block, one word", {"max", {1, 3, 3, 6}, kInt(5), kInt(5), six, 6, "block"});
  expect_equal_to_golden(std::move(cases));
}

TEST(ChannelwiseOp, KeepsOneWordForAConstantOfAllChannels) {
  const Graph graph = apply({"add", {1, 2, 2, 6}, kInt(8), kInt(9), {-77}, 2});
  const Layer layer = build_layer(node_of(graph));
  ASSERT_EQ(layer.images.size(), 1U);
  EXPECT_EQ(layer.images[0].name(), "parameters.hex");
  EXPECT_EQ(layer.images[0].hex(), "b3b3\n");  // -77 in 8 bits, once per lane
}

TEST(ChannelwiseOp, RefusesAFoldingThatDoesNotDivide) {
  const Graph graph = apply({"add", {1, 2, 2, 6}, kInt(8), kInt(9), {-77}, 4});
  try {
    build_layer(node_of(graph));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("PE = 4 does not divide its 6 channels"));
  }
}

TEST(ChannelwiseOp, RefusesABipolarOutput) {
  const Graph graph = apply({"min", {1, 2}, kInt(2), DataType::bipolar(), {1}});
  EXPECT_THROW(build_layer(node_of(graph)), UserError);
}

}  // namespace channelwise_op_test
}  // namespace assay::hw::test
