// SPDX-License-Identifier: Apache-2.0
// The passes that bring operators into elementary form, except qcdq_to_quant.
#include "pass_check.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

ops::Conv conv3(std::int64_t group = 1) {
  ops::Conv op;
  op.window = {{3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}};
  op.group = group;
  return op;
}

std::vector<float> ramp(std::size_t count, float step) {
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back((static_cast<float>(i % 7) - 3) * step);
  return values;
}

TEST(GemmToMatMul, TransposesPlainWeightsAndFoldsBeta) {
  Net net;
  ops::Gemm op;
  op.trans_b = true;
  op.beta = 0.5F;
  Tensor* w = net.floats({3, 2}, {1, 2, 3, 4, 5, 6});
  Tensor* y = net.add(op, {net.input({1, 2}), w, net.floats({3}, {1, 2, 3})}, "y");
  net.finish(net.quant(y, 0.5F, 6));
  expect_exact_change(net.graph, "gemm_to_matmul");
  EXPECT_EQ(nodes_text(net.graph),
            "MatMul_out = MatMul(x, [2,3]{1,3,5,2,4,6})\n"
            "y = Add(MatMul_out, [3]{1/2,1,3/2})\n"
            "q = Quant(y, []{1/2}, []{0}, []{6})\n");
}

TEST(GemmToMatMul, MovesTheTransposeBehindTheQuantiserOfTheWeights) {
  Net net;
  ops::Gemm op;
  op.trans_b = true;
  Tensor* w = net.quant(net.floats({3, 2}, {1, 2, 3, 4, 5, 6}), net.floats({3, 1}, {1, 0.5F, 2}),
                        net.floats({3, 1}, {0, 1, 0}), 4);
  Tensor* bias = net.quant(net.floats({3}, {1, 2, 3}), 1, 8, {}, "b");
  net.finish(net.quant(net.add(op, {net.input({2, 2}), w, bias}, "y"), 0.5F, 6, {}, "act"));
  expect_exact_change(net.graph, "gemm_to_matmul");
  EXPECT_EQ(nodes_text(net.graph),
            "b = Quant([3]{1,2,3}, []{1}, []{0}, []{8})\n"
            "q_0 = Quant([2,3]{1,3,5,2,4,6}, [1,3]{1,1/2,2}, [1,3]{0,1,0}, []{4})\n"
            "MatMul_out = MatMul(x, q_0)\n"
            "y = Add(MatMul_out, b)\n"
            "act = Quant(y, []{1/2}, []{0}, []{6})\n");
}

TEST(GemmToMatMul, KeepsFactorsAndTransposesActivations) {
  Net net;
  ops::Gemm op;
  op.trans_a = true;
  op.alpha = 0.1F;
  op.beta = 3;
  Tensor* c = net.quant(net.floats({3}, {1, 2, 3}), 1, 8, {}, "b");
  Tensor* y = net.add(op, {net.input({2, 1}), net.floats({2, 3}, {1, 2, 3, 4, 5, 6}), c}, "y");
  net.finish(y);
  expect_exact_change(net.graph, "gemm_to_matmul");
  const std::string text = nodes_text(net.graph);
  EXPECT_THAT(text, HasSubstr("Transpose_out = Transpose(x)\n"));
  EXPECT_THAT(text, HasSubstr("Mul_out = Mul(MatMul_out, []{13421773/134217728})\n"));
  EXPECT_THAT(text, HasSubstr("Mul_out_0 = Mul(b, []{3})\ny = Add(Mul_out, Mul_out_0)\n"));
}

TEST(GemmToMatMul, SharedQuantisedWeightsStayForTheirOtherUser) {
  Net net;
  ops::Gemm op;
  op.trans_b = true;
  Tensor* x = net.input({2, 2});
  Tensor* w = net.quant(net.floats({2, 2}, {1, 2, 3, 4}), 1, 4, {}, "w");
  net.finish(net.add(ops::MatMul{}, {net.add(op, {x, w}), w}));
  expect_exact_change(net.graph, "gemm_to_matmul");
  EXPECT_THAT(nodes_text(net.graph), HasSubstr("w = Quant([2,2]{1,2,3,4}"));
  EXPECT_THAT(nodes_text(net.graph), HasSubstr("w_0 = Quant([2,2]{1,3,2,4}"));
}

TEST(FoldTransposeIntoQuant, PermutesDataAndPerChannelParameters) {
  Net net;
  Tensor* w = net.quant(net.floats({2, 3}, {1, 2, 3, 4, 5, 6}), net.floats({2, 1}, {1, 0.5F}),
                        net.number(0), 4);
  Tensor* wt = net.add(with(&ops::Transpose::perm, {1, 0}), {w}, "wt");
  net.finish(net.quant(net.add(ops::MatMul{}, {net.input({1, 3}), wt}), 1, 8, {}, "act"));
  expect_exact_change(net.graph, "fold_transpose_into_quant");
  EXPECT_THAT(nodes_text(net.graph),
              HasSubstr("wt = Quant([3,2]{1,4,2,5,3,6}, [1,2]{1,1/2}, []{0}, []{4})\n"));
}

TEST(FoldTransposeIntoQuant, LeavesActivationsAlone) {
  Net net;
  Tensor* q = net.quant(net.input({2, 3}), 1, 4);
  net.finish(net.add(with(&ops::Transpose::perm, {1, 0}), {q}));
  expect_no_change(net.graph, "fold_transpose_into_quant");
}

TEST(ExtractBiasFromConv, AConstantBiasBecomesAnAdd) {
  Net net;
  Tensor* y = net.add(conv3(),
                      {net.input({1, 2, 3, 3}), net.floats({2, 2, 3, 3}, ramp(36, 0.25F)),
                       net.floats({2}, {1, -2})},
                      "y");
  net.graph.nodes().back()->name = "conv";
  net.finish(net.quant(y, 0.5F, 4));
  expect_exact_change(net.graph, "extract_bias_from_conv");
  EXPECT_THAT(nodes_text(net.graph), HasSubstr("y = Add(conv_nobias, [1,2,1,1]{1,-2})\n"));
}

TEST(ExtractBiasFromConv, AQuantisedBiasTakesItsParametersAlong) {
  Net net;
  Tensor* bias = net.quant(net.floats({2}, {1, -2}), net.floats({2}, {0.5F, 0.25F}), net.number(0),
                           8, {}, "bias");
  Tensor* y = net.add(
      conv3(2), {net.input({1, 2, 3, 3}), net.floats({2, 1, 3, 3}, ramp(18, 0.25F)), bias}, "y");
  net.finish(net.quant(y, 0.5F, 4));
  expect_exact_change(net.graph, "extract_bias_from_conv");
  EXPECT_THAT(nodes_text(net.graph),
              HasSubstr("bias_0 = Quant([1,2,1,1]{1,-2}, [1,2,1,1]{1/2,1/4}, []{0}, []{8})\n"));
  EXPECT_THAT(nodes_text(net.graph), HasSubstr("y = Add(Conv_nobias, bias_0)\n"));
}

TEST(ExtractBiasFromConv, ConvTransposeAndComputedBiases) {
  Net net;
  ops::ConvTranspose op;
  op.window = {{2}, {2}, {0, 0}, {1}};
  op.output_padding = {1};
  Tensor* bias = net.add(ops::DequantizeLinear{}, {net.ints({3}, {1, 2, -3}, Container::kInt32),
                                                   net.floats({3}, {1, 2, 3})});
  bias->producer->as<ops::DequantizeLinear>()->axis = 0;
  Tensor* y = net.add(op, {net.input({1, 1, 3}), net.floats({1, 3, 2}, ramp(6, 1)), bias}, "y");
  net.finish(net.quant(y, 0.5F, 4));
  expect_exact_change(net.graph, "extract_bias_from_conv");
  EXPECT_THAT(nodes_text(net.graph), HasSubstr("Reshape_out = Reshape(t, [3]{1,3,1})\n"));
}

TEST(BatchNormToAffine, IsExactForEverySignOfGamma) {
  Net net;
  ops::BatchNormalization op;
  op.epsilon = 0.25F;
  Tensor* y =
      net.add(op,
              {net.input({2, 4}), net.floats({4}, {1, -2, 0, 3}), net.floats({4}, {0.5F, 1, -1, 0}),
               net.floats({4}, {1, 2, 3, 4}), net.floats({4}, {2, 0, 1, 3.75F})},
              "y");
  net.graph.nodes().back()->name = "bn";
  net.finish(net.quant(y, 0.5F, 4));
  expect_exact_change(net.graph, "batch_norm_to_affine");
  // 1/sqrt(9/4) = 2/3, -2/sqrt(1/4) = -4, 0, 3/sqrt(4) = 3/2
  EXPECT_EQ(nodes_text(net.graph),
            "bn_mul = Mul(x, [1,4]{2/3,-4,0,3/2})\n"
            "y = Add(bn_mul, [1,4]{-1/6,9,-1,-6})\n"
            "q = Quant(y, []{1/2}, []{0}, []{4})\n");
}

TEST(BatchNormToAffine, KeepsIrrationalDeviationsExact) {
  Net net;
  ops::BatchNormalization op;
  Tensor* y = net.add(
      op, {net.input({1, 3, 2, 2}), net.floats({3}, {1, -2, 0.1F}), net.floats({3}, {0.5F, 1, -1}),
           net.floats({3}, {0.1F, 0.2F, 0.3F}), net.floats({3}, {0.7F, 0.9F, 1.1F})});
  net.finish(net.quant(y, 0.25F, 4));
  expect_exact_change(net.graph, "batch_norm_to_affine");
  EXPECT_EQ(net.graph.nodes()[0]->inputs[1]->constant->shape(), (Shape{1, 3, 1, 1}));
  EXPECT_FALSE(net.graph.nodes()[0]->inputs[1]->constant->real(0).is_rational());
}

TEST(BatchNormToAffine, RefusesAVarianceThatIsNotPositive) {
  Net net;
  ops::BatchNormalization op;
  Tensor* one = net.floats({1}, {1});
  net.finish(net.add(op, {net.input({1, 1}), one, one, one, net.floats({1}, {-1})}));
  EXPECT_THAT(user_error_of([&] { run_pass(net.graph, *find_pass("batch_norm_to_affine")); }),
              HasSubstr("variance + epsilon of channel 0"));
}

TEST(BatchNormToAffine, LeavesParametersThatAreComputed) {
  for (const std::size_t computed : {1, 2, 3, 4}) {
    Net net;
    Tensor* one = net.floats({1}, {1});
    std::vector<Tensor*> inputs = {net.input({1, 1}), one, one, one, one};
    inputs[computed] = net.add(ops::Relu{}, {net.graph.add_input("p", {1})});
    net.finish(net.add(ops::BatchNormalization{}, inputs));
    EXPECT_FALSE(run_pass(net.graph, *find_pass("batch_norm_to_affine"))) << computed;
  }
}

TEST(ConvertSubToAdd, NegatesTheConstant) {
  Net net;
  Tensor* x = net.input({2});
  Tensor* y = net.add(ops::Sub{}, {x, net.floats({2}, {1, -0.5F})}, "y");
  net.finish(net.quant(net.add(ops::Sub{}, {net.number(3), y}, "z"), 0.5F, 4));
  expect_exact_change(net.graph, "convert_sub_to_add");
  EXPECT_THAT(nodes_text(net.graph), HasSubstr("y = Add(x, [2]{-1,1/2})\nz = Sub([]{3}, y)\n"));
}

TEST(ConvertDivToMul, TakesTheExactReciprocal) {
  Net net;
  Tensor* y = net.add(ops::Div{}, {net.input({2}), net.number(255)}, "y");
  net.finish(net.quant(y, 0.25F, 4));
  expect_exact_change(net.graph, "convert_div_to_mul");
  EXPECT_THAT(nodes_text(net.graph), HasSubstr("y = Mul(x, []{1/255})\n"));
}

TEST(ConvertDivToMul, LeavesDivisorsWithoutAReciprocal) {
  Net net;
  Tensor* root =
      net.graph.add_constant("c", Constant({1}, std::vector<Real>{Real(1) + Real::sqrt(2)}));
  Tensor* x = net.input({1});
  net.graph.add_output(net.add(ops::Div{}, {net.add(ops::Div{}, {x, root}), net.number(0)}));
  infer_shapes(net.graph);
  expect_no_change(net.graph, "convert_div_to_mul");
}

TEST(RemoveIdentityOps, RemovesExactIdentitiesOnly) {
  Net net;
  Tensor* t = net.input({1, 2, 2});
  t = net.add(ops::Identity{}, {t});
  t = net.add(ops::DebugMarker{}, {t});
  t = net.add(ops::Pad{}, {t, net.ints({6}, {0, 0, 0, 0, 0, 0})});
  t = net.add(ops::Add{}, {t, net.floats({2}, {0, 0})});
  t = net.add(ops::Sub{}, {t, net.number(0)});
  t = net.add(ops::Mul{}, {net.number(1), t});
  t = net.add(ops::Div{}, {t, net.number(1)});
  t = net.add(with(&ops::Transpose::perm, {0, 1, 2}), {t});
  t = net.add(with(&ops::Transpose::perm, {2, 0, 1}),
              {net.add(with(&ops::Transpose::perm, {1, 2, 0}), {t})});
  t = net.add(ops::Reshape{}, {t, net.ints({3}, {1, -1, 2})});
  t = net.add(ops::Concat{}, {t});
  t = net.add(ops::Clip{}, {t});
  t = net.add(ops::Add{}, {t, net.number(1e-6F)}, "almost");
  t = net.add(ops::Mul{}, {t, net.floats({2}, {1, 1.0000001F})}, "nearly");
  net.finish(net.quant(t, 0.5F, 4, {}, "act"));
  expect_exact_change(net.graph, "remove_identity_ops");
  EXPECT_EQ(net.graph.nodes().size(), 3U);
  EXPECT_THAT(nodes_text(net.graph), HasSubstr("almost = Add(x, "));
}

TEST(RemoveIdentityOps, KeepsWhatBroadcastsToALargerShape) {
  Net net;
  Tensor* t = net.add(ops::Add{}, {net.input({1, 2}), net.floats({3, 1}, {0, 0, 0})});
  net.finish(net.quant(t, 0.5F, 4));
  expect_no_change(net.graph, "remove_identity_ops");
}

TEST(RemoveIdentityOps, KeepsOneMinusAndOneOver) {
  Net net;
  Tensor* t = net.add(ops::Sub{}, {net.number(0), net.input({2})});
  net.finish(net.quant(net.add(ops::Mul{}, {t, net.number(-1)}), 0.5F, 4));
  expect_no_change(net.graph, "remove_identity_ops");
}

TEST(RemoveIdentityOps, MovesCheckpointsAndKeepsTheNameOfTheOutput) {
  Net net;
  Tensor* q = net.quant(net.input({2}), 0.5F, 4, {}, "act");
  net.finish(net.add(ops::Identity{}, {q}, "network_output"));
  expect_exact_change(net.graph, "remove_identity_ops");
  EXPECT_EQ(nodes_text(net.graph), "network_output = Quant(x, []{1/2}, []{0}, []{4})\n");
  for (const Checkpoint& checkpoint : net.graph.checkpoints())
    EXPECT_EQ(checkpoint.tensor->name, checkpoint.name == "x" ? "x" : "network_output");
}

TEST(RemoveIdentityOps, KeepsANodeBetweenInputAndOutput) {
  Net net;
  net.finish(net.add(ops::Identity{}, {net.input({2})}));
  expect_no_change(net.graph, "remove_identity_ops");
}

}  // namespace
}  // namespace assay
