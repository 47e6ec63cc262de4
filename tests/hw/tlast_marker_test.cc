// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace tlast_marker_test {

Graph mark(Shape shape, DataType dtype, std::int64_t lanes, DataType out) {
  NodeGraph g;
  Tensor* x = g.input(std::move(shape), dtype);
  TLastMarker op;
  op.lanes = lanes;
  return g.node(op, {x}, {out});
}

Graph mark(Shape shape, DataType dtype, std::int64_t lanes) {
  return mark(std::move(shape), dtype, lanes, dtype);
}

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;

TEST(TLastMarker, HasOneMoreBitForTheLastBeat) {
  const Graph graph = mark({1, 1, 2, 3}, kInt(4), 3);
  const Layer layer = build_layer(node_of(graph));
  EXPECT_FALSE(layer.inputs[0].last);
  EXPECT_TRUE(layer.outputs[0].last);
  EXPECT_EQ(layer.outputs[0].bits(), 13);
  EXPECT_EQ(layer.outputs[0].beats, 2);
}

TEST(TLastMarker, PassesTheElementsOn) {
  const Graph graph = mark({1, 1, 2, 3}, kInt(4), 1);
  const Ints input = {-8, 7, 0, -1, 5, 3};
  EXPECT_EQ(golden_outputs(graph, {input}), std::vector<Ints>{input});
  EXPECT_EQ(rtl_outputs(graph, {input}), std::vector<Ints>{input});
}

TEST(TLastMarker, MarksExactlyTheLastBeatOfEveryFrame) {  // expected beats have the bit
  expect_equal_to_golden(
      {
          {"one beat", mark({1, 8}, kInt(4), 8)},
          {"two beats", mark({1, 8}, kInt(4), 4)},
          {"three beats", mark({1, 3, 1, 4}, kUInt(7), 4)},
          {"64 beats", mark({1, 8, 8, 2}, kInt(4), 2)},
          {"100 beats", mark({1, 100}, DataType::bipolar(), 1)},
          {"whole bytes", mark({1, 5, 8}, kUInt(8), 8)},
          {"wide", mark({1, 5, 9}, kInt(33), 9)},
      },
      {.frames = 5});
}

TEST(TLastMarker, RefusesToChangeTheDataType) {
  const Graph graph = mark({1, 8}, kInt(4), 8, kInt(5));
  EXPECT_THROW(build_layer(node_of(graph)), UserError);
}

}  // namespace tlast_marker_test
}  // namespace assay::hw::test
