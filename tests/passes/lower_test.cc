// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/lower/lower.h"

#include <set>

#include "compile/passes/rewrite/constant_tools.h"
#include "passes/integer_net.h"

namespace assay {
namespace {

const Constant& matrix_of(const Graph& graph, std::string_view type) {
  for (const auto& node : graph.nodes())
    if (node->op->type() == type) return *node->inputs[1]->constant;
  throw std::runtime_error("no product");
}

TEST(Lower, OrdersTheRowsOfAConvolutionByRowColumnAndChannel) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 2, 2});
  // W[o=0][c][i][j] = 1000*c + 10*i + j, so that every row of the matrix names its tap.
  Tensor* w = net.values({1, 2, 2, 2}, {0, 1, 10, 11, 1000, 1001, 1010, 1011});
  Graph& graph = net.finish_integers(net.add(conv2d(2), {x, w}, "y"));
  expect_exact_step(graph, lower);
  EXPECT_EQ(nodes_text(graph),
            "Conv_im2col = Im2Col(x)\n"
            "y = MatMul(Conv_im2col, [8,1]{0,1000,1,1001,10,1010,11,1011})\n");
  EXPECT_EQ(*graph.inputs()[0]->shape, (Shape{1, 2, 2, 2}));
  EXPECT_EQ(graph.inputs()[0]->layout, Layout::kNHWC);
  EXPECT_EQ(graph.checkpoints()[0].perm, (std::vector<std::int64_t>{0, 3, 1, 2}));
  EXPECT_EQ(matrix_of(graph, "MatMul").shape(), (Shape{8, 1}));
}

TEST(Lower, ComparisonSeesAWrongOrderOfRows) {
  IntegerNet net;
  std::mt19937 random(3);
  Tensor* x = net.pixels({1, 2, 3, 3});
  Graph& graph =
      net.finish_integers(net.add(conv2d(2), {x, net.random_values({3, 2, 2, 2}, -9, 9, random)}));
  const Graph before = graph;
  PassContext context;
  lower(graph, context);
  EXPECT_TRUE(differing_checkpoints(before, graph).empty());
  Node* product = graph.outputs()[0]->producer;
  const Constant& rows = *product->inputs[1]->constant;
  std::vector<std::int64_t> swapped(static_cast<std::size_t>(rows.size()));
  for (std::size_t i = 0; i < swapped.size(); ++i)
    swapped[i] = static_cast<std::int64_t>(i < 3 ? i + 3 : i < 6 ? i - 3 : i);
  product->inputs[1]->constant = take(rows, rows.shape(), swapped);
  EXPECT_FALSE(differing_checkpoints(before, graph).empty());
}

TEST(Lower, APointwiseConvolutionIsAProduct) {
  IntegerNet net;
  std::mt19937 random(4);
  Tensor* x = net.pixels({1, 3, 4, 5});
  Tensor* y = net.add(conv2d(1), {x, net.random_values({2, 3, 1, 1}, -5, 5, random)});
  Graph& graph = net.finish_integers(net.thresholds(y, 2, 3, -500, 500, random));
  expect_exact_step(graph, lower);
  EXPECT_EQ(graph.nodes().size(), 2U);
  EXPECT_EQ(count_nodes(graph, "MatMul"), 1U);
  EXPECT_EQ(graph.nodes()[1]->as<ops::MultiThreshold>()->data_layout, Layout::kNHWC);
}

TEST(Lower, ADepthwiseConvolutionKeepsOneColumnPerChannel) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 2, 1});
  ops::Conv op = conv2d(2, 1, 0, 2);
  op.window.kernel_shape = {2, 1};
  Graph& graph = net.finish_integers(net.add(op, {x, net.values({2, 1, 2, 1}, {1, 2, 30, 40})}));
  expect_exact_step(graph, lower);
  const Constant& w = matrix_of(graph, "DepthwiseMatMul");
  EXPECT_EQ(w.shape(), (Shape{2, 2}));
  EXPECT_THAT(w.ints(), ::testing::ElementsAre(1, 30, 2, 40));
}

TEST(Lower, GroupsAreBlocksInTheMatrix) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 1, 1});
  Tensor* w = net.values({4, 1, 1, 1}, {1, -1, 1, -1});
  w->dtype = DataType::bipolar();
  Graph& graph = net.finish_integers(net.add(conv2d(1, 1, 0, 2), {x, w}));
  expect_exact_step(graph, lower);
  EXPECT_THAT(matrix_of(graph, "MatMul").ints(), ::testing::ElementsAre(1, -1, 0, 0, 0, 0, 1, -1));
}

struct ConvCase {
  Shape x, w;
  std::int64_t group;
  ops::Window window;
};

TEST(Lower, EveryKindOfWindowKeepsItsValues) {
  const std::vector<ConvCase> cases = {
      {{1, 3, 7, 6}, {4, 3, 3, 3}, 1, {{3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}}},
      {{1, 3, 7, 6}, {4, 3, 3, 2}, 1, {{3, 2}, {2, 3}, {0, 1, 2, 0}, {1, 1}}},
      {{1, 2, 9, 9}, {4, 2, 3, 3}, 1, {{3, 3}, {1, 2}, {2, 2, 2, 2}, {2, 2}}},
      {{1, 4, 5, 5}, {6, 2, 3, 3}, 2, {{3, 3}, {1, 1}, {1, 0, 0, 1}, {1, 1}}},
      {{1, 4, 5, 5}, {4, 1, 3, 3}, 4, {{3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}}},
      {{1, 3, 5, 5}, {6, 1, 3, 3}, 3, {{3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}}},
      {{1, 3, 5, 5}, {2, 3, 1, 1}, 1, {{1, 1}, {2, 2}, {0, 0, 0, 0}, {1, 1}}},
      {{1, 3, 5, 5}, {3, 1, 1, 1}, 3, {{1, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}}},
      {{1, 3, 9}, {4, 3, 3}, 1, {{3}, {2}, {1, 0}, {2}}},
      {{1, 3, 9}, {4, 3, 1}, 1, {{1}, {1}, {0, 0}, {1}}},
      {{1, 3, 9}, {3, 1, 3}, 3, {{3}, {1}, {1, 1}, {1}}},
  };
  std::mt19937 random(5);
  for (const ConvCase& c : cases) {
    SCOPED_TRACE(shape_text(c.x) + shape_text(c.w));
    IntegerNet net;
    Tensor* x = net.pixels(c.x);
    ops::Conv op;
    op.window = c.window;
    op.group = c.group;
    Tensor* y = net.add(op, {x, net.random_values(c.w, -7, 7, random)}, "acc");
    y = net.thresholds(y, c.w[0], 3, -900, 900, random);
    Graph& graph = net.finish_integers(y);
    if (c.x.size() == 3) graph.inputs()[0]->layout = Layout::kNCW;
    const PassReport report = expect_exact_step(graph, lower);
    EXPECT_EQ(count_nodes(graph, "Transpose"), 0U);
    EXPECT_TRUE(report.remarks.empty());
  }
}

struct TransposedCase {
  Shape x, w;
  std::int64_t group;
  ops::Window window;
  std::vector<std::int64_t> extra;
};

TEST(Lower, TransposedConvolutionsKeepTheirValues) {
  const std::vector<TransposedCase> cases = {
      {{1, 2, 3, 4}, {2, 3, 3, 3}, 1, {{3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}}, {1, 1}},
      {{1, 2, 3, 4}, {2, 3, 2, 2}, 1, {{2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}}, {0, 0}},
      {{1, 2, 3, 4}, {2, 3, 3, 2}, 1, {{3, 2}, {1, 3}, {0, 1, 2, 0}, {1, 2}}, {0, 1}},
      {{1, 4, 3, 3}, {4, 3, 3, 3}, 2, {{3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}}, {0, 0}},
      {{1, 4, 3, 3}, {4, 1, 3, 3}, 4, {{3, 3}, {3, 2}, {1, 0, 1, 2}, {1, 1}}, {0, 0}},
      {{1, 2, 3, 3}, {2, 2, 1, 1}, 1, {{1, 1}, {4, 4}, {0, 0, 0, 0}, {1, 1}}, {0, 0}},
      {{1, 2, 3, 3}, {2, 2, 2, 2}, 1, {{2, 2}, {1, 1}, {2, 2, 0, 1}, {1, 1}}, {0, 0}},
      {{1, 2, 5}, {2, 3, 4}, 1, {{4}, {2}, {1, 1}, {1}}, {0}},
  };
  std::mt19937 random(6);
  for (const TransposedCase& c : cases) {
    SCOPED_TRACE(shape_text(c.x) + shape_text(c.w));
    IntegerNet net;
    Tensor* x = net.pixels(c.x);
    ops::ConvTranspose op;
    op.window = c.window;
    op.group = c.group;
    op.output_padding = c.extra;
    Tensor* y = net.add(op, {x, net.random_values(c.w, -7, 7, random)}, "acc");
    y = net.thresholds(y, c.w[1] * c.group, 3, -900, 900, random);
    Graph& graph = net.finish_integers(y);
    if (c.x.size() == 3) graph.inputs()[0]->layout = Layout::kNCW;
    expect_exact_step(graph, lower);
    EXPECT_EQ(count_nodes(graph, "Transpose"), 0U);
  }
}

TEST(Lower, ReordersTheRowsOfTheMatrixBehindAFlatten) {
  IntegerNet net;
  std::mt19937 random(7);
  Tensor* x = net.pixels({1, 2, 1, 2});
  Tensor* flat = net.add(ops::Flatten{}, {x});
  Tensor* shifted = net.add(ops::Add{}, {flat, net.values({4}, {1, 2, 3, 4})});
  Tensor* y = net.add(ops::MatMul{}, {shifted, net.values({4, 1}, {10, 20, 30, 40})}, "y");
  Graph& graph = net.finish_integers(y);
  const PassReport report = expect_exact_step(graph, lower);
  EXPECT_TRUE(report.remarks.empty());
  // [c0w0, c0w1, c1w0, c1w1] is now [w0c0, w0c1, w1c0, w1c1].
  EXPECT_THAT(matrix_of(graph, "MatMul").ints(), ::testing::ElementsAre(10, 30, 20, 40));
  EXPECT_THAT(matrix_of(graph, "Add").ints(), ::testing::ElementsAre(1, 3, 2, 4));
}

TEST(Lower, ACheckpointBehindAFlattenKeepsItsOrderByATranspose) {
  IntegerNet net;
  std::mt19937 random(8);
  Tensor* x = net.pixels({1, 2, 2, 3});
  Tensor* q = net.thresholds(net.add(ops::Flatten{}, {x}), 12, 3, 0, 255, random);
  Tensor* y = net.add(ops::MatMul{}, {q, net.random_values({12, 3}, -3, 3, random)});
  Graph& graph = net.finish_integers(y);
  const PassReport report = expect_exact_step(graph, lower);
  EXPECT_EQ(count_nodes(graph, "Transpose"), 1U);
  ASSERT_EQ(report.remarks.size(), 1U);
  EXPECT_THAT(report.remarks[0].text, ::testing::HasSubstr("Flatten"));
}

TEST(Lower, PoolsJoinsAndMovementsFollowTheOrder) {
  IntegerNet net;
  std::mt19937 random(9);
  Tensor* x = net.pixels({1, 3, 6, 6});
  Tensor* a = net.thresholds(x, 3, 3, 0, 255, random, "a");
  ops::MaxPool max_pool;
  max_pool.window = window2d(3, 1, 1);
  Tensor* b = net.add(max_pool, {a});
  Tensor* sum = net.add(ops::Add{}, {a, b});
  sum = net.add(ops::Mul{}, {sum, net.values({1, 3, 1, 1}, {1, -2, 3})});
  ops::JoinThreshold join;
  join.out_dtype = DataType::uint(2);
  Tensor* j =
      net.add(join, {net.random_values({1, 3, 1, 1, 4, 2}, 0, 6, random), nullptr, sum, b}, "j");
  ops::JoinThreshold line;
  line.out_dtype = DataType::uint(2);
  Tensor* l = net.add(line,
                      {net.random_values({1, 3, 6, 6, 2}, -9, 9, random),
                       net.random_values({1, 3, 1, 1, 2}, -3, 3, random), sum, b},
                      "l");
  Tensor* c = net.add(ops::Concat{}, {j, l});
  ops::SumPool sums;
  sums.window = window2d(2, 2);
  Tensor* d = net.add(sums, {c});
  ops::QuantAvgPool2d average;
  average.kernel = 2;
  average.stride = 2;
  average.ibits = 3;
  average.obits = 2;
  Tensor* e = net.add(average, {c});
  Tensor* f = net.add(ops::Add{}, {d, e});
  f = net.add(ops::Pad{}, {f, net.ints({8}, {0, 0, 1, 2, 0, 0, 0, 1})});
  f = net.add(ops::Resize{}, {f, nullptr, net.floats({4}, {1, 1, 2, 3})});
  f = net.add(with(&ops::Gather::axis, 1), {f, net.ints({4}, {5, 0, 1, 2})});
  f = net.add(with(&ops::DepthToSpace::blocksize, 2), {f});
  f = net.thresholds(f, 1, 3, 0, 20, random, "f");
  Graph& graph = net.finish_integers(f);
  const PassReport report = expect_exact_step(graph, lower);
  EXPECT_EQ(count_nodes(graph, "Transpose"), 0U);
  EXPECT_TRUE(report.remarks.empty());
}

/// As in spatial attention: which axis of size 1 is which is free.
TEST(Lower, MapsOfOneChannelAreJoinedWhereTheirChannelsAreLast) {
  IntegerNet net;
  std::mt19937 random(5);
  Tensor* x = net.thresholds(net.pixels({1, 4, 5, 5}), 1, 3, 0, 200, random, "a");
  const auto reduced = [&](Tensor* map) {
    ops::MaxPool op;
    op.window = {{4, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
    Tensor* y = net.add(with(&ops::Transpose::perm, {0, 3, 1, 2}), {map});
    return net.add(with(&ops::Transpose::perm, {0, 2, 3, 1}), {net.add(op, {y})});
  };
  Tensor* joined = net.add(with(&ops::Concat::axis, 1), {reduced(x), reduced(x)});
  Graph& graph = net.finish_integers(net.thresholds(joined, 2, 2, 0, 3, random, "b"));
  expect_exact_step(graph, lower);
  EXPECT_EQ(graph.outputs()[0]->layout, Layout::kNHWC);
  EXPECT_EQ(*graph.outputs()[0]->shape, (Shape{1, 5, 5, 2}));
}

TEST(Lower, AProductWithAVectorFollowsTheOrder) {
  IntegerNet net;
  std::mt19937 random(9);
  Tensor* x = net.thresholds(net.pixels({1, 3, 4, 4}), 3, 3, 0, 255, random, "a");
  ops::SumPool sums;
  sums.window = window2d(4);
  Tensor* y = net.add(ops::Mul{}, {net.add(sums, {x}), x});
  Graph& graph = net.finish_integers(net.thresholds(y, 3, 3, 0, 60, random, "q"));
  const PassReport report = expect_exact_step(graph, lower);
  EXPECT_EQ(count_nodes(graph, "Transpose"), 0U);
  EXPECT_TRUE(report.remarks.empty());
}

/// Channels that move are gathered where they lie, last.
TEST(Lower, ChannelsThatChangePlaces) {
  IntegerNet net;
  std::mt19937 random(3);
  Tensor* x = net.thresholds(net.pixels({1, 6, 4, 4}), 1, 3, 0, 200, random, "a");
  // A shuffle of two groups: 0 3 1 4 2 5.
  Tensor* y = net.add(ops::Reshape{}, {x, net.ints({5}, {1, 2, 3, 4, 4})});
  y = net.add(with(&ops::Transpose::perm, {0, 2, 1, 3, 4}), {y});
  y = net.add(ops::Reshape{}, {y, net.ints({4}, {1, 6, 4, 4})}, "shuffled");
  y = net.add(with(&ops::Gather::axis, 1), {y, net.ints({5}, {4, 0, 0, -1, 2})});
  Graph& graph = net.finish_integers(net.thresholds(y, 1, 2, 0, 4, random, "b"));
  expect_exact_step(graph, lower);
  EXPECT_EQ(count_nodes(graph, "Transpose"), 0U);
  ASSERT_EQ(count_nodes(graph, "Gather"), 2U);
  const Node* shuffle = nullptr;
  for (const auto& node : graph.nodes())
    if (!shuffle && node->as<ops::Gather>()) shuffle = node.get();
  EXPECT_EQ(shuffle->as<ops::Gather>()->axis, 3);
  EXPECT_THAT(shuffle->inputs[1]->constant->ints(), ::testing::ElementsAre(0, 3, 1, 4, 2, 5));
}

/// Space to depth, in both orders, is a window of the pixels of a block.
TEST(Lower, PixelsThatBecomeChannels) {
  for (const std::vector<std::int64_t>& perm :
       {std::vector<std::int64_t>{0, 3, 5, 1, 2, 4}, {0, 1, 3, 5, 2, 4}}) {
    IntegerNet net;
    std::mt19937 random(4);
    Tensor* x = net.thresholds(net.pixels({1, 3, 4, 6}), 1, 3, 0, 200, random, "a");
    Tensor* y = net.add(ops::Reshape{}, {x, net.ints({6}, {1, 3, 2, 2, 3, 2})});
    y = net.add(with(&ops::Transpose::perm, perm), {y});
    y = net.add(ops::Reshape{}, {y, net.ints({4}, {1, 12, 2, 3})});
    Graph& graph = net.finish_integers(net.thresholds(y, 1, 2, 0, 4, random, "b"));
    expect_exact_step(graph, lower);
    EXPECT_EQ(count_nodes(graph, "Transpose"), 0U);
    EXPECT_EQ(count_nodes(graph, "Im2Col"), 1U);
  }
}

TEST(Lower, AResizeThatLeavesPixelsOut) {
  for (const auto& [coordinates, mode, stays] : {std::tuple{"asymmetric", "floor", false},
                                                 {"half_pixel", "round_prefer_floor", false},
                                                 {"asymmetric", "ceil", false},
                                                 {"half_pixel", "round_prefer_ceil", true}}) {
    IntegerNet net;
    std::mt19937 random(5);
    Tensor* x = net.thresholds(net.pixels({1, 2, 4, 6}), 1, 3, 0, 200, random, "a");
    ops::Resize op;
    op.coordinate_transformation_mode = coordinates;
    op.nearest_mode = mode;
    Tensor* y = net.add(op, {x, nullptr, nullptr, net.ints({4}, {1, 2, 2, 3})});
    Graph& graph = net.finish_integers(net.thresholds(y, 1, 2, 0, 4, random, "b"));
    expect_exact_step(graph, lower);
    EXPECT_EQ(count_nodes(graph, "Resize"), stays ? 1U : 0U) << coordinates << mode;
  }
}

TEST(Lower, TransposesOfTheModelMeetItsOwnAndVanish) {
  IntegerNet net;
  std::mt19937 random(10);
  Tensor* x = net.pixels({1, 5, 4, 3});
  x->layout = Layout::kNHWC;
  Tensor* t = net.add(with(&ops::Transpose::perm, {0, 3, 1, 2}), {x});
  Tensor* y = net.add(conv2d(3, 1, 1), {t, net.random_values({2, 3, 3, 3}, -2, 2, random)});
  y = net.thresholds(y, 2, 3, -100, 100, random);
  y = net.add(with(&ops::Transpose::perm, {0, 2, 3, 1}), {y}, "out");
  Graph& graph = net.finish_integers(y);
  const Graph before = graph;
  PassContext context;
  EXPECT_TRUE(lower(graph, context));
  verify(graph);
  EXPECT_EQ(count_nodes(graph, "Transpose"), 0U);
  EXPECT_EQ(graph.outputs()[0]->name, "out");
  EXPECT_EQ(*graph.inputs()[0]->shape, (Shape{1, 5, 4, 3}));
  EXPECT_TRUE(differing_checkpoints(before, graph).empty());
  EXPECT_FALSE(lower(graph, context));
}

TEST(Lower, AnOutputIsInTheModelsOrderUnlessOnlyChannelsMoved) {
  const std::vector<std::pair<std::vector<std::int64_t>, bool>> orders = {
      {{0, 1, 2, 3}, false}, {{0, 2, 3, 1}, false}, {{0, 3, 1, 2}, false},
      {{0, 1, 3, 2}, true},  {{0, 2, 1, 3}, true},  {{0, 3, 2, 1}, true}};
  for (const auto& [perm, moves] : orders) {
    IntegerNet net;
    std::mt19937 random(8);
    Tensor* x = net.pixels({1, 3, 4, 5});
    Tensor* y = net.add(conv2d(1), {x, net.random_values({2, 3, 1, 1}, -5, 5, random)});
    Graph& graph = net.finish_integers(net.add(with(&ops::Transpose::perm, perm), {y}, "y"));
    expect_exact_step(graph, lower);
    EXPECT_EQ(count_nodes(graph, "Transpose"), moves ? 1U : 0U);
    EXPECT_EQ(graph.outputs()[0]->name, "y");
  }
}

TEST(Lower, AReshapeThatMixesAxesGetsTheModelsOrderBack) {
  IntegerNet net;
  std::mt19937 random(11);
  Tensor* x = net.pixels({1, 4, 2, 3});
  Tensor* y = net.add(conv2d(1), {x, net.random_values({4, 4, 1, 1}, -2, 2, random)});
  y = net.add(ops::Reshape{}, {y, net.ints({4}, {1, 2, 4, -1})});
  y = net.add(conv2d(1), {y, net.random_values({3, 2, 1, 1}, -2, 2, random)});
  Graph& graph = net.finish_integers(net.thresholds(y, 3, 3, -900, 900, random));
  const PassReport report = expect_exact_step(graph, lower);
  EXPECT_EQ(count_nodes(graph, "Transpose"), 2U);
  EXPECT_EQ(report.remarks.size(), 2U);
}

TEST(Lower, SqueezesAndUnsqueezesKeepChannelsLast) {
  IntegerNet net;
  std::mt19937 random(12);
  Tensor* x = net.pixels({1, 3, 1, 8});
  Tensor* y = net.add(conv2d(1), {x, net.random_values({4, 3, 1, 1}, -2, 2, random)});
  y = net.add(ops::Squeeze{}, {y, net.ints({1}, {2})});
  ops::Conv conv;
  conv.window = {{3}, {1}, {1, 1}, {1}};
  y = net.add(conv, {y, net.random_values({2, 4, 3}, -2, 2, random)});
  ops::MaxPool pool;
  pool.window = {{2}, {2}, {0, 0}, {1}};
  y = net.add(pool, {y});
  y = net.add(ops::Unsqueeze{}, {y, net.ints({1}, {2})});
  Graph& graph = net.finish_integers(net.thresholds(y, 2, 3, -900, 900, random));
  expect_exact_step(graph, lower);
  EXPECT_EQ(count_nodes(graph, "Transpose"), 0U);
}

TEST(Lower, LeavesAMatrixNetworkAlone) {
  IntegerNet net;
  std::mt19937 random(13);
  Tensor* x = net.pixels({1, 6});
  Graph& graph =
      net.finish_integers(net.add(ops::MatMul{}, {x, net.random_values({6, 3}, -2, 2, random)}));
  const std::string text = to_text(graph);
  PassContext context;
  EXPECT_FALSE(lower(graph, context));
  EXPECT_EQ(to_text(graph), text);
}

TEST(Lower, KeepsLargeWeightsAsFloats) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 512, 4, 4});
  std::vector<float> weights(512 * 512 * 9);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 3) - 1;
  Tensor* w = net.floats({512, 512, 3, 3}, std::move(weights));
  w->dtype = DataType::ternary();
  Graph& graph = net.finish_integers(net.add(conv2d(3, 1, 1), {x, w}));
  PassContext context;
  lower(graph, context);
  const Constant& rows = matrix_of(graph, "MatMul");
  ASSERT_TRUE(rows.is_float());
  // Row (tap 5, channel 7), column 11 is W[11][7][5].
  EXPECT_EQ(rows.floats()[(5 * 512 + 7) * 512 + 11],
            static_cast<float>(((11 * 512 + 7) * 9 + 5) % 3) - 1);
}

}  // namespace
}  // namespace assay
