// SPDX-License-Identifier: Apache-2.0
// One pattern for each rewrite that FINN's streamlining is made of: a small network with exactly
// this pattern becomes integer, the operators in question disappear, and every checkpoint holds the
// same values as the definition. Where it is easy, thresholds are worked out by hand:
// round-half-even reaches level k at u > k - 1/2 for odd k and at u >= k - 1/2 for even k.
#include <gmock/gmock.h>

#include <functional>

#include "compile/passes/cleanup/insert_topk.h"
#include "passes/streamline_net.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

TEST(PeerPattern, ConvertSubToAdd) {
  PixelNet net;
  Tensor* x = net.add(ops::Sub{}, {net.pixels({1, 1, 1, 1}), net.number(10)});
  const auto done = streamlined(net.finish(net.relu_quant(x, 4, 2)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold");
  // (x - 10) / 4 > 1/2, >= 3/2, > 5/2
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(13, 16, 21));
}

TEST(PeerPattern, ConvertDivToMul) {
  PixelNet net;
  Tensor* x = net.add(ops::Div{}, {net.pixels({1, 1, 1, 1}), net.number(3)});
  const auto done = streamlined(net.finish(net.relu_quant(x, 2, 2)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold");
  // x / 6 > 1/2, >= 3/2, > 5/2: x = 9 is a tie that 1/3 in float32 would miss by luck only
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(4, 9, 16));
}

TEST(PeerPattern, BatchNormToAffine) {
  PixelNet net;
  Tensor* x = net.batch_norm(net.pixels({1, 2, 1, 1}), {2, -2}, {1, 1}, {10, 10}, {4, 4});
  const auto done = streamlined(net.finish(net.relu_quant(x, 2, 2)));
  EXPECT_EQ(op_types(done.graph), "Mul MultiThreshold");
  // (x - 9) / 2; and (11 - x) / 2 as thresholds on -x
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(11, 12, 15, -9, -8, -5));
}

TEST(PeerPattern, BatchNormToAffineWithAnIrrationalDeviation) {
  PixelNet net;
  Tensor* x = net.batch_norm(net.pixels({1, 1, 1, 1}), {3}, {0}, {0}, {2});
  const auto done = streamlined(net.finish(net.relu_quant(x, 16, 2)));
  // 3 x / sqrt(2) > 8, >= 24, > 40: x > 3.77, 11.31, 18.86
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(4, 12, 19));
}

TEST(PeerPattern, ConvertSignToThres) {
  PixelNet net;
  Tensor* x = net.add(ops::Sub{}, {net.pixels({1, 1, 1, 1}), net.number(10)});
  const auto done = streamlined(net.finish(net.add(ops::Sign{}, {x}, "s")));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold");
  // Sign(0) = 0: three values, not two
  EXPECT_THAT(thresholds_of(done.graph, "s"), ElementsAre(10, 11));
  EXPECT_EQ(done.graph.outputs()[0]->dtype, DataType::smallest_for(-1, 1));
}

TEST(PeerPattern, ConvertSignToThresOfABipolarQuantiser) {
  PixelNet net;
  Tensor* x = net.add(ops::Sub{}, {net.pixels({1, 1, 1, 1}), net.number(10)});
  const auto done =
      streamlined(net.finish(net.add(ops::BipolarQuant{}, {x, net.number(0.5)}, "q")));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold");
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(10));
  EXPECT_EQ(done.graph.outputs()[0]->dtype, DataType::bipolar());
}

TEST(PeerPattern, MoveMulPastMaxPool) {
  PixelNet net;
  Tensor* x = net.add(ops::Mul{}, {net.pixels({1, 2, 4, 4}), net.per_channel({0.5, -0.25})});
  x = net.add(with(&ops::MaxPool::window, window2d(2, 2)), {x});
  const auto done = streamlined(net.finish(net.quant(x, 8, 4)));
  EXPECT_EQ(count_nodes(done.graph, "MaxPool"), 1U);
  // the factor -1/4 keeps its sign, which turns the maximum round
  EXPECT_EQ(op_types(done.graph), "Mul MaxPool MultiThreshold");
}

TEST(PeerPattern, MoveScalarLinearPastInvariants) {
  const auto moved = [](const std::function<Tensor*(PixelNet&, Tensor*)>& move) {
    PixelNet net;
    Tensor* x = net.add(ops::Mul{}, {net.pixels({1, 4, 2, 2}), net.number(0.75)});
    x = net.add(ops::Add{}, {x, net.number(-20)});
    x = move(net, x);
    return op_types(streamlined(net.finish(net.relu_quant(x, 16, 3))).graph);
  };
  EXPECT_EQ(moved([](PixelNet& net, Tensor* x) {
              return net.add(ops::Reshape{}, {x, net.shape_of({1, 8, 2})});
            }),
            "Reshape MultiThreshold");
  EXPECT_EQ(moved([](PixelNet& net, Tensor* x) { return net.add(ops::Flatten{}, {x}); }),
            "Flatten MultiThreshold");
  EXPECT_EQ(moved([](PixelNet& net, Tensor* x) {
              return net.add(with(&ops::Transpose::perm, {0, 2, 3, 1}), {x});
            }),
            "Transpose MultiThreshold");
  EXPECT_EQ(moved([](PixelNet& net, Tensor* x) { return net.add(ops::GlobalAveragePool{}, {x}); }),
            "SumPool MultiThreshold");
  EXPECT_EQ(moved([](PixelNet& net, Tensor* x) {
              return net.add(ops::Squeeze{},
                             {net.add(ops::GlobalAveragePool{}, {x}), net.shape_of({2, 3})});
            }),
            "SumPool Squeeze MultiThreshold");
  EXPECT_EQ(moved([](PixelNet& net, Tensor* x) {
              return net.add(ops::Unsqueeze{}, {net.add(ops::Flatten{}, {x}), net.shape_of({2})});
            }),
            "Flatten Unsqueeze MultiThreshold");
  EXPECT_EQ(moved([](PixelNet& net, Tensor* x) {
              ops::Resize op;
              op.coordinate_transformation_mode = "asymmetric";
              op.nearest_mode = "floor";
              return net.add(op, {x, nullptr, net.floats({4}, {1, 1, 2, 2})});
            }),
            "Resize MultiThreshold");
}

TEST(PeerPattern, AbsorbSignBiasIntoMultiThreshold) {
  PixelNet net;
  ops::MultiThreshold op;
  op.out_dtype = DataType::uint(2);
  Tensor* x = net.add(op, {net.pixels({1, 2, 1, 1}), net.floats({1, 3}, {50, 100, 150})}, "q");
  x = net.add(ops::Add{}, {x, net.number(-2)});
  x = net.add(conv2d(1), {x, net.floats({1, 2, 1, 1}, {1, -3})});
  const auto done = streamlined(net.finish(net.quant(x, 2, 4, {}, "y")));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold Conv MultiThreshold");
}

TEST(PeerPattern, MoveAddPastMul) {
  PixelNet net;
  Tensor* x = net.add(ops::Add{}, {net.pixels({1, 2, 1, 1}), net.per_channel({-3, 5})});
  x = net.add(ops::Mul{}, {x, net.per_channel({0.5, 2})});
  const auto done = streamlined(net.finish(net.relu_quant(x, 4, 2)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold");
  // (x - 3) / 8 > 1/2, >= 3/2, > 5/2; (x + 5) / 2 > 1/2 for all, so are 3/2 and 5/2 but for 0
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(8, 15, 24, 0, 0, 1));
}

TEST(PeerPattern, MoveScalarAddPastMatMul) {
  PixelNet net;
  Tensor* x = net.add(ops::Add{}, {net.pixels({1, 2}), net.number(0.5)});
  x = net.add(ops::MatMul{}, {x, net.floats({2, 2}, {1, -1, 2, 3})});
  const auto done = streamlined(net.finish(net.relu_quant(x, 100, 2)));
  EXPECT_EQ(op_types(done.graph), "MatMul MultiThreshold");
  // acc + 3/2 and acc + 1 against 50, 150, 250
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(49, 149, 249, 50, 149, 250));
}

TEST(PeerPattern, MoveAddPastConv) {
  for (const std::int64_t pad : {0, 1}) {
    PixelNet net;
    std::mt19937 random(3);
    Tensor* x = net.add(ops::Add{}, {net.pixels({1, 2, 4, 4}), net.per_channel({0.25, -7})});
    x = net.add(conv2d(3, 1, pad), {x, net.random_floats({3, 2, 3, 3}, -3, 3, random)});
    const auto done = streamlined(net.finish(net.quant(x, 64, 4)));
    // Under padding, which FINN leaves alone, the border has thresholds of its own.
    EXPECT_EQ(op_types(done.graph), pad == 0 ? "Conv MultiThreshold" : "Conv JoinThreshold");
    EXPECT_EQ(done.quantiser().form,
              pad == 0 ? QuantiserReport::Form::kPlain : QuantiserReport::Form::kPosition);
  }
}

TEST(PeerPattern, MoveScalarMulPastMatMul) {
  PixelNet net;
  Tensor* x = net.add(ops::Mul{}, {net.pixels({1, 2}), net.number(0.125)});
  x = net.add(ops::MatMul{}, {x, net.floats({2, 2}, {1, -1, 2, 3})});
  const auto done = streamlined(net.finish(net.relu_quant(x, 8, 2)));
  EXPECT_EQ(op_types(done.graph), "MatMul MultiThreshold");
  // acc / 64: one row for all columns
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(33, 96, 161));
}

TEST(PeerPattern, MoveScalarMulPastConv) {
  PixelNet net;
  Tensor* x = net.add(ops::Mul{}, {net.pixels({1, 1, 4, 4}), net.number(0.125)});
  x = net.add(conv2d(2, 1, 1), {x, net.floats({1, 1, 2, 2}, {1, -1, 2, 1})});
  const auto done = streamlined(net.finish(net.relu_quant(x, 8, 2)));
  EXPECT_EQ(op_types(done.graph), "Conv MultiThreshold");
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(33, 96, 161));
}

TEST(PeerPattern, MoveScalarMulPastConvTranspose) {
  PixelNet net;
  Tensor* x = net.add(ops::Mul{}, {net.pixels({1, 1, 3, 3}), net.number(0.125)});
  ops::ConvTranspose op;
  op.window = window2d(2, 2);
  op.output_padding = {0, 0};
  x = net.add(op, {x, net.floats({1, 2, 2, 2}, {1, -1, 2, 1, 3, 0, 0, 2})});
  const auto done = streamlined(net.finish(net.relu_quant(x, 8, 2)));
  EXPECT_EQ(op_types(done.graph), "ConvTranspose MultiThreshold");
}

TEST(PeerPattern, CollapseRepeatedAdd) {
  PixelNet net;
  Tensor* x = net.pixels({1, 1, 1, 1});
  // 0.1, 0.2 and -0.3 in float32 do not cancel; their exact sum is positive.
  for (const float b : {0.1F, 0.2F, -0.3F}) x = net.add(ops::Add{}, {x, net.number(b)});
  const auto done = streamlined(net.finish(net.relu_quant(x, 2, 2)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold");
  const bool above = Real::of(0.1F) + Real::of(0.2F) + Real::of(-0.3F) > Real(0);
  EXPECT_THAT(thresholds_of(done.graph), above ? ElementsAre(1, 3, 5) : ElementsAre(2, 4, 6));
}

TEST(PeerPattern, CollapseRepeatedMul) {
  PixelNet net;
  Tensor* x = net.pixels({1, 1, 1, 1});
  for (const float a : {0.5F, 3.0F, 0.25F}) x = net.add(ops::Mul{}, {x, net.number(a)});
  const auto done = streamlined(net.finish(net.relu_quant(x, 3, 2)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold");
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(5, 12, 21));  // x / 8
}

Graph threshold_network(Tensor* (*before)(PixelNet&, Tensor*), std::vector<float> thresholds) {
  PixelNet net;
  Tensor* x = before(net, net.pixels({1, 2, 1, 1}));
  ops::MultiThreshold op;
  op.out_dtype = DataType::uint(2);
  const std::int64_t rows = static_cast<std::int64_t>(thresholds.size()) / 3;
  return net.finish(net.add(op, {x, net.floats({rows, 3}, std::move(thresholds))}, "q"));
}

TEST(PeerPattern, AbsorbAddIntoMultiThreshold) {
  const auto done = streamlined(threshold_network(
      [](PixelNet& net, Tensor* x) {
        return net.add(ops::Add{}, {x, net.per_channel({0.5, -3})});
      },
      {2.5, 10, 20}));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold");
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(2, 10, 20, 6, 13, 23));
}

TEST(PeerPattern, AbsorbMulIntoMultiThreshold) {
  const auto done = streamlined(threshold_network(
      [](PixelNet& net, Tensor* x) {
        return net.add(ops::Mul{}, {x, net.per_channel({0.5, 3})});
      },
      {2.5, 10, 21}));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold");
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(5, 20, 42, 1, 4, 7));
}

TEST(PeerPattern, RoundAndClipThresholds) {
  const auto done = streamlined(threshold_network([](PixelNet&, Tensor* x) { return x; },
                                                  {-70.5, 10.25, 300, 255, 255.5, 1e6}));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold");
  // Below all pixels: 0; above all: 256; the third step, which no channel reaches, is gone.
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(0, 11, 255, 256));
  EXPECT_EQ(done.quantiser().unreachable, 1);
}

TEST(PeerPattern, FactorOutMulSignMagnitude) {
  PixelNet net;
  Tensor* x = net.add(ops::MatMul{}, {net.pixels({1, 2}), net.floats({2, 2}, {1, -1, 2, 3})});
  x = net.add(ops::Mul{}, {x, net.per_channel({0.5, -0.5}, 2)});
  const auto done = streamlined(net.finish(net.quant(x, 16, 3)));
  // The sign is in the weights.
  EXPECT_EQ(op_types(done.graph), "MatMul MultiThreshold");
  const Constant& weights = *done.graph.nodes()[0]->inputs[1]->constant;
  EXPECT_THAT(weights.floats(), ElementsAre(1, 1, 2, -3));
}

TEST(PeerPattern, Absorb1BitMulIntoMatMul) {
  PixelNet net;
  Tensor* x = net.add(ops::MatMul{}, {net.pixels({1, 2}), net.floats({2, 2}, {1, -1, 1, 1})});
  x = net.add(ops::Mul{}, {x, net.per_channel({-1, 1}, 2)});
  const auto done = streamlined(net.finish(net.add(ops::BipolarQuant{}, {x, net.number(1)}, "q")));
  EXPECT_EQ(op_types(done.graph), "MatMul MultiThreshold");
  const Constant& weights = *done.graph.nodes()[0]->inputs[1]->constant;
  EXPECT_THAT(weights.floats(), ElementsAre(-1, -1, -1, 1));
}

TEST(PeerPattern, Absorb1BitMulIntoConv) {
  PixelNet net;
  Tensor* x =
      net.add(conv2d(1), {net.pixels({1, 2, 3, 3}), net.floats({2, 2, 1, 1}, {1, -1, 1, 1})});
  x = net.add(ops::Mul{}, {x, net.per_channel({-1, 1})});
  const auto done = streamlined(net.finish(net.add(ops::BipolarQuant{}, {x, net.number(1)}, "q")));
  EXPECT_EQ(op_types(done.graph), "Conv MultiThreshold");
  const Constant& weights = *done.graph.nodes()[0]->inputs[1]->constant;
  EXPECT_THAT(weights.floats(), ElementsAre(-1, 1, 1, 1));
}

TEST(PeerPattern, AbsorbScalarMulAddIntoTopK) {
  PixelNet net;
  Tensor* x = net.add(ops::MatMul{},
                      {net.pixels({1, 3}), net.floats({3, 3}, {1, 0, 2, 0, 1, -1, 1, 1, 0})});
  x = net.add(ops::Mul{}, {x, net.number(0.37F)});
  x = net.add(ops::Add{}, {x, net.number(-1.5F)}, "logits");
  Graph& graph = net.finish(x);
  insert_topk(graph, 2);
  const auto done = streamlined(graph);
  EXPECT_EQ(op_types(done.graph), "MatMul TopK");
}

TEST(PeerPattern, MoveMulPastDWConv) {
  PixelNet net;
  std::mt19937 random(5);
  Tensor* x = net.add(ops::Mul{}, {net.pixels({1, 3, 4, 4}), net.per_channel({0.5, 0.3F, 2})});
  x = net.add(conv2d(3, 1, 1, 3), {x, net.random_floats({3, 1, 3, 3}, -3, 3, random)});
  const auto done = streamlined(net.finish(net.quant(x, 32, 4)));
  EXPECT_EQ(op_types(done.graph), "Conv MultiThreshold");
  EXPECT_EQ(done.quantiser().channels, 3);
}

TEST(PeerPattern, MoveMaxPoolPastMultiThreshold) {
  PixelNet net;
  Tensor* x = net.pixels({1, 1, 4, 4});
  Tensor* a = net.relu_quant(x, 16.3F, 3, "a");
  Tensor* b = net.relu_quant(x, 21.7F, 3, "b");
  x = net.add(ops::Add{}, {a, b});
  x = net.add(with(&ops::MaxPool::window, window2d(2, 2)), {x});
  const auto done = streamlined(net.finish(net.relu_quant(x, 40, 2)));
  // The maximum of a sum of two scales is no integer: the pool follows the thresholds.
  EXPECT_EQ(op_types(done.graph), "MultiThreshold MultiThreshold JoinThreshold MaxPool");
}

TEST(PeerPattern, MoveLinearPastEltwiseAdd) {
  PixelNet net;
  std::mt19937 random(6);
  Tensor* x = net.relu_quant(net.pixels({1, 2, 3, 3}), 16, 4, "a");
  Tensor* w1 = net.random_floats({2, 2, 1, 1}, -3, 3, random);
  Tensor* w2 = net.random_floats({2, 2, 1, 1}, -3, 3, random);
  const auto branch = [&](Tensor* w, float offset) {
    Tensor* y = net.add(conv2d(1), {x, w});
    y = net.add(ops::Mul{}, {y, net.number(0.3F)});
    return net.add(ops::Add{}, {y, net.number(offset)});
  };
  Tensor* sum = net.add(ops::Add{}, {branch(w1, 1.5), branch(w2, -0.25)});
  const auto done = streamlined(net.finish(net.relu_quant(sum, 8, 4)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold Conv Conv Add MultiThreshold");
}

TEST(PeerPattern, MoveLinearPastEltwiseAddWithFreeScales) {
  PixelNet net;
  Tensor* x = net.pixels({1, 1, 2, 2});
  Tensor* a = net.add(ops::Mul{}, {net.relu_quant(x, 16, 4, "a"), net.number(0.3F)});
  Tensor* b = net.add(ops::Mul{}, {net.relu_quant(x, 10, 4, "b"), net.number(0.7F)});
  const auto done = streamlined(net.finish(net.relu_quant(net.add(ops::Add{}, {a, b}), 8, 4)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold MultiThreshold JoinThreshold");
}

TEST(PeerPattern, MoveLinearPastFork) {
  PixelNet net;
  Tensor* x = net.relu_quant(net.pixels({1, 2, 3, 3}), 16, 4, "a");
  x = net.add(ops::Mul{}, {x, net.number(0.3F)});
  x = net.add(ops::Add{}, {x, net.per_channel({1, -2})});
  Tensor* left = net.add(conv2d(1), {x, net.floats({2, 2, 1, 1}, {1, 2, -1, 3})});
  left = net.quant(left, 0.37F, 4, {}, "left");
  Tensor* right = net.quant(x, 3, 4, {}, "right");
  const auto done = streamlined(net.finish(net.quant(net.add(ops::Add{}, {left, right}), 7, 4)));
  EXPECT_EQ(count_nodes(done.graph, "Mul") + count_nodes(done.graph, "Add"), 0U);
  EXPECT_EQ(count_nodes(done.graph, "Conv"), 1U);
}

}  // namespace
}  // namespace assay
