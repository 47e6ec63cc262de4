// SPDX-License-Identifier: Apache-2.0
// What streamlining refuses: every message names the node, the operator and what to do.
#include <gmock/gmock.h>

#include <functional>

#include "compile/passes/cleanup/insert_topk.h"
#include "compile/passes/streamline/streamline.h"
#include "passes/streamline_net.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// The message of the first step that refuses; fails when none does.
std::string streamline_refusal(Graph graph, const PassOptions& options = {}) {
  const std::string message = user_error_of([&] {
    PassContext context{.options = options};
    clean_up(graph);
    absorb_scales(graph, context);
    residual_sums(graph, context);
    integer_tail(graph, context);
  });
  EXPECT_NE(message, "no UserError");
  return message;
}

TEST(StreamlineRefuses, ADivisionOfTwoActivations) {
  PixelNet net;
  Tensor* x = net.pixels({1, 4});
  Tensor* y = net.add(ops::Div{}, {net.relu_quant(x, 9, 4, "a"), net.relu_quant(x, 7, 4, "b")});
  EXPECT_THAT(streamline_refusal(net.finish(net.relu_quant(y, 30, 4))),
              AllOf(HasSubstr("'Div_0' (Div)"), HasSubstr("divides two activations"),
                    HasSubstr("sums and products")));
}

TEST(StreamlineRefuses, ADivisionByAnActivationOrByZero) {
  for (const bool by_zero : {false, true}) {
    PixelNet net;
    Tensor* x = net.relu_quant(net.pixels({1, 4}), 9, 4, "a");
    Tensor* constant =
        net.graph.add_constant("c", Constant(Shape{}, std::vector<float>{by_zero ? 0.0F : 2.0F}));
    Tensor* y = by_zero ? net.add(ops::Div{}, {x, constant}) : net.add(ops::Div{}, {constant, x});
    EXPECT_THAT(streamline_refusal(net.finish(net.relu_quant(y, 30, 4))),
                AllOf(HasSubstr("'Div_0' (Div)"), HasSubstr("divides by an activation or by 0")))
        << by_zero;
  }
}

TEST(StreamlineRefuses, AProductOfTwoActivations) {
  for (const Shape& shape : {Shape{2, 2}, Shape{1, 3, 2, 2}}) {
    PixelNet net;
    Tensor* x = net.pixels(shape);
    Tensor* y =
        net.add(ops::MatMul{}, {net.relu_quant(x, 9, 4, "a"), net.relu_quant(x, 7, 4, "b")});
    EXPECT_THAT(
        streamline_refusal(net.finish(net.relu_quant(y, 30, 4))),
        AllOf(HasSubstr("node 'MatMul_0' (MatMul)"), HasSubstr("multiplies two activations"),
              HasSubstr("end the network in front of it")));
  }
}

TEST(StreamlineRefuses, WhatReadsLabels) {
  PixelNet net;
  Tensor* x = net.relu_quant(net.pixels({1, 4}), 9, 4);
  Graph& graph = net.finish(net.add(ops::Relu{}, {x}, "logits"));
  insert_topk(graph, 1);
  graph.mutable_outputs()[0] =
      net.add(ops::Squeeze{}, {graph.outputs()[0], net.shape_of({0})}, "label_row");
  std::erase_if(graph.checkpoints(), [](const Checkpoint& c) { return c.name == "label"; });
  infer_shapes(graph);
  EXPECT_THAT(streamline_refusal(graph),
              AllOf(HasSubstr("(Squeeze)"), HasSubstr("it reads 'TopK_0_out1', labels"),
                    HasSubstr("leave the rest to the host")));
}

TEST(StreamlineRefuses, Softmax) {
  PixelNet net;
  Tensor* x = net.relu_quant(net.pixels({1, 4}), 9, 4);
  EXPECT_THAT(streamline_refusal(net.finish(net.add(ops::Softmax{}, {x}, "p"))),
              AllOf(HasSubstr("node 'Softmax_0' (Softmax)"), HasSubstr("no integer form"),
                    HasSubstr("end the network in front of it")));
}

/// The larger of two activations whose scales have no small ratio.
Tensor* larger_of_unrelated(PixelNet& net, Tensor* x) {
  Tensor *a = net.relu_quant(x, 9.1F, 4, "a"), *b = net.relu_quant(x, 7.3F, 4, "b");
  return net.add(ops::Add{}, {a, net.add(ops::Relu{}, {net.add(ops::Sub{}, {b, a})})});
}

TEST(StreamlineRefuses, AMaxOfUnrelatedScalesThatNothingQuantises) {
  const auto refusal = [](const std::function<Tensor*(PixelNet&, Tensor*)>& behind) {
    PixelNet net;
    Tensor* y = behind(net, larger_of_unrelated(net, net.pixels({1, 2, 2, 2})));
    return streamline_refusal(net.finish(y));
  };
  const auto says = [](const char* node) {
    return AllOf(HasSubstr(node), HasSubstr(": a Max or Min of activations with different scales"),
                 HasSubstr("quantise the result of the Max, Min or sum, or give their operands"));
  };
  EXPECT_THAT(
      refusal([](PixelNet& net, Tensor* y) {
        return net.relu_quant(net.add(conv2d(1), {y, net.floats({1, 2, 1, 1}, {1, 2})}), 30, 4);
      }),
      says("(Conv)"));
  EXPECT_THAT(refusal([](PixelNet&, Tensor* y) { return y; }), says("(Add)"));
  EXPECT_THAT(refusal([](PixelNet& net, Tensor* y) {
                return net.relu_quant(net.add(ops::Sigmoid{}, {y}), 0.1F, 4);
              }),
              says("(Sigmoid)"));
  EXPECT_THAT(refusal([](PixelNet& net, Tensor* y) {
                return net.relu_quant(net.add(ops::Mul{}, {y, net.per_channel({1, -1})}), 30, 4);
              }),
              says("(Mul)"));
  // The smaller one of a larger one.
  EXPECT_THAT(refusal([](PixelNet& net, Tensor* y) {
                Tensor* c = net.relu_quant(net.graph.inputs()[0], 5.9F, 4, "c");
                Tensor* apart = net.add(ops::Relu{}, {net.add(ops::Sub{}, {y, c})});
                return net.relu_quant(net.add(ops::Sub{}, {y, apart}), 30, 4);
              }),
              says("(Sub)"));
  // The largest value of a window is not that of the smaller ones of two.
  EXPECT_THAT(refusal([](PixelNet& net, Tensor* y) {
                ops::MaxPool pool;
                pool.window = window2d(2);
                y = net.add(ops::Mul{}, {y, net.number(-1)});
                return net.relu_quant(net.add(pool, {y}), 30, 4);
              }),
              says("(MaxPool)"));
}

TEST(StreamlineRefuses, ASumWithAReluThatNothingQuantises) {
  PixelNet net;
  Tensor* x = net.pixels({1, 4});
  Tensor* sum = net.add(ops::Add{}, {net.relu_quant(x, 9.1F, 4, "a"), net.relu_quant(x, 7.3F, 4)});
  Tensor* y =
      net.add(ops::MatMul{}, {net.add(ops::Relu{}, {net.add(ops::Sub{}, {sum, net.number(3)})}),
                              net.floats({4, 1}, {1, 2, 3, 4})});
  EXPECT_THAT(streamline_refusal(net.finish(net.relu_quant(y, 30, 4, "y"))),
              AllOf(HasSubstr("node 'MatMul_0' (MatMul)"),
                    HasSubstr(": a Relu or Clip of a sum with several scales reaches it"),
                    HasSubstr("QuantReLU")));
}

TEST(StreamlineRefuses, AMaxPoolOfASumThatNothingQuantises) {
  PixelNet net;
  Tensor* x = net.pixels({1, 1, 4, 4});
  Tensor* sum = net.add(ops::Add{}, {net.relu_quant(x, 9.1F, 4, "a"), net.relu_quant(x, 7.3F, 4)});
  Tensor* y = net.add(with(&ops::MaxPool::window, window2d(2, 2)), {sum});
  y = net.add(conv2d(1), {y, net.floats({1, 1, 1, 1}, {3})});
  EXPECT_THAT(streamline_refusal(net.finish(net.relu_quant(y, 30, 4, "y"))),
              AllOf(HasSubstr("node 'Conv_0' (Conv)"), HasSubstr("max pool of a sum"),
                    HasSubstr("quantise the sum or the pool's output")));
}

TEST(StreamlineRefuses, AnInputOfRealNumbers) {
  PixelNet net;
  Tensor* x = net.relu_quant(net.input({1, 4}), 9, 4);
  EXPECT_THAT(streamline_refusal(net.finish(x)),
              AllOf(HasSubstr("input '"), HasSubstr("FLOAT32"), HasSubstr("annotate the input")));
}

TEST(StreamlineRefuses, AnOutputWithoutACommonUnit) {
  PixelNet net;
  Tensor* x = net.pixels({1, 4});
  const auto irrational = [&](std::string_view name, float variance) {
    return net.batch_norm(net.relu_quant(x, 9, 4, name), {1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0},
                          std::vector<float>(4, variance));
  };
  Tensor* sum = net.add(ops::Add{}, {irrational("a", 2), irrational("b", 3)}, "logits");
  EXPECT_THAT(streamline_refusal(net.finish(sum)),
              AllOf(HasSubstr("node 'Add_0' (Add)"), HasSubstr("output 'global_out"),
                    HasSubstr("no common unit"), HasSubstr("quantise the output")));
}

TEST(StreamlineRefuses, ClassesWithoutACommonUnit) {
  PixelNet net;
  Tensor* x = net.add(ops::MatMul{},
                      {net.pixels({1, 2}, DataType::sint(32)), net.floats({2, 2}, {1, 2, 3, 4})});
  x = net.batch_norm(x, {1, 1}, {0, 0}, {0, 0}, {2, 3});
  Graph& graph = net.finish(x);
  insert_topk(graph, 1);
  EXPECT_THAT(streamline_refusal(graph), AllOf(HasSubstr("(TopK)"), HasSubstr("no common unit"),
                                               HasSubstr("one weight scale for the last layer")));
}

TEST(StreamlineRefuses, AJoinOverItsBudget) {
  PixelNet net;
  std::mt19937 random(3);
  Tensor* x = net.pixels({1, 2, 2, 2});
  Tensor* a = net.add(conv2d(1), {x, net.random_floats({2, 2, 1, 1}, -9, 9, random)});
  Tensor* b = net.add(conv2d(1), {net.quant(x, 1.7F, 7, unsigned_quant(), "b"),
                                  net.random_floats({2, 2, 1, 1}, -9, 9, random)});
  Graph graph = net.finish(net.quant(net.add(ops::Add{}, {a, b}), 33.3F, 4));
  EXPECT_THAT(
      streamline_refusal(graph, {.join_budget = 2}),
      AllOf(HasSubstr("(Quant)"), HasSubstr("channel 0, step "), HasSubstr("with 2 fraction bits"),
            HasSubstr("pairs of the sum"), HasSubstr("--join-budget"), HasSubstr("--join-bits")));
  // With the remedy it is done, and the wrong decisions are counted.
  clean_up(graph);
  PassContext context{.options = {.join_bits = 2}};
  absorb_scales(graph, context);
  residual_sums(graph, context);
  EXPECT_GT(context.report.quantisers.back().inseparable, 0);
  EXPECT_EQ(context.report.quantisers.back().fraction_bits, 2);
}

TEST(StreamlineRefuses, JoinOptionsOutOfRange) {
  PixelNet net;
  Graph& graph = net.finish(net.relu_quant(net.pixels({1, 4}), 9, 4));
  PassContext budget{.options = {.join_budget = 0}}, bits{.options = {.join_bits = 57}};
  EXPECT_THAT(user_error_of([&] { residual_sums(graph, budget); }), HasSubstr("outside [1, 56]"));
  EXPECT_THAT(user_error_of([&] { residual_sums(graph, bits); }), HasSubstr("outside [0, 56]"));
  clean_up(graph);
  PassContext least{.options = {.join_budget = 1, .join_bits = 0}};
  absorb_scales(graph, least);
  residual_sums(graph, least);  // the least of both is in range
}

TEST(StreamlineRefuses, AccumulatorsBeyond62Bits) {
  PixelNet net;
  Tensor* x = net.pixels({1, 4}, DataType::sint(32));
  // 3 * 2^30 * 2^31
  x = net.add(ops::MatMul{}, {x, net.floats({4, 1}, {0x1p30F, 0x1p30F, 0x1p30F, 1})});
  EXPECT_THAT(streamline_refusal(net.finish(net.quant(x, 9, 4))),
              AllOf(HasSubstr("node 'MatMul_0' (MatMul)"), HasSubstr("more than 62 bits"),
                    HasSubstr("quantise its input and its weights")));
}

TEST(StreamlineRefuses, TheValuesOfTopK) {
  PixelNet net;
  Tensor* x = net.relu_quant(net.pixels({1, 4}), 9, 4);
  Tensor* values = net.graph.add_tensor("values");
  Tensor* indices = net.graph.add_tensor("indices");
  net.graph.add_node(std::make_unique<ops::TopK>(), {x, net.shape_of({2})}, {values, indices});
  net.graph.add_output(indices);
  EXPECT_THAT(streamline_refusal(net.finish(values)),
              AllOf(HasSubstr("(TopK)"), HasSubstr("values of TopK are used"),
                    HasSubstr("use its indices only")));
}

TEST(StreamlineRefuses, ATooWideQuantiser) {
  PixelNet net;
  Tensor* x = net.pixels({1, 1}, DataType::sint(20));
  EXPECT_THAT(streamline_refusal(net.finish(net.quant(x, 1.5, 18))),
              AllOf(HasSubstr("(Quant)"), HasSubstr("thresholds"), HasSubstr("fewer bits")));
}

TEST(StreamlineRefuses, AnInputWidthOutsideTheRange) {
  PixelNet net;
  Graph& graph = net.finish(net.relu_quant(net.pixels({1, 4}), 9, 4));
  for (const int bits : {1, 17}) {
    PassContext context{.options = {.input_bits = bits}};
    EXPECT_THAT(user_error_of([&] { quantize_input(graph, context); }),
                HasSubstr("outside [2, 16]"));
  }
}

TEST(StreamlineRefuses, ToCallAGraphWithRealsInteger) {
  PixelNet net;
  Graph& graph = net.finish(net.relu_quant(net.pixels({1, 4}), 9, 4));
  EXPECT_THAT(user_error_of([&] { verify_integer(graph); }),
              AllOf(HasSubstr("FLOAT32"), HasSubstr("(Quant)"), HasSubstr("streamline")));
}

}  // namespace
}  // namespace assay
