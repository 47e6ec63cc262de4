// SPDX-License-Identifier: Apache-2.0
// When the network's input needs a quantiser of its own, and what it is.
#include <gmock/gmock.h>

#include "compile/passes/streamline.h"
#include "passes/streamline_net.h"

namespace assay {
namespace {

using testing::HasSubstr;

/// Pixels of three channels, normalised as the network wants them.
class Normalised : public PixelNet {
 public:
  std::mt19937 random{5};
  Tensor* scaled(Shape shape = {1, 3, 4, 4}) {
    return add(ops::Div{}, {pixels(std::move(shape)), number(255)});
  }
  Tensor* normalised() {
    Tensor* x = add(ops::Sub{}, {scaled(), per_channel({0.5F, 0.4F, 0.3F})});
    return add(ops::Div{}, {x, per_channel({0.25F, 0.2F, 0.3F})});
  }
  Tensor* conv(Tensor* x, std::int64_t pad, std::int64_t group = 1) {
    return add(conv2d(3, 1, pad, group), {x, random_floats({3, 3 / group, 3, 3}, -3, 3, random)});
  }
  Graph& end(Tensor* x) { return finish(relu_quant(x, 3.3F, 3)); }
};

TEST(QuantizeInput, OneScaleWithoutOffsetNeedsNone) {
  Normalised net;
  Graph& graph = net.end(net.conv(net.scaled(), 1));
  EXPECT_EQ(input_to_quantize(graph), nullptr);
  StreamlineReport report;
  EXPECT_FALSE(quantize_input(graph, 8, report));
  EXPECT_EQ(op_types(streamlined(graph).graph), "Conv MultiThreshold");
}

TEST(QuantizeInput, AQuantiserAtOnceNeedsNone) {
  Normalised net;
  Tensor* x = net.quant(net.normalised(), 0.02F, 8, {}, "a");
  Graph& graph = net.end(net.conv(x, 1));
  EXPECT_EQ(input_to_quantize(graph), nullptr);
  const auto done = streamlined(graph);
  EXPECT_EQ(op_types(done.graph), "MultiThreshold Conv MultiThreshold");
  EXPECT_EQ(done.quantiser("a").channels, 3);
}

TEST(QuantizeInput, SeveralScalesIntoAConvolutionNeedOne) {
  for (const std::int64_t pad : {0, 1}) {
    Normalised net;
    Tensor* x = net.normalised();
    EXPECT_EQ(input_to_quantize(net.end(net.conv(x, pad))), x);
  }
}

TEST(QuantizeInput, AnOffsetNeedsOneOnlyUnderPadding) {
  for (const std::int64_t pad : {0, 1}) {
    Normalised net;
    Tensor* x = net.add(ops::Sub{}, {net.scaled(), net.per_channel({0.5F, 0.4F, 0.3F})});
    Graph& graph = net.end(net.conv(x, pad));
    EXPECT_EQ(input_to_quantize(graph), pad == 0 ? nullptr : x);
    if (pad == 0) {
      EXPECT_EQ(op_types(streamlined(graph).graph), "Conv MultiThreshold");
    }
  }
}

TEST(QuantizeInput, ADepthwiseConvolutionTakesAScalePerChannel) {
  Normalised net;
  Graph& graph = net.end(net.conv(net.normalised(), 0, 3));
  EXPECT_EQ(input_to_quantize(graph), nullptr);
  EXPECT_EQ(op_types(streamlined(graph).graph), "Conv MultiThreshold");
  Normalised padded;
  Tensor* x = padded.normalised();
  EXPECT_EQ(input_to_quantize(padded.end(padded.conv(x, 1, 3))), x);
}

TEST(QuantizeInput, LooksThroughReluPoolsAndMovements) {
  Normalised net;
  Tensor* x = net.normalised();
  Tensor* y = net.add(ops::Relu{}, {x});
  y = net.add(with(&ops::MaxPool::window, window2d(2)), {y});
  EXPECT_EQ(input_to_quantize(net.end(net.conv(y, 1))), x);
}

TEST(QuantizeInput, TheQuantiserReachesTheLargestValueAndTheRestIsExact) {
  for (const int bits : {2, 8, 16}) {
    Normalised net;
    Graph& graph = net.end(net.conv(net.normalised(), 1));
    StreamlineReport report;
    ASSERT_TRUE(quantize_input(graph, bits, report));
    verify(graph);
    EXPECT_EQ(input_to_quantize(graph), nullptr);
    ASSERT_EQ(report.remarks.size(), 1U);
    EXPECT_THAT(report.remarks[0].text, HasSubstr(fmt::format("{} bits", bits)));
    const Node* quantiser = graph.find_tensor("quantized_input")->producer;
    EXPECT_TRUE(quantiser->as<ops::Quant>()->narrow);
    // The largest value is (1 - 0.4) / 0.2 = 3, a little more in float32.
    const double scale = quantiser->inputs[1]->constant->real(0).to_double();
    EXPECT_NEAR(scale * ((1 << (bits - 1)) - 1), 3, 1e-5);
    const auto done = streamlined(graph);
    EXPECT_EQ(op_types(done.graph), "MultiThreshold Conv MultiThreshold");
  }
}

}  // namespace
}  // namespace assay
