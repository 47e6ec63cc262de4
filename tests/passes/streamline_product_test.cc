// SPDX-License-Identifier: Apache-2.0
// Products of two activations.
#include "passes/streamline_net.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

/// Two quantisers of one input, which read it at different scales.
struct Factors {
  explicit Factors(const Shape& shape) {
    Tensor* x = net.pixels(shape);
    a = net.relu_quant(x, 20, 4, "a");
    b = net.relu_quant(x, 37, 3, "b");
  }
  PixelNet net;
  Tensor *a = nullptr, *b = nullptr;
};

TEST(StreamlineProduct, OfTwoActivationsIsOneOfIntegers) {
  Factors f({1, 3, 2, 2});
  const Streamlined done =
      streamlined(f.net.finish(f.net.relu_quant(f.net.add(ops::Mul{}, {f.a, f.b}), 700, 4)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold MultiThreshold Mul MultiThreshold");
}

/// A quantiser wants rising integers: the sign of a channel is a factor behind the product.
TEST(StreamlineProduct, TakesScalesPerChannel) {
  Factors f({1, 3, 2, 2});
  Tensor* scaled = f.net.add(ops::Mul{}, {f.a, f.net.per_channel({1, -0.5F, 0})});
  const Streamlined done =
      streamlined(f.net.finish(f.net.relu_quant(f.net.add(ops::Mul{}, {scaled, f.b}), 700, 4)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold MultiThreshold Mul Mul MultiThreshold");
}

/// As a squeeze and excitation has it, on either side.
TEST(StreamlineProduct, AVectorOfFactorsMeetsEveryPixel) {
  for (const bool turned : {false, true}) {
    PixelNet net;
    Tensor* x = net.relu_quant(net.pixels({1, 2, 2, 2}), 20, 4, "a");
    Tensor* squeezed = net.relu_quant(net.add(ops::GlobalAveragePool{}, {x}), 30, 3, "s");
    Tensor* y = turned ? net.add(ops::Mul{}, {squeezed, x}) : net.add(ops::Mul{}, {x, squeezed});
    const Streamlined done = streamlined(net.finish(net.relu_quant(y, 700, 4)));
    EXPECT_EQ(count_nodes(done.graph, "Mul"), 1U);
    EXPECT_EQ(done.graph.outputs()[0]->shape, (Shape{1, 2, 2, 2}));
  }
}

/// Offsets that are multiples of the scale go into the integers.
TEST(StreamlineProduct, AZeroPointIsPartOfTheIntegers) {
  Factors f({1, 3, 2, 2});
  Tensor* shifted = f.net.add(ops::Add{}, {f.a, f.net.number(-60)});
  const Streamlined done =
      streamlined(f.net.finish(f.net.relu_quant(f.net.add(ops::Mul{}, {shifted, f.b}), 700, 4)));
  EXPECT_EQ(op_types(done.graph), "MultiThreshold MultiThreshold Add Mul MultiThreshold");
}

/// (s A + o)(t B) = s t A B + o t B, whose scales have a common unit here.
TEST(StreamlineProduct, AnotherOffsetIsATermOfItsOwn) {
  Factors f({1, 3, 2, 2});
  Tensor* shifted = f.net.add(ops::Add{}, {f.a, f.net.number(-13)});
  const Streamlined done =
      streamlined(f.net.finish(f.net.relu_quant(f.net.add(ops::Mul{}, {shifted, f.b}), 700, 4)));
  EXPECT_EQ(count_nodes(done.graph, "Add"), 1U);
}

TEST(StreamlineProduct, OfAnUnquantisedReluKeepsItsClamp) {
  Factors f({1, 2, 1, 2});
  Tensor* shifted = f.net.add(ops::Add{}, {f.a, f.net.number(-60)});
  Tensor* clamped = f.net.add(ops::Relu{}, {shifted});
  streamlined(f.net.finish(f.net.relu_quant(f.net.add(ops::Mul{}, {clamped, f.b}), 700, 4)));
}

TEST(StreamlineProduct, OfIntegersStaysAsItIs) {
  Factors f({1, 3, 2, 2});
  Streamlined done =
      streamlined(f.net.finish(f.net.relu_quant(f.net.add(ops::Mul{}, {f.a, f.b}), 700, 4)));
  const std::string before = nodes_text(done.graph);
  PassContext context;
  absorb_scales(done.graph, context);
  EXPECT_EQ(nodes_text(done.graph), before);
}

std::string refusal_of(PixelNet& net, Tensor* product) {
  Graph graph = net.finish(net.relu_quant(product, 700, 4));
  return user_error_of([&] {
    PassContext context;
    clean_up(graph);
    absorb_scales(graph, context);
  });
}

TEST(StreamlineProduct, OfASumOfSeveralScalesIsRefused) {
  Factors f({1, 3, 2, 2});
  Tensor* sum = f.net.add(ops::Add{}, {f.a, f.b});
  EXPECT_THAT(refusal_of(f.net, f.net.add(ops::Mul{}, {sum, f.a})),
              HasSubstr("multiplies a sum with several scales; quantise its factors"));
}

TEST(StreamlineProduct, AnOffsetThatWouldStretchIsRefused) {
  PixelNet net;
  Tensor* x = net.relu_quant(net.pixels({1, 2, 2, 2}), 20, 4, "a");
  Tensor* squeezed = net.relu_quant(net.add(ops::GlobalAveragePool{}, {x}), 30, 3, "s");
  Tensor* shifted = net.add(ops::Add{}, {x, net.number(7)});
  EXPECT_THAT(refusal_of(net, net.add(ops::Mul{}, {shifted, squeezed})),
              HasSubstr("meets an offset that is no multiple of a scale"));
}

TEST(StreamlineProduct, FactorsThatStretchEachOtherAreRefused) {
  PixelNet net;
  ops::AveragePool rows;
  rows.window = {{1, 2}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
  Tensor* x = net.pixels({1, 2, 2, 2});
  Tensor* a = net.relu_quant(net.add(rows, {x}), 20, 4, "a");
  rows.window.kernel_shape = {2, 1};
  Tensor* b = net.relu_quant(net.add(rows, {x}), 37, 3, "b");
  EXPECT_THAT(refusal_of(net, net.add(ops::Mul{}, {a, b})),
              HasSubstr("give one of them the output's shape and the other its rank"));
}

}  // namespace
}  // namespace assay
