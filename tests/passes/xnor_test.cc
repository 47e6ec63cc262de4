// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/layers/xnor.h"

#include "compile/passes/lower/lower.h"
#include "passes/integer_net.h"

namespace assay {
namespace {

Graph lowered_xnor(Graph graph) {
  PassContext context;
  lower(graph, context);
  return graph;
}

TEST(Xnor, MovesThresholdsFromSumsToCounts) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 3});
  Tensor* s = net.signs(x, 3, 100, 150, random);
  Tensor* w = net.values({3, 2}, {1, -1, 1, 1, -1, 1});
  Tensor* acc = net.add(ops::MatMul{}, {s, w}, "acc");
  ops::MultiThreshold op;
  op.out_dtype = DataType::uint(2);
  // K = 3: sum >= T exactly when count >= (T + 3) / 2, rounded up.
  Graph& graph =
      net.finish_integers(net.add(op, {acc, net.values({2, 3}, {-3, -2, 1, 0, 3, 4})}, "y"));
  expect_exact_step(graph, convert_to_xnor);
  EXPECT_EQ(count_nodes(graph, "XnorPopcountMatMul"), 1U);
  const Node* product = graph.find_node("MatMul");
  EXPECT_THAT(product->inputs[1]->constant->ints(), ::testing::ElementsAre(1, 0, 1, 1, 0, 1));
  EXPECT_EQ(product->inputs[0]->dtype, DataType::uint(1));
  const Node* thresholds = graph.outputs()[0]->producer;
  EXPECT_THAT(thresholds->inputs[1]->constant->ints(), ::testing::ElementsAre(0, 1, 2, 2, 3, 4));
  // q = 2 * t - 1 with real = q / 4.
  EXPECT_EQ(graph.checkpoints()[1].unit, RealArray(Real(mpq_class(1, 2))));
  EXPECT_EQ(graph.checkpoints()[1].shift, RealArray(Real(mpq_class(-1, 4))));
}

Graph padded_network(unsigned seed, std::int64_t pad, ops::Window pool) {
  IntegerNet net;
  std::mt19937 random(seed);
  Tensor* x = net.pixels({1, 3, 7, 6});
  Tensor* s = net.signs(x, 3, 100, 150, random);
  ops::MaxPool max_pool;
  max_pool.window = std::move(pool);
  s = net.add(max_pool, {s});
  Tensor* acc = net.add(conv2d(3, 1, pad), {s, net.random_signs({4, 3, 3, 3}, random)}, "acc");
  s = net.signs(acc, 4, -4, 4, random, "inner");
  acc = net.add(conv2d(3, 2, pad), {s, net.random_signs({5, 4, 3, 3}, random)}, "acc2");
  return net.finish_integers(net.thresholds(acc, 5, 3, -9, 9, random, "y"));
}

TEST(Xnor, PaddingBecomesThresholdsThatDependOnThePosition) {
  for (const std::int64_t pad : {0, 1}) {
    Graph graph = lowered_xnor(padded_network(2, pad, window2d(2)));
    expect_exact_step(graph, convert_to_xnor);
    EXPECT_EQ(count_nodes(graph, "XnorPopcountMatMul"), 2U);
    EXPECT_EQ(count_nodes(graph, "JoinThreshold"), pad == 0 ? 0U : 2U);
  }
}

TEST(Xnor, ComparisonSeesAForgottenBorder) {
  Graph graph = lowered_xnor(padded_network(3, 1, window2d(2)));
  const Graph before = graph;
  PassContext context;
  convert_to_xnor(graph, context);
  EXPECT_TRUE(differing_checkpoints(before, graph).empty());
  for (const auto& node : graph.nodes()) {
    if (!node->as<ops::JoinThreshold>()) continue;
    // Every position gets the thresholds of the middle.
    Tensor& t = *node->inputs[0];
    const Shape s = *t.shape;
    const auto old = t.constant->ints();
    std::vector<std::int64_t> flat;
    const std::int64_t row = s[3] * s[4], middle = (s[1] / 2 * s[2] + s[2] / 2) * row;
    for (std::int64_t i = 0; i < t.constant->size(); ++i)
      flat.push_back(old[static_cast<std::size_t>(middle + i % row)]);
    t.constant = Constant(s, flat);
  }
  EXPECT_FALSE(differing_checkpoints(before, graph).empty());
}

TEST(Xnor, OtherUsersGetTheSumBack) {
  IntegerNet net;
  std::mt19937 random(4);
  Tensor* x = net.pixels({1, 2, 4, 4});
  Tensor* s = net.signs(x, 2, 100, 150, random);
  Tensor* acc = net.add(conv2d(3, 1, 1), {s, net.random_signs({3, 2, 3, 3}, random)}, "acc");
  Tensor* a = net.thresholds(acc, 3, 3, -9, 9, random, "a");
  Tensor* y = net.add(ops::Add{}, {a, acc}, "y");
  Graph graph = lowered_xnor(net.finish_integers(y));
  expect_exact_step(graph, convert_to_xnor);
  EXPECT_EQ(count_nodes(graph, "XnorPopcountMatMul"), 1U);
  EXPECT_EQ(count_nodes(graph, "Mul"), 1U);
}

TEST(Xnor, LeavesTensorsAloneThatOthersNeedAsSigns) {
  IntegerNet net;
  std::mt19937 random(5);
  Tensor* x = net.pixels({1, 2, 4, 4});
  Tensor* s = net.signs(x, 2, 100, 150, random);
  Tensor* acc = net.add(conv2d(1), {s, net.random_signs({2, 2, 1, 1}, random)}, "acc");
  Tensor* a = net.thresholds(acc, 2, 3, -3, 3, random, "a");
  Graph graph = lowered_xnor(net.finish_integers(net.add(ops::Add{}, {a, s}, "y")));
  PassContext context;
  EXPECT_FALSE(convert_to_xnor(graph, context));
}

TEST(Xnor, LeavesWeightsAloneThatAreNoSigns) {
  IntegerNet net;
  std::mt19937 random(6);
  Tensor* x = net.pixels({1, 3});
  Tensor* s = net.signs(x, 3, 100, 150, random);
  Tensor* acc = net.add(ops::MatMul{}, {s, net.values({3, 1}, {1, 0, -1})}, "acc");
  Graph& graph = net.finish_integers(net.thresholds(acc, 1, 1, 0, 1, random, "y"));
  PassContext context;
  EXPECT_FALSE(convert_to_xnor(graph, context));
}

}  // namespace
}  // namespace assay
