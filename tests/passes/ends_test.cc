// SPDX-License-Identifier: Apache-2.0
// What is put at the ends of a network: pre-processing, labels, another batch size.
#include "compile/passes/cleanup/change_batch_size.h"
#include "compile/passes/cleanup/insert_topk.h"
#include "compile/passes/cleanup/merge_models.h"
#include "compile/passes/cleanup/preprocessing.h"
#include "pass_check.h"

namespace assay {
namespace {

using real_eval::RealTensor;
using ::testing::HasSubstr;

/// Two images of three pixels -> logits of two classes; all in names that pre-processing uses, too.
Graph& ended_network(Net& net, std::int64_t batch = 2) {
  net.graph.name = "network";
  Tensor* x = net.input({batch, 3}, "global_in");
  Tensor* q = net.quant(x, 0.25F, 4, {}, "to_tensor");
  return net.finish(
      net.add(ops::MatMul{}, {q, net.floats({3, 2}, {1, -1, 2, 0.5F, -1, 3})}, "logits"));
}

TEST(Preprocessing, ToTensorDividesBytesBy255) {
  const Graph graph = to_tensor_graph({1, 3, 2, 2});
  EXPECT_EQ(nodes_text(graph), "to_tensor = Div(global_in, []{255})\n");
  EXPECT_EQ(graph.inputs()[0]->dtype, DataType::uint(8));
  EXPECT_EQ(graph.inputs()[0]->layout, Layout::kNCHW);
  verify(graph);
}

TEST(Preprocessing, NormalizeTakesDecimalsAsTheyAreWritten) {
  const Graph graph = normalize_graph({1, 2, 1, 1}, {"0.5", "0.1"}, {"0.25"});
  EXPECT_EQ(nodes_text(graph),
            "centred = Sub(global_in, [1,2,1,1]{1/2,1/10})\n"
            "normalised = Div(centred, [1,1,1,1]{1/4})\n");
  verify(graph);
  const auto mean = [](const std::string& text) {
    return normalize_graph({1, 1}, {text}, {"1"}).nodes()[0]->inputs[1]->constant->real(0).str();
  };
  EXPECT_EQ(mean("0.491"), "491/1000");
  EXPECT_EQ(mean("0.4910"), "491/1000");
  EXPECT_EQ(mean("-.25e1"), "-5/2");
  EXPECT_EQ(mean("12.e+2"), "1200");
  EXPECT_EQ(mean("0.123456789012345"), "24691357802469/200000000000000");
  EXPECT_EQ(mean("125.3/255"), "1253/2550");
  EXPECT_EQ(mean("1/-3"), "-1/3");
}

TEST(Preprocessing, NormalizeReadsAPrintedFloat32AsTheDecimalThatItCameFrom) {
  const auto mean = [](float value) {
    return normalize_graph({1, 1}, {fmt::format("{}", static_cast<double>(value))}, {"1"})
        .nodes()[0]
        ->inputs[1]
        ->constant->real(0)
        .str();
  };
  EXPECT_EQ(mean(0.247F), "247/1000");
  EXPECT_EQ(mean(0.4465F), "893/2000");
  EXPECT_EQ(mean(1e-7F), "1/10000000");
  const auto typed = [](const std::string& text) {
    return normalize_graph({1, 1}, {text}, {"1"}).nodes()[0]->inputs[1]->constant->real(0).str();
  };
  EXPECT_EQ(typed("0.100000001490116119384765625"), "1/10");  // all digits of 0.1F
  EXPECT_EQ(typed("0.1000000014901161193847656250001"),
            "1000000014901161193847656250001/10000000000000000000000000000000");
  // A float32 that no short decimal gives means itself.
  EXPECT_EQ(mean(0x1.000002p0F), "8388609/8388608");
}

TEST(Preprocessing, NormalizeRefusesBadNumbers) {
  const auto error = [](std::vector<std::string> mean, std::vector<std::string> std) {
    return user_error_of([&] { normalize_graph({1, 3, 2, 2}, mean, std); });
  };
  EXPECT_THAT(error({"0.5x"}, {"1"}), HasSubstr("mean '0.5x' is not a decimal number"));
  EXPECT_THAT(error({""}, {"1"}), HasSubstr("not a decimal number"));
  EXPECT_THAT(error({"nan"}, {"1"}), HasSubstr("not a decimal number"));
  EXPECT_THAT(error({"1e99"}, {"1"}), HasSubstr("not a decimal number"));
  EXPECT_THAT(error({"1/0"}, {"1"}), HasSubstr("mean '1/0' is not a decimal number"));
  EXPECT_THAT(error({"1/2/3"}, {"1"}), HasSubstr("not a decimal number"));
  EXPECT_THAT(error({"1/"}, {"1"}), HasSubstr("not a decimal number"));
  EXPECT_THAT(error({"0x1p3"}, {"1"}), HasSubstr("not a decimal number"));
  EXPECT_THAT(error({"1e60/1e-60"}, {"1"}), HasSubstr("not a decimal number"));
  EXPECT_THAT(error({std::string(1000, '1')}, {"1"}), HasSubstr("not a decimal number"));
  EXPECT_THAT(error({"0", "1"}, {"1"}), HasSubstr("2 values for the mean do not fit 3 channels"));
  EXPECT_THAT(error({"0"}, {"0"}), HasSubstr("is not positive"));
  EXPECT_THAT(error({"0"}, {"-1"}), HasSubstr("is not positive"));
}

TEST(Preprocessing, KnowsWhereTheChannelsAre) {
  const Graph last = normalize_graph({1, 2, 2, 3}, {"0.5", "0.25", "0.125"}, {"1"}, Layout::kNHWC);
  EXPECT_EQ(nodes_text(last),
            "centred = Sub(global_in, [1,1,1,3]{1/2,1/4,1/8})\n"
            "normalised = Div(centred, [1,1,1,1]{1})\n");
  EXPECT_EQ(last.inputs()[0]->layout, Layout::kNHWC);
  EXPECT_EQ(to_tensor_graph({1, 2, 2, 3}, Layout::kNHWC).inputs()[0]->layout, Layout::kNHWC);
  EXPECT_EQ(to_tensor_graph({1, 3, 8}, Layout::kNCW).inputs()[0]->layout, Layout::kNCW);
}

TEST(Preprocessing, DequantiseMakesRealsOfIntegers) {
  const Graph graph = dequantise_graph({1, 4}, DataType::sint(16), Real::of(0.25), Real(0));
  EXPECT_EQ(nodes_text(graph), "dequantised = Mul(global_in, []{1/4})\n");
  EXPECT_EQ(graph.inputs()[0]->dtype, DataType::sint(16));
  verify(graph);
  EXPECT_EQ(nodes_text(dequantise_graph({1, 4}, DataType::uint(8), Real::of(0.5), Real(-3))),
            "dequantised = Mul(global_in, []{1/2})\nshifted = Add(dequantised, []{-3})\n");
}

TEST(MergeModels, ComputesPostOfPreAndKeepsCheckpoints) {
  Net net;
  ended_network(net);
  const Graph merged = merge_models(to_tensor_graph({2, 3}), net.graph);
  EXPECT_EQ(nodes_text(merged),
            "to_tensor = Div(global_in, []{255})\n"
            "to_tensor_0 = Quant(to_tensor, []{1/4}, []{0}, []{4})\n"
            "logits = MatMul(to_tensor_0, [3,2]{1,-1,2,1/2,-1,3})\n");
  EXPECT_EQ(merged.name, "network");
  ASSERT_EQ(merged.checkpoints().size(), 3U);
  EXPECT_EQ(merged.checkpoints()[0].kind, Checkpoint::Kind::kInput);
  EXPECT_EQ(merged.checkpoints()[0].name, "global_in");
  EXPECT_EQ(merged.checkpoints()[0].tensor->name, "to_tensor");
  EXPECT_EQ(merged.checkpoints()[1].name, "to_tensor");

  std::mt19937 random(3);
  const RealTensor bytes = random_tensor(*merged.inputs()[0], random);
  const RealTensor scaled =
      real_eval::map_unary(bytes, [](const Real& x) { return real_eval::divide(x, Real(255)); });
  EXPECT_EQ(real_eval::checkpoint_values(merged, {{"global_in", bytes}}),
            real_eval::checkpoint_values(net.graph, {{"global_in", scaled}}));
}

TEST(MergeModels, FeedsOneOfSeveralInputsAndKeepsTheirOrder) {
  Net net;
  ended_network(net);
  Graph two = net.graph;
  Tensor* more = two.add_input("more", {2, 3});
  two.mutable_inputs() = {more, two.inputs()[0]};
  two.add_output(two.add(std::make_unique<ops::Relu>(), {more}, "relu"));
  infer_shapes(two);
  const Graph merged = merge_models(to_tensor_graph({2, 3}), two, 1);
  ASSERT_EQ(merged.inputs().size(), 2U);
  EXPECT_EQ(merged.inputs()[0]->name, "more");
  EXPECT_EQ(merged.inputs()[1]->name, "global_in");
  EXPECT_EQ(merged.inputs()[1]->dtype, DataType::uint(8));
  EXPECT_EQ(merged.outputs().size(), 2U);
  EXPECT_THAT(user_error_of([&] {
                merge_models(to_tensor_graph({2, 3}), two, 2);
              }),
              HasSubstr("has 2 inputs, no number 2"));
}

TEST(MergeModels, StacksPreprocessingSteps) {
  Net net;
  ended_network(net);
  const Graph merged = merge_models(
      to_tensor_graph({2, 3}), merge_models(normalize_graph({2, 3}, {"0.5"}, {"0.25"}), net.graph));
  EXPECT_EQ(merged.nodes().size(), 5U);
  const RealTensor bytes{{2, 3}, {Real(0), Real(255), Real(51), Real(204), Real(1), Real(2)}};
  const auto values = real_eval::checkpoint_values(merged, {{"global_in", bytes}});
  EXPECT_EQ(values.at("global_in").values[0], Real(-2));
  EXPECT_EQ(values.at("global_in").values[1], Real(2));
}

TEST(MergeModels, RefusesEndsThatDoNotFit) {
  Net net;
  ended_network(net);
  const auto error = [&](const Graph& pre) {
    return user_error_of([&] { merge_models(pre, net.graph); });
  };
  EXPECT_THAT(error(to_tensor_graph({2, 4})), HasSubstr("gives shape [2,4] but input 'global_in'"));
  Graph two = to_tensor_graph({2, 3});
  two.add_output(two.inputs()[0]);
  EXPECT_THAT(error(two), HasSubstr("has 2 outputs"));
  Graph none;
  EXPECT_THAT(error(none), HasSubstr("has 0 outputs"));
  Graph bytes = to_tensor_graph({2, 3});
  bytes.mutable_outputs()[0] =
      bytes.add(std::make_unique<ops::Cast>(with(&ops::Cast::to, 2)), {bytes.outputs()[0]});
  infer_shapes(bytes);
  EXPECT_THAT(error(bytes), HasSubstr("gives uint8 but"));
}

TEST(InsertTopK, AddsTheLabelAndKeepsTheLogits) {
  Net net;
  ended_network(net);
  insert_topk(net.graph, 1);
  verify(net.graph);
  EXPECT_THAT(nodes_text(net.graph),
              HasSubstr("topk_values, topk_indices = TopK(logits, [1]{1})\n"));
  ASSERT_EQ(net.graph.outputs().size(), 1U);
  EXPECT_EQ(net.graph.outputs()[0]->name, "topk_indices");
  EXPECT_EQ(net.graph.outputs()[0]->dtype, DataType::uint(1));
  const Checkpoint& label = net.graph.checkpoints().back();
  EXPECT_EQ(label.name, "label");
  EXPECT_EQ(label.kind, Checkpoint::Kind::kLabel);
  EXPECT_EQ(net.graph.checkpoints()[net.graph.checkpoints().size() - 2].name, "logits");
  const RealTensor x{
      {2, 3}, {Real(1), Real(0), Real(0), Real(0), Real(0), Real(0)}};  // logits (1, -1) and (0, 0)
  const auto values = real_eval::checkpoint_values(net.graph, {{"global_in", x}});
  EXPECT_EQ(values.at("label").values, (std::vector<Real>{Real(0), Real(0)}));
}

TEST(InsertTopK, FlattensClassesThatDoNotLieLast) {
  Net net;
  net.graph.add_output(net.add(ops::Relu{}, {net.input({1, 5, 1, 1})}, "logits"));
  infer_shapes(net.graph);
  insert_topk(net.graph, 2);
  verify(net.graph);
  EXPECT_THAT(nodes_text(net.graph), HasSubstr("topk_row = Flatten(logits)"));
  EXPECT_EQ(*net.graph.outputs()[0]->shape, (Shape{1, 2}));
}

TEST(InsertTopK, RefusesImpossibleRequests) {
  Net net;
  ended_network(net);
  EXPECT_THAT(user_error_of([&] { insert_topk(net.graph, 3); }),
              HasSubstr("top-3 of 2 classes does not exist"));
  EXPECT_THAT(user_error_of([&] { insert_topk(net.graph, 0); }), HasSubstr("top-0"));
  insert_topk(net.graph, 2);
  EXPECT_THAT(user_error_of([&] { insert_topk(net.graph, 1); }),
              HasSubstr("is not a tensor of logits"));
  Net two;
  ended_network(two);
  two.graph.add_output(two.graph.find_tensor("to_tensor"));
  EXPECT_THAT(user_error_of([&] { insert_topk(two.graph, 1); }), HasSubstr("has 2 outputs"));
  for (const Shape& shape : {Shape{1, 5, 1, 2}, Shape{1, 1, 4, 4}}) {
    Net map;
    map.graph.add_output(map.add(ops::Relu{}, {map.input(shape)}));
    infer_shapes(map.graph);
    EXPECT_THAT(user_error_of([&] { insert_topk(map.graph, 1); }),
                ::testing::AllOf(HasSubstr("no row of logits"), HasSubstr("flatten")));
  }
}

/// Images of shape [1,2,2] -> Reshape to a row -> MatMul.
Graph& reshaping(Net& net, std::int64_t batch) {
  Tensor* x = net.input({batch, 1, 2, 2});
  Tensor* q = net.quant(x, 0.5F, 4, {}, "act");
  Tensor* row = net.add(ops::Reshape{}, {q, net.ints({2}, {batch, -1})}, "row");
  return net.finish(net.add(ops::MatMul{}, {row, net.floats({4, 1}, {1, -2, 3, 0.5F})}, "y"));
}

TEST(ChangeBatchSize, GivesEachImageTheSameResults) {
  Net net;
  reshaping(net, 1);
  const Graph single = net.graph;
  EXPECT_TRUE(change_batch_size(net.graph, 3));
  verify(net.graph);
  EXPECT_EQ(*net.graph.outputs()[0]->shape, (Shape{3, 1}));
  EXPECT_FALSE(change_batch_size(net.graph, 3));
  std::mt19937 random(5);
  const RealTensor three = random_tensor(*net.graph.inputs()[0], random);
  const auto batch = real_eval::checkpoint_values(net.graph, {{"x", three}});
  for (std::size_t image = 0; image < 3; ++image) {
    const auto slice = [&](const RealTensor& t, std::size_t size) {
      const auto first = t.values.begin() + static_cast<std::ptrdiff_t>(image * size);
      return std::vector<Real>(first, first + static_cast<std::ptrdiff_t>(size));
    };
    const auto alone =
        real_eval::checkpoint_values(single, {{"x", RealTensor{{1, 1, 2, 2}, slice(three, 4)}}});
    EXPECT_EQ(alone.at("act").values, slice(batch.at("act"), 4));
    EXPECT_EQ(alone.at("y").values, slice(batch.at("y"), 1));
  }
  EXPECT_TRUE(change_batch_size(net.graph, 1));
  EXPECT_EQ(nodes_text(net.graph), nodes_text(single));
}

TEST(ChangeBatchSize, RefusesWhatTakesTheLargestOfAllImages) {
  Net net;
  Tensor* x = net.graph.add_input("x", {2, 2});
  ops::TopK op;
  op.axis = 0;
  Tensor* k = net.graph.add_constant("k", Constant(Shape{1}, std::vector<std::int64_t>{1}));
  Tensor* values = net.graph.add_tensor("values");
  Tensor* indices = net.graph.add_tensor("indices");
  net.graph.add_node(op.clone(), {x, k}, {values, indices}, "largest");
  net.graph.add_output(indices);
  infer_shapes(net.graph);
  ASSERT_EQ(*indices->shape, (Shape{1, 2}));
  EXPECT_THAT(user_error_of([&] { change_batch_size(net.graph, 1); }), HasSubstr("mixes images"));
  EXPECT_EQ(*x->shape, (Shape{2, 2}));
}

TEST(ChangeBatchSize, RefusesARowOfAllImages) {
  for (const std::int64_t axis : {0, -2}) {
    Net net;
    ops::Softmax op;
    op.axis = axis;
    net.finish(net.add(op, {net.input({2, 3})}));
    EXPECT_THAT(user_error_of([&] { change_batch_size(net.graph, 1); }),
                HasSubstr("goes along the first axis: the network mixes images"));
  }
  Net rows;
  ops::Softmax op;
  op.axis = 1;
  rows.finish(rows.add(op, {rows.input({2, 3})}));
  EXPECT_TRUE(change_batch_size(rows.graph, 1));
}

TEST(ChangeBatchSize, RefusesWhatMixesImagesAndLeavesTheGraphAlone) {
  Net net;
  Tensor* x = net.input({2, 2});
  net.finish(net.add(ops::Add{}, {x, net.floats({2, 2}, {1, 2, 3, 4})}));
  const std::string text = to_text(net.graph);
  EXPECT_THROW(change_batch_size(net.graph, 3), UserError);
  EXPECT_EQ(to_text(net.graph), text);
  EXPECT_THAT(user_error_of([&] { change_batch_size(net.graph, 0); }),
              HasSubstr("a batch of 0 images"));
  Net mixing;
  mixing.finish(mixing.add(with(&ops::Transpose::perm, {1, 0}), {mixing.input({2, 2})}));
  EXPECT_THAT(user_error_of([&] { change_batch_size(mixing.graph, 3); }),
              HasSubstr("mixes images"));
}

}  // namespace
}  // namespace assay
