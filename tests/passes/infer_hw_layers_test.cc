// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/layers/infer_hw_layers.h"
#include "compile/graph/views.h"

#include "passes/hardware_net.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ints = std::vector<std::int64_t>;

// ---- Products

TEST(InferHwLayers, AConvolutionWithThresholdsIsPaddingWindowsAndOneProduct) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 3, 5, 5});
  Tensor* acc =
      net.add(conv2d(3, 2, 1), {x, net.random_values({4, 3, 3, 3}, -7, 7, random)}, "acc");
  const Graph graph = as_hardware(net, net.thresholds(acc, 4, 3, -900, 900, random));
  EXPECT_EQ(types(graph), "FMPadding ConvolutionInputGenerator MVAU");
  EXPECT_EQ(only<hw::FMPadding>(graph).pads, (Ints{1, 1, 1, 1}));
  EXPECT_EQ(only<hw::ConvolutionInputGenerator>(graph).stride, (Ints{2, 2}));
  const Node& product = only_node<hw::MVAU>(graph);
  EXPECT_EQ(product.inputs.size(), 3U);
  EXPECT_EQ(product.outputs[0], graph.outputs()[0]);
  EXPECT_EQ(product.as<hw::MVAU>()->levels.out_dtype, DataType::uint(2));
  EXPECT_EQ(product.as<hw::MVAU>()->levels.out_scale, 1);
  EXPECT_TRUE(product.as<hw::MVAU>()->acc_dtype.is_signed());
}

TEST(InferHwLayers, PaddingGoesNoFurtherThanTheLastWindow) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 1, 4, 4});
  const Graph graph = as_hardware(
      net, net.add(conv2d(3, 2, 1), {x, net.random_values({1, 1, 3, 3}, -7, 7, random)}, "acc"));
  // Windows at rows -1 and 1 end in row 3, the last one.
  EXPECT_EQ(only<hw::FMPadding>(graph).pads, (Ints{1, 1, 0, 0}));
}

TEST(InferHwLayers, ThresholdsMayStayApart) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* acc =
      net.add(ops::MatMul{}, {net.pixels({1, 6}), net.random_values({6, 4}, -7, 7, random)}, "acc");
  Graph graph = ready_for_hardware(net, net.thresholds(acc, 4, 3, -900, 900, random));
  const Graph before = graph;
  PassContext context{.options = {.standalone_thresholds = true}};
  infer_hw_layers(graph, context);
  EXPECT_EQ(types(graph), "MVAU Thresholding");
  const Node& product = only_node<hw::MVAU>(graph);
  EXPECT_EQ(product.as<hw::MVAU>()->acc_dtype, product.outputs[0]->dtype);
  EXPECT_EQ(differing_checkpoints(before, graph), std::vector<std::string>{});
}

TEST(InferHwLayers, AProductThatOthersReadKeepsItsSums) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* acc =
      net.add(ops::MatMul{}, {net.pixels({1, 6}), net.random_values({6, 4}, -7, 7, random)}, "acc");
  Tensor* q = net.thresholds(acc, 4, 3, -900, 900, random);
  const Graph graph = as_hardware(net, net.add(ops::Add{}, {acc, q}, "sum"));
  EXPECT_EQ(types(graph), "MVAU DuplicateStreams Thresholding AddStreams");
}

TEST(InferHwLayers, APointwiseConvolutionIsOneProduct) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 3, 4, 4});
  Tensor* w = net.random_values({4, 3, 1, 1}, -7, 7, random);
  EXPECT_EQ(types(as_hardware(net, net.add(conv2d(1), {x, w}, "acc"))), "MVAU");
}

TEST(InferHwLayers, AStridedPointwiseConvolutionKeepsItsWindows) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 3, 5, 5});
  Tensor* w = net.random_values({4, 3, 1, 1}, -7, 7, random);
  EXPECT_EQ(types(as_hardware(net, net.add(conv2d(1, 2), {x, w}, "acc"))),
            "ConvolutionInputGenerator MVAU");
}

TEST(InferHwLayers, ADepthwiseConvolutionTakesGroupedWindows) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 6, 5, 5});
  Tensor* acc =
      net.add(conv2d(3, 1, 1, 6), {x, net.random_values({6, 1, 3, 3}, -7, 7, random)}, "acc");
  Graph graph = as_hardware(net, net.thresholds(acc, 6, 3, -900, 900, random));
  EXPECT_EQ(types(graph), "FMPadding ConvolutionInputGenerator VVAU");
  EXPECT_TRUE(only<hw::ConvolutionInputGenerator>(graph).depthwise);
  // Another grouping computes the same.
  const Graph before = graph;
  only_node<hw::ConvolutionInputGenerator>(graph).as<hw::ConvolutionInputGenerator>()->simd = 3;
  EXPECT_NE(differing_checkpoints(before, graph), std::vector<std::string>{});
  only_node<hw::VVAU>(graph).as<hw::VVAU>()->pe = 3;
  EXPECT_EQ(differing_checkpoints(before, graph), std::vector<std::string>{});
}

TEST(InferHwLayers, SignsBecomeBitsThatAreCompared) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* s = net.signs(net.pixels({1, 8}), 8, 90, 160, random, "s");
  Tensor* acc = net.add(ops::MatMul{}, {s, net.random_signs({8, 4}, random)}, "acc");
  const Graph graph = as_hardware(net, net.signs(acc, 4, -5, 5, random, "q"));
  EXPECT_EQ(types(graph), "Thresholding MVAU");
  const Node& product = only_node<hw::MVAU>(graph);
  EXPECT_TRUE(product.as<hw::MVAU>()->xnor);
  EXPECT_EQ(product.inputs[0]->dtype, DataType::uint(1));
}

TEST(InferHwLayers, SignsWithZerosAroundThemBecomeTernary) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* s = net.signs(net.pixels({1, 2, 4, 4}), 2, 90, 160, random, "s");
  Tensor* w = net.random_values({3, 2, 3, 3}, -2, 2, random);
  const Graph graph = as_hardware(net, net.add(conv2d(3, 1, 1), {s, w}, "acc"));
  EXPECT_EQ(types(graph), "Thresholding ChannelwiseOp FMPadding ConvolutionInputGenerator MVAU");
  EXPECT_EQ(only_node<hw::Thresholding>(graph).outputs[0]->dtype, DataType::bipolar());
  EXPECT_EQ(only<hw::Thresholding>(graph).levels.out_scale, 2);
  for (const char* type : {"ChannelwiseOp", "FMPadding", "ConvolutionInputGenerator"})
    for (const auto& node : graph.nodes())
      if (node->op->type() == type) {
        EXPECT_EQ(node->outputs[0]->dtype, DataType::ternary()) << type;
      }
}

TEST(InferHwLayers, ATransposedConvolutionInsertsItsZerosWithThePadding) {
  IntegerNet net;
  std::mt19937 random(1);
  ops::ConvTranspose op;
  op.window = {{3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}};
  op.output_padding = {1, 1};
  Tensor* x = net.pixels({1, 2, 3, 3});
  const Graph graph =
      as_hardware(net, net.add(op, {x, net.random_values({2, 3, 3, 3}, -7, 7, random)}, "acc"));
  EXPECT_EQ(types(graph), "FMPadding ConvolutionInputGenerator MVAU");
  // Six rows of outputs read eight: one above, five with zeros between, two below.
  EXPECT_EQ(only<hw::FMPadding>(graph).insert, (Ints{2, 2}));
  EXPECT_EQ(only<hw::FMPadding>(graph).pads, (Ints{1, 1, 2, 2}));
}

TEST(InferHwLayers, ATransposedConvolutionMayHaveGapsAtItsEnd) {
  // Stride 3 and a kernel of 1 leave zeros behind the last pixel out, one row of padding cuts more.
  IntegerNet net;
  std::mt19937 random(1);
  ops::ConvTranspose op;
  op.window = {{1, 2}, {3, 3}, {0, 0, 0, 1}, {1, 1}};
  op.output_padding = {0, 0};
  Tensor* x = net.pixels({1, 2, 3, 3});
  const Graph graph =
      as_hardware(net, net.add(op, {x, net.random_values({2, 3, 1, 2}, -7, 7, random)}, "acc"));
  EXPECT_EQ(types(graph), "FMPadding ConvolutionInputGenerator MVAU");
  EXPECT_EQ(only<hw::FMPadding>(graph).pads, (Ints{0, 1, 0, 0}));
}

/// Zeros stand behind every pixel of the seven of a row; the first and the last pixel are cut off.
TEST(InferHwLayers, ATransposedConvolutionMayCutPixels) {
  IntegerNet net;
  std::mt19937 random(1);
  ops::ConvTranspose op;
  op.window = {{1, 1}, {2, 2}, {1, 1, 1, 1}, {1, 1}};
  op.output_padding = {0, 0};
  Tensor* x = net.pixels({1, 2, 4, 4});
  const Graph graph =
      as_hardware(net, net.add(op, {x, net.random_values({2, 3, 1, 1}, -7, 7, random)}, "acc"));
  EXPECT_EQ(types(graph), "FMPadding Pick MVAU");
  EXPECT_EQ(only<hw::Pick>(graph).rows, (Ints{1, 2, 3, 4, 5}));
}

// ---- Pools

TEST(InferHwLayers, PaddedChannelsAreColumnsOfAsManyAsFit) {
  struct Case {
    Shape shape;
    Ints pads;          ///< of Pad
    Ints padded, view;  ///< of the layer, and what it pads
  };
  const std::vector<Case> cases = {
      {{1, 3, 3, 4}, {0, 0, 0, 2, 0, 0, 0, 2}, {0, 1, 0, 1}, {1, 9, 2, 2}},
      {{1, 3, 3, 4}, {0, 0, 0, 0, 0, 0, 0, 3}, {0, 0, 0, 3}, {1, 9, 4, 1}},
      {{1, 5, 6}, {0, 0, 3, 0, 0, 3}, {0, 1, 0, 1}, {1, 5, 2, 3}},
      {{1, 8}, {0, 0, 0, 4}, {0, 0, 0, 1}, {1, 1, 2, 4}}};
  for (const Case& c : cases) {
    IntegerNet net;
    Tensor* x = net.pixels(c.shape);
    if (c.shape.size() == 4) x->layout = Layout::kNHWC;
    Tensor* pads = net.ints({std::ssize(c.pads)}, c.pads);
    const Graph graph = as_hardware(net, net.add(ops::Pad{}, {x, pads}));
    EXPECT_EQ(only<hw::FMPadding>(graph).pads, c.padded);
    EXPECT_EQ(*only_node<hw::FMPadding>(graph).inputs[0]->shape, c.view);
  }
}

TEST(InferHwLayers, APaddedMaximumPadsWithWhatNeverWins) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 2, 5, 5});
  Tensor* acc = net.add(conv2d(1), {x, net.random_values({2, 2, 1, 1}, -7, 7, random)}, "acc");
  ops::MaxPool pool;
  pool.window = window2d(3, 2, 1);
  const Graph graph = as_hardware(net, net.add(pool, {acc}, "max"));
  EXPECT_EQ(types(graph), "MVAU FMPadding ConvolutionInputGenerator Pool");
  const Node& padding = only_node<hw::FMPadding>(graph);
  EXPECT_EQ(padding.as<hw::FMPadding>()->pad_value, padding.inputs[0]->dtype.min());
  EXPECT_LT(padding.as<hw::FMPadding>()->pad_value, 0);
  EXPECT_EQ(padding.outputs[0]->dtype, padding.inputs[0]->dtype);
  EXPECT_EQ(only<hw::Pool>(graph).taps, 9);
}

TEST(InferHwLayers, WindowsBeyondTheEdgeAreMorePadding) {
  IntegerNet net;
  ops::MaxPool pool;
  pool.window = window2d(2, 2);
  pool.ceil_mode = true;
  const Graph graph = as_hardware(net, net.add(pool, {net.pixels({1, 2, 5, 4})}, "max"));
  EXPECT_EQ(only<hw::FMPadding>(graph).pads, (Ints{0, 0, 1, 0}));
}

TEST(InferHwLayers, SumsOverTheWholeMapNeedNoWindows) {
  IntegerNet net;
  ops::SumPool pool;
  pool.window = {{4, 3}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
  const Graph graph = as_hardware(net, net.add(pool, {net.pixels({1, 2, 4, 3})}, "sum"));
  EXPECT_EQ(types(graph), "GlobalAccPool");
}

TEST(InferHwLayers, OtherSumsAreWindowsAndAPool) {
  IntegerNet net;
  ops::SumPool pool;
  pool.window = {{2, 2}, {2, 2}, {1, 1, 1, 1}, {1, 1}};
  const Graph graph = as_hardware(net, net.add(pool, {net.pixels({1, 2, 4, 4})}, "sum"));
  EXPECT_EQ(types(graph), "FMPadding ConvolutionInputGenerator Pool");
  EXPECT_EQ(only<hw::Pool>(graph).function, "sum");
}

TEST(InferHwLayers, SumsOfOneDimensionHaveAHeightOfOne) {
  IntegerNet net;
  ops::SumPool pool;
  pool.data_layout = Layout::kNCW;
  pool.window = {{3}, {2}, {1, 1}, {1}};
  Tensor* x = net.pixels({1, 2, 9});
  x->layout = Layout::kNCW;
  const Graph graph = as_hardware(net, net.add(pool, {x}, "sum"));
  EXPECT_EQ(types(graph), "Reshape FMPadding ConvolutionInputGenerator Pool Reshape");
}

TEST(InferHwLayers, QuantisedAveragesAreShifted) {
  IntegerNet net;
  ops::QuantAvgPool2d pool;
  pool.kernel = pool.stride = 2;
  pool.ibits = pool.obits = 8;
  const Graph graph = as_hardware(net, net.add(pool, {net.pixels({1, 2, 4, 4})}, "average"));
  EXPECT_EQ(types(graph), "ConvolutionInputGenerator Pool");
  EXPECT_EQ(only<hw::Pool>(graph).shift, 2);
}

// ---- Thresholds and joins

TEST(InferHwLayers, ThresholdsOfPixelsAreALayerOfTheirOwn) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 2, 2}, DataType::uint(3));
  ops::MultiThreshold op;
  op.out_dtype = DataType::sint(3);
  op.out_bias = -2;
  // Rows are sorted for the search.
  const Graph graph =
      as_hardware(net, net.add(op, {x, net.values({2, 3}, {5, 1, 3, 2, 2, 4})}, "q"));
  const Node& node = only_node<hw::Thresholding>(graph);
  EXPECT_THAT(node.inputs[1]->constant->ints(), ElementsAre(1, 3, 5, 2, 2, 4));
  EXPECT_EQ(node.as<hw::Thresholding>()->levels.out_bias, -2);
}

TEST(InferHwLayers, ThresholdsCountAsOftenAsTheirLevelsAreApart) {
  IntegerNet net;
  ops::MultiThreshold op;
  op.out_dtype = DataType::uint(4);
  op.out_scale = 3;
  op.out_bias = -1;
  const Graph graph = as_hardware(
      net, net.add(op, {net.pixels({1, 2}), net.values({2, 2}, {50, 100, 7, 80})}, "q"));
  const Node& node = only_node<hw::Thresholding>(graph);
  EXPECT_THAT(node.inputs[1]->constant->ints(),
              ElementsAre(50, 50, 50, 100, 100, 100, 7, 7, 7, 80, 80, 80));
  EXPECT_EQ(node.as<hw::Thresholding>()->levels.out_scale, 1);
}

TEST(InferHwLayers, ThresholdsMayDependOnThePosition) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 1, 2, 2}, DataType::uint(3));
  ops::JoinThreshold op;
  op.out_dtype = DataType::uint(1);
  const Graph graph =
      as_hardware(net, net.add(op, {net.values({1, 1, 2, 1, 1}, {3, 5}), nullptr, x}, "q"));
  EXPECT_EQ(types(graph), "Thresholding");
  EXPECT_EQ(graph.nodes()[0]->inputs[1]->shape, (Shape{1, 2, 1, 1, 1}));
}

TEST(InferHwLayers, ARowPerChannelOfAJoinJoinsTheProduct) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* acc =
      net.add(ops::MatMul{}, {net.pixels({1, 6}), net.random_values({6, 2}, -7, 7, random)}, "acc");
  ops::JoinThreshold op;
  op.out_dtype = DataType::uint(2);
  const Graph graph =
      as_hardware(net, net.add(op, {net.values({1, 2, 2}, {-100, 50, 0, 9}), nullptr, acc}, "q"));
  EXPECT_EQ(types(graph), "MVAU");
  EXPECT_EQ(only_node<hw::MVAU>(graph).inputs[2]->shape, (Shape{2, 2}));
}

TEST(InferHwLayers, AMultiplierOfOneStreamIsAFactor) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2}, DataType::uint(3));
  ops::JoinThreshold op;
  op.out_dtype = DataType::uint(2);
  const Graph graph = as_hardware(
      net, net.add(op, {net.values({1, 1, 2}, {-12, 5}), net.values({1, 2, 1}, {3, -4}), x}, "q"));
  EXPECT_EQ(types(graph), "ChannelwiseOp Thresholding");
  EXPECT_EQ(only_node<hw::ChannelwiseOp>(graph).outputs[0]->dtype, DataType::sint(6));
}

TEST(InferHwLayers, SumsOfStreamsKeepBothForms) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 3, 2, 2}, DataType::uint(2));
  Tensor* y = net.add(ops::Mul{}, {x, net.values({1, 3, 1, 1}, {1, 2, 3})}, "y");
  ops::JoinThreshold table, line;
  table.out_dtype = line.out_dtype = DataType::uint(2);
  line.out_bias = 1;
  Tensor* a = net.add(table, {net.values({1, 1, 1, 1, 4, 1}, {1, 3, 5, 7}), nullptr, y, x}, "a");
  Tensor* b = net.add(
      line,
      {net.values({1, 1, 1, 1, 2}, {4, 9}), net.values({1, 3, 1, 1, 2}, {1, 2, -1, 3, 2, 2}), y, a},
      "b");
  const Graph graph = as_hardware(net, b);
  EXPECT_EQ(types(graph),
            "DuplicateStreams ChannelwiseOp DuplicateStreams JoinThreshold JoinThreshold");
}

TEST(InferHwLayers, ASumOfStreamsCannotDependOnThePosition) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 1, 2, 2}, DataType::uint(2));
  ops::JoinThreshold op;
  op.out_dtype = DataType::uint(2);
  Tensor* y = net.add(
      op, {net.values({1, 1, 2, 1, 1}, {3, 5}), net.values({1, 1, 1, 1, 2}, {1, 2}), x, x}, "q");
  EXPECT_THAT(refusal(net, y), AllOf(HasSubstr("(JoinThreshold)"), HasSubstr("the position")));
}

// ---- Elementwise and moves

TEST(InferHwLayers, ChannelsAreAddedScaledAndBounded) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 2, 2}, DataType::uint(3));
  x = net.add(ops::Add{}, {x, net.values({1, 2, 1, 1}, {-4, -2})}, "a");
  x = net.add(ops::Mul{}, {net.values({}, {3}), x}, "m");
  x = net.add(ops::Relu{}, {x}, "r");
  const Graph graph = as_hardware(net, net.add(ops::Relu{}, {x}, "last"));
  EXPECT_EQ(types(graph), "ChannelwiseOp ChannelwiseOp ChannelwiseOp");
  std::vector<std::string> functions;
  for (const Node* node : nodes_of_type<hw::ChannelwiseOp>(graph))
    functions.push_back(node->as<hw::ChannelwiseOp>()->function);
  EXPECT_THAT(functions, ElementsAre("add", "mul", "max"));
}

TEST(InferHwLayers, AClipIsAtMostTwoBounds) {
  for (const auto& [low, high, count] :
       {std::tuple{-3, 2, 2}, {-3, 100, 1}, {-100, 2, 1}, {-100, 100, 0}}) {
    IntegerNet net;
    Tensor* x = net.pixels({1, 4}, DataType::sint(4));
    Tensor* y = net.add(ops::Clip{}, {x, net.values({}, {low}), net.values({}, {high})}, "y");
    y->dtype = DataType::sint(4);
    y = net.add(ops::Add{}, {y, net.values({}, {0})}, "end");
    Graph graph = net.finish_integers(y);
    for (const auto& tensor : graph.tensors())
      if (!tensor->dtype.is_integer()) tensor->dtype = DataType::sint(4);
    expect_exact_step(graph, infer_hw_layers);
    EXPECT_EQ(count_nodes(graph, "ChannelwiseOp"), static_cast<std::size_t>(count) + 1)
        << low << " " << high;
  }
}

TEST(InferHwLayers, StreamsAreMultiplied) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 3, 3}, DataType::uint(3));
  const Graph graph = as_hardware(net, net.add(ops::Mul{}, {x, x}, "square"));
  EXPECT_EQ(types(graph), "DuplicateStreams EltwiseMul");
  EXPECT_EQ(graph.outputs()[0]->dtype, DataType::uint(6));
}

/// The map is the first input of the layer, whatever the order in the model.
TEST(InferHwLayers, AVectorMeetsEveryPixelOfAMap) {
  for (const bool turned : {false, true}) {
    IntegerNet net;
    Tensor* x = net.pixels({1, 2, 3, 3}, DataType::uint(3));
    ops::SumPool sums;
    sums.window = window2d(3);
    Tensor* s = net.add(sums, {x}, "s");
    const Graph graph = as_hardware(
        net, turned ? net.add(ops::Mul{}, {s, x}, "y") : net.add(ops::Mul{}, {x, s}, "y"));
    EXPECT_EQ(types(graph), "DuplicateStreams GlobalAccPool EltwiseMul");
    EXPECT_EQ(*only_node<hw::EltwiseMul>(graph).inputs[0]->shape, (Shape{1, 3, 3, 2}));
  }
}

TEST(InferHwLayers, AFactorOfOneChannelIsRepeatedForEach) {
  IntegerNet net;
  std::mt19937 random(6);
  Tensor* x = net.pixels({1, 4, 3, 3});
  Tensor* one = net.add(conv2d(1), {x, net.random_values({1, 4, 1, 1}, -1, 1, random)});
  const Graph graph = as_hardware(net, net.add(ops::Mul{}, {one, x}));
  EXPECT_EQ(types(graph), "DuplicateStreams MVAU Reshape Pick Reshape EltwiseMul");
  EXPECT_EQ(only<hw::Pick>(graph).columns, (Ints{0, 0, 0, 0}));
}

/// Runs of axes are repeated at once: whatever a factor lacks.
TEST(InferHwLayers, AFactorOfOneRowOrColumnIsRepeated) {
  const auto repeats = [](Shape kernel) {
    IntegerNet net;
    Tensor* x = net.pixels({1, 2, 2, 3}, DataType::uint(3));
    ops::SumPool sums;
    sums.window = {std::move(kernel), {1, 1}, {0, 0, 0, 0}, {1, 1}};
    const Graph graph = as_hardware(net, net.add(ops::Mul{}, {x, net.add(sums, {x}, "s")}, "y"));
    EXPECT_EQ(*only_node<hw::EltwiseMul>(graph).inputs[1]->shape, (Shape{1, 2, 3, 2}));
    const Node& pick = only_node<hw::Pick>(graph);
    return std::pair(*pick.inputs[0]->shape, pick.as<hw::Pick>()->columns);
  };
  EXPECT_EQ(repeats({2, 1}), std::pair(Shape({1, 1, 1, 6}), Ints{0, 0}));
  EXPECT_EQ(repeats({1, 3}), std::pair(Shape({2, 1, 1, 2}), Ints{0, 0, 0}));
}

TEST(InferHwLayers, OneFactorIsRepeatedForAll) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 2, 3}, DataType::uint(3));
  ops::Gather first;
  first.axis = 1;
  ops::SumPool sums;
  sums.window = {{2, 3}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
  Tensor* one = net.add(first, {net.add(sums, {x}, "s"), net.ints({1}, {0})}, "one");
  const Graph graph = as_hardware(net, net.add(ops::Mul{}, {one, x}, "y"));
  EXPECT_THAT(nodes_text(graph), HasSubstr("EltwiseMul"));
  bool all = false;
  for (const auto& node : graph.nodes())
    if (const auto* pick = node->as<hw::Pick>()) all |= pick->columns == Ints(12, 0);
  EXPECT_TRUE(all);
}

TEST(InferHwLayers, FactorsOfMoreBitsThanAProductTakesAreRefused) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 4}, DataType::sint(49));
  EXPECT_THAT(refusal(net, net.add(ops::MatMul{}, {x, net.values({4, 1}, {1, -1, 1, 1})})),
              AllOf(HasSubstr("49 bits, more than 48"), HasSubstr("quantise what is in front")));
}

TEST(InferHwLayers, TheSameStreamTwiceIsDuplicated) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 4}, DataType::uint(3));
  const Graph graph = as_hardware(net, net.add(ops::Add{}, {x, x}, "sum"));
  EXPECT_EQ(types(graph), "DuplicateStreams AddStreams");
}

TEST(InferHwLayers, ACopyOfAnOutputIsAView) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 4}, DataType::uint(3));
  Tensor* sum = net.add(ops::Add{}, {x, net.values({4}, {1, 2, 3, 4})}, "sum");
  net.graph.add_output(sum);
  const Graph graph = as_hardware(net, net.add(ops::Identity{}, {sum}, "copy"));
  EXPECT_EQ(types(graph), "ChannelwiseOp DuplicateStreams Reshape");
}

TEST(InferHwLayers, AnOutputThatOthersReadKeepsItsName) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 4}, DataType::uint(3));
  Tensor* sum = net.add(ops::Add{}, {x, net.values({4}, {1, 2, 3, 4})}, "sum");
  net.graph.add_output(sum);
  const Graph graph = as_hardware(
      net, net.add(ops::Relu{}, {net.add(ops::Add{}, {sum, net.values({}, {-5})}, "less")}, "end"));
  EXPECT_EQ(types(graph), "ChannelwiseOp DuplicateStreams ChannelwiseOp ChannelwiseOp");
  EXPECT_EQ(graph.outputs()[0]->name, "sum");
  EXPECT_EQ(graph.outputs()[0]->producer->op->type(), "DuplicateStreams");
}

TEST(InferHwLayers, ChannelsAreJoined) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 2, 2}, DataType::uint(3));
  Tensor* y = net.add(ops::Add{}, {x, net.values({}, {-1})}, "y");
  const Graph graph = as_hardware(net, net.add(ops::Concat{}, {x, y}, "both"));
  EXPECT_EQ(types(graph), "DuplicateStreams ChannelwiseOp StreamingConcat");
  EXPECT_EQ(graph.outputs()[0]->dtype, DataType::sint(4));
}

TEST(InferHwLayers, ChannelsOfDifferentTypesGetOneThatHoldsThem) {
  // A sign that is always 1 is proved to be a bit, but its stream has signs.
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 2, 2, 2}, DataType::uint(3));
  Tensor* sign = net.signs(x, 2, 0, 0, random, "sign");
  Tensor* bit = net.add(ops::Mul{}, {sign, net.values({}, {1})}, "bit");
  const Graph graph = as_hardware(net, net.add(ops::Concat{}, {sign, bit}, "both"));
  const Node& node = only_node<hw::StreamingConcat>(graph);
  for (const Tensor* input : node.inputs) {
    EXPECT_TRUE(node.outputs[0]->dtype.allows(input->dtype.min()));
    EXPECT_TRUE(node.outputs[0]->dtype.allows(input->dtype.max()));
  }
}

TEST(InferHwLayers, AsManyStreamsAreJoinedAsALayerHasInputs) {
  const auto joined = [](IntegerNet& net, int streams) {
    std::vector<Tensor*> inputs;
    for (int i = 0; i < streams; ++i) inputs.push_back(net.pixels({1, 2, 2, 2}, DataType::uint(3)));
    return net.add(ops::Concat{}, inputs, "all");
  };
  IntegerNet most, more;
  Graph graph = ready_for_hardware(most, joined(most, hw::StreamingConcat::kMaxInputs));
  PassContext context;
  infer_hw_layers(graph, context);
  EXPECT_EQ(types(graph), "StreamingConcat");
  EXPECT_THAT(refusal(more, joined(more, hw::StreamingConcat::kMaxInputs + 1)),
              HasSubstr("join them in two steps"));
}

TEST(InferHwLayers, ConvolutionsOfOneDimensionHaveAHeightOfOne) {
  IntegerNet net;
  std::mt19937 random(1);
  ops::Conv conv;
  conv.window = {{3}, {2}, {1, 1}, {1}};
  Tensor* x = net.pixels({1, 2, 9});
  x->layout = Layout::kNCW;
  Tensor* acc = net.add(conv, {x, net.random_values({4, 2, 3}, -7, 7, random)}, "acc");
  const Graph graph = as_hardware(net, net.thresholds(acc, 4, 3, -900, 900, random));
  EXPECT_EQ(count_nodes(graph, "FMPadding"), 1U);
  EXPECT_EQ(count_nodes(graph, "MVAU"), 1U);
}

TEST(InferHwLayers, RowsAreJoinedAsVectors) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 2, 3}, DataType::uint(3));
  ops::Concat op;
  op.axis = 2;
  const Graph graph = as_hardware(net, net.add(op, {x, x}, "both"));
  EXPECT_EQ(types(graph), "DuplicateStreams Reshape Reshape StreamingConcat Reshape");
}

TEST(InferHwLayers, WhatATransposeMovesIsPicked) {
  IntegerNet net;
  Tensor* x = net.add(ops::Flatten{}, {net.pixels({1, 3, 2, 2})}, "flat");
  const Graph graph = as_hardware(net, x);
  EXPECT_EQ(types(graph), "Reshape Pick Reshape Flatten");
  // (h, w, c) in the order (c, h, w).
  EXPECT_EQ(only<hw::Pick>(graph).rows, (Ints{0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11}));
}

TEST(InferHwLayers, EntriesOfOtherAxesArePickedAsBlocks) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 5});
  x->layout = Layout::kNCW;
  x = net.add(with(&ops::Gather::axis, 2), {x, net.ints({3}, {4, 0, -2})}, "places");
  const Graph graph = as_hardware(net, x);
  EXPECT_EQ(types(graph), "Reshape Pick Reshape");
  EXPECT_EQ(only<hw::Pick>(graph).rows, (Ints{4, 0, 3}));
}

Tensor* resized(IntegerNet& net, Tensor* x, const char* coordinates, const char* mode,
                std::vector<float> scales) {
  ops::Resize op;
  op.coordinate_transformation_mode = coordinates;
  op.nearest_mode = mode;
  return net.add(op, {x, nullptr, net.floats({4}, std::move(scales))}, "up");
}

TEST(InferHwLayers, PixelsAreRepeatedHoweverTheResizeSaysIt) {
  for (const auto& [coordinates, mode] : {std::pair{"asymmetric", "floor"},
                                          {"half_pixel", "round_prefer_floor"},
                                          {"pytorch_half_pixel", "round_prefer_ceil"}}) {
    IntegerNet net;
    Tensor* y = resized(net, net.pixels({1, 2, 2, 3}), coordinates, mode, {1, 1, 2, 3});
    const Graph graph = as_hardware(net, y);
    EXPECT_EQ(only<hw::UpsampleNearestNeighbour>(graph).scale, (Ints{2, 3})) << coordinates;
  }
}

TEST(InferHwLayers, ChannelsThatChangePlacesAreColumnsOfEveryPixel) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 3, 2, 8});
  x->layout = Layout::kNHWC;
  Tensor* y = net.add(with(&ops::Gather::axis, 3), {x, net.ints({6}, {4, 5, -8, 1, 6, 7})}, "y");
  const Graph graph = as_hardware(net, y);
  EXPECT_EQ(types(graph), "Reshape Pick Reshape");
  EXPECT_EQ(*only_node<hw::Pick>(graph).inputs[0]->shape, (Shape{6, 1, 4, 2}));
  EXPECT_EQ(only<hw::Pick>(graph).rows, (Ints{0}));
  EXPECT_EQ(only<hw::Pick>(graph).columns, (Ints{2, 0, 3}));
}

TEST(InferHwLayers, OtherNearestResizesPickTheirPixels) {
  // Positions in an axis of 3 that becomes 6, by ONNX's formulas.
  const struct {
    const char *coordinates, *mode;
    Ints picks;
  } cases[] = {{"asymmetric", "ceil", {0, 1, 1, 2, 2, 2}},
               {"align_corners", "floor", {0, 0, 0, 1, 1, 2}},
               {"half_pixel", "floor", {0, 0, 0, 1, 1, 2}},
               {"half_pixel_symmetric", "floor", {0, 0, 0, 1, 1, 2}},
               {"tf_half_pixel_for_nn", "round_prefer_floor", {0, 1, 1, 2, 2, 2}}};
  for (const auto& c : cases) {
    IntegerNet net;
    Tensor* y = resized(net, net.pixels({1, 2, 3, 3}), c.coordinates, c.mode, {1, 1, 2, 2});
    const Graph graph = as_hardware(net, y);
    EXPECT_EQ(types(graph), "Pick") << c.coordinates;
    EXPECT_EQ(only<hw::Pick>(graph).rows, c.picks) << c.coordinates;
    EXPECT_EQ(only<hw::Pick>(graph).columns, c.picks) << c.coordinates;
  }
}

TEST(InferHwLayers, RowsAndColumnsArePickedTogether) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 3, 4});
  x = net.add(with(&ops::Gather::axis, 2), {x, net.ints({4}, {1, 0, 1, -1})}, "rows");
  x = net.add(with(&ops::Gather::axis, -1), {x, net.ints({2}, {3, 1})}, "columns");
  const Graph graph = as_hardware(net, x);
  EXPECT_EQ(types(graph), "Pick");
  EXPECT_EQ(only<hw::Pick>(graph).rows, (Ints{1, 0, 1, 2}));
  EXPECT_EQ(only<hw::Pick>(graph).columns, (Ints{3, 1}));
}

TEST(InferHwLayers, OtherAxesAreResizedAsBlocks) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 2});
  x->layout = Layout::kNCW;
  ops::Resize op;
  op.coordinate_transformation_mode = "asymmetric";
  op.nearest_mode = "floor";
  x = net.add(op, {x, nullptr, net.floats({3}, {1, 1, 2})}, "up");
  const Graph graph = as_hardware(net, x);
  EXPECT_EQ(types(graph), "Reshape Pick Reshape");
  EXPECT_EQ(only<hw::Pick>(graph).rows, (Ints{0, 0, 1, 1}));
}

TEST(InferHwLayers, VectorsArePaddedAsARow) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 3});
  x->layout = Layout::kNCW;
  x = net.add(ops::Pad{}, {x, net.ints({6}, {0, 0, 1, 0, 0, 2})}, "pad");
  const Graph graph = as_hardware(net, x);
  EXPECT_EQ(types(graph), "Reshape FMPadding Reshape");
  EXPECT_EQ(only<hw::FMPadding>(graph).pads, (Ints{0, 1, 0, 2}));
}

/// The layers of an integer Pad of [1,4,3,5] and which one picks.
Graph padding_of(IntegerNet& net, const Ints& pads) {
  Tensor* x = net.pixels({1, 4, 3, 5});
  return as_hardware(net, net.add(ops::Pad{}, {x, net.ints({8}, pads)}, "pad"));
}

TEST(InferHwLayers, NegativePadsCutOff) {
  IntegerNet net;
  const Graph graph = padding_of(net, {0, 0, 1, -1, 0, 0, -2, -2});
  EXPECT_EQ(types(graph), "Pick FMPadding");
  EXPECT_EQ(only<hw::Pick>(graph).rows, (Ints{0}));
  EXPECT_EQ(only<hw::Pick>(graph).columns, (Ints{1, 2}));
  EXPECT_EQ(only<hw::FMPadding>(graph).pads, (Ints{1, 0, 0, 0}));
  IntegerNet rows;
  const Graph cut = padding_of(rows, {0, 0, -1, 0, 0, 0, 0, 0});
  EXPECT_EQ(types(cut), "Pick");
  EXPECT_EQ(only<hw::Pick>(cut).rows, (Ints{1, 2}));
  IntegerNet channels;
  const Graph fewer = padding_of(channels, {0, -2, 0, 0, 0, 2, 0, 0});
  EXPECT_EQ(types(fewer), "Reshape Pick FMPadding Reshape");
  EXPECT_EQ(only<hw::Pick>(fewer).columns, (Ints{1}));  // the second two of four
}

TEST(InferHwLayers, PadsThatCutAllOffAreRefused) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 4, 3, 5});
  EXPECT_THAT(
      refusal(net, net.add(ops::Pad{}, {x, net.ints({8}, {0, 0, -3, 0, 0, 0, 2, 0})}, "pad")),
      HasSubstr("it cuts all 3 entries of an axis off"));
}

TEST(InferHwLayers, APoolThatLeavesARemainderTakesPaddingAway) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 1, 4, 4});
  x = net.add(ops::Pad{}, {x, net.ints({8}, {0, 0, 0, 1, 0, 0, 1, 0})}, "pad");
  ops::MaxPool pool;
  pool.window = {{2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}};
  const Graph graph = as_hardware(net, net.add(pool, {x}, "pool"));
  EXPECT_EQ(only<hw::FMPadding>(graph).pads, (Ints{0, 1, 0, 0}));
}

TEST(InferHwLayers, FurtherImagesAreRefused) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 1, 3, 3});
  x = net.add(ops::Gather{}, {x, net.ints({2}, {0, 0})}, "twice");
  x = net.add(conv2d(3, 1, 1), {x, net.random_values({2, 1, 3, 3}, -7, 7, random)}, "acc");
  EXPECT_THAT(refusal(net, x), HasSubstr("has 2 images"));
}

TEST(InferHwLayers, APaddingJoinsTheOneBehindIt) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 1, 3, 3});
  Tensor* pads = net.ints({8}, {0, 0, 1, 0, 0, 0, 0, 1});
  x = net.add(ops::Pad{}, {x, pads}, "pad");
  const Graph graph = as_hardware(
      net, net.add(conv2d(3, 1, 1), {x, net.random_values({2, 1, 3, 3}, -7, 7, random)}, "acc"));
  EXPECT_EQ(types(graph), "FMPadding ConvolutionInputGenerator MVAU");
  EXPECT_EQ(only<hw::FMPadding>(graph).pads, (Ints{2, 1, 1, 2}));
}

TEST(InferHwLayers, ViewsStayAsTheyAre) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* flat = net.add(ops::Flatten{}, {net.pixels({1, 2, 2, 2})}, "flat");
  Tensor* w = net.random_values({8, 3}, -7, 7, random);
  const Graph graph = as_hardware(net, net.add(ops::MatMul{}, {flat, w}, "acc"));
  EXPECT_EQ(types(graph), "Flatten MVAU");
  EXPECT_TRUE(is_view(*graph.nodes()[0]));
  EXPECT_FALSE(is_view(*graph.nodes()[1]));
}

TEST(InferHwLayers, LabelsAreSelected) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 10});
  Tensor* k = net.ints({1}, {3});
  Tensor *values = net.graph.add_tensor("values"), *labels = net.graph.add_tensor("labels");
  net.graph.add_node(std::make_unique<ops::TopK>(), {x, k}, {values, labels}, "top");
  const Graph graph = as_hardware(net, labels);
  const Node& node = only_node<hw::LabelSelect>(graph);
  EXPECT_EQ(node.name, "top");
  EXPECT_EQ(node.outputs[0], nullptr);
  EXPECT_EQ(node.outputs[1]->dtype, DataType::uint(4));
  EXPECT_EQ(node.as<hw::LabelSelect>()->k, 3);
}

// ---- Refusals

TEST(InferHwLayers, TheFirstNodeWithoutALayerIsNamed) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 2, 2}, DataType::uint(3));
  Tensor* end = net.add(ops::Add{}, {x, net.values({1, 1, 1, 1}, {1})}, "end");
  ops::SumPool sums;
  sums.window = window2d(2);
  Tensor* vector = net.add(ops::Reshape{}, {net.add(sums, {x}), net.ints({1}, {2})});
  Tensor* product = net.add(ops::Mul{}, {x, vector}, "product");
  EXPECT_THAT(refusal(net, net.add(ops::Add{}, {product, end}, "sum")),
              AllOf(HasSubstr("(Mul)"), HasSubstr("it multiplies [1,2,2,2] by [2]")));
}

TEST(InferHwLayers, SeveralVectorsOfClassesAreNotRanked) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 5});
  Tensor* labels = net.graph.add_tensor("labels");
  net.graph.add_node(std::make_unique<ops::TopK>(), {x, net.ints({1}, {1})},
                     {net.graph.add_tensor("values"), labels}, "top");
  EXPECT_THAT(refusal(net, labels), HasSubstr("only one vector of classes has a layer"));
}

TEST(InferHwLayers, ConstantsMayDependOnChannelsOnly) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 1, 2, 2}, DataType::uint(3));
  Tensor* y = net.add(ops::Add{}, {x, net.values({1, 1, 2, 2}, {1, 2, 3, 4})}, "y");
  EXPECT_THAT(refusal(net, y), HasSubstr("depends on the position"));
}

TEST(InferHwLayers, StreamsOfDifferentShapesDoNotAddUp) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 2, 2}, DataType::uint(3));
  ops::SumPool pool;
  pool.window = {{2, 2}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
  Tensor* y = net.add(ops::Add{}, {x, net.add(pool, {x}, "sum")}, "y");
  EXPECT_THAT(refusal(net, y), HasSubstr("it stretches [1,1,1,2] to [1,2,2,2]"));
}

TEST(InferHwLayers, LevelsDoNotFall) {
  for (const float scale : {-1.0F, 17.0F}) {
    IntegerNet net;
    ops::MultiThreshold op;
    op.out_dtype = DataType::sint(8);
    op.out_scale = scale;
    Tensor* y = net.add(op, {net.pixels({1, 2}), net.values({1, 2}, {50, 100})}, "q");
    EXPECT_THAT(refusal(net, y), HasSubstr(fmt::format("levels are {} apart", scale)));
  }
}

TEST(InferHwLayers, TypesMustBeProved) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2}, DataType::float32());
  Graph& graph = net.finish_integers(net.add(ops::Relu{}, {x}, "y"));
  PassContext context;
  EXPECT_THAT(user_error_of([&] { infer_hw_layers(graph, context); }),
              AllOf(HasSubstr("FLOAT32"), HasSubstr("widths")));
}

TEST(InferHwLayers, OneImageAtATime) {
  IntegerNet net;
  Graph& graph = net.finish_integers(net.add(ops::Relu{}, {net.pixels({2, 3})}, "y"));
  PassContext context;
  EXPECT_THAT(user_error_of([&] { infer_hw_layers(graph, context); }),
              HasSubstr("set the batch size to 1"));
}

TEST(InferHwLayers, WhatHasNoLayerMayStayInSoftware) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 4}, DataType::uint(3));
  Tensor* a = net.add(ops::MatMul{}, {x, net.random_values({4, 4}, -2, 2, random)}, "a");
  Tensor* b = net.add(ops::MatMul{}, {a, net.random_values({4, 4}, -2, 2, random)}, "b");
  Tensor* square = net.add(ops::Sub{}, {b, a}, "square");
  Graph graph = ready_for_hardware(
      net, net.add(ops::MatMul{}, {square, net.random_values({4, 4}, -2, 2, random)}, "c"));
  const Graph before = graph;
  PassContext context{.options = {.allow_software = true}};
  EXPECT_TRUE(infer_hw_layers(graph, context));
  verify(graph);
  // a leaves the hardware and goes on in it: two streams; square is read by hardware alone.
  EXPECT_EQ(types(graph), "MVAU DuplicateStreams MVAU Sub MVAU");
  ASSERT_EQ(context.report.remarks.size(), 1U);
  EXPECT_THAT(context.report.remarks[0].text,
              HasSubstr("stays in software: no layer computes this"));
  EXPECT_EQ(differing_checkpoints(before, graph), std::vector<std::string>{});
}

// ---- Random networks

Graph random_network(unsigned seed) {
  IntegerNet net;
  std::mt19937 random(seed);
  const auto pick = [&](std::int64_t lo, std::int64_t hi) {
    return std::uniform_int_distribution<std::int64_t>(lo, hi)(random);
  };
  const bool bipolar = pick(0, 2) == 0;
  std::int64_t channels = pick(1, 3);
  Tensor* x = net.pixels({1, channels, pick(4, 8), pick(4, 8)});
  x = bipolar ? net.signs(x, channels, 90, 160, random, "first")
              : net.thresholds(x, channels, 3, 0, 255, random, "first");
  for (int layer = 0; layer < 3; ++layer) {
    infer_shapes(net.graph);
    const std::string name = "a" + std::to_string(layer);
    const std::int64_t group = pick(0, 2) == 0 ? channels : 1, kernel = pick(1, 3);
    const std::int64_t out = group == 1 ? pick(1, 5) : channels;
    const Shape w = {out, channels / group, kernel, kernel};
    Tensor* weights = bipolar ? net.random_signs(w, random) : net.random_values(w, -2, 2, random);
    Tensor* acc =
        net.add(conv2d(kernel, pick(1, 2), pick(0, kernel / 2), group), {x, weights}, name);
    channels = out;
    x = bipolar ? net.signs(acc, channels, -5, 5, random, name + "_q")
                : net.thresholds(acc, channels, pick(1, 4), -20, 20, random, name + "_q");
    infer_shapes(net.graph);
    const Shape& shape = x->shape.value();
    if (pick(0, 1) == 1) {
      ops::MaxPool pool;
      const std::int64_t pad = pick(0, 1);
      pool.window = window2d(2, pick(1, 2), pad);
      pool.ceil_mode = pick(0, 1) == 1;
      if (shape[2] > 1 && shape[3] > 1) x = net.add(pool, {x}, name + "_max");
    } else if (!bipolar) {
      Tensor* sum = net.add(ops::Add{}, {x, x}, name + "_twice");
      ops::JoinThreshold join;
      join.out_dtype = DataType::uint(2);
      x = net.add(join,
                  {net.random_values({1, channels, 1, 1, 5, 3}, -1, 7, random), nullptr, sum, x},
                  name + "_join");
    }
    infer_shapes(net.graph);
    if (x->shape.value()[2] < 3 || x->shape.value()[3] < 3) break;
  }
  const Shape& shape = x->shape.value();
  const std::int64_t features = element_count(shape);
  x = net.add(ops::Flatten{}, {x}, "flat");
  x = net.add(ops::MatMul{}, {x, net.random_values({features, 4}, -2, 2, random)}, "logits");
  return ready_for_hardware(net, x);
}

TEST(InferHwLayers, RandomNetworksKeepEveryCheckpoint) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Graph graph = random_network(seed);
    expect_exact_step(graph, infer_hw_layers, seed);
    for (const auto& node : graph.nodes())
      EXPECT_TRUE(is_view(*node) || node->op->domain() == hw::kHwDomain) << node->label();
  }
}

}  // namespace
}  // namespace assay
