// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/index_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "compile/base/error.h"
#include "compile/graph/ops.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;
using ::testing::ElementsAre;

/// One node over inputs of known shapes, its output's shape given by hand.
class OneNode {
 public:
  Tensor* input(Shape shape) {
    return inputs_.emplace_back(graph_.add_input("x", std::move(shape)));
  }
  void constant(Ints values) {
    const auto n = static_cast<std::int64_t>(values.size());
    inputs_.push_back(graph_.add_constant("c", Constant({n}, std::move(values))));
  }
  void constant(std::vector<float> values) {
    const auto n = static_cast<std::int64_t>(values.size());
    inputs_.push_back(graph_.add_constant("c", Constant({n}, std::move(values))));
  }
  void left_out() { inputs_.push_back(nullptr); }
  template <typename T>
  std::optional<IndexMap> map(T op, Shape out) {
    Tensor* output = graph_.add(std::make_unique<T>(std::move(op)), inputs_);
    output->shape = std::move(out);
    return index_map(*output->producer);
  }

 private:
  Graph graph_;
  std::vector<Tensor*> inputs_;
};

template <typename T>
Ints sources(T op, Shape in, Shape out) {
  OneNode node;
  node.input(std::move(in));
  return node.map(std::move(op), std::move(out)).value().source;
}

TEST(IndexMap, KeepsTheOrderWhereOnlyTheShapeChanges) {
  OneNode node;
  node.input({1, 2, 3});
  const auto map = node.map(ops::Flatten{}, {1, 6}).value();
  EXPECT_EQ(map.shape, (Shape{1, 6}));
  EXPECT_THAT(map.source, ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(map.inputs, ElementsAre(0));
  EXPECT_EQ(sources(ops::Identity{}, {3}, {3}), (Ints{0, 1, 2}));
  OneNode reshape;
  reshape.input({4});
  reshape.constant(Ints{2, 2});
  EXPECT_EQ(reshape.map(ops::Reshape{}, {2, 2}).value().source, (Ints{0, 1, 2, 3}));
}

TEST(IndexMap, IsAbsentForAnOperatorThatComputes) {
  OneNode node;
  node.input({2});
  EXPECT_FALSE(node.map(ops::Relu{}, {2}).has_value());
  OneNode gather;
  gather.input({2});
  gather.input({1});
  EXPECT_FALSE(gather.map(ops::Gather{}, {1}).has_value());
}

TEST(IndexMap, TransposesAxes) {
  ops::Transpose op;
  op.perm = {0, 2, 1};
  EXPECT_EQ(sources(op, {1, 2, 3}, {1, 3, 2}), (Ints{0, 3, 1, 4, 2, 5}));
}

TEST(IndexMap, ConcatenatesInputsOneAfterTheOther) {
  OneNode node;
  node.input({2, 1});
  node.input({2, 2});
  const auto map = node.map(ops::Concat{}, {2, 3}).value();
  EXPECT_THAT(map.source, ElementsAre(0, 2, 3, 1, 4, 5));
  EXPECT_THAT(map.inputs, ElementsAre(0, 1));
}

TEST(IndexMap, PadsAndCrops) {
  OneNode node;
  node.input({2, 2});
  node.constant(Ints{1, 0, 0, 1});
  node.constant(std::vector<float>{0.5F});
  const auto map = node.map(ops::Pad{}, {3, 3}).value();
  EXPECT_THAT(map.source, ElementsAre(-1, -1, -1, 0, 1, -1, 2, 3, -1));
  EXPECT_EQ(map.padding, Real::of(0.5));
  OneNode crop;
  crop.input({4});
  crop.constant(Ints{-1, 1});
  EXPECT_THAT(crop.map(ops::Pad{}, {4}).value().source, ElementsAre(1, 2, 3, -1));
}

TEST(IndexMap, GathersWithNegativeIndices) {
  OneNode node;
  node.input({2, 3});
  node.constant(Ints{-1, 0});
  ops::Gather op;
  op.axis = 1;
  EXPECT_THAT(node.map(op, {2, 2}).value().source, ElementsAre(2, 0, 5, 3));
}

TEST(IndexMap, RefusesAnIndexOutsideOfTheAxis) {
  OneNode node;
  node.input({3});
  node.constant(Ints{3});
  EXPECT_THROW(node.map(ops::Gather{}, {1}), UserError);
}

TEST(IndexMap, RefusesAnUnknownShape) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1});
  x->shape.reset();
  Tensor* y = graph.add(std::make_unique<ops::Identity>(), {x});
  EXPECT_THROW(index_map(*y->producer), UserError);
}

TEST(IndexMap, MovesDepthToSpaceInBothOrders) {
  ops::DepthToSpace op;
  op.blocksize = 2;
  // Eight channels of one pixel become two channels of 2x2: DCR takes every second channel.
  EXPECT_EQ(sources(op, {1, 8, 1, 1}, {1, 2, 2, 2}), (Ints{0, 2, 4, 6, 1, 3, 5, 7}));
  op.mode = "CRD";
  EXPECT_EQ(sources(op, {1, 8, 1, 1}, {1, 2, 2, 2}), (Ints{0, 1, 2, 3, 4, 5, 6, 7}));
}

struct ResizeCase {
  const char *coordinates, *nearest;
  std::int64_t from, to;
  Ints expected;
};

TEST(IndexMap, ResizesInEveryMode) {
  const std::vector<ResizeCase> cases = {
      {"half_pixel", "round_prefer_floor", 2, 4, {0, 0, 1, 1}},
      // (x + 0.5) * 4/3 - 0.5 = 0.17, 1.5, 2.83: the tie goes down or up.
      {"half_pixel", "round_prefer_floor", 4, 3, {0, 1, 3}},
      {"half_pixel", "round_prefer_ceil", 4, 3, {0, 2, 3}},
      {"half_pixel", "floor", 4, 3, {0, 1, 2}},
      {"half_pixel", "ceil", 4, 3, {1, 2, 3}},
      {"asymmetric", "floor", 2, 5, {0, 0, 0, 1, 1}},
      {"asymmetric", "ceil", 2, 4, {0, 1, 1, 1}},
      {"asymmetric", "round_prefer_floor", 2, 4, {0, 0, 1, 1}},
      {"asymmetric", "round_prefer_ceil", 2, 4, {0, 1, 1, 1}},
      {"align_corners", "round_prefer_floor", 3, 5, {0, 0, 1, 1, 2}},
      {"align_corners", "round_prefer_ceil", 3, 5, {0, 1, 1, 2, 2}},
      {"align_corners", "floor", 3, 1, {0}},
      // A single output takes coordinate 0 instead of (0.5 * 4 - 0.5) = 1.5.
      {"pytorch_half_pixel", "ceil", 4, 1, {0}},
      {"half_pixel", "ceil", 4, 1, {2}},
      {"tf_half_pixel_for_nn", "floor", 2, 4, {0, 0, 1, 1}},
      {"half_pixel_symmetric", "round_prefer_floor", 2, 4, {0, 0, 1, 1}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.coordinates) + " " + c.nearest);
    OneNode node;
    node.input({c.from});
    node.left_out();
    node.left_out();
    node.constant(Ints{c.to});
    ops::Resize op;
    op.coordinate_transformation_mode = c.coordinates;
    op.nearest_mode = c.nearest;
    EXPECT_EQ(node.map(op, {c.to}).value().source, c.expected);
  }
}

TEST(IndexMap, ResizesByScalesThatAreNotTheRatioOfSizes) {
  OneNode node;
  node.input({4});
  node.left_out();
  node.constant(std::vector<float>{0.6F});  // 4 * 0.6 = 2.4: two outputs, at 0.33 and 2.0
  EXPECT_THAT(node.map(ops::Resize{}, {2}).value().source, ElementsAre(0, 2));
  OneNode symmetric;  // the rounded-off 0.4 is shared by both ends: 0.67 and 2.33 instead
  symmetric.input({4});
  symmetric.left_out();
  symmetric.constant(std::vector<float>{0.6F});
  ops::Resize op;
  op.coordinate_transformation_mode = "half_pixel_symmetric";
  op.nearest_mode = "floor";
  EXPECT_THAT(symmetric.map(op, {2}).value().source, ElementsAre(0, 2));
}

TEST(IndexMap, DecidesResizeTiesOnTheExactFloatScale) {
  // fl(1/3) lies above 1/3, so 1.5/fl(1/3) - 0.5 = 3.9999998...: floor sees the difference.
  OneNode node;
  node.input({9});
  node.left_out();
  node.constant(std::vector<float>{1.0F / 3});
  ops::Resize op;
  op.nearest_mode = "floor";
  EXPECT_THAT(node.map(op, {3}).value().source, ElementsAre(0, 3, 6));
}

TEST(IndexMap, RefusesResizeModesThatAreNotNearest) {
  OneNode node;
  node.input({2});
  node.left_out();
  node.left_out();
  node.constant(Ints{4});
  ops::Resize op;
  op.mode = "linear";
  EXPECT_THROW(node.map(op, {4}), UserError);
}

ops::Im2Col im2col(Ints kernel, Ints stride, Ints pad, Ints dilation) {
  ops::Im2Col op;
  op.kernel_size = std::move(kernel);
  op.stride = std::move(stride);
  op.pad_amount = std::move(pad);
  op.dilations = std::move(dilation);
  return op;
}

TEST(IndexMap, UnfoldsWindowsChannelsInnermost) {
  // A 2x2 image of two channels, one window: (kh, kw, c).
  EXPECT_EQ(sources(im2col({2, 2}, {1, 1}, {0, 0, 0, 0}, {1, 1}), {1, 2, 2, 2}, {1, 1, 1, 8}),
            (Ints{0, 1, 2, 3, 4, 5, 6, 7}));
  // Padded above by one row and on the right by one column, 1x2 kernel.
  EXPECT_EQ(sources(im2col({1, 2}, {1, 1}, {1, 0, 0, 1}, {1, 1}), {1, 1, 2, 1}, {1, 2, 2, 2}),
            (Ints{-1, -1, -1, -1, 0, 1, 1, -1}));
  // Padded below by one row, though another image follows.
  EXPECT_EQ(sources(im2col({2, 1}, {1, 1}, {0, 0, 1, 0}, {1, 1}), {2, 2, 1, 1}, {2, 2, 1, 2}),
            (Ints{0, 1, 1, -1, 2, 3, 3, -1}));
  // Dilation 2 reaches over the neighbour; stride 2.
  EXPECT_EQ(sources(im2col({1, 2}, {1, 2}, {0, 0, 0, 0}, {1, 2}), {1, 1, 5, 1}, {1, 1, 2, 2}),
            (Ints{0, 2, 2, 4}));
}

TEST(IndexMap, UnfoldsEveryImageOfABatch) {
  EXPECT_EQ(sources(im2col({1, 2}, {1, 1}, {0, 0, 0, 0}, {1, 1}), {2, 1, 3, 1}, {2, 1, 2, 2}),
            (Ints{0, 1, 1, 2, 3, 4, 4, 5}));
}

TEST(IndexMap, CarriesThePadValueOfIm2Col) {
  OneNode node;
  node.input({1, 1, 1, 1});
  auto op = im2col({1, 1}, {1, 1}, {0, 0, 0, 1}, {1, 1});
  op.pad_value = -1;
  const auto map = node.map(op, {1, 1, 2, 1}).value();
  EXPECT_EQ(map.padding, Real(-1));
  EXPECT_THAT(map.source, ElementsAre(0, -1));
}

}  // namespace
}  // namespace assay
