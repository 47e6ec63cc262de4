// SPDX-License-Identifier: Apache-2.0
// Operators of the exact executor on small vectors whose results are worked out by hand.
#include <gtest/gtest.h>

#include <random>

#include "golden/exact_testing.h"
#include "support/real_eval.h"

namespace assay {
namespace {

ops::Conv conv_of(ops::Window window, std::int64_t group = 1) {
  ops::Conv conv;
  conv.window = std::move(window);
  conv.group = group;
  return conv;
}

// ---- Convolutions

/// 1 .. 9 as a 3 x 3 kernel. On a constant image with padding 1 it sees, row by row:
/// 5+6+8+9, 4+..+9, 4+5+7+8; 2+3+5+6+8+9, 1+..+9, 1+2+4+5+7+8; 2+3+5+6, 1+..+6, 1+2+4+5.
const std::vector<float> kCounting = {1, 2, 3, 4, 5, 6, 7, 8, 9};
Texts counted(int factor) {
  Texts out;
  for (const int sum : {28, 39, 24, 33, 45, 27, 16, 21, 12})
    out.push_back(std::to_string(factor * sum));
  return out;
}
Tensor* padded_counting(Net& net, Tensor* x) {
  return net.add(conv_of(window_of({3, 3}, {1, 1, 1, 1})),
                 {x, net.floats({1, 1, 3, 3}, kCounting)});
}

TEST(ExactOperators, PaddingOfABipolarImageIsZero) {
  // Zero is no value of a bipolar tensor: at the border fewer products count.
  for (const int sign : {1, -1}) {
    Net net;
    Tensor* x = net.add(ops::BipolarQuant{}, {net.input({1, 1, 3, 3}), net.scalar(1)});
    EXPECT_EQ(exact_texts(net, padded_counting(net, x), Levels(9, sign)), counted(sign));
  }
}

TEST(ExactOperators, PaddingOfAnOffsetImageIsZero) {
  // x + 1 = 3 inside, 0 outside.
  Net net;
  Tensor* x = net.add(ops::Add{}, {net.input({1, 1, 3, 3}), net.scalar(1)});
  EXPECT_EQ(exact_texts(net, padded_counting(net, x), Levels(9, 2)), counted(3));
}

TEST(ExactOperators, PaddingOfAQuantisedImageWithAZeroPointIsRealZero) {
  // x / .5 + 3 = 5 is level 5, real 1; the padding is real 0, level 3.
  Net net;
  Tensor* x = add_quant(net, net.input({1, 1, 3, 3}),
                        {.scale = 0.5F, .zero = 3, .bits = 4, .is_signed = false});
  EXPECT_EQ(exact_texts(net, padded_counting(net, x), Levels(9, 1)), counted(1));
}

TEST(ExactOperators, NormalisationInFrontOfAPaddedConvolutionKeepsTheBorder) {
  // (255 / 255 - .5) / .25 = 2 inside, 0 outside.
  Net net;
  Tensor* x = net.add(ops::Div{}, {net.input({1, 1, 3, 3}), net.scalar(255)});
  Tensor* centred = net.add(ops::Sub{}, {x, net.scalar(0.5F)});
  Tensor* normalised = net.add(ops::Div{}, {centred, net.scalar(0.25F)});
  EXPECT_EQ(exact_texts(net, padded_counting(net, normalised), Levels(9, 255)), counted(2));
}

TEST(ExactOperators, NormalisationKeepsItsFloat32Parameters) {
  // (51 / 255 - m) / s with m, s the float32 numbers next to .491 and .247.
  Net net;
  Tensor* x = net.add(ops::Div{}, {net.input({1, 1, 3, 3}), net.scalar(255)});
  Tensor* centred = net.add(ops::Sub{}, {x, net.scalar(0.491F)});
  Tensor* y = padded_counting(net, net.add(ops::Div{}, {centred, net.scalar(0.247F)}));
  const ExactRun run = run_exactly(net, y, Levels(9, 51));
  const Real pixel = (ratio(1, 5) - Real::of(0.491F)) * Real::of(0.247F).inverse();
  EXPECT_TRUE(run.outputs.at(0).real(0) == pixel * Real(28));
  EXPECT_TRUE(run.outputs.at(0).real(4) == pixel * Real(45));
}

TEST(ExactOperators, GroupsSeeTheirOwnChannels) {
  Net net;
  Tensor* y = net.add(conv_of(window_of({1, 1}, {0, 0, 0, 0}), 2),
                      {net.input({1, 4, 1, 1}), net.floats({2, 2, 1, 1}, {1, 10, 100, 1000})});
  EXPECT_EQ(exact_texts(net, y, {1, 2, 3, 4}), (Texts{"21", "4300"}));
}

TEST(ExactOperators, ADepthwiseConvolutionHasAKernelPerChannel) {
  Net net;
  Tensor* y = net.add(conv_of(window_of({1, 2}, {0, 0, 0, 0}), 3),
                      {net.input({1, 3, 1, 2}), net.floats({3, 1, 1, 2}, {1, 2, 3, 5, 7, -7})});
  // 1+4, 9+20, 35-42
  EXPECT_EQ(exact_texts(net, y, {1, 2, 3, 4, 5, 6}), (Texts{"5", "29", "-7"}));
}

TEST(ExactOperators, DilationSkipsAndStrideSteps) {
  const auto run = [](std::int64_t stride) {
    Net net;
    Tensor* y = net.add(conv_of(window_of({3}, {0, 0}, stride, 2)),
                        {net.input({1, 1, 7}), net.floats({1, 1, 3}, {1, 10, 100})});
    return exact_texts(net, y, {1, 2, 3, 4, 5, 6, 7});
  };
  EXPECT_EQ(run(1), (Texts{"531", "642", "753"}));
  EXPECT_EQ(run(2), (Texts{"531", "753"}));
}

/// Kernel, stride, dilation and pads of rows are not those of columns.
TEST(ExactOperators, RowsAndColumnsHaveTheirOwnWindow) {
  const auto run = [](ops::Window window, std::vector<std::int64_t> kernel, Levels image,
                      std::int64_t height, std::int64_t width) {
    Net net;
    const Shape shape = {1, 1, window.kernel_shape[0], window.kernel_shape[1]};
    Tensor* y = net.add(
        conv_of(std::move(window)),
        {net.input({1, 1, height, width}), net.floats(shape, {kernel.begin(), kernel.end()})});
    return exact_texts(net, y, image);
  };
  const Levels image = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  // Rows 0 and 2, columns j and j + 1.
  EXPECT_EQ(run({{2, 2}, {1, 1}, {0, 0, 0, 0}, {2, 1}}, {1, 10, 100, 1000}, image, 3, 3),
            (Texts{"8721", "9832"}));
  // The other way round.
  EXPECT_EQ(run({{2, 2}, {1, 1}, {0, 0, 0, 0}, {1, 2}}, {1, 10, 100, 1000}, image, 3, 3),
            (Texts{"6431", "9764"}));
  EXPECT_EQ(run({{1, 2}, {2, 1}, {0, 0, 0, 0}, {1, 1}}, {1, 10}, image, 3, 3),
            (Texts{"21", "32", "87", "98"}));
  // A row above, two columns to the right.
  EXPECT_EQ(run({{2, 1}, {1, 2}, {1, 0, 0, 2}, {1, 1}}, {1, 10}, image, 3, 3),
            (Texts{"10", "30", "0", "41", "63", "0", "74", "96", "0"}));
}

TEST(ExactOperators, PadsOfTheTwoEndsMayDiffer) {
  Net net;
  Tensor* y = net.add(conv_of(window_of({2}, {0, 1})),
                      {net.input({1, 1, 3}), net.floats({1, 1, 2}, {1, 10})});
  EXPECT_EQ(exact_texts(net, y, {1, 2, 3}), (Texts{"21", "32", "3"}));
}

TEST(ExactOperators, ABiasIsAddedPerChannel) {
  Net net;
  Tensor* y = net.add(
      conv_of(window_of({1}, {0, 0})),
      {net.input({1, 1, 1}), net.floats({2, 1, 1}, {2, 3}), net.floats({2}, {0.5F, -0.25F})});
  EXPECT_EQ(exact_texts(net, y, {4}), (Texts{"17/2", "47/4"}));
}

TEST(ExactOperators, ATransposedConvolutionSpreadsItsInput) {
  const auto run = [](std::vector<std::int64_t> pads, std::int64_t extra, Shape in, Shape weights,
                      const std::vector<float>& w, const Levels& q) {
    Net net;
    ops::ConvTranspose op;
    op.window = window_of({3}, std::move(pads), 2);
    op.output_padding = {extra};
    return exact_texts(net, net.add(op, {net.input(std::move(in)), net.floats(weights, w)}), q);
  };
  const std::vector<float> w = {1, 10, 100};
  EXPECT_EQ(run({0, 0}, 0, {1, 1, 2}, {1, 1, 3}, w, {3, 5}),
            (Texts{"3", "30", "305", "50", "500"}));
  EXPECT_EQ(run({1, 1}, 0, {1, 1, 2}, {1, 1, 3}, w, {3, 5}), (Texts{"30", "305", "50"}));
  EXPECT_EQ(run({1, 1}, 1, {1, 1, 2}, {1, 1, 3}, w, {3, 5}), (Texts{"30", "305", "50", "500"}));
  // Two input channels add up, two output channels have their own kernels.
  EXPECT_EQ(run({0, 0}, 0, {1, 2, 1}, {2, 2, 3}, {1, 2, 3, 10, 20, 30, 7, 7, 7, 0, 0, 1}, {1, 2}),
            (Texts{"15", "16", "17", "10", "20", "32"}));
}

TEST(ExactOperators, WeightsAreQuantisedPerChannel) {
  // Rows at scales .5 and .25: .75 -> 1.5 -> 2 -> 1, 1 -> 1; .125 -> .5 -> 0, .375 -> 1.5 -> 2 ->
  // .5.
  Net net;
  Tensor* w = net.add(ops::Quant{},
                      {net.floats({2, 2, 1, 1}, {0.75F, 1, 0.125F, 0.375F}),
                       net.floats({2, 1, 1, 1}, {0.5F, 0.25F}), net.scalar(0), net.scalar(4)});
  Tensor* y = net.add(conv_of(window_of({1, 1}, {0, 0, 0, 0})), {net.input({1, 2, 1, 1}), w});
  EXPECT_EQ(exact_texts(net, y, {3, 5}), (Texts{"8", "5/2"}));
}

TEST(ExactOperators, ActivationsAreQuantisedPerChannel) {
  // x = 2.5, 1.25 at scales 1, .5: both 2.5 -> 2.
  Net net;
  Tensor* x = net.add(ops::Quant{}, {net.input({1, 2, 1}), net.floats({1, 2, 1}, {1, 0.5F}),
                                     net.scalar(0), net.scalar(4)});
  const ExactRun run = run_exactly(net, x, {10, 5}, ratio(1, 4));
  EXPECT_EQ(run.checkpoints.at(1).q, (Levels{2, 2}));
  EXPECT_EQ(texts(run.outputs.at(0)), (Texts{"2", "1"}));
  // And a convolution over both scales: 2 * 1 + 1 * 10.
  Net summed;
  Tensor* z =
      summed.add(ops::Quant{}, {summed.input({1, 2, 1}), summed.floats({1, 2, 1}, {1, 0.5F}),
                                summed.scalar(0), summed.scalar(4)});
  Tensor* y = summed.add(conv_of(window_of({1}, {0, 0})), {z, summed.floats({1, 2, 1}, {1, 10})});
  EXPECT_EQ(exact_texts(summed, y, {10, 5}, ratio(1, 4)), Texts{"12"});
}

TEST(ExactOperators, PerChannelNormalisationsDecideForThemselves) {
  // Channels: x / 2, constant 1.5, -x / 4 + 1, at x = 2, 3, 6.
  Net net;
  ops::BatchNormalization norm;
  norm.epsilon = 0;
  Tensor* y = net.add(
      norm, {net.input({1, 3, 3}), net.floats({3}, {1, 0, -1}), net.floats({3}, {0, 1.5F, 1}),
             net.floats({3}, {0, 7, 0}), net.floats({3}, {4, 9, 16})});
  EXPECT_EQ(exact_levels(net, add_quant(net, y, {}), {2, 3, 6, 2, 3, 6, 2, 3, 6}),
            (Levels{1, 2, 3, 2, 2, 2, 0, 0, 0}));  // .5 and -.5 are 0, .25 too
}

// ---- Matrix products

TEST(ExactOperators, GemmHasItsFactors) {
  // 2 * [1 2] [[1 3] [2 4]]' + .5 * [1 -1], the second factor stored transposed.
  Net net;
  ops::Gemm gemm;
  gemm.alpha = 2;
  gemm.beta = 0.5F;
  gemm.trans_b = true;
  Tensor* y = net.add(
      gemm, {net.input({1, 2}), net.floats({2, 2}, {1, 2, 3, 4}), net.floats({2}, {1, -1})});
  // 2 * (1*1 + 2*2) + .5, 2 * (1*3 + 2*4) - .5
  EXPECT_EQ(exact_texts(net, y, {1, 2}), (Texts{"21/2", "43/2"}));
}

/// x in a shape of its own, with a scale and an offset for each entry of its last axis or of the one in
/// front: a factor of a product.
Tensor* factor(Net& net, Tensor* x, const Shape& shape, bool rows, std::mt19937& random) {
  const std::int64_t size = element_count(shape), given = element_count(*x->shape);
  std::vector<std::int64_t> picks;
  for (std::int64_t i = 0; i < size; ++i)
    picks.push_back(static_cast<std::int64_t>(random() % static_cast<unsigned>(given)));
  Tensor* flat = net.add(ops::Reshape{}, {x, net.ints({given})});
  Tensor* y = net.add(ops::Gather{}, {flat, net.ints(picks)});
  y = net.add(ops::Reshape{}, {y, net.ints(shape)});
  Shape parameters(shape.size(), 1);
  const std::size_t axis = shape.size() - (rows && shape.size() > 1 ? 2 : 1);
  parameters[axis] = shape[axis];
  const auto numbers = [&](float unit) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < shape[axis]; ++i)
      values.push_back(unit * static_cast<float>(static_cast<int>(random() % 7) - 3));
    return net.floats(parameters, values);
  };
  y = net.add(ops::Mul{}, {y, numbers(0.3F)});
  return net.add(ops::Add{}, {y, numbers(0.7F)});
}

TEST(ExactOperators, MatricesOfActivationsAreWhatTheLoopsSay) {
  const std::vector<std::pair<Shape, Shape>> shapes = {{{2, 3}, {3, 4}},
                                                       {{3}, {3}},
                                                       {{3}, {3, 2}},
                                                       {{2, 3}, {3}},
                                                       {{2, 2, 3}, {3, 2}},
                                                       {{2, 3}, {2, 3, 2}},
                                                       {{1, 2, 3}, {2, 3, 1}},
                                                       {{2, 1, 2, 3}, {3, 3, 2}},
                                                       {{1, 2, 2, 3}, {1, 2, 3, 2}},
                                                       {{2, 1, 2, 1}, {1, 3, 1, 2}}};
  std::mt19937 random(3);
  for (const auto& [a, b] : shapes)
    for (int form = 0; form < 8; ++form) {
      SCOPED_TRACE(shape_text(a) + " " + shape_text(b) + " form " + std::to_string(form));
      Net net;
      Tensor* x = net.input({1, 5});
      Tensor* first = factor(net, x, a, form % 2 != 0, random);
      Tensor* second = factor(net, x, b, form / 2 % 2 != 0, random);
      // Twice one of them is a constant.
      if (form == 6)
        first = net.floats(a, std::vector<float>(static_cast<std::size_t>(element_count(a)), 1.1F));
      if (form == 7)
        second =
            net.floats(b, std::vector<float>(static_cast<std::size_t>(element_count(b)), -0.6F));
      net.finish(net.add(ops::MatMul{}, {first, second}));
      const Levels q{-3, 0, 7, 2, -8};
      const ExactExecutor exact(net.graph, {stepped_input(q, ratio(1, 3))});
      const ExactValue got = exact.run({.inputs = {{q}}}).outputs.at(0);
      std::vector<Real> pixels;
      for (const std::int64_t i : q) pixels.push_back(ratio(i, 3));
      const auto expected = real_eval::evaluate(net.graph, {{"x", {{1, 5}, pixels}}})
                                .at(net.graph.outputs()[0]->name);
      ASSERT_EQ(got.shape, expected.shape);
      for (std::int64_t i = 0; i < got.size(); ++i)
        ASSERT_EQ(got.real(i).str(), expected.values[static_cast<std::size_t>(i)].str()) << i;
    }
}

TEST(ExactOperators, TiesOfAProductOfActivationsGoToTheEvenLevel) {
  // [1 a] [1 a]' = 1 + a a for a = 1/2, 1, 3/2: 5/4, 2, 13/4 in units of 1/2.
  for (const auto& [a, level] : {std::pair{1, 2}, {2, 4}, {3, 6}}) {
    Net net;
    Tensor* x = net.input({1, 2});
    ops::Transpose turn;
    turn.perm = {1, 0};
    Tensor* y = net.add(ops::MatMul{}, {x, net.add(turn, {x})});
    EXPECT_EQ(exact_levels(net, add_quant(net, y, {.scale = 0.5F}), {2, a}, ratio(1, 2)),
              (Levels{level}));
  }
}

TEST(ExactOperators, XnorPopcountCountsEqualBits) {
  Net net;
  Tensor* y = net.add(ops::XnorPopcountMatMul{},
                      {net.input({1, 4}), net.floats({4, 2}, {1, 0, 1, 1, 0, 0, 1, 0})});
  // 1011 against 1101 and 0100.
  EXPECT_EQ(exact_texts(net, y, {1, 0, 1, 1}), (Texts{"2", "0"}));
}

// ---- Pools

Texts averaged(const ops::AveragePool& pool, const Levels& q) {
  Net net;
  Tensor* x = net.input({1, 1, static_cast<std::int64_t>(q.size())});
  return exact_texts(net, net.add(pool, {x}), q);
}

TEST(ExactOperators, AnAverageCountsItsPaddingOnRequestOnly) {
  ops::AveragePool pool;
  pool.window = window_of({2}, {1, 1});
  EXPECT_EQ(averaged(pool, {1, 2, 4}), (Texts{"1", "3/2", "3", "4"}));
  pool.count_include_pad = true;
  EXPECT_EQ(averaged(pool, {1, 2, 4}), (Texts{"1/2", "3/2", "3", "2"}));
}

TEST(ExactOperators, AWindowBeyondTheEndCountsWhatItCovers) {
  ops::AveragePool pool;
  pool.window = window_of({2}, {0, 0}, 2);
  EXPECT_EQ(averaged(pool, {1, 2, 4}), Texts{"3/2"});
  pool.ceil_mode = true;
  EXPECT_EQ(averaged(pool, {1, 2, 4}), (Texts{"3/2", "4"}));
  pool.count_include_pad = true;  // what lies beyond the padding is not counted either
  EXPECT_EQ(averaged(pool, {1, 2, 4}), (Texts{"3/2", "4"}));
}

TEST(ExactOperators, AMeanIsNotRounded) {
  Net net;
  Tensor* y = net.add(ops::GlobalAveragePool{}, {net.input({1, 2, 3})});
  EXPECT_EQ(exact_texts(net, y, {1, 2, 4, -1, -1, 0}), (Texts{"7/3", "-2/3"}));
  // In halves: (0 + 1 + 2) / 6 = .5 -> 0, (2 + 3 + 4) / 6 = 1.5 -> 2.
  Net ties;
  Tensor* mean = ties.add(ops::GlobalAveragePool{}, {ties.input({1, 2, 3})});
  EXPECT_EQ(exact_levels(ties, add_quant(ties, mean, {}), {0, 1, 2, 2, 3, 4}, ratio(1, 2)),
            (Levels{0, 2}));
}

TEST(ExactOperators, QuantAvgPoolShiftsTheSum) {
  // 4-bit pixels in 2 x 2 windows sum to 6 bits: shift by 2. 11 >> 2 = 2, -11 >> 2 = -3.
  ops::QuantAvgPool2d pool;
  pool.kernel = 2;
  pool.stride = 2;
  pool.ibits = 4;
  pool.obits = 4;
  pool.is_signed = true;
  const Levels q = {1, 2, -1, -2, 3, 5, -3, -5};
  Net net;
  EXPECT_EQ(exact_texts(net, net.add(pool, {net.input({1, 1, 2, 4})}), q), (Texts{"2", "-3"}));
  pool.obits = 6;
  Net wide;
  EXPECT_EQ(exact_texts(wide, wide.add(pool, {wide.input({1, 1, 2, 4})}), q), (Texts{"11", "-11"}));
}

Texts max_pooled(const ops::MaxPool& pool, Net& net, Tensor* x, const Levels& q,
                 const Real& step = Real(1)) {
  return exact_texts(net, net.add(pool, {x}), q, step);
}

TEST(ExactOperators, AMaximumFollowsTheSignOfTheScale) {
  ops::MaxPool pool;
  pool.window = window_of({2}, {0, 0}, 2);
  for (const float scale : {-1.0F, -0.3F}) {
    Net net;
    Tensor* x = net.add(ops::Mul{}, {net.input({1, 1, 4}), net.scalar(scale)});
    const Real s = Real::of(scale);
    EXPECT_EQ(max_pooled(pool, net, x, {1, 3, -2, 5}), (Texts{s.str(), (s * Real(-2)).str()}));
  }
  // Channels of both signs, and one of scale 0.
  Net net;
  Tensor* x = net.add(ops::Mul{}, {net.input({1, 3, 2}), net.floats({1, 3, 1}, {1, -1, 0})});
  EXPECT_EQ(max_pooled(pool, net, x, {1, 3, 1, 3, 1, 3}), (Texts{"3", "-1", "0"}));
}

TEST(ExactOperators, PaddingNeverIsTheMaximum) {
  ops::MaxPool pool;
  pool.window = window_of({3}, {1, 1});
  Net net;
  EXPECT_EQ(max_pooled(pool, net, net.input({1, 1, 3}), {-3, -5, -7}), (Texts{"-3", "-3", "-5"}));
}

TEST(ExactOperators, AMaximumOfSumsComparesTheSums) {
  // x - round(x) at x = .25, .5, .75, 1.5 is .25, .5, -.25, -.5.
  Net net;
  Tensor* x = net.input({1, 1, 4});
  Tensor* rest = net.add(ops::Sub{}, {x, add_quant(net, x, {})});
  ops::MaxPool pool;
  pool.window = window_of({2}, {0, 0}, 2);
  EXPECT_EQ(max_pooled(pool, net, rest, {1, 2, 3, 6}, ratio(1, 4)), (Texts{"1/2", "-1/4"}));
}

// ---- Joining, and the head

TEST(ExactOperators, AConvolutionOverAConcatenationKeepsBothScales) {
  // x = 1.25: at scale .5 it is 2.5 -> 2 -> 1, at scale .25 it is 1.25.
  Net net;
  Tensor* x = net.input({1, 1, 1});
  Tensor* both = net.add(ops::Concat{},
                         {add_quant(net, x, {.scale = 0.5F}), add_quant(net, x, {.scale = 0.25F})});
  Tensor* y = net.add(conv_of(window_of({1}, {0, 0})), {both, net.floats({1, 2, 1}, {1, 10})});
  EXPECT_EQ(exact_texts(net, y, {5}, ratio(1, 4)), Texts{"27/2"});
}

TEST(ExactOperators, AResidualSumOfTwoScalesIsNotRounded) {
  // .3 q + .7 q' with q = q' = 1 in float32 numbers, against the sum of these numbers.
  Net net;
  Tensor* x = net.input({1});
  Tensor* sum =
      net.add(ops::Add{}, {add_quant(net, x, {.scale = 0.3F}), add_quant(net, x, {.scale = 0.7F})});
  const ExactRun run = run_exactly(net, sum, {1}, ratio(2, 5));  // .4 / .3 -> 1, .4 / .7 -> 1
  EXPECT_TRUE(run.outputs.at(0).real(0) == Real::of(0.3F) + Real::of(0.7F));
}

Texts ranked(const ops::TopK& op, std::int64_t k, const Levels& q) {
  Net net;
  Tensor* x =
      net.add(ops::Mul{}, {net.input({1, static_cast<std::int64_t>(q.size())}), net.scalar(0.3F)});
  Tensor* values = net.graph.add_tensor("values");
  Tensor* indices = net.graph.add_tensor("indices");
  net.graph.add_node(std::make_unique<ops::TopK>(op), {x, net.ints({k})}, {values, indices});
  return exact_texts(net, indices, q);
}

TEST(ExactOperators, TopKPrefersTheLowerIndex) {
  EXPECT_EQ(ranked({}, 1, {3, 5, 5, 1}), Texts{"1"});
  EXPECT_EQ(ranked({}, 3, {3, 5, 5, 3}), (Texts{"1", "2", "0"}));
  ops::TopK smallest;
  smallest.largest = false;
  EXPECT_EQ(ranked(smallest, 2, {3, 1, 5, 1}), (Texts{"1", "3"}));
}

TEST(ExactOperators, TopKSeesAnExactTieThatFloat32DoesNot) {
  // x / 3 * 7.5 against x * 2.5, both 507.5 at x = 203.
  Net net;
  Tensor* x = net.input({1, 2});
  Tensor* scaled = net.add(ops::Div{}, {x, net.floats({1, 2}, {3, 1})});
  Tensor* equal = net.add(ops::Mul{}, {scaled, net.floats({1, 2}, {7.5F, 2.5F})});
  Tensor* values = net.graph.add_tensor("values");
  Tensor* indices = net.graph.add_tensor("indices");
  net.graph.add_node(std::make_unique<ops::TopK>(), {equal, net.ints({1})}, {values, indices});
  EXPECT_LT(203.0F / 3.0F * 7.5F, 203.0F * 2.5F) << "float32 prefers the second";
  EXPECT_EQ(exact_texts(net, indices, {203, 203}), Texts{"0"});
}

}  // namespace
}  // namespace assay
