// SPDX-License-Identifier: Apache-2.0
#include "pass_check.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

/// x + (a node over constants), which folding must turn into x + constant.
std::string folded(Net& net, Tensor* constant) {
  Tensor* x = net.input(*constant->shape);
  net.finish(net.add(ops::Add{}, {x, constant}, "y"));
  expect_exact_change(net.graph, "fold_constants");
  return nodes_text(net.graph);
}

template <typename OpType>
std::string folded(Net& net, OpType op, std::vector<Tensor*> inputs, Shape shape) {
  Tensor* constant = net.add(std::move(op), std::move(inputs));
  constant->shape = std::move(shape);
  return folded(net, constant);
}

TEST(FoldConstants, ArithmeticIsExactWhereFloat32WouldRound) {
  Net net;
  // 2^24 + 1 is no float32.
  EXPECT_EQ(folded(net, ops::Add{}, {net.number(0x1p24F), net.number(1)}, {}),
            "y = Add(x, []{16777217})\n");
  Net third;
  EXPECT_EQ(folded(third, ops::Div{}, {third.number(1), third.number(3)}, {}),
            "y = Add(x, []{1/3})\n");
}

TEST(FoldConstants, BroadcastsItsOperands) {
  Net net;
  EXPECT_EQ(
      folded(net, ops::Mul{}, {net.floats({2, 1}, {2, 3}), net.floats({2}, {10, 100})}, {2, 2}),
      "y = Add(x, [2,2]{20,200,30,300})\n");
}

TEST(FoldConstants, PowTakesIntegersAndSquareRoots) {
  Net net;
  EXPECT_EQ(folded(net, ops::Pow{}, {net.floats({3}, {4, 2, 0.25F}), net.number(0.5F)}, {3}),
            "y = Add(x, [3]{2,1*sqrt(2),1/2})\n");
  Net inverse;
  EXPECT_EQ(folded(inverse, ops::Pow{}, {inverse.floats({2}, {4, -3}), inverse.number(-3)}, {2}),
            "y = Add(x, [2]{1/64,-1/27})\n");
}

TEST(FoldConstants, DataMoversKeepTheValues) {
  Net transpose;
  EXPECT_EQ(folded(transpose, with(&ops::Transpose::perm, {1, 0}),
                   {transpose.floats({2, 3}, {1, 2, 3, 4, 5, 6})}, {3, 2}),
            "y = Add(x, [3,2]{1,4,2,5,3,6})\n");
  Net concat;
  EXPECT_EQ(folded(concat, ops::Concat{},
                   {concat.floats({2, 1}, {1, 2}), concat.floats({2, 2}, {3, 4, 5, 6})}, {2, 3}),
            "y = Add(x, [2,3]{1,3,4,2,5,6})\n");
  Net reals;  // only one of the two is a float32
  Tensor* third = reals.add(ops::Div{}, {reals.number(1), reals.number(3)});
  third->shape = Shape{};
  Tensor* row = reals.add(ops::Reshape{}, {third, reals.ints({1}, {1})});
  row->shape = Shape{1};
  ops::Concat join;
  join.axis = 0;
  EXPECT_EQ(folded(reals, join, {reals.floats({1}, {2}), row, reals.floats({1}, {4})}, {3}),
            "y = Add(x, [3]{2,1/3,4})\n");
  Net gather;
  EXPECT_EQ(folded(gather, with(&ops::Gather::axis, 1),
                   {gather.floats({2, 3}, {1, 2, 3, 4, 5, 6}), gather.ints({2}, {-1, 0})}, {2, 2}),
            "y = Add(x, [2,2]{3,1,6,4})\n");
  Net pad;
  EXPECT_EQ(
      folded(pad, ops::Pad{},
             {pad.floats({1, 2}, {1, 2}), pad.ints({4}, {1, 1, 0, -1}), pad.number(7)}, {2, 2}),
      "y = Add(x, [2,2]{7,7,7,1})\n");
  Net reshape;
  EXPECT_EQ(folded(reshape, ops::Reshape{},
                   {reshape.floats({4}, {1, 2, 3, 4}), reshape.ints({2}, {2, -1})}, {2, 2}),
            "y = Add(x, [2,2]{1,2,3,4})\n");
}

TEST(FoldConstants, UnaryOperators) {
  const auto values = [](Net& net) { return net.floats({4}, {-2.5F, 0, 0.5F, 9}); };
  Net sign, relu, clip;
  EXPECT_EQ(folded(sign, ops::Sign{}, {values(sign)}, {4}), "y = Add(x, [4]{-1,0,1,1})\n");
  EXPECT_EQ(folded(relu, ops::Relu{}, {values(relu)}, {4}), "y = Add(x, [4]{0,0,1/2,9})\n");
  EXPECT_EQ(folded(clip, ops::Clip{}, {values(clip), clip.number(-1), clip.number(3)}, {4}),
            "y = Add(x, [4]{-1,0,1/2,3})\n");
}

TEST(FoldConstants, TheShapeChainOfAFlattenBecomesAConstant) {
  Net net;
  Tensor* x = net.input({2, 3, 4});
  Tensor* batch = net.add(ops::Gather{}, {net.add(ops::Shape{}, {x}), net.ints({}, {0})});
  Tensor* front = net.add(ops::Unsqueeze{}, {batch, net.ints({1}, {0})});
  Tensor* target = net.add(with(&ops::Concat::axis, 0), {front, net.ints({1}, {-1})});
  net.finish(net.add(ops::Reshape{}, {x, target}, "y"));
  expect_exact_change(net.graph, "fold_constants");
  EXPECT_EQ(nodes_text(net.graph), "y = Reshape(x, [2]{2,-1})\n");
}

TEST(FoldConstants, IntegersStayInTheirContainer) {
  Net net;
  Tensor* sum = net.add(
      ops::Add{}, {net.ints({1}, {100}, Container::kInt8), net.ints({1}, {100}, Container::kInt8)});
  net.finish(net.add(ops::Add{}, {net.input({1}), net.add(ops::Cast{}, {sum})}, "y"));
  expect_no_change(net.graph, "fold_constants");
}

TEST(FoldConstants, CastTruncatesTowardZero) {
  Net net;
  Tensor* cast = net.add(with(&ops::Cast::to, 7), {net.floats({3}, {-2.75F, 2.75F, 3})});
  EXPECT_EQ(folded(net, ops::Cast{}, {net.add(ops::Clip{}, {cast, net.ints({}, {-9})})}, {3}),
            "y = Add(x, [3]{-2,2,3})\n");
}

TEST(FoldConstants, QuantisersAreNeverFolded) {
  Net net;
  Tensor* x = net.input({1, 2});
  Tensor* w = net.floats({2, 2}, {0.5F, 1.5F, -1, 2});
  Tensor* y = net.add(ops::MatMul{}, {x, net.quant(w, 0.5F, 3)});
  y = net.add(ops::MatMul{}, {y, net.add(ops::BipolarQuant{}, {w, net.number(1)})});
  ops::FloatQuant float_quant;
  y = net.add(ops::MatMul{},
              {y, net.add(float_quant, {w, net.number(1), net.number(4), net.number(3),
                                        net.number(7), net.number(240)})});
  y = net.add(
      ops::MatMul{},
      {y, net.add(ops::Trunc{}, {w, net.number(1), net.number(0), net.number(4), net.number(3)})});
  ops::MultiThreshold thresholds;
  thresholds.data_layout = Layout::kNC;
  thresholds.out_dtype = DataType::uint(1);
  y = net.add(ops::MatMul{}, {y, net.add(thresholds, {w, net.floats({1, 1}, {0})})});
  Tensor* zero = net.ints({}, {0}, Container::kInt8);
  Tensor* levels = net.add(ops::QuantizeLinear{}, {w, net.number(1), zero});
  y = net.add(ops::MatMul{}, {y, net.add(ops::DequantizeLinear{}, {levels, net.number(1), zero})});
  net.finish(y);
  expect_no_change(net.graph, "fold_constants");
}

TEST(FoldConstants, AClipThatTellsABitWidthStays) {
  Net net;
  Tensor* q = net.ints({2, 1}, {-3, 7}, Container::kInt8);
  Tensor* clip = net.add(
      ops::Clip{}, {q, net.ints({}, {-7}, Container::kInt8), net.ints({}, {7}, Container::kInt8)});
  Tensor* w = net.add(ops::DequantizeLinear{},
                      {clip, net.number(0.5F), net.ints({}, {0}, Container::kInt8)});
  net.finish(net.add(ops::MatMul{}, {net.input({1, 2}), w}));
  expect_no_change(net.graph, "fold_constants");
}

TEST(FoldConstants, WhatHasNoExactValueStays) {
  Net net;
  Tensor* zero = net.add(ops::Div{}, {net.number(1), net.number(0)});
  Tensor* cube_root = net.add(ops::Pow{}, {net.number(2), net.floats({}, {0.25F})});
  Tensor* x = net.input({1});
  net.graph.add_output(net.add(ops::Add{}, {net.add(ops::Add{}, {x, zero}), cube_root}));
  infer_shapes(net.graph);
  expect_no_change(net.graph, "fold_constants");
}

TEST(FoldConstants, AMillionWeightsAreMovedQuickly) {
  Net net;
  constexpr std::int64_t kSide = 1000;
  std::vector<float> values(kSide * kSide);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  Tensor* w =
      net.add(with(&ops::Transpose::perm, {1, 0}), {net.floats({kSide, kSide}, std::move(values))});
  net.finish(net.add(ops::MatMul{}, {net.input({1, kSide}), w}));
  EXPECT_TRUE(run_pass(net.graph, *find_pass("fold_constants")));
  const Constant& folded = *net.graph.nodes()[0]->inputs[1]->constant;
  ASSERT_TRUE(folded.is_float());
  EXPECT_EQ(folded.floats()[1], 1000.0F);
  EXPECT_EQ(folded.floats()[kSide * kSide - 2], 998999.0F);
}

}  // namespace
}  // namespace assay
