// SPDX-License-Identifier: Apache-2.0
// Functions of one variable in front of quantisers become thresholds. Each network is compared with
// golden, which decides from the definition, for every input.
#include <gmock/gmock.h>

#include "passes/streamline_net.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// (x - 128) / 32 for a byte x: -4 to 3.97.
Tensor* centred(PixelNet& net, Shape shape = {1, 2, 1, 1}) {
  Tensor* x = net.add(ops::Add{}, {net.pixels(std::move(shape)), net.number(-128)});
  return net.add(ops::Mul{}, {x, net.number(0.03125F)});
}

Tensor* levels_by(PixelNet& net, Tensor* x, float scale, float bits = 4) {
  return net.quant(x, scale, bits, {}, "q");
}

TEST(StreamlineFunctions, SigmoidIsThresholds) {
  PixelNet net;
  Tensor* y = net.add(ops::Sigmoid{}, {centred(net)});
  const auto done = streamlined(net.finish(levels_by(net, y, 0.25F)));
  // 1/8, 3/8, 5/8, 7/8 at -1.9459, -0.5108, 0.5108, 1.9459: times 32, plus 128.
  EXPECT_THAT(thresholds_of(done.graph), ElementsAre(66, 112, 145, 191));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold");
}

TEST(StreamlineFunctions, EveryFunctionIsThatOfItsDefinition) {
  const auto check = []<typename OpType>(OpType, float offset) {
    PixelNet net;
    Tensor* x = net.add(ops::Add{}, {centred(net), net.per_channel({offset, offset + 0.3F})});
    x = net.add(ops::Mul{}, {x, net.per_channel({1, 0.7F})});
    SCOPED_TRACE(OpType::kType);
    const auto done = streamlined(net.finish(levels_by(net, net.add(OpType{}, {x}), 0.0371F, 7)));
    EXPECT_EQ(op_types(done.graph), "MultiThreshold");
  };
  check(ops::Erf{}, 0);
  check(ops::Exp{}, 0);
  check(ops::Log{}, 4.5F);
  check(ops::Sigmoid{}, 0);
  check(ops::Softplus{}, 0);
  check(ops::Softsign{}, 0);
  check(ops::Sqrt{}, 4.5F);
  check(ops::Tanh{}, 0);
}

TEST(StreamlineFunctions, AFunctionThatFallsAndRisesIsADifferenceOfThresholds) {
  PixelNet net;
  Tensor* x = centred(net);
  Tensor* swish = net.add(ops::Mul{}, {x, net.add(ops::Sigmoid{}, {x})});
  const auto done = streamlined(net.finish(levels_by(net, swish, 0.09F, 6)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold MultiThreshold Mul Add");
}

TEST(StreamlineFunctions, ADifferenceOfThresholdsStaysOneTensor) {
  PixelNet net;
  Tensor* x = centred(net, {1, 2});
  Tensor* swish = net.add(ops::Mul{}, {x, net.add(ops::Sigmoid{}, {x})});
  Tensor* y = net.add(ops::MatMul{}, {levels_by(net, swish, 0.09F, 6), net.floats({2, 1}, {1, 2})});
  EXPECT_EQ(op_types(streamlined(net.finish(y)).graph),
            "MultiThreshold MultiThreshold Mul Add MatMul");
}

TEST(StreamlineFunctions, ADifferenceOfThresholdsWithAZeroPointStaysOneTensor) {
  PixelNet net;
  Tensor* x = centred(net, {1, 2});
  Tensor* swish = net.add(ops::Mul{}, {x, net.add(ops::Sigmoid{}, {x})});
  Tensor* q = net.quant(swish, net.number(0.09F), net.number(2), 2, unsigned_quant(), "q");
  Tensor* y = net.relu_quant(net.add(ops::MatMul{}, {q, net.floats({2, 1}, {1, 2})}), 0.1F, 3, "y");
  const auto done = streamlined(net.finish(y));
  EXPECT_EQ(op_types(done.graph),
            "MultiThreshold MultiThreshold Mul Add Add MatMul MultiThreshold");
}

TEST(StreamlineFunctions, AFallingOneIsThoseToo) {
  PixelNet net;
  Tensor* x = net.add(ops::Mul{}, {centred(net), net.number(-1)});
  streamlined(net.finish(levels_by(net, net.add(ops::Tanh{}, {x}), 0.2F)));
}

TEST(StreamlineFunctions, PiecesOfOneActivationAddUp) {
  // PRelu: x * slope + (relu(x) - slope * relu(x)), a slope per channel.
  PixelNet net;
  Tensor *x = centred(net), *slope = net.per_channel({0.25F, -0.1F});
  Tensor* positive = net.add(ops::Relu{}, {x});
  Tensor* rest = net.add(ops::Sub{}, {positive, net.add(ops::Mul{}, {positive, slope})});
  Tensor* y = net.add(ops::Add{}, {net.add(ops::Mul{}, {x, slope}), rest});
  streamlined(net.finish(levels_by(net, y, 0.11F, 6)));
}

TEST(StreamlineFunctions, GeluAsItsParts) {
  PixelNet net;
  Tensor* x = centred(net);
  Tensor* erf = net.add(ops::Erf{}, {net.add(ops::Mul{}, {x, net.number(0.70710678F)})});
  Tensor* y = net.add(ops::Mul{}, {x, net.add(ops::Add{}, {erf, net.number(1)})});
  y = net.add(ops::Mul{}, {y, net.number(0.5F)});
  streamlined(net.finish(levels_by(net, y, 0.05F, 7)));
}

TEST(StreamlineFunctions, BehindAMaxPoolAndATranspose) {
  PixelNet net;
  Tensor* x = net.add(ops::Tanh{}, {centred(net, {1, 2, 2, 2})});
  ops::Transpose turn;
  turn.perm = {0, 1, 3, 2};
  ops::MaxPool pool;
  pool.window = {{2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}};
  x = net.add(pool, {net.add(turn, {x})});
  streamlined(net.finish(levels_by(net, x, 0.2F)));
}

TEST(StreamlineFunctions, RandomChainsAreWhatTheyCompute) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto pick = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
    PixelNet net;
    Tensor* x = centred(net);
    Tensor* y = x;
    for (int step = 0; step < 4; ++step) {
      const float a = static_cast<float>(pick(9) - 4) / 3, b = static_cast<float>(pick(5) + 1) / 4;
      switch (pick(8)) {
        case 0:
          y = net.add(ops::Tanh{}, {y});
          break;
        case 1:
          y = net.add(ops::Sigmoid{}, {y});
          break;
        case 2:
          y = net.add(ops::Softplus{}, {y});
          break;
        case 3:
          y = net.add(ops::Add{}, {y, net.per_channel({a, b})});
          break;
        case 4:
          y = net.add(ops::Mul{}, {y, net.per_channel({b, -b})});
          break;
        case 5:
          y = net.add(ops::Clip{}, {y, net.number(-b), net.number(b)});
          break;
        case 6:
          y = net.add(ops::Mul{}, {y, x});
          break;
        default:
          y = net.add(ops::Add{}, {y, net.add(ops::Relu{}, {x})});
      }
    }
    const auto done = streamlined(net.finish(levels_by(net, y, 0.13F, 5)));
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(StreamlineTail, NamesAnOutputThatIsTheSameForEveryInput) {
  // Pixels of 0 to 255 in steps of 1000 are all 0.
  for (const auto& [scale, constant] : {std::pair{1000.0F, true}, {100.0F, false}}) {
    PixelNet net;
    Tensor* x = net.relu_quant(net.pixels({1, 4}), scale, 4);
    Tensor* y = net.add(ops::MatMul{}, {x, net.floats({4, 1}, {1, 2, 3, 4})}, "y");
    const auto done = streamlined(net.finish(y));
    EXPECT_EQ(done.report.constant_outputs.size(), constant ? 1U : 0U) << scale;
  }
}

TEST(StreamlineFunctions, RefuseReadersThatAreNoQuantisers) {
  PixelNet net;
  Tensor* x = net.add(ops::Tanh{}, {centred(net, {1, 2})});
  Tensor* y = net.add(ops::MatMul{}, {x, net.floats({2, 1}, {1, 2})});
  Graph graph = net.finish(y);
  clean_up(graph);
  PassContext context;
  EXPECT_THAT(user_error_of([&] { absorb_scales(graph, context); }),
              ::testing::AllOf(HasSubstr("(MatMul)"), HasSubstr("quantise the function's output")));
}

}  // namespace
}  // namespace assay
