// SPDX-License-Identifier: Apache-2.0
// When the network's input needs a quantiser of its own, and what it is.
#include <gmock/gmock.h>

#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/streamline.h"
#include "passes/streamline_net.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

/// Pixels of three channels, normalised as the network wants them.
class Normalised : public PixelNet {
 public:
  std::mt19937 random{5};
  Tensor* scaled(Shape shape = {1, 3, 4, 4}) {
    return add(ops::Div{}, {pixels(std::move(shape)), number(255)});
  }
  Tensor* normalised(std::vector<float> deviations = {0.25F, 0.2F, 0.3F}) {
    Tensor* x = add(ops::Sub{}, {scaled(), per_channel({0.5F, 0.4F, 0.3F})});
    return add(ops::Div{}, {x, per_channel(std::move(deviations))});
  }
  Tensor* conv(Tensor* x, std::int64_t pad, std::int64_t group = 1) {
    return add(conv2d(3, 1, pad, group), {x, random_floats({3, 3 / group, 3, 3}, -3, 3, random)});
  }
  Graph& end(Tensor* x) { return finish(relu_quant(x, 3.3F, 3)); }
};

TEST(QuantizeInput, OneScaleWithoutOffsetNeedsNone) {
  Normalised net;
  Graph& graph = net.end(net.conv(net.scaled(), 1));
  EXPECT_EQ(normalised_input(graph), nullptr);
  PassContext context;
  EXPECT_FALSE(quantize_input(graph, context));
  EXPECT_EQ(op_types(streamlined(graph).graph), "Conv MultiThreshold");
}

TEST(QuantizeInput, AQuantiserAtOnceNeedsNone) {
  Normalised net;
  Tensor* x = net.quant(net.normalised(), 0.02F, 8, {}, "a");
  Graph& graph = net.end(net.conv(x, 1));
  EXPECT_EQ(normalised_input(graph), nullptr);
  const auto done = streamlined(graph);
  EXPECT_EQ(op_types(done.graph), "MultiThreshold Conv MultiThreshold");
  EXPECT_EQ(done.quantiser("a").channels, 3);
}

TEST(QuantizeInput, SeveralScalesIntoAConvolutionNeedOne) {
  for (const std::int64_t pad : {0, 1}) {
    Normalised net;
    Tensor* x = net.normalised();
    EXPECT_EQ(normalised_input(net.end(net.conv(x, pad))), x);
  }
}

TEST(QuantizeInput, AnOffsetNeedsOneOnlyUnderPadding) {
  for (const std::int64_t pad : {0, 1}) {
    Normalised net;
    Tensor* x = net.add(ops::Sub{}, {net.scaled(), net.per_channel({0.5F, 0.4F, 0.3F})});
    Graph& graph = net.end(net.conv(x, pad));
    EXPECT_EQ(normalised_input(graph), pad == 0 ? nullptr : x);
    if (pad == 0) {
      EXPECT_EQ(op_types(streamlined(graph).graph), "Conv MultiThreshold");
    }
  }
}

TEST(QuantizeInput, ADepthwiseConvolutionTakesAScalePerChannel) {
  Normalised net;
  Graph& graph = net.end(net.conv(net.normalised(), 0, 3));
  EXPECT_EQ(normalised_input(graph), nullptr);
  EXPECT_EQ(op_types(streamlined(graph).graph), "Conv MultiThreshold");
  Normalised padded;
  Tensor* x = padded.normalised();
  EXPECT_EQ(normalised_input(padded.end(padded.conv(x, 1, 3))), x);
}

TEST(QuantizeInput, LooksThroughReluPoolsAndMovements) {
  Normalised net;
  Tensor* x = net.normalised();
  Tensor* y = net.add(ops::Relu{}, {x});
  y = net.add(with(&ops::MaxPool::window, window2d(2)), {y});
  EXPECT_EQ(normalised_input(net.end(net.conv(y, 1))), x);
}

TEST(QuantizeInput, TheQuantiserReachesTheLargestValueAndTheRestIsExact) {
  for (const int bits : {2, 8, 16}) {
    Normalised net;
    Graph& graph = net.end(net.conv(net.normalised(), 1));
    PassContext context{.options = {.input_bits = bits}};
    ASSERT_TRUE(quantize_input(graph, context));
    verify(graph);
    EXPECT_EQ(normalised_input(graph), nullptr);
    ASSERT_EQ(context.report.remarks.size(), 1U);
    EXPECT_THAT(context.report.remarks[0].text, HasSubstr(fmt::format("{} bits", bits)));
    const Node* quantiser = graph.find_tensor("quantized_input")->producer;
    EXPECT_TRUE(quantiser->as<ops::Quant>()->narrow);
    // The largest value is (1 - 0.4) / 0.2 = 3, a little more in float32.
    const double scale = quantiser->inputs[1]->constant->real(0).to_double();
    EXPECT_NEAR(scale * ((1 << (bits - 1)) - 1), 3, 1e-5);
    const auto done = streamlined(graph);
    EXPECT_EQ(op_types(done.graph), "MultiThreshold Conv MultiThreshold");
  }
}

// ---- The exact form

const UnitReport& only_unit(const PassReport& report) {
  EXPECT_EQ(report.units.size(), 1U);
  return report.units.at(0);
}

std::vector<std::int64_t> weights_of(const Graph& graph, std::string_view type) {
  for (const auto& node : graph.nodes()) {
    if (node->op->type() != type) continue;
    const Constant& w = *node->inputs[1]->constant;
    std::vector<std::int64_t> values;
    for (std::int64_t i = 0; i < w.size(); ++i) values.push_back(w.real(i).floor().get_si());
    return values;
  }
  return {};
}

TEST(ExactInput, ScalesGoIntoTheWeightsInProportion) {
  // (x0 / 0.5, x1 / 0.25) = 2 * (x0, 2 * x1): weights (1, 3) become (1, 6), in units of 2.
  PixelNet net;
  Tensor* x = net.add(ops::Div{}, {net.pixels({1, 2, 1, 1}), net.per_channel({0.5F, 0.25F})});
  x = net.add(conv2d(1), {x, net.floats({1, 2, 1, 1}, {1, 3})});
  const auto done = streamlined(net.finish(net.relu_quant(x, 100, 2)));
  EXPECT_EQ(op_types(done.graph), "Conv MultiThreshold");
  EXPECT_THAT(weights_of(done.graph, "Conv"), ::testing::ElementsAre(1, 6));
  // 2 * acc > 50 (a tie stays at 0), >= 150, > 250
  EXPECT_THAT(thresholds_of(done.graph), ::testing::ElementsAre(26, 75, 126));
  const UnitReport& unit = only_unit(done.report);
  EXPECT_EQ(unit.scales, 2);
  EXPECT_EQ(unit.multiplier_bits, 2);
  EXPECT_EQ(unit.weight_bits_before, 3);
  EXPECT_EQ(unit.weight_bits, 4);
  EXPECT_EQ(unit.accumulator_bits, 12);  // 0 .. 7 * 255
  EXPECT_TRUE(unit.taken);
}

TEST(ExactInput, NegativeAndZeroScalesAreProportionsToo) {
  PixelNet net;
  Tensor* x = net.add(ops::Mul{}, {net.pixels({1, 3, 1, 1}), net.per_channel({-3, 2, 0})});
  x = net.add(conv2d(1), {x, net.floats({2, 3, 1, 1}, {1, 1, 1, -1, 2, 5})});
  const auto done = streamlined(net.finish(net.quant(x, 100, 4)));
  EXPECT_EQ(op_types(done.graph), "Conv MultiThreshold");
  EXPECT_THAT(weights_of(done.graph, "Conv"), ::testing::ElementsAre(-3, 2, 0, 3, 4, 0));
}

TEST(ExactInput, PaddingTakesTheRealZeroIntoThresholdsByPosition) {
  // Real 0 is pixel 100.5: 2 * (x - 100.5) summed over what the 1x3 window sees.
  PixelNet net;
  Tensor* x = net.add(ops::Sub{}, {net.pixels({1, 1, 1, 3}), net.number(100.5F)});
  x = net.add(ops::Mul{}, {x, net.number(2)});
  ops::Conv op;
  op.window = {{1, 3}, {1, 1}, {0, 1, 0, 1}, {1, 1}};
  x = net.add(op, {x, net.floats({1, 1, 1, 3}, {1, 1, 1})});
  const auto done = streamlined(net.finish(net.relu_quant(x, 10, 1)));
  EXPECT_EQ(op_types(done.graph), "Conv JoinThreshold");
  // 2 * (acc - 100.5 * n) > 5: acc >= 204 for n = 2, >= 305 for n = 3 (304.0 is no more than it)
  EXPECT_THAT(thresholds_of(done.graph), ::testing::ElementsAre(204, 305, 204));
}

TEST(ExactInput, AMaxPoolCommutesWithThresholdsByPosition) {
  Normalised net;
  Tensor* x = net.conv(net.normalised({0.25F, 0.5F, 0.75F}), 1);
  x = net.add(with(&ops::MaxPool::window, window2d(2, 2)), {x});
  x = net.add(ops::Relu{}, {x});
  const auto done = streamlined(net.end(x));
  EXPECT_EQ(op_types(done.graph), "Conv JoinThreshold MaxPool");
}

TEST(ExactInput, TakesNoMoreBitsThanAllowed) {
  const auto made = [](int bits) {
    PixelNet net;
    Tensor* x = net.add(ops::Div{}, {net.pixels({1, 2, 1, 1}), net.per_channel({0.5F, 0.25F})});
    x = net.add(conv2d(1), {x, net.floats({1, 2, 1, 1}, {1, 3})});
    Graph graph = net.finish(net.relu_quant(x, 100, 2));
    PassContext context{.options = {.input_weight_bits = bits}};
    const InputForm form = exact_input_form(graph, context.options);
    absorb_scales(graph, context);
    EXPECT_EQ(only_unit(context.report).taken, form.obstacle.empty());
    EXPECT_EQ(only_unit(context.report).weight_bits, form.products.at(0).weight_bits);
    return form.obstacle;
  };
  EXPECT_EQ(made(4), "");
  EXPECT_EQ(made(24), "");
  EXPECT_EQ(made(3), "that is more than allowed");
}

TEST(ExactInput, IsPossibleForNormalisedPixelsUnderPadding) {
  Normalised net;
  const Graph& graph = net.end(net.conv(net.normalised({0.25F, 0.5F, 0.75F}), 1));
  EXPECT_EQ(exact_input_form(graph, {}).obstacle, "");
  // A network's float32 numbers are what they are: 0.2F and 0.3F have 24 bits each.
  Normalised floats;
  const InputForm form = exact_input_form(floats.end(floats.conv(floats.normalised(), 1)), {});
  EXPECT_EQ(form.obstacle, "that is more than allowed");
  EXPECT_GT(form.products.at(0).multiplier_bits, 40);
}

TEST(ExactInput, IrrationalProportionsHaveNone) {
  PixelNet net;
  Tensor* x = net.batch_norm(net.pixels({1, 2, 4, 4}), {1, 1}, {0, 0}, {3, 4}, {2, 3});
  x = net.add(conv2d(3, 1, 1), {x, net.floats({1, 2, 3, 3}, std::vector<float>(18, 1))});
  Graph& graph = net.finish(net.relu_quant(x, 100, 2));
  clean_up(graph);
  ASSERT_NE(normalised_input(graph), nullptr);
  EXPECT_NE(exact_input_form(graph, {}).obstacle, "");
}

TEST(ExactInput, TheQuantiserSaysWhatItWouldTake) {
  Normalised net;
  Graph& graph = net.end(net.conv(net.normalised(), 1));
  PassContext context;
  ASSERT_TRUE(quantize_input(graph, context));
  EXPECT_THAT(context.report.remarks.at(0).text,
              HasSubstr("the exact form takes weights of 49 bits and sums of 60 in "));
  EXPECT_THAT(context.report.remarks.at(0).text,
              HasSubstr("--input-weight-bits allows 24; hardware multiplies by up to 32"));
}

// ---- Scales in front of a product that have no exact form

/// A batch normalisation of the given factors in front of a padded convolution.
class NormalisedInside : public PixelNet {
 public:
  explicit NormalisedInside(std::vector<float> variances) {
    std::mt19937 random(3);
    const auto channels = static_cast<std::int64_t>(variances.size());
    Tensor* x = relu_quant(pixels({1, channels, 4, 4}), 20.3F, 4, "a");
    const std::vector<float> ones(variances.size(), 1), halves(variances.size(), 0.5F);
    x = batch_norm(x, ones, halves, ones, std::move(variances));
    x = add(conv2d(3, 1, 1), {x, random_floats({2, channels, 3, 3}, -3, 3, random)});
    clean_up(finish(quant(x, 30, 4)));
  }
};

TEST(RoundScales, IrrationalProportionsOfManyChannelsAreRounded) {
  NormalisedInside net({2, 3, 5, 7});
  ASSERT_TRUE(needs_rounded_scales(net.graph, {}));
  const Graph before = net.graph;
  PassContext context;
  ASSERT_TRUE(round_scales(net.graph, context));
  verify(net.graph);
  EXPECT_FALSE(needs_rounded_scales(net.graph, {}));
  ASSERT_EQ(context.report.remarks.size(), 1U);
  EXPECT_THAT(context.report.remarks[0].text, HasSubstr("rounded to 16 bits"));
  const auto done = streamlined(net.graph);
  EXPECT_EQ(only_unit(done.report).multiplier_bits, 16);
  // 1/sqrt(2) in units of 2^-16, which is the largest.
  const Constant& factors = *nodes_of_type<ops::Mul>(net.graph).at(0)->inputs[1]->constant;
  EXPECT_EQ(factors.real(0), Real(mpq_class(46341, 65536)));
  // Two bits are not enough for the activations, sixteen are.
  Graph coarse = before;
  PassContext two_bits{.options = {.scale_bits = 2}};
  ASSERT_TRUE(round_scales(coarse, two_bits));
  const auto images = test_images(*before.inputs()[0]);
  EXPECT_GT(differing_elements(before, coarse, images).at("q"), 0);
}

TEST(RoundScales, ProportionsWithAUnitStayExact) {
  NormalisedInside net({4, 9, 16, 25});  // 1/2, 1/3, 1/4, 1/5
  EXPECT_FALSE(needs_rounded_scales(net.graph, {}));
  EXPECT_EQ(only_unit(streamlined(net.graph).report).multiplier_bits, 5);  // 30, 20, 15, 12
}

TEST(RoundScales, TwoIrrationalProportionsStayExactInAProductEach) {
  PixelNet net;
  Tensor* x = net.relu_quant(net.pixels({1, 2, 2, 2}), 60, 2, "a");
  x = net.batch_norm(x, {1, 1}, {0, 0}, {1, 1}, {2, 3});
  x = net.add(conv2d(1), {x, net.floats({1, 2, 1, 1}, {1, -2})});
  clean_up(net.finish(net.quant(x, 1, 3)));
  EXPECT_FALSE(needs_rounded_scales(net.graph, {}));
  EXPECT_EQ(op_types(streamlined(net.graph).graph).find("JoinThreshold") == std::string::npos,
            false);
}

TEST(RoundScales, WhatSumsOfBranchesMayTakeDecides) {
  PixelNet net;
  std::mt19937 random(3);
  Tensor* x = net.relu_quant(net.pixels({1, 2, 4, 4}), 4.3F, 6, "a");
  x = net.batch_norm(x, {1, 1}, {0, 0}, {1, 1}, {2, 3});
  x = net.add(conv2d(3), {x, net.random_floats({2, 2, 3, 3}, -3, 3, random)});
  clean_up(net.finish(net.quant(x, 30, 4)));
  EXPECT_FALSE(needs_rounded_scales(net.graph, {}));
  EXPECT_TRUE(needs_rounded_scales(net.graph, {.join_budget = 1}));
}

TEST(RoundScales, TwoIrrationalProportionsUnderPaddingAreRounded) {
  // A product each would join two streams by thresholds that depend on the position.
  NormalisedInside net({2, 3});
  ASSERT_TRUE(needs_rounded_scales(net.graph, {}));
  PassContext context;
  ASSERT_TRUE(round_scales(net.graph, context));
  EXPECT_FALSE(needs_rounded_scales(net.graph, {}));
}

TEST(RoundScales, NothingIsDoneBehindProductsOrInFrontOfDepthwiseOnes) {
  PixelNet net;
  std::mt19937 random(3);
  Tensor* x = net.relu_quant(net.pixels({1, 3, 4, 4}), 20.3F, 4, "a");
  x = net.batch_norm(x, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}, {2, 3, 5});
  x = net.add(conv2d(3, 1, 0, 3), {x, net.random_floats({3, 1, 3, 3}, -3, 3, random)});
  x = net.batch_norm(x, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}, {2, 3, 5});
  clean_up(net.finish(net.quant(x, 30, 4)));
  EXPECT_FALSE(needs_rounded_scales(net.graph, {}));
  PassContext context;
  EXPECT_FALSE(round_scales(net.graph, context));
}

}  // namespace
}  // namespace assay
