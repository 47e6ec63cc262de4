// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/host_tail.h"

#include <gtest/gtest.h>

#include "compile/passes/cleanup/insert_topk.h"
#include "passes/integer_net.h"

namespace assay {
namespace {

Graph& ending_in(Net& net, Tensor* y) {
  Graph& graph = net.finish(y);
  infer_shapes(graph);
  mark_checkpoints(graph);
  return graph;
}

std::string op_names(const Graph& graph) {
  std::string text;
  for (const auto& node : graph.nodes()) text += std::string(node->op->type());
  return text;
}

TEST(HostTail, TakesSoftmaxOffAndKeepsTheLogits) {
  Net net;
  Tensor* logits = net.add(ops::Relu{}, {net.input({1, 3})}, "logits");
  Graph& graph = ending_in(net, net.add(ops::Softmax{}, {logits}, "prob"));
  const auto tails = take_off_tail(graph);
  verify(graph);
  ASSERT_EQ(tails.size(), 1U);
  EXPECT_EQ(tails[0].name, "prob");
  EXPECT_EQ(graph.outputs()[0]->name, "logits");
  EXPECT_EQ(graph.nodes().size(), 1U);
  EXPECT_EQ(graph.checkpoints().back().name, "logits");
  EXPECT_EQ(graph.checkpoints().back().kind, Checkpoint::Kind::kLogits);
  EXPECT_TRUE(take_off_tail(graph).empty());
}

TEST(HostTail, KeepsWhatOthersReadAndAnotherAxis) {
  Net net;
  Tensor* x = net.add(ops::Relu{}, {net.input({1, 3})});
  ops::Softmax batch;
  batch.axis = 0;
  EXPECT_TRUE(take_off_tail(ending_in(net, net.add(batch, {x}))).empty());
  Net read;
  Tensor* y = read.add(ops::Sigmoid{}, {read.add(ops::Relu{}, {read.input({1, 3})})});
  read.add(ops::Relu{}, {y});
  EXPECT_TRUE(take_off_tail(ending_in(read, y)).empty());
}

TEST(HostTail, AnInputAloneIsNoNetwork) {
  Net net;
  EXPECT_TRUE(take_off_tail(ending_in(net, net.add(ops::Softmax{}, {net.input({1, 3})}))).empty());
}

/// The indices of TopK along `axis`.
Tensor* ranks(Net& net, Tensor* x, std::int64_t axis) {
  auto top = std::make_unique<ops::TopK>();
  top->axis = axis;
  Tensor* indices = net.graph.add_tensor("ranks");
  indices->container = Container::kInt64;
  net.graph.add_node(std::move(top), {x, net.ints({1}, {1})}, {nullptr, indices});
  return indices;
}

TEST(HostTail, TakesRanksOfMapsOffWithTheMovementsAround) {
  for (const bool moved : {false, true}) {
    Net net;
    Tensor* x = net.add(ops::Relu{}, {net.input({1, 3, 2, 2})}, "map");
    if (moved) x = net.add(ops::Squeeze{}, {x, net.ints({1}, {0})});
    Tensor* y = ranks(net, x, moved ? 0 : 1);
    ops::Transpose turn;
    turn.perm = {0, 2, 1};
    Graph& graph = ending_in(net, moved ? net.add(turn, {y}, "turned") : y);
    EXPECT_TRUE(take_off_tail(graph).empty());
    const auto tails = take_off_rankings(graph);
    verify(graph);
    ASSERT_EQ(tails.size(), 1U);
    EXPECT_EQ(tails[0].name, moved ? "turned" : "ranks");
    EXPECT_EQ(tails[0].label, "node 'TopK' (TopK)");
    EXPECT_EQ(op_names(graph), "Relu");
    EXPECT_EQ(graph.outputs()[0]->name, "map");
    EXPECT_EQ(graph.checkpoints().back().name, "map");
    EXPECT_EQ(graph.checkpoints().back().kind, Checkpoint::Kind::kLogits);
    EXPECT_EQ(graph.checkpoints().back().dtype, graph.outputs()[0]->dtype);
    EXPECT_TRUE(take_off_rankings(graph).empty());
  }
}

TEST(HostTail, KeepsRanksOfOneRowAndThoseThatAreRead) {
  Net row;
  EXPECT_TRUE(take_off_rankings(
                  ending_in(row, ranks(row, row.add(ops::Relu{}, {row.input({1, 3, 1, 1})}), 1)))
                  .empty());
  Net read;
  Tensor* y = ranks(read, read.add(ops::Relu{}, {read.input({1, 3, 2, 2})}), 1);
  read.graph.add_output(read.add(ops::Identity{}, {y}));
  EXPECT_TRUE(take_off_rankings(ending_in(read, y)).empty());
  Net alone;
  EXPECT_TRUE(
      take_off_rankings(ending_in(alone, ranks(alone, alone.input({1, 3, 2, 2}), 1))).empty());
}

TEST(ClassAxis, IsTheOnlyOneBehindTheBatchThatIsLongerThanOne) {
  const auto axis = [](Shape shape) {
    Tensor tensor;
    tensor.shape = std::move(shape);
    return class_axis(tensor);
  };
  EXPECT_EQ(axis({1, 10}), 1U);
  EXPECT_EQ(axis({7, 10}), 1U);
  EXPECT_EQ(axis({1, 10, 1, 1}), 1U);
  EXPECT_EQ(axis({1, 1, 10}), 2U);
  EXPECT_EQ(axis({10}), 0U);
  for (const Shape& none : {Shape{1, 1}, Shape{1, 2, 2, 1}, Shape{1, 1, 4, 4}, Shape{}})
    EXPECT_FALSE(axis(none)) << shape_text(none);
}

TEST(ClassAxis, SeveralRowsOfAnImageAreNoRowOfClasses) {
  const auto is_row = [](Shape shape) {
    Tensor tensor;
    tensor.shape = std::move(shape);
    return is_row_of_classes(tensor);
  };
  for (const Shape& row : {Shape{1, 10}, Shape{10}, Shape{1, 10, 1, 1}}) EXPECT_TRUE(is_row(row));
  for (const Shape& none : {Shape{6, 30}, Shape{1, 1}, Shape{1, 2, 3}, Shape{}})
    EXPECT_FALSE(is_row(none));
}

}  // namespace
}  // namespace assay
