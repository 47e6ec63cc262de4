// SPDX-License-Identifier: Apache-2.0
// Products of two activations.
#include "passes/streamline_net.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
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

/// (a + 7)(s) = a s + 7 s: s is a term of its own, at every pixel.
TEST(StreamlineProduct, AnOffsetStretchesTheOtherFactor) {
  PixelNet net;
  Tensor* x = net.relu_quant(net.pixels({1, 2, 2, 2}), 20, 4, "a");
  Tensor* squeezed = net.relu_quant(net.add(ops::GlobalAveragePool{}, {x}), 30, 3, "s");
  Tensor* shifted = net.add(ops::Add{}, {x, net.number(7)});
  const Streamlined done = streamlined(
      net.finish(net.relu_quant(net.add(ops::Mul{}, {shifted, squeezed}), 700, 4, "y")));
  EXPECT_EQ(count_nodes(done.graph, "Gather"), 2U);
}

TEST(StreamlineProduct, FactorsStretchEachOther) {
  PixelNet net;
  Tensor* x = net.pixels({1, 1, 2, 2});
  Tensor* column = net.entry(x, 3, 0);
  Tensor* row = net.entry(x, 2, 1);
  const Graph graph = streamlined(net.finish(net.add(ops::Mul{}, {column, row}))).graph;
  // [1, 3] times [3, 4]
  EXPECT_THAT(output_of(graph, {1, 2, 3, 4}), ElementsAre("3", "4", "9", "12"));
  EXPECT_EQ(op_types(graph), "Gather Gather Gather Mul");
}

TEST(StreamlineProduct, AFactorOfFewerAxesGetsThem) {
  PixelNet net;
  Tensor* x = net.pixels({1, 2, 1, 2});
  Tensor* flat = net.add(ops::Reshape{}, {net.entry(x, 1, 1), net.shape_of({2})});
  const Graph graph = streamlined(net.finish(net.add(ops::Mul{}, {flat, x}))).graph;
  EXPECT_THAT(output_of(graph, {1, 2, 3, 4}), ElementsAre("3", "8", "9", "16"));
}

}  // namespace
}  // namespace assay
