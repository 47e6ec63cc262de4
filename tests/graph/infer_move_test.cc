// SPDX-License-Identifier: Apache-2.0
// Shapes of pools and of operators that move data, worked by hand; shape arithmetic.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "compile/base/error.h"
#include "graph/infer_case.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kMinInt = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMaxInt = std::numeric_limits<std::int64_t>::max();

template <typename T>
T pool(ops::Window w, bool ceil_mode = false) {
  T op;
  op.window = std::move(w);
  op.ceil_mode = ceil_mode;
  return op;
}

template <typename T>
class InferPool : public ::testing::Test {};
using Pools = ::testing::Types<ops::MaxPool, ops::AveragePool>;
TYPED_TEST_SUITE(InferPool, Pools);

TYPED_TEST(InferPool, WorksOutStridesAndPads) {
  EXPECT_EQ(shape_of(pool<TypeParam>(square(2, 2)), {Shape{1, 4, 8, 8}}), (Shape{1, 4, 4, 4}));
  EXPECT_EQ(shape_of(pool<TypeParam>(square(2, 2)), {Shape{1, 4, 9, 8}}), (Shape{1, 4, 4, 4}));
  EXPECT_EQ(shape_of(pool<TypeParam>(square(3, 2, 1)), {Shape{1, 4, 8, 7}}), (Shape{1, 4, 4, 4}));
  // Rows (5 + 1 + 0 - 2) / 1 + 1 = 5; columns (6 + 0 + 1 - 3) / 3 + 1 = 2.
  EXPECT_EQ(
      shape_of(pool<TypeParam>(window({2, 3}, {1, 3}, {1, 0, 0, 1}, {1, 1})), {Shape{2, 1, 5, 6}}),
      (Shape{2, 1, 5, 2}));
  EXPECT_EQ(shape_of(pool<TypeParam>(window({3}, {2}, {0, 0}, {1})), {Shape{1, 2, 7}}),
            (Shape{1, 2, 3}));
}

TYPED_TEST(InferPool, RoundsUpInCeilModeButNotIntoThePadding) {
  // (7 - 2) / 2 = 2.5: a fourth window starts at 6, inside the input.
  EXPECT_EQ(shape_of(pool<TypeParam>(square(2, 2), true), {Shape{1, 1, 7, 8}}),
            (Shape{1, 1, 4, 4}));
  // Kernel 1, stride 3, size 5: windows start at 0 and 3; a third would start at 6.
  EXPECT_EQ(shape_of(pool<TypeParam>(square(1, 3), true), {Shape{1, 1, 5, 5}}),
            (Shape{1, 1, 2, 2}));
  // Size 4, pads 1+1, kernel 2, stride 3: (4 + 2 - 2) / 3 rounds up to 2, a third window would
  // start at 2*3 - 1 = 5, in the end padding.
  EXPECT_EQ(shape_of(pool<TypeParam>(square(2, 3, 1), true), {Shape{1, 1, 4, 4}}),
            (Shape{1, 1, 2, 2}));
}

TYPED_TEST(InferPool, RefusesWhatDoesNotFit) {
  EXPECT_THAT(refusal(pool<TypeParam>(square(5)), {Shape{1, 1, 4, 4}}), HasSubstr("does not fit"));
  EXPECT_THAT(refusal(pool<TypeParam>(square(2, 1, 2)), {Shape{1, 1, 4, 4}}),
              HasSubstr("pads must be smaller than the kernel"));
  EXPECT_THAT(refusal(pool<TypeParam>(square(2)), {Shape{4, 4}}), HasSubstr("spatial axes"));
  EXPECT_THAT(refusal(pool<TypeParam>(square(2, 0)), {Shape{1, 1, 4, 4}}), HasSubstr("positive"));
  // A window of padding alone has no element.
  EXPECT_THAT(refusal(pool<TypeParam>(square(3, 1, 2)), {Shape{1, 1, 0, 4}}), HasSubstr("padding"));
}

TEST(InferPool, DilatesMaximaOnly) {
  EXPECT_EQ(shape_of(pool<ops::MaxPool>(square(3, 1, 0, 2)), {Shape{1, 1, 8, 8}}),
            (Shape{1, 1, 4, 4}));
  EXPECT_EQ(shape_of(pool<ops::MaxPool>(square(2, 1, 1, 2)), {Shape{1, 1, 3, 3}}),
            (Shape{1, 1, 3, 3}));
  EXPECT_THAT(refusal(pool<ops::AveragePool>(square(3, 1, 0, 2)), {Shape{1, 1, 8, 8}}),
              HasSubstr("dilations must be 1"));
  // Taps at -1 and 1 around a single element.
  EXPECT_THAT(refusal(pool<ops::MaxPool>(square(2, 1, 1, 2)), {Shape{1, 1, 1, 1}}),
              HasSubstr("padding"));
}

TEST(InferMaxPoolNHWC, PoolsTheMiddleAxes) {
  EXPECT_EQ(shape_of(pool<ops::MaxPoolNHWC>(square(2, 2)), {Shape{1, 8, 6, 5}}),
            (Shape{1, 4, 3, 5}));
  EXPECT_EQ(shape_of(pool<ops::MaxPoolNHWC>(square(2, 2), true), {Shape{1, 7, 6, 5}}),
            (Shape{1, 4, 3, 5}));
  EXPECT_THAT(refusal(pool<ops::MaxPoolNHWC>(window({2}, {2}, {0, 0}, {1})), {Shape{1, 8, 5}}),
              HasSubstr("[N,H,W,C]"));
}

TEST(InferGlobalAveragePool, LeavesOneElementPerChannel) {
  EXPECT_EQ(shape_of(ops::GlobalAveragePool{}, {Shape{2, 5, 7, 3}}), (Shape{2, 5, 1, 1}));
  EXPECT_EQ(shape_of(ops::GlobalAveragePool{}, {Shape{2, 5, 7}}), (Shape{2, 5, 1}));
  EXPECT_THAT(refusal(ops::GlobalAveragePool{}, {Shape{2, 5}}), HasSubstr("spatial axes"));
}

TEST(InferQuantAvgPool2d, PoolsByLayout) {
  ops::QuantAvgPool2d op;
  op.kernel = 3;
  op.stride = 2;
  op.ibits = 4;
  op.obits = 4;
  EXPECT_EQ(shape_of(op, {Shape{1, 8, 7, 9}}), (Shape{1, 8, 3, 4}));
  op.data_layout = Layout::kNHWC;
  EXPECT_EQ(shape_of(op, {Shape{1, 7, 9, 8}}), (Shape{1, 3, 4, 8}));
  EXPECT_THAT(refusal(op, {Shape{1, 2, 9, 8}}), HasSubstr("does not fit"));
  EXPECT_THAT(refusal(op, {Shape{1, 8, 7}}), HasSubstr("four axes"));
  op.ibits = 33;
  EXPECT_THAT(refusal(op, {Shape{1, 7, 9, 8}}), HasSubstr("out of range"));
}

TEST(InferQuantAvgPool2d, ShiftsTheWidestSumIntoTheOutput) {
  ops::QuantAvgPool2d op;
  op.kernel = 4;
  op.ibits = 4;  // 15 * 16 = 240 has 8 bits
  op.obits = 4;
  EXPECT_EQ(op.shift(), 4);
  op.obits = 8;
  EXPECT_EQ(op.shift(), 0);
  op.obits = 9;
  EXPECT_EQ(op.shift(), 0);
  op.kernel = 3;  // 15 * 9 = 135 has 8 bits
  op.obits = 2;
  EXPECT_EQ(op.shift(), 6);
}

TEST(InferFlatten, SplitsAtItsAxis) {
  const auto flattened = [](std::int64_t axis) {
    ops::Flatten op;
    op.axis = axis;
    return shape_of(op, {Shape{2, 3, 4, 5}});
  };
  EXPECT_EQ(flattened(1), (Shape{2, 60}));
  EXPECT_EQ(flattened(0), (Shape{1, 120}));
  EXPECT_EQ(flattened(4), (Shape{120, 1}));
  EXPECT_EQ(flattened(-1), (Shape{24, 5}));
  ops::Flatten op;
  op.axis = 5;
  EXPECT_THAT(refusal(op, {Shape{2, 3, 4, 5}}), HasSubstr("axis 5 is outside"));
}

TEST(InferReshape, CopiesAndInfersAxes) {
  const Given x = Shape{2, 3, 4};
  EXPECT_EQ(shape_of(ops::Reshape{}, {x, ints({6, 4})}), (Shape{6, 4}));
  EXPECT_EQ(shape_of(ops::Reshape{}, {x, ints({0, -1})}), (Shape{2, 12}));
  EXPECT_EQ(shape_of(ops::Reshape{}, {x, ints({-1})}), (Shape{24}));
  EXPECT_EQ(shape_of(ops::Reshape{}, {Shape{1, 1}, ints({})}), (Shape{}));
  ops::Reshape zero;
  zero.allowzero = true;
  EXPECT_EQ(shape_of(zero, {Shape{0, 3}, ints({3, 0})}), (Shape{3, 0}));
}

TEST(InferReshape, RefusesOtherElementCounts) {
  const Given x = Shape{2, 3, 4};
  for (const Ints& shape : {Ints{5, 5}, Ints{-1, 5}, Ints{}, Ints{25}, Ints{-1, 0, 0, 4}})
    EXPECT_NE(refusal(ops::Reshape{}, {x, ints(shape)}), "") << shape_text(shape);
  EXPECT_THAT(refusal(ops::Reshape{}, {x, ints({-1, -1})}), HasSubstr("not valid"));
  EXPECT_THAT(refusal(ops::Reshape{}, {x, ints({-2, 12})}), HasSubstr("not valid"));
  EXPECT_THAT(refusal(ops::Reshape{}, {x, ints({kMaxInt, kMaxInt})}), HasSubstr("not valid"));
  EXPECT_THAT(refusal(ops::Reshape{}, {x, ints({2, 3, 4, 0})}), HasSubstr("copies an axis"));
  EXPECT_THAT(refusal(ops::Reshape{}, {x, floats({24})}), HasSubstr("must hold integers"));
  EXPECT_THAT(refusal(ops::Reshape{}, {x, Shape{2}}), HasSubstr("must be a constant"));
  ops::Reshape zero;
  zero.allowzero = true;
  EXPECT_THAT(refusal(zero, {Shape{0, 3}, ints({0, -1})}), HasSubstr("does not reshape"));
}

TEST(InferTranspose, PermutesItsAxes) {
  ops::Transpose op;
  op.perm = {0, 2, 3, 1};
  EXPECT_EQ(shape_of(op, {Shape{1, 3, 8, 9}}), (Shape{1, 8, 9, 3}));
  EXPECT_EQ(container_of(op, {Given(Shape{1, 3, 8, 9}, Container::kUInt8)}), Container::kUInt8);
  for (const Ints& perm : {Ints{0, 1}, Ints{0, 1, 2, 2}, Ints{1, 2, 3, 4}, Ints{-1, 0, 1, 2}}) {
    op.perm = perm;
    EXPECT_THAT(refusal(op, {Shape{1, 3, 8, 9}}), HasSubstr("is no permutation"));
  }
}

TEST(InferConcat, AddsUpOneAxis) {
  ops::Concat op;
  EXPECT_EQ(shape_of(op, {Shape{1, 3, 4}, Shape{1, 5, 4}, Shape{1, 1, 4}}), (Shape{1, 9, 4}));
  op.axis = -1;
  EXPECT_EQ(shape_of(op, {Shape{1, 3}, Shape{1, 5}}), (Shape{1, 8}));
  EXPECT_THAT(refusal(op, {Shape{1, 3}, Shape{2, 5}}), HasSubstr("input 1 of shape [2,5]"));
  EXPECT_THAT(refusal(op, {Shape{1, 3}, Shape{5}}), HasSubstr("one rank and one element type"));
  EXPECT_THAT(refusal(op, {Shape{1, 3}, Given(Shape{1, 3}, Container::kInt8)}),
              HasSubstr("one rank and one element type"));
  EXPECT_THAT(refusal(op, {Shape{1, 3}, Given::absent()}), HasSubstr("input 1 is missing"));
  op.axis = 2;
  EXPECT_THAT(refusal(op, {Shape{1, 3}}), HasSubstr("axis 2 is outside"));
}

TEST(InferPad, AddsBothEnds) {
  const Given x = Shape{1, 2, 4, 5};
  EXPECT_EQ(shape_of(ops::Pad{}, {x, ints({0, 0, 1, 2, 0, 0, 3, 4})}), (Shape{1, 2, 8, 11}));
  EXPECT_EQ(shape_of(ops::Pad{}, {x, ints({0, 0, -1, 0, 0, 0, -1, 0}), Shape{}}),
            (Shape{1, 2, 2, 5}));
  EXPECT_THAT(refusal(ops::Pad{}, {x, ints({0, 0, -2, 0, 0, 0, -2, 0})}), HasSubstr("cut away"));
  EXPECT_THAT(refusal(ops::Pad{}, {x, ints({0, 0, 1, 1})}), HasSubstr("two entries per axis"));
  for (const std::int64_t size : {kMinInt, kMaxInt, std::int64_t{1} << 25})
    EXPECT_THAT(refusal(ops::Pad{}, {x, ints({0, 0, size, 0, 0, 0, 0, 0})}),
                HasSubstr("out of range"));
  EXPECT_THAT(refusal(ops::Pad{}, {x, ints(Ints(8, 0)), Shape{2}}), HasSubstr("must be a scalar"));
  ops::Pad reflect;
  reflect.mode = "reflect";
  EXPECT_THAT(refusal(reflect, {x, ints(Ints(8, 0))}),
              HasSubstr("mode 'reflect' is not supported"));
}

TEST(InferResize, TakesScalesOrSizes) {
  const Given x = Shape{1, 2, 4, 5}, none = Given::absent();
  EXPECT_EQ(shape_of(ops::Resize{}, {x, none, floats({1, 1, 2, 1.5F})}), (Shape{1, 2, 8, 7}));
  EXPECT_EQ(shape_of(ops::Resize{}, {x, none, none, ints({1, 2, 3, 10})}), (Shape{1, 2, 3, 10}));
  EXPECT_THAT(refusal(ops::Resize{}, {x, none, floats({1, 2})}), HasSubstr("one entry per axis"));
  EXPECT_THAT(refusal(ops::Resize{}, {x, none, floats({1, 1, 0, 1})}), HasSubstr("positive"));
  EXPECT_THAT(refusal(ops::Resize{}, {x, none, floats({1, 1, 0.1F, 1})}), HasSubstr("empty"));
  EXPECT_THAT(refusal(ops::Resize{}, {x, none, floats({1, 1, NAN, 1})}), HasSubstr("finite"));
  EXPECT_THAT(refusal(ops::Resize{}, {x, none, none, ints({1, 2, 0, 1})}), HasSubstr("positive"));
  EXPECT_THAT(refusal(ops::Resize{}, {x, none, none, ints({1, kMaxInt, 2, 1})}),
              HasSubstr("too many elements"));
  EXPECT_THAT(refusal(ops::Resize{}, {x, none, none}), HasSubstr("input 2 must be a constant"));
  EXPECT_THAT(refusal(ops::Resize{}, {x, floats({1}), floats({1, 1, 2, 2})}),
              HasSubstr("region of interest"));
}

TEST(InferResize, RefusesModesItDoesNotKnow) {
  const std::vector<Given> inputs = {Shape{1, 2, 4, 5}, Given::absent(), floats({1, 1, 2, 2})};
  ops::Resize op;
  op.mode = "linear";
  EXPECT_THAT(refusal(op, inputs), HasSubstr("mode 'linear'"));
  op = {};
  op.coordinate_transformation_mode = "tf_crop_and_resize";
  EXPECT_THAT(refusal(op, inputs), HasSubstr("tf_crop_and_resize"));
  op = {};
  op.nearest_mode = "round";
  EXPECT_THAT(refusal(op, inputs), HasSubstr("nearest_mode 'round'"));
}

TEST(InferDepthToSpace, MovesChannelsIntoBlocks) {
  ops::DepthToSpace op;
  op.blocksize = 2;
  EXPECT_EQ(shape_of(op, {Shape{1, 12, 4, 5}}), (Shape{1, 3, 8, 10}));
  EXPECT_THAT(refusal(op, {Shape{1, 6, 4, 5}}), HasSubstr("blocksize 2 does not fit"));
  op.blocksize = 0;
  EXPECT_THAT(refusal(op, {Shape{1, 6, 4, 5}}), HasSubstr("blocksize 0"));
  op.mode = "XYZ";
  EXPECT_THAT(refusal(op, {Shape{1, 6, 4, 5}}), HasSubstr("mode 'XYZ'"));
}

TEST(InferIm2Col, UnrollsWindows) {
  ops::Im2Col op;
  op.kernel_size = {3, 2};
  op.stride = {2, 1};
  op.pad_amount = {1, 0, 1, 0};  // rows (7 + 2 - 3) / 2 + 1 = 4, columns 6 - 2 + 1 = 5
  EXPECT_EQ(shape_of(op, {Shape{1, 7, 6, 4}}), (Shape{1, 4, 5, 24}));
  op.dilations = {1, 3};  // columns 6 - 3 = 3
  EXPECT_EQ(shape_of(op, {Shape{1, 7, 6, 4}}), (Shape{1, 4, 3, 24}));
}

TEST(InferIm2Col, RefusesWhatDoesNotFit) {
  const Given x = Shape{1, 7, 6, 4};
  const auto refused = [&](Ints kernel, Ints stride, Ints pads, Ints dilations) {
    ops::Im2Col op;
    op.kernel_size = std::move(kernel);
    op.stride = std::move(stride);
    op.pad_amount = std::move(pads);
    op.dilations = std::move(dilations);
    return refusal(op, {x});
  };
  EXPECT_THAT(refused({3}, {1, 1}, {0, 0, 0, 0}, {1, 1}), HasSubstr("2 entries"));
  EXPECT_THAT(refused({3, 9}, {1, 1}, {0, 0, 0, 0}, {1, 1}), HasSubstr("does not fit the input"));
  EXPECT_THAT(refused({3, 3}, {0, 1}, {0, 0, 0, 0}, {1, 1}), HasSubstr("must be positive"));
  EXPECT_THAT(refused({3, 3}, {1, 1}, {0, -1, 0, 0}, {1, 1}), HasSubstr("not negative"));
  EXPECT_THAT(refused({3, 3}, {1, 1}, {kMaxInt, 0, kMaxInt, 0}, {1, 1}), HasSubstr("pad_amount"));
  ops::Im2Col op;
  op.kernel_size = {4096, 4096};
  op.stride = {1, 1};
  op.pad_amount = {1, 1, 1, 1};
  EXPECT_THAT(refusal(op, {Shape{1, 4096, 4096, 2}}), HasSubstr("too many elements"));
}

TEST(InferSqueeze, DropsAndAddsAxesOfSizeOne) {
  EXPECT_EQ(shape_of(ops::Squeeze{}, {Shape{1, 3, 1, 5}, ints({0, -2})}), (Shape{3, 5}));
  EXPECT_EQ(shape_of(ops::Squeeze{}, {Shape{1, 3}, ints({})}), (Shape{1, 3}));
  EXPECT_EQ(shape_of(ops::Unsqueeze{}, {Shape{3, 5}, ints({0, -1})}), (Shape{1, 3, 5, 1}));
  EXPECT_EQ(shape_of(ops::Unsqueeze{}, {Shape{3}, ints({0, 1, 2, 3, 4, 5, 6, 7})}),
            (Shape{1, 1, 1, 1, 1, 1, 1, 1, 3}));
  EXPECT_THAT(refusal(ops::Squeeze{}, {Shape{1, 3}, ints({1})}), HasSubstr("axis 1 has size 3"));
  EXPECT_THAT(refusal(ops::Squeeze{}, {Shape{1, 3}, ints({2})}), HasSubstr("axis 2 is outside"));
  EXPECT_THAT(refusal(ops::Unsqueeze{}, {Shape{3}, ints({0, -4})}), HasSubstr("outside"));
  EXPECT_THAT(refusal(ops::Unsqueeze{}, {Shape{3}, ints({0, -2, 0})}), HasSubstr("named twice"));
  EXPECT_THAT(refusal(ops::Unsqueeze{}, {Shape{3}, ints(Ints(9, 0))}), HasSubstr("too many axes"));
}

TEST(InferGather, ReplacesAnAxisByTheIndices) {
  ops::Gather op;
  op.axis = 1;
  EXPECT_EQ(shape_of(op, {Shape{2, 5, 3}, ints({4, -5, 0, 1})}), (Shape{2, 4, 3}));
  EXPECT_EQ(shape_of(op, {Shape{2, 5, 3}, Constant({}, Ints{4})}), (Shape{2, 3}));
  EXPECT_THAT(refusal(op, {Shape{2, 5, 3}, ints({5})}), HasSubstr("index 5 is outside"));
  EXPECT_THAT(refusal(op, {Shape{2, 5, 3}, ints({-6})}), HasSubstr("index -6 is outside"));
  op.axis = 3;
  EXPECT_THAT(refusal(op, {Shape{2, 5, 3}, ints({0})}), HasSubstr("axis 3 is outside"));
}

TEST(InferTopK, GivesValuesAndIndices) {
  EXPECT_EQ(shape_of(ops::TopK{}, {Shape{2, 10}, ints({3})}), (Shape{2, 3}));
  EXPECT_EQ(shape_of(ops::TopK{}, {Shape{2, 10}, ints({3})}, 1), (Shape{2, 3}));
  EXPECT_EQ(container_of(ops::TopK{}, {Shape{2, 10}, ints({3})}, 1), Container::kInt64);
  for (const Ints& k : {Ints{0}, Ints{11}, Ints{1, 2}, Ints{}, Ints{-1}})
    EXPECT_THAT(refusal(ops::TopK{}, {Shape{2, 10}, ints(k)}), HasSubstr("between 1 and 10"));
}

/// Shape -> Gather -> Unsqueeze -> Concat -> Reshape, as exporters write `x.view(x.size(0), -1)`.
TEST(InferShapes, FollowsShapeArithmetic) {
  Graph graph;
  Tensor* x = graph.add_input("x", {2, 3, 4});
  const auto constant = [&](Shape shape, Ints values) {
    return graph.add_constant("c", Constant(std::move(shape), std::move(values)));
  };
  Tensor* shape = graph.add(std::make_unique<ops::Shape>(), {x}, "shape");
  Tensor* batch = graph.add(std::make_unique<ops::Gather>(), {shape, constant({}, {0})}, "batch");
  Tensor* row = graph.add(std::make_unique<ops::Unsqueeze>(), {batch, constant({1}, {0})}, "row");
  auto concat = std::make_unique<ops::Concat>();
  concat->axis = 0;
  Tensor* target = graph.add(std::move(concat), {row, constant({1}, {-1})}, "target");
  auto cast = std::make_unique<ops::Cast>();
  cast->to = 7;
  target = graph.add(std::move(cast), {target}, "cast");
  Tensor* y = graph.add(std::make_unique<ops::Reshape>(), {x, target}, "y");
  graph.add_output(y);
  EXPECT_TRUE(infer_shapes(graph));
  EXPECT_EQ(*y->shape, (Shape{2, 12}));
  EXPECT_EQ(*shape->shape, Shape{3});
  EXPECT_FALSE(infer_shapes(graph));
}

TEST(InferShapes, ComparesWithWhatIsRecordedUnlessToldToOverwrite) {
  Graph graph;
  Tensor* x = graph.add_input("x", {2, 3});
  Tensor* y = graph.add(std::make_unique<ops::Relu>(), {x}, "y");
  y->shape = Shape{3, 2};
  try {
    infer_shapes(graph);
    FAIL() << "a wrong shape was accepted";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "node 'Relu' (Relu): output 'y' is declared with shape [3,2] but has shape [2,3]");
  }
  EXPECT_TRUE(infer_shapes(graph, true));
  EXPECT_EQ(*y->shape, (Shape{2, 3}));
}

TEST(InferShapes, RefusesInputsWithImpossibleSizes) {
  for (const Shape& shape : {Shape{1, -1}, Shape{kMinInt}, Shape{kMaxInt, 2}, Shape{kMaxInt}}) {
    Graph graph;
    Tensor* x = graph.add_input("x", shape);
    graph.add_output(graph.add(std::make_unique<ops::Relu>(), {x}, "y"));
    try {
      infer_shapes(graph);
      FAIL() << shape_text(shape) << " was accepted";
    } catch (const UserError& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with("input 'x': shape ")) << error.what();
    }
  }
}

TEST(InferShapes, RefusesMoreOutputsThanTheOperatorHas) {
  Graph graph;
  Tensor* x = graph.add_input("x", {2});
  graph.add_node(std::make_unique<ops::Relu>(), {x}, {graph.add_tensor("a"), graph.add_tensor("b")},
                 "greedy");
  try {
    infer_shapes(graph);
    FAIL() << "two outputs of Relu were accepted";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "node 'greedy' (Relu): has 1 outputs at most, not 2");
  }
}

}  // namespace
}  // namespace assay
