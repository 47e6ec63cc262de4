// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/infer_data_types.h"

#include "compile/passes/cleanup/infer_data_layouts.h"
#include "pass_check.h"

namespace assay {
namespace {

std::string type_of(Net& net, Tensor* tensor) {
  net.finish(tensor);
  PassContext context;
  EXPECT_TRUE(infer_data_types(net.graph, context) || tensor->dtype == DataType::float32());
  EXPECT_FALSE(infer_data_types(net.graph, context));
  return tensor->dtype.name();
}

Tensor* typed_input(Net& net, DataType type, Shape shape = {1, 4}) {
  Tensor* x = net.input(std::move(shape), "in");
  x->dtype = type;
  return x;
}

std::string quant_type(float scale, float zero, float bits, bool is_signed) {
  Net net;
  return type_of(net, net.quant(net.input({1, 4}), net.number(scale), net.number(zero), bits,
                                with(&ops::Quant::is_signed, is_signed)));
}

TEST(InferDataTypes, QuantIsItsIntegersOnlyWithScaleOneAndZeroPointZero) {
  EXPECT_EQ(quant_type(1, 0, 4, true), "INT4");
  EXPECT_EQ(quant_type(1, 0, 4, false), "UINT4");
  EXPECT_EQ(quant_type(1, 0, 1, true), "BIPOLAR");
  EXPECT_EQ(quant_type(1, 0, 1, false), "BINARY");
  EXPECT_EQ(quant_type(0.5F, 0, 4, true), "FLOAT32");
  EXPECT_EQ(quant_type(1, 2, 4, true), "FLOAT32");
}

TEST(InferDataTypes, BipolarQuantAndMultiThreshold) {
  Net bipolar, scaled;
  EXPECT_EQ(
      type_of(bipolar, bipolar.add(ops::BipolarQuant{}, {bipolar.input({2}), bipolar.number(1)})),
      "BIPOLAR");
  EXPECT_EQ(type_of(scaled, scaled.add(ops::BipolarQuant{}, {scaled.input({2}), scaled.number(2)})),
            "FLOAT32");
  const auto threshold = [](DataType out, float scale, float bias, std::int64_t steps) {
    Net net;
    ops::MultiThreshold op;
    op.out_dtype = out;
    op.out_scale = scale;
    op.out_bias = bias;
    op.data_layout = Layout::kNC;
    const std::vector<float> values(static_cast<std::size_t>(steps), 0.0F);
    return type_of(net, net.add(op, {net.input({1, 4}), net.floats({1, steps}, values)}));
  };
  EXPECT_EQ(threshold(DataType::uint(2), 1, 0, 3), "UINT2");
  EXPECT_EQ(threshold(DataType::bipolar(), 2, -1, 1), "BIPOLAR");
  EXPECT_EQ(threshold(DataType::bipolar(), -2, 1, 1), "BIPOLAR");
  EXPECT_EQ(threshold(DataType::bipolar(), 1, -1, 2), "INT2");  // -1, 0 and 1
  EXPECT_EQ(threshold(DataType::bipolar(), 1, 0, 1), "BINARY");
  EXPECT_EQ(threshold(DataType::sint(4), 1, -1, 1), "INT4");
  EXPECT_EQ(threshold(DataType::sint(4), 1, -8, 15), "INT4");
  EXPECT_EQ(threshold(DataType::uint(2), 1, 0, 7), "UINT3");  // the annotation would not hold
  EXPECT_EQ(threshold(DataType::uint(2), 0.5F, 0, 3), "FLOAT32");
}

TEST(InferDataTypes, AccumulatorsHoldTheWorstCase) {
  Net net;  // 4 products of UINT4 and INT2: -120 .. 60
  Tensor* w = net.floats({4, 1}, {1, -2, 0, 1});
  w->dtype = DataType::sint(2);
  EXPECT_EQ(type_of(net, net.add(ops::MatMul{}, {typed_input(net, DataType::uint(4)), w})), "INT8");
  Net floats;
  EXPECT_EQ(type_of(floats, floats.add(ops::MatMul{}, {typed_input(floats, DataType::uint(4)),
                                                       floats.floats({4, 1}, {1, 2, 3, 4})})),
            "FLOAT32");
}

TEST(InferDataTypes, ConvolutionsCountTheirGroupAndBias) {
  Net net;
  ops::Conv op;
  op.window = {{3}, {1}, {1, 1}, {1}};
  op.group = 2;
  Tensor* w = net.floats({2, 1, 3}, {1, 1, 1, 1, 1, 1});
  w->dtype = DataType::uint(1);
  Tensor* b = net.floats({2}, {-1, 1});
  b->dtype = DataType::bipolar();
  // 3 products of INT4 and a bit: -24 .. 21, then the bias
  EXPECT_EQ(type_of(net, net.add(op, {typed_input(net, DataType::sint(4), {1, 2, 5}), w, b})),
            "INT6");
}

TEST(InferDataTypes, ElementwiseRangesAreExact) {
  const auto of = [](auto op, DataType a, DataType b) {
    Net net;
    Tensor* y = net.input({1, 4}, "second");
    y->dtype = b;
    return type_of(net, net.add(op, {typed_input(net, a), y}));
  };
  EXPECT_EQ(of(ops::Add{}, DataType::uint(2), DataType::uint(2)), "UINT3");
  EXPECT_EQ(of(ops::Sub{}, DataType::uint(2), DataType::uint(2)), "INT3");
  EXPECT_EQ(of(ops::Mul{}, DataType::bipolar(), DataType::uint(4)), "INT5");
  EXPECT_EQ(of(ops::Mul{}, DataType::sint(64), DataType::sint(64)), "FLOAT32");
  EXPECT_EQ(of(ops::Add{}, DataType::sint(4), DataType::float32()), "FLOAT32");
  EXPECT_EQ(of(with(&ops::Concat::axis, 1), DataType::uint(4), DataType::bipolar()), "INT5");
  EXPECT_EQ(of(with(&ops::Concat::axis, 1), DataType::bipolar(), DataType::bipolar()), "BIPOLAR");
}

TEST(InferDataTypes, RangesPassThroughUnaryAndLayoutOperators) {
  const auto of = [](auto op, DataType type, Shape shape) {
    Net net;
    return type_of(net, net.add(op, {typed_input(net, type, std::move(shape))}));
  };
  EXPECT_EQ(of(ops::Relu{}, DataType::sint(4), {2}), "UINT3");
  EXPECT_EQ(of(ops::Relu{}, DataType::uint(4), {2}), "UINT4");
  EXPECT_EQ(of(ops::Sign{}, DataType::sint(4), {2}), "TERNARY");
  EXPECT_EQ(of(ops::Sign{}, DataType::bipolar(), {2}), "BIPOLAR");
  EXPECT_EQ(of(ops::Flatten{}, DataType::bipolar(), {1, 2, 2}), "BIPOLAR");
  EXPECT_EQ(of(with(&ops::Transpose::perm, {1, 0}), DataType::ternary(), {1, 2}), "TERNARY");
  EXPECT_EQ(of(with(&ops::MaxPool::window, {{2}, {2}, {0, 0}, {1}}), DataType::sint(3), {1, 1, 4}),
            "INT3");
}

TEST(InferDataTypes, PaddingAddsItsValue) {
  const auto padded = [](DataType type, std::optional<float> value) {
    Net net;
    std::vector<Tensor*> inputs{typed_input(net, type, {2}), net.ints({2}, {1, 1})};
    if (value) inputs.push_back(net.number(*value));
    return type_of(net, net.add(ops::Pad{}, inputs));
  };
  EXPECT_EQ(padded(DataType::bipolar(), {}), "INT2");
  EXPECT_EQ(padded(DataType::bipolar(), -1), "BIPOLAR");
  EXPECT_EQ(padded(DataType::uint(4), -3), "INT5");
  EXPECT_EQ(padded(DataType::uint(4), 0.5F), "FLOAT32");
}

TEST(InferDataTypes, TopKIndicesTakeTheSmallestUint) {
  Net net;
  Tensor *values = net.graph.add_tensor("values"), *indices = net.graph.add_tensor("indices");
  net.graph.add_node(std::make_unique<ops::TopK>(), {net.input({1, 10}), net.ints({1}, {3})},
                     {values, indices});
  EXPECT_EQ(type_of(net, indices), "UINT4");
}

TEST(InferDataTypes, FixesAWrongAnnotation) {
  Net net;
  Tensor* q = net.quant(net.input({2}), 0.5F, 4);
  q->dtype = DataType::sint(2);
  EXPECT_EQ(type_of(net, q), "FLOAT32");
}

std::string layout_of(const Net& net, std::string_view name) {
  return std::string(layout_name(net.graph.find_tensor(name)->layout));
}

TEST(InferDataLayouts, FollowsAConvolutionalNetwork) {
  Net net;
  Tensor* x = net.input({1, 3, 4, 4});
  ops::Conv op;
  op.window = {{1, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
  Tensor* y = net.add(
      op, {net.quant(x, 1, 8, {}, "q"), net.floats({2, 3, 1, 1}, {1, 2, 3, 4, 5, 6})}, "conv");
  y = net.add(with(&ops::Transpose::perm, {0, 2, 3, 1}), {y}, "last");
  y = net.add(with(&ops::Transpose::perm, {0, 3, 1, 2}), {net.add(ops::Relu{}, {y}, "relu")},
              "first");
  y = net.add(ops::Flatten{}, {net.add(ops::GlobalAveragePool{}, {y}, "pool")}, "flat");
  net.finish(net.add(ops::MatMul{}, {y, net.floats({2, 1}, {1, 2})}, "logits"));
  expect_exact_change(net.graph, "infer_data_layouts");
  for (const auto& [name, layout] : std::map<std::string, std::string>{{"x", "NCHW"},
                                                                       {"q", "NCHW"},
                                                                       {"conv", "NCHW"},
                                                                       {"last", "NHWC"},
                                                                       {"relu", "NHWC"},
                                                                       {"first", "NCHW"},
                                                                       {"pool", "NCHW"},
                                                                       {"flat", "NC"},
                                                                       {"logits", "NC"}})
    EXPECT_EQ(layout_of(net, name), layout) << name;
}

/// A convolution behind a Transpose from channels last.
Net& channels_last(Net& net) {
  Tensor* x = net.input({1, 4, 4, 3});
  x = net.add(with(&ops::Transpose::perm, {0, 3, 1, 2}), {net.add(ops::Relu{}, {x}, "r")}, "t");
  ops::Conv op;
  op.window = {{1, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
  net.finish(net.add(op, {x, net.floats({1, 3, 1, 1}, {1, 2, 3})}, "conv"));
  return net;
}

TEST(InferDataLayouts, InputsAloneAreDecidedAsTheyWillBe) {
  Net net;
  decide_input_layouts(channels_last(net).graph);
  EXPECT_EQ(layout_of(net, "x"), "NHWC");
  EXPECT_EQ(layout_of(net, "r"), "") << "only of inputs";
  Net recorded;
  channels_last(recorded).graph.inputs()[0]->layout = Layout::kNCHW;
  decide_input_layouts(recorded.graph);
  EXPECT_EQ(layout_of(recorded, "x"), "NCHW") << "what is recorded stands";
  Net unknown;
  channels_last(unknown).graph.find_tensor("r")->shape.reset();
  decide_input_layouts(unknown.graph);
  EXPECT_EQ(layout_of(unknown, "x"), "") << "without shapes nothing is known";
}

TEST(InferDataLayouts, PicturesInColourThatNothingDecidesAreChannelsLast) {
  const auto guessed = [](const Shape& shape) {
    Net net;
    net.finish(net.add(ops::Relu{}, {net.input(shape)}, "y"));
    decide_input_layouts(net.graph);
    return layout_of(net, "x");
  };
  EXPECT_EQ(guessed({1, 8, 8, 3}), "NHWC");
  EXPECT_EQ(guessed({1, 3, 8, 8}), "NCHW");
  EXPECT_EQ(guessed({1, 3, 3, 3}), "NCHW");
  EXPECT_EQ(guessed({1, 8, 1, 3}), "NCHW");
  EXPECT_EQ(guessed({1, 8, 8, 1}), "NCHW");
  EXPECT_EQ(guessed({1, 8, 3}), "NWC");
  EXPECT_EQ(guessed({1, 8}), "NC");
}

TEST(InferDataLayouts, OperatorsDecideBeforeTheRankGuess) {
  Net conv;  // a 1-D convolution needs channels first although three axes are guessed as NWC
  ops::Conv op;
  op.window = {{1}, {1}, {0, 0}, {1}};
  conv.finish(conv.add(
      op, {conv.add(ops::Relu{}, {conv.input({1, 2, 5})}, "r"), conv.floats({1, 2, 1}, {1, 2})},
      "y"));
  expect_exact_change(conv.graph, "infer_data_layouts");
  EXPECT_EQ(layout_of(conv, "x"), "NCW");
  EXPECT_EQ(layout_of(conv, "y"), "NCW");
  Net plain;
  plain.finish(plain.add(ops::Relu{}, {plain.input({1, 2, 5})}, "y"));
  expect_exact_change(plain.graph, "infer_data_layouts");
  EXPECT_EQ(layout_of(plain, "y"), "NWC");
  Net squeeze;
  squeeze.finish(
      squeeze.add(ops::Squeeze{}, {squeeze.input({1, 2, 1, 1}), squeeze.ints({2}, {2, -1})}, "y"));
  expect_exact_change(squeeze.graph, "infer_data_layouts");
  EXPECT_EQ(layout_of(squeeze, "y"), "NC");
}

TEST(InferDataLayouts, KeepsTheRecordedLayoutOfAnInput) {
  Net net;
  Tensor* x = net.input({1, 4, 4, 3});
  x->layout = Layout::kNHWC;
  net.finish(net.add(ops::Relu{}, {x}, "y"));
  expect_exact_change(net.graph, "infer_data_layouts");
  EXPECT_EQ(layout_of(net, "x"), "NHWC");
  EXPECT_EQ(layout_of(net, "y"), "NHWC");
}

}  // namespace
}  // namespace assay
