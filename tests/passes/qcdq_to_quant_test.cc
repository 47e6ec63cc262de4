// SPDX-License-Identifier: Apache-2.0
#include "pass_check.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

struct Bounds {
  std::int64_t lo, hi;
};

/// QuantizeLinear -> [Clip] -> DequantizeLinear of x, with zero point `zero`.
Tensor* qcdq(Net& net, Tensor* x, Container container, std::int64_t zero,
             std::optional<Bounds> clip, float scale = 0.5F) {
  Tensor* z = net.ints({}, {zero}, container);
  Tensor* q = net.add(ops::QuantizeLinear{}, {x, net.number(scale), z}, "levels");
  if (clip)
    q = net.add(ops::Clip{},
                {q, net.ints({}, {clip->lo}, container), net.ints({}, {clip->hi}, container)},
                "clipped");
  return net.add(ops::DequantizeLinear{}, {q, net.number(scale), z}, "act");
}

std::string converted(Container container, std::int64_t zero, std::optional<Bounds> clip) {
  Net net;
  net.finish(qcdq(net, net.input({1, 20}), container, zero, clip));
  expect_exact_change(net.graph, "qcdq_to_quant");
  const auto* quant = net.graph.nodes()[0]->as<ops::Quant>();
  return fmt::format("{}{}{}", nodes_text(net.graph), quant->is_signed ? "signed" : "unsigned",
                     quant->narrow ? " narrow" : "");
}

TEST(QcdqToQuant, ReadsTheBitWidthOffTheClip) {
  EXPECT_EQ(converted(Container::kUInt8, 0, Bounds{0, 15}),
            "act = Quant(x, []{1/2}, []{0}, []{4})\nunsigned");
  EXPECT_EQ(converted(Container::kInt8, 0, Bounds{-8, 7}),
            "act = Quant(x, []{1/2}, []{0}, []{4})\nsigned");
  EXPECT_EQ(converted(Container::kInt8, 0, Bounds{-7, 7}),
            "act = Quant(x, []{1/2}, []{0}, []{4})\nsigned narrow");
  EXPECT_EQ(converted(Container::kInt8, 0, Bounds{-127, 127}),
            "act = Quant(x, []{1/2}, []{0}, []{8})\nsigned narrow");
  EXPECT_EQ(converted(Container::kInt8, 0, Bounds{-1, 1}),
            "act = Quant(x, []{1/2}, []{0}, []{2})\nsigned narrow");
  EXPECT_EQ(converted(Container::kUInt8, 0, Bounds{0, 1}),
            "act = Quant(x, []{1/2}, []{0}, []{1})\nunsigned");
}

TEST(QcdqToQuant, TakesTheContainerWithoutAClip) {
  EXPECT_EQ(converted(Container::kUInt8, 0, {}), "act = Quant(x, []{1/2}, []{0}, []{8})\nunsigned");
  EXPECT_EQ(converted(Container::kInt8, 0, {}), "act = Quant(x, []{1/2}, []{0}, []{8})\nsigned");
}

TEST(QcdqToQuant, AnEvenZeroPointIsTheSameBeforeAndAfterRounding) {
  EXPECT_EQ(converted(Container::kUInt8, 6, Bounds{0, 15}),
            "act = Quant(x, []{1/2}, []{6}, []{4})\nunsigned");
  EXPECT_EQ(converted(Container::kInt8, -4, Bounds{-8, 7}),
            "act = Quant(x, []{1/2}, []{-4}, []{4})\nsigned");
}

TEST(QcdqToQuant, AnOddZeroPointStaysBecauseTiesGoTheOtherWay) {
  Net net;
  net.finish(qcdq(net, net.input({1, 4}), Container::kUInt8, 1, Bounds{0, 15}));
  expect_no_change(net.graph, "qcdq_to_quant");
}

TEST(QcdqToQuant, ARangeThatIsNoBitWidthStays) {
  for (const Bounds bounds : {Bounds{0, 9}, Bounds{-1, 0}, Bounds{-3, 7}, Bounds{1, 15}}) {
    Net net;
    net.finish(qcdq(net, net.input({1, 4}), Container::kInt8, 0, bounds));
    expect_no_change(net.graph, "qcdq_to_quant");
  }
}

TEST(QcdqToQuant, ARequantisationWithAnotherScaleStays) {
  Net net;
  Tensor* z = net.ints({}, {0}, Container::kInt8);
  Tensor* q = net.add(ops::QuantizeLinear{}, {net.input({1, 4}), net.number(0.5F), z});
  net.finish(net.add(ops::DequantizeLinear{}, {q, net.number(0.25F), z}));
  expect_no_change(net.graph, "qcdq_to_quant");
}

TEST(QcdqToQuant, PerChannelScalesGoAlongTheirAxis) {
  Net net;
  Tensor *s = net.floats({2}, {0.5F, 0.25F}), *z = net.ints({2}, {0, 2}, Container::kInt8);
  Tensor* q = net.add(ops::QuantizeLinear{}, {net.input({1, 2, 3}), s, z});
  net.finish(net.add(ops::DequantizeLinear{}, {q, s, z}, "act"));
  expect_exact_change(net.graph, "qcdq_to_quant");
  EXPECT_EQ(nodes_text(net.graph), "act = Quant(x, [1,2,1]{1/2,1/4}, [1,2,1]{0,2}, []{8})\n");
}

/// x times a DequantizeLinear of [2,2] int8 weights.
Graph& weights(Net& net, std::optional<Bounds> clip, std::vector<std::int64_t> q, std::int64_t zero,
               Container container) {
  Tensor* levels = net.ints({2, 2}, std::move(q), container);
  if (clip)
    levels = net.add(ops::Clip{}, {levels, net.ints({}, {clip->lo}, container),
                                   net.ints({}, {clip->hi}, container)});
  Tensor* w =
      net.add(with(&ops::DequantizeLinear::axis, 0),
              {levels, net.floats({2}, {0.1F, 3}), net.ints({2}, {zero, zero}, container)}, "w");
  return net.finish(net.quant(net.add(ops::MatMul{}, {net.input({1, 2}), w}), 0.5F, 8));
}

TEST(QcdqToQuant, WeightsRecoverTheirWidthAndValues) {
  Net net;
  weights(net, Bounds{-7, 7}, {-7, 7, 3, -1}, 0, Container::kInt8);
  expect_exact_change(net.graph, "qcdq_to_quant");
  EXPECT_THAT(nodes_text(net.graph), HasSubstr("[2,1]{13421773/134217728,3}, [2,1]{0,0}, []{4})"));
  const Node& quant = *net.graph.find_tensor("w")->producer;
  EXPECT_TRUE(quant.as<ops::Quant>()->narrow);
  EXPECT_TRUE(quant.inputs[0]->constant->is_float());
  EXPECT_EQ(quant.inputs[0]->constant->floats()[0], -7 * 0.1F);
}

TEST(QcdqToQuant, WeightsWithOddZeroPointsAndOddRangesConvert) {
  Net odd;
  weights(odd, Bounds{0, 15}, {15, 0, 7, 1}, 7, Container::kUInt8);
  expect_exact_change(odd.graph, "qcdq_to_quant");
  Net range;  // a range [-3, 6] needs four bits; values outside are cut before
  weights(range, Bounds{-3, 6}, {-9, 9, 2, 0}, 0, Container::kInt8);
  expect_exact_change(range.graph, "qcdq_to_quant");
  EXPECT_THAT(nodes_text(range.graph), HasSubstr("[2,2]{-5033165/16777216,"));
}

TEST(QcdqToQuant, WeightsWithoutAClipHaveTheContainersWidth) {
  Net net;
  weights(net, {}, {-128, 127, 2, 0}, 0, Container::kInt8);
  expect_exact_change(net.graph, "qcdq_to_quant");
  EXPECT_THAT(nodes_text(net.graph), HasSubstr("[2,1]{0,0}, []{8})"));
}

TEST(QcdqToQuant, WideBiasesStayExact) {
  Net net;
  Tensor* b =
      net.add(ops::DequantizeLinear{},
              {net.ints({2}, {2147483647, -16777217}, Container::kInt32), net.number(0.1F)}, "b");
  net.finish(net.quant(net.add(ops::Add{}, {net.input({1, 2}), b}), 0.5F, 8));
  expect_exact_change(net.graph, "qcdq_to_quant");
  const Constant& reals = *net.graph.find_tensor("b")->producer->inputs[0]->constant;
  ASSERT_TRUE(reals.is_real());
  EXPECT_EQ(reals.real(1), Real(-16777217) * Real::of(0.1F));
}

TEST(QcdqToQuant, TinyScalesDoNotLoseTheirDigits) {
  Net net;
  Tensor* w = net.add(ops::DequantizeLinear{},
                      {net.ints({2}, {127, 1}, Container::kInt8), net.number(0x1.8p-148F)}, "w");
  net.finish(net.add(ops::Mul{}, {net.input({1, 2}), w}));
  expect_exact_change(net.graph, "qcdq_to_quant");
  const Constant& reals = *net.graph.find_tensor("w")->producer->inputs[0]->constant;
  EXPECT_EQ(reals.real(0), Real(127) * Real::of(0x1.8p-148F));
  EXPECT_EQ(reals.real(1), Real::of(0x1.8p-148F));
}

TEST(QcdqToQuant, QuantisedFloatWeightsConvertToo) {
  Net net;
  Tensor* w =
      qcdq(net, net.floats({2, 2}, {0.25F, 0.75F, -3, 9}), Container::kInt8, 0, Bounds{-7, 7});
  net.finish(net.quant(net.add(ops::MatMul{}, {net.input({1, 2}), w}), 0.5F, 8));
  expect_exact_change(net.graph, "qcdq_to_quant");
}

TEST(QcdqToQuant, CheckpointsKeepTheZeroPointInTheirMap) {
  Net net;
  net.finish(qcdq(net, net.input({1, 4}), Container::kUInt8, 4, {}));
  expect_exact_change(net.graph, "qcdq_to_quant");
  const Checkpoint& act = net.graph.checkpoints().back();
  EXPECT_EQ(act.name, "act");
  EXPECT_EQ(act.offset, RealArray(Real(-2)));  // real = q / 2 - 2
  EXPECT_EQ(act.dtype, DataType::uint(8));
}

}  // namespace
}  // namespace assay
