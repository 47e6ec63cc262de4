// SPDX-License-Identifier: Apache-2.0
#include "golden/floating/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <thread>

#include "compile/base/error.h"
#include "golden/float_testing.h"
#include "golden/floating/gemm.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::FloatEq;

ops::Window window(std::vector<std::int64_t> kernel, std::vector<std::int64_t> strides,
                   std::vector<std::int64_t> pads, std::vector<std::int64_t> dilations = {1, 1}) {
  return {std::move(kernel), std::move(strides), std::move(pads), std::move(dilations)};
}

// ---- Products
// ---------------------------------------------------------------------------------------------------------

TEST(FloatExecutor, ConvolvesWithPadsStridesAndDilation) {
  const FloatTensor x{
      {2, 2, 3, 4},
      {-2, 2, -1, -3, 0, 3, -3, 0,  -2, 0,  -3, 2, 1,  3, -2, 2, 3, 1, 1,  3,  -3, -3, -2, -1,
       1,  2, -3, -3, 2, 2, 3,  -2, -2, -2, 2,  2, -1, 0, 1,  1, 0, 0, -3, -3, -3, -3, -1, -1}};
  ops::Conv op;
  op.window = window({2, 2}, {2, 1}, {0, 1, 1, 0}, {1, 2});
  const FloatTensor w{{2, 2, 2, 2}, {0, -2, 2, -2, -3, -3, 2, -3, -3, -2, -2, 1, -3, 0, 1, -1}};
  const auto y = apply(op, x, {w});
  EXPECT_EQ(y.shape, (Shape{2, 2, 2, 3}));
  EXPECT_THAT(y.data, ElementsAre(-22, 14, -10, 9, 21, 8, -2, 4, -17, 0, 21, 5, -8, 13, 20, 13, 8,
                                  8, -2, 8, -3, 4, 11, 11));
  const auto biased = apply(op, x, {w, row({100, 200})}).data;
  EXPECT_EQ(biased[0], 78);
  EXPECT_EQ(biased[6], 198);

  ops::Conv depthwise;  // two outputs of each channel
  depthwise.group = 2;
  depthwise.window = window({2, 3}, {1, 2}, {1, 0, 0, 1}, {2, 1});
  const FloatTensor v{{4, 1, 2, 3}, {0,  -3, 2, 2,  3,  -3, 2,  -2, 1,  -2, 1,  -1,
                                     -1, 1,  1, -1, -3, 1,  -3, 0,  -1, 3,  -3, 1}};
  EXPECT_THAT(apply(depthwise, x, {v}).data,
              ElementsAre(18, -6, -3, 9, 6, 6, -2, 12, -5, -10, 10, 9, 7, -6, -3, 3, 1, 0, -28, 19,
                          -5, -8, -5, -2, -3, 12, 13, 4, -3, 0, 1, -3));
}

TEST(FloatExecutor, ConvolvesInGroups) {
  ops::Conv op;
  op.group = 2;
  op.window = window({1, 2}, {1, 1}, {0, 0, 0, 0});
  const FloatTensor x{{1, 4, 2, 2}, {-3, -3, 1, 1, 1, 1, 0, 0, -3, -3, -1, -1, -2, 0, 2, -1}};
  const FloatTensor w{{4, 2, 1, 2}, {1, -2, -1, -1, 0, 1, 3, -2, 3, 1, 0, -2, -2, 0, -3, 1}};
  EXPECT_THAT(apply(op, x, {w}).data, ElementsAre(1, -1, -2, 1, -12, -2, 12, -5));
}

TEST(FloatExecutor, ConvolvesAlongASingleAxis) {
  ops::Conv op;
  op.window = {{3}, {2}, {1, 0}, {1}};
  EXPECT_THAT(apply(op, {{1, 1, 5}, {1, 2, 3, 4, 5}}, {{{1, 1, 3}, {1, 10, 100}}}).data,
              ElementsAre(210, 432));
}

TEST(FloatExecutor, ConvolvesWithWeightsOfTheRun) {
  Net net;
  Tensor* x = net.input({1, 1, 1, 2});
  Tensor* w = net.input({1, 1, 1, 2});
  ops::Conv op;
  op.window = window({1, 2}, {1, 1}, {0, 0, 0, 0});
  EXPECT_THAT(net.run(net.add(op, {x, w}), {{{1, 1, 1, 2}, {2, 3}}, {{1, 1, 1, 2}, {5, 7}}}),
              ElementsAre(31));
}

TEST(FloatExecutor, TransposesConvolutions) {
  const FloatTensor x{{1, 2, 2, 3}, {-1, -3, -2, 0, -3, -3, -3, 2, 2, 0, -1, 0}};
  ops::ConvTranspose op;
  op.window = window({2, 2}, {2, 1}, {1, 0, 0, 1}, {1, 2});
  op.output_padding = {1, 0};
  const FloatTensor w{{2, 2, 2, 2}, {-2, -2, -1, 2, 3, -3, 1, 1, 2, 3, -3, -1, -2, -1, 3, -1}};
  EXPECT_THAT(apply(op, x, {w}).data,
              ElementsAre(10, -3, -3, -8, 0, 4, 6, 3, 0, 6, 3, -5, 0, 0, 0, 0, -10, 3, 6, -5, 0, -7,
                          -9, 10, 0, -6, -3, -2, 0, 0, 0, 0));
  op.group = 2;
  op.window = window({2, 2}, {1, 2}, {0, 0, 0, 0});
  op.output_padding = {0, 1};
  const FloatTensor v{{2, 1, 2, 2}, {-1, 1, -2, 0, -1, 2, -3, 3}};
  const auto y = apply(op, x, {v, row({100, 200})}).data;
  const std::vector<float> plain = {1, -1, 3,  -3, 2,  -2, 0, 2, 0,  9,  -3, 7,  -3, 0,
                                    0, 0,  6,  0,  6,  0,  0, 3, -6, -2, 4,  -2, 4,  0,
                                    9, -9, -5, 4,  -6, 6,  0, 0, 0,  3,  -3, 0,  0,  0};
  ASSERT_EQ(y.size(), plain.size());
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], plain[i] + (i < 21 ? 100 : 200)) << i;
}

TEST(FloatExecutor, MultipliesMatrices) {
  const FloatTensor a{{2, 3}, {1, 2, 3, 4, 5, 6}};
  EXPECT_THAT(apply(ops::MatMul{}, a, {{{3, 2}, {1, 0, 0, 1, 1, 1}}}).data,
              ElementsAre(4, 5, 10, 11));
  EXPECT_THAT(apply(ops::MatMul{}, a, {row({1, 10, 100})}).data, ElementsAre(321, 654));
  EXPECT_THAT(apply(ops::MatMul{}, row({1, 10}), {a}).data, ElementsAre(41, 52, 63));
  // A stack of two matrices times one, and one times a stack.
  EXPECT_THAT(apply(ops::MatMul{}, {{2, 1, 2}, {1, 2, 3, 4}}, {{{2, 1}, {1, 10}}}).data,
              ElementsAre(21, 43));
  EXPECT_THAT(apply(ops::MatMul{}, {{1, 2}, {1, 10}}, {{{2, 2, 1}, {1, 2, 3, 4}}}).data,
              ElementsAre(21, 43));
}

TEST(FloatExecutor, ComputesGemm) {
  const FloatTensor a{{2, 3}, {1, 2, 3, 4, 5, 6}};
  ops::Gemm op;
  op.trans_b = true;
  const FloatTensor b{{2, 3}, {1, 0, 1, 0, 1, 1}};
  EXPECT_THAT(apply(op, a, {b, row({100, 200})}).data, ElementsAre(104, 205, 110, 211));
  op.trans_a = true;
  op.trans_b = false;
  op.alpha = 2;
  op.beta = 0.5;
  EXPECT_THAT(apply(op, a, {b, {{3, 1}, {10, 20, 30}}}).data,
              ElementsAre(7, 13, 15, 14, 20, 24, 21, 27, 33));
}

TEST(FloatExecutor, CountsEqualBits) {
  const FloatTensor w{{3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1}};
  EXPECT_THAT(apply(ops::XnorPopcountMatMul{}, {{1, 3}, {1, 0, 0}}, {w}).data,
              ElementsAre(3, 1, 1));
}

TEST(FloatExecutor, MultipliesAlikeOnEveryInstructionSet) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  for (const auto& [m, k, n] :
       {std::array{7, 100, 33}, std::array{1, 5, 1}, std::array{12, 64, 16}}) {
    std::vector<float> a(m * k), b(k * n), wide(m * n), narrow(m * n);
    for (float& x : a) x = normal(random);
    for (float& x : b) x = normal(random);
    const LeftOperand left({a.data(), m, k, k, 1});
    RightOperand right;
    right.assign({b.data(), k, n, n, 1});
    multiply(left, right, wide.data(), n, 1, true);
    multiply(left, right, narrow.data(), n, 1, false);
    EXPECT_EQ(wide, narrow);
    for (int r = 0; r < m; ++r)
      for (int c = 0; c < n; ++c) {
        float sum = 0;
        for (int i = 0; i < k; ++i) sum += a[r * k + i] * b[i * n + c];
        EXPECT_EQ(wide[r * n + c], sum);
      }
  }
}

// ---- Elementwise
// ------------------------------------------------------------------------------------------------------

TEST(FloatExecutor, ComputesElementByElementWithBroadcasting) {
  const FloatTensor x{{2, 2}, {1, 2, 3, 4}};
  EXPECT_THAT(apply(ops::Add{}, x, {row({10, 20})}).data, ElementsAre(11, 22, 13, 24));
  EXPECT_THAT(apply(ops::Sub{}, x, {{{2, 1}, {1, 2}}}).data, ElementsAre(0, 1, 1, 2));
  EXPECT_THAT(apply(ops::Mul{}, x, {number(2)}).data, ElementsAre(2, 4, 6, 8));
  EXPECT_THAT(apply(ops::Div{}, x, {x}).data, ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(apply(ops::Pow{}, x, {number(2)}).data, ElementsAre(1, 4, 9, 16));
  // The first operand may be the one that stretches, also along axes that alternate.
  EXPECT_THAT(apply(ops::Sub{}, number(10), {x}).data, ElementsAre(9, 8, 7, 6));
  const FloatTensor a{{2, 1, 2}, {1, 2, 3, 4}};
  EXPECT_THAT(apply(ops::Add{}, a, {{{2, 2, 2}, {0, 0, 10, 10, 0, 0, 10, 10}}}).data,
              ElementsAre(1, 2, 11, 12, 3, 4, 13, 14));
}

TEST(FloatExecutor, RoundsEveryStepToFloat) {
  // 1 + 2^-24 is a tie that goes to 1; fused or in double it would survive.
  Net net;
  Tensor* x = net.input({1});
  Tensor* sum = net.add(ops::Add{}, {x, net.scalar(0x1p-24F)});
  EXPECT_THAT(net.run(net.add(ops::Sub{}, {sum, net.scalar(1)}), {row({1})}), ElementsAre(0));
}

TEST(FloatExecutor, ClipsAndTakesSigns) {
  EXPECT_THAT(apply(ops::Relu{}, row({-1, 0, 2})).data, ElementsAre(0, 0, 2));
  EXPECT_THAT(apply(ops::Sign{}, row({-3, -0.0F, 2})).data, ElementsAre(-1, 0, 1));
  EXPECT_THAT(apply(ops::Clip{}, row({-3, 0.5, 2}), {number(-1), number(1)}).data,
              ElementsAre(-1, 0.5, 1));
  EXPECT_THAT(apply(ops::Clip{}, row({-3, 2}), {number(-1)}).data, ElementsAre(-1, 2));
  EXPECT_THAT(apply(ops::Clip{}, row({-3, 9}), {number(5), number(1)}).data, ElementsAre(1, 1));
}

TEST(FloatExecutor, CastsTowardZero) {
  ops::Cast to_int;
  to_int.to = 7;
  EXPECT_THAT(apply(to_int, row({-1.9F, 1.9F, 3})).data, ElementsAre(-1, 1, 3));
  EXPECT_THAT(apply(ops::Cast{}, row({-1.9F})).data, ElementsAre(-1.9F));
}

TEST(FloatExecutor, NormalisesInTheRuntimesOrder) {
  ops::BatchNormalization op;
  op.epsilon = 0;
  const FloatTensor x{{1, 3, 1, 2}, {1, 2, 3, 4, 5, 6}};
  // Slopes 2/2, -3/1 and 0: a negative one mirrors, zero gives the bias.
  EXPECT_THAT(
      apply(op, x, {row({2, -3, 0}), row({10, 20, 30}), row({1, 2, 3}), row({4, 1, 9})}).data,
      ElementsAre(10, 11, 17, 14, 30, 30));
  op.epsilon = 1e-5F;
  const float inverse = 1.0F / std::sqrt(0.3F + 1e-5F), slope = 0.7F * inverse,
              shift = 0.1F - 0.2F * slope;
  EXPECT_EQ(
      apply(op, {{1, 1}, {0.9F}}, {row({0.7F}), row({0.1F}), row({0.2F}), row({0.3F})}).data[0],
      0.9F * slope + shift);
}

TEST(FloatExecutor, ComputesSoftmaxWithoutOverflow) {
  ops::Softmax op;
  const auto y = apply(op, {{1, 2}, {1000, 1000}}).data;
  EXPECT_THAT(y, ElementsAre(0.5, 0.5));
  op.axis = 0;
  const auto z = apply(op, {{2, 2}, {0, 0, std::log(3.0F), 0}}).data;
  EXPECT_THAT(z, ElementsAre(FloatEq(0.25F), 0.5F, FloatEq(0.75F), 0.5F));
}

// ---- Pools
// ------------------------------------------------------------------------------------------------------------

const FloatTensor kImage{{1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}};

TEST(FloatExecutor, TakesMaxima) {
  ops::MaxPool op;
  op.window = window({2, 2}, {1, 1}, {0, 0, 0, 0});
  EXPECT_THAT(apply(op, kImage).data, ElementsAre(5, 6, 8, 9));
  op.window = window({2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1});
  op.ceil_mode = true;
  EXPECT_THAT(apply(op, kImage).data, ElementsAre(5, 6, 8, 9));
  op = {};
  op.window = window({2, 2}, {2, 2}, {1, 1, 0, 0}, {1, 1});
  EXPECT_THAT(apply(op, {{1, 1, 3, 3}, {-1, -2, -3, -4, -5, -6, -7, -8, -9}}).data,
              ElementsAre(-1, -2, -4, -5));
  op.window = window({2, 2}, {1, 1}, {0, 0, 0, 0}, {2, 2});
  EXPECT_THAT(apply(op, kImage).data, ElementsAre(9));
  ops::MaxPoolNHWC nhwc;
  nhwc.window = window({1, 2}, {1, 1}, {0, 0, 0, 0});
  EXPECT_THAT(apply(nhwc, {{1, 1, 3, 2}, {1, 9, 5, 2, 3, 7}}).data, ElementsAre(5, 9, 5, 7));
}

TEST(FloatExecutor, AveragesWithAndWithoutPadding) {
  ops::AveragePool op;
  op.window = window({2, 2}, {1, 1}, {1, 1, 0, 0});
  EXPECT_THAT(apply(op, kImage).data, ElementsAre(1, 1.5, 2.5, 2.5, 3, 4, 5.5, 6, 7));
  op.count_include_pad = true;
  EXPECT_THAT(apply(op, kImage).data, ElementsAre(0.25, 0.75, 1.25, 1.25, 3, 4, 2.75, 6, 7));
  // In ceil_mode the last window reaches beyond the image: those places do not count as padding.
  op.window = window({2, 2}, {2, 2}, {0, 0, 0, 0});
  op.ceil_mode = true;
  EXPECT_THAT(apply(op, kImage).data, ElementsAre(3, 4.5, 7.5, 9));
  EXPECT_THAT(apply(ops::GlobalAveragePool{}, {{1, 2, 1, 2}, {1, 2, 5, 5}}).data,
              ElementsAre(1.5, 5));
}

TEST(FloatExecutor, ShiftsIntegerSums) {
  ops::QuantAvgPool2d op;
  op.kernel = op.stride = 2;
  op.ibits = 4;
  op.obits = 4;  // 15 * 4 = 60 has six bits: shift by two
  EXPECT_THAT(apply(op, {{1, 1, 2, 4}, {1, 2, 15, 15, 3, 1, 15, 15}}).data, ElementsAre(1, 15));
  op.is_signed = true;  // arithmetic: -7 >> 2 is -2
  EXPECT_THAT(apply(op, {{1, 1, 2, 2}, {-1, -2, -3, -1}}).data, ElementsAre(-2));
  op.data_layout = Layout::kNHWC;
  EXPECT_THAT(apply(op, {{1, 2, 2, 2}, {1, 10, 1, 10, 1, 10, 1, 12}}).data, ElementsAre(1, 10));
  op.obits = 8;  // nothing to shift away
  EXPECT_THAT(apply(op, {{1, 2, 2, 2}, {1, 10, 1, 10, 1, 10, 1, 12}}).data, ElementsAre(4, 42));
}

// ---- Moving data, head
// ------------------------------------------------------------------------------------------------

TEST(FloatExecutor, MovesData) {
  Net net;
  Tensor* x = net.input({1, 1, 1, 2});
  Tensor* padded = net.add(ops::Pad{}, {x, net.ints({0, 0, 0, 1, 0, 0, 0, 0}), net.scalar(7)});
  ops::Concat concat;
  concat.axis = 3;
  Tensor* both = net.add(concat, {padded, x});
  EXPECT_THAT(net.run(net.add(ops::Flatten{}, {both}), {{{1, 1, 1, 2}, {1, 2}}}),
              ElementsAre(7, 1, 2, 1, 2));
}

TEST(FloatExecutor, ComputesShapes) {
  Net net;
  Tensor* x = net.input({2, 5});
  EXPECT_THAT(net.run(net.add(ops::Shape{}, {x}), {{{2, 5}, std::vector<float>(10)}}),
              ElementsAre(2, 5));
}

TEST(FloatExecutor, SelectsTheTopWithTiesToTheLowerIndex) {
  Net net;
  Tensor* x = net.input({2, 4});
  Tensor* values = net.graph.add_tensor("values");
  Tensor* indices = net.graph.add_tensor("indices");
  net.graph.add_node(std::make_unique<ops::TopK>(), {x, net.ints({3})}, {values, indices});
  net.graph.add_output(values);
  net.graph.add_output(indices);
  infer_shapes(net.graph);
  const auto y = FloatExecutor(net.graph).run({{{2, 4}, {1, 3, 3, 2, 5, 5, 5, 5}}});
  EXPECT_THAT(y[0].data, ElementsAre(3, 3, 2, 5, 5, 5));
  EXPECT_THAT(y[1].data, ElementsAre(1, 2, 3, 0, 1, 2));
}

TEST(FloatExecutor, SelectsTheLeastAlongAnInnerAxis) {
  Net net;
  Tensor* x = net.input({3, 2});
  Tensor* indices = net.graph.add_tensor("indices");
  Tensor* values = net.graph.add_tensor("values");
  ops::TopK op;
  op.axis = 0;
  op.largest = false;
  net.graph.add_node(std::make_unique<ops::TopK>(op), {x, net.ints({1})}, {values, indices});
  EXPECT_THAT(net.run(indices, {{{3, 2}, {5, 1, 4, 2, 6, 0}}}), ElementsAre(1, 2));
}

// ---- The executor itself
// ----------------------------------------------------------------------------------------------

/// y = Relu(x + Quant(w)) with a constant w.
struct Small {
  Net net;
  Tensor *x, *w, *sum, *y;
  Small() {
    x = net.input({2});
    w = net.add(ops::Quant{},
                {net.floats({2}, {1.4F, -2.6F}), net.scalar(1), net.scalar(0), net.scalar(8)});
    sum = net.add(ops::Add{}, {x, w});
    y = net.add(ops::Relu{}, {sum});
    net.finish(y);
  }
};

TEST(FloatExecutor, ObservesWhatARunComputesAndNoConstants) {
  const Small small;
  const FloatExecutor executor(small.net.graph);
  std::vector<const Tensor*> seen;
  executor.run({row({1, 5})}, [&](const Tensor& t, const FloatTensor& v) {
    seen.push_back(&t);
    EXPECT_EQ(v.data.size(), 2U);
  });
  EXPECT_THAT(seen, ElementsAre(small.x, small.sum, small.y));
}

TEST(FloatExecutor, EvaluatesConstantQuantisersOnce) {
  const Small small;
  const FloatExecutor executor(small.net.graph);
  ASSERT_TRUE(executor.constant(*small.w));
  EXPECT_THAT(executor.constant(*small.w)->data, ElementsAre(1, -3));
  EXPECT_FALSE(executor.constant(*small.sum));
}

TEST(FloatExecutor, RunsInManyThreads) {
  const Small small;
  const FloatExecutor executor(small.net.graph);
  std::vector<std::jthread> threads;
  std::vector<std::vector<float>> results(4);
  for (std::size_t i = 0; i < results.size(); ++i)
    threads.emplace_back([&, i] {
      results[i] = executor.run({row({static_cast<float>(i), 5})}).at(0).data;
    });
  threads.clear();
  for (std::size_t i = 0; i < results.size(); ++i)
    EXPECT_THAT(results[i], ElementsAre(static_cast<float>(i + 1), 2));
}

TEST(FloatExecutor, ReturnsAnInputThatIsAnOutput) {
  Net net;
  Tensor* x = net.input({1});
  EXPECT_THAT(net.run(x, {row({3})}), ElementsAre(3));
}

TEST(FloatExecutor, RefusesInputsThatDoNotFit) {
  const Small small;
  const FloatExecutor executor(small.net.graph);
  EXPECT_THROW(executor.run({}), UserError);
  EXPECT_THROW(executor.run({row({1, 2, 3})}), UserError);
}

TEST(FloatExecutor, RefusesAGraphWithoutShapes) {
  Net net;
  Tensor* x = net.input({1});
  net.graph.add_output(net.add(ops::Relu{}, {x}));
  const FloatExecutor executor(net.graph);
  EXPECT_THROW(executor.run({row({1})}), UserError);
}

TEST(FloatExecutor, RecoversTheIntegersOfACheckpoint) {
  Checkpoint checkpoint;
  checkpoint.name = "act";
  EXPECT_THROW(checkpoint_integers(checkpoint, row({1})), UserError);
  checkpoint.has_map = true;
  checkpoint.scale = RealArray({2, 1}, {Real::of(0.1F), Real(2)});
  checkpoint.offset = RealArray(Real(-1));
  const FloatTensor values{{2, 2}, {3 * 0.1F - 1, -1, 5, -3}};
  EXPECT_THAT(checkpoint_integers(checkpoint, values), ElementsAre(3, 0, 3, -1));
  EXPECT_THROW(checkpoint_integers(checkpoint, {{2, 1}, {std::nanf(""), 0}}), UserError);
}

}  // namespace
}  // namespace assay
