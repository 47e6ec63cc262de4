// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "compile/graph/ops.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

std::unique_ptr<Op> relu() { return std::make_unique<ops::Relu>(); }
std::unique_ptr<Op> plus() { return std::make_unique<ops::Add>(); }

/// x -> a -> b -> y, and a second branch a -> c that joins at y.
struct Diamond {
  Graph graph;
  Tensor *x, *a, *b, *c, *y;
  Diamond() {
    x = graph.add_input("x", {1, 4});
    a = graph.add(relu(), {x}, "a");
    b = graph.add(relu(), {a}, "b");
    c = graph.add(relu(), {a}, "c");
    y = graph.add(plus(), {b, c}, "y");
    graph.add_output(y);
    verify(graph);
  }
};

Checkpoint checkpoint_on(Tensor* tensor) {
  Checkpoint checkpoint;
  checkpoint.name = tensor->name;
  checkpoint.tensor = tensor;
  return checkpoint;
}

std::vector<std::string> names(const std::vector<Node*>& nodes) {
  std::vector<std::string> out;
  for (const Node* node : nodes) out.push_back(node->name);
  return out;
}

TEST(Graph, MakesNamesUnique) {
  Graph graph;
  EXPECT_EQ(graph.add_tensor("t")->name, "t");
  EXPECT_EQ(graph.add_tensor("t")->name, "t_0");
  EXPECT_EQ(graph.add_tensor("t")->name, "t_1");
  graph.add_tensor("t_2");
  EXPECT_EQ(graph.add_tensor("t")->name, "t_3");
  EXPECT_NE(graph.add_tensor("")->name, graph.add_tensor("")->name);
  Tensor* x = graph.add_input("x", {1});
  graph.add(relu(), {x});
  graph.add(relu(), {x});
  EXPECT_EQ(graph.nodes()[0]->name, "Relu");
  EXPECT_EQ(graph.nodes()[1]->name, "Relu_0");
  EXPECT_EQ(graph.nodes()[1]->outputs[0]->name, "Relu_out_0");
}

TEST(Graph, FindsByName) {
  Diamond d;
  EXPECT_EQ(d.graph.find_tensor("b"), d.b);
  EXPECT_EQ(d.graph.find_node(d.b->producer->name), d.b->producer);
  EXPECT_EQ(d.graph.find_tensor("missing"), nullptr);
  EXPECT_EQ(d.graph.find_node("missing"), nullptr);
  EXPECT_TRUE(d.graph.is_input(d.x) && !d.graph.is_input(d.a));
  EXPECT_TRUE(d.graph.is_output(d.y) && !d.graph.is_output(d.a));
}

TEST(Graph, GivesConstantsTheirTypes) {
  Graph graph;
  const Tensor* floats = graph.add_constant("w", Constant({2}, std::vector<float>{1, 2}));
  const Tensor* ints = graph.add_constant("s", Constant({1}, std::vector<std::int64_t>{3}));
  EXPECT_EQ(floats->container, Container::kFloat32);
  EXPECT_EQ(*floats->shape, Shape{2});
  EXPECT_EQ(ints->container, Container::kInt64);
  EXPECT_EQ(ints->dtype, DataType::sint(64));
}

TEST(Graph, RecordsOneConsumerPerUse) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1});
  Node* node = graph.add(plus(), {x, x})->producer;
  EXPECT_THAT(x->consumers, ElementsAre(node, node));
  Tensor* other = graph.add_input("other", {1});
  graph.set_input(node, 0, other);
  EXPECT_THAT(x->consumers, ElementsAre(node));
  EXPECT_THAT(other->consumers, ElementsAre(node));
  graph.set_input(node, 1, nullptr);
  EXPECT_THAT(x->consumers, IsEmpty());
  graph.append_input(node, x);
  EXPECT_THAT(node->inputs, ElementsAre(other, nullptr, x));
  graph.remove_inputs_from(node, 1);
  EXPECT_THAT(node->inputs, ElementsAre(other));
  EXPECT_THAT(x->consumers, IsEmpty());
}

TEST(Graph, ReplaceUsesMovesOutputsAndCheckpoints) {
  Diamond d;
  d.graph.add_output(d.a);
  d.graph.checkpoints() = {checkpoint_on(d.a), checkpoint_on(d.y)};
  d.graph.replace_uses(d.a, d.x);
  EXPECT_THAT(d.a->consumers, IsEmpty());
  EXPECT_THAT(d.x->consumers, ElementsAre(d.a->producer, d.b->producer, d.c->producer));
  EXPECT_THAT(d.graph.outputs(), ElementsAre(d.y, d.x));
  EXPECT_EQ(d.graph.checkpoints()[0].tensor, d.x);
  EXPECT_EQ(d.graph.checkpoints()[0].name, "a");
  EXPECT_EQ(d.graph.checkpoints()[1].tensor, d.y);
}

TEST(Graph, ReplaceUsesHandlesATensorUsedTwiceByOneNode) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1});
  Tensor* z = graph.add_input("z", {1});
  Tensor* y = graph.add(plus(), {x, x}, "y");
  graph.add_output(y);
  graph.replace_uses(x, z);
  EXPECT_THAT(x->consumers, IsEmpty());
  EXPECT_THAT(z->consumers, ElementsAre(y->producer, y->producer));
  graph.replace_uses(z, z);
  EXPECT_EQ(z->consumers.size(), 2U);
  EXPECT_NO_THROW(verify(graph));
}

TEST(Graph, MoveProducerLeavesTheOldTensorFree) {
  Diamond d;
  Node* node = d.b->producer;
  Tensor* fresh = d.graph.add_tensor("fresh");
  d.graph.move_producer(d.b, fresh);
  EXPECT_EQ(fresh->producer, node);
  EXPECT_EQ(d.b->producer, nullptr);
  EXPECT_THAT(node->outputs, ElementsAre(fresh));
  EXPECT_THAT(d.b->consumers, ElementsAre(d.y->producer));  // uses stay with the tensor
}

TEST(Graph, EraseForgetsUsesAndNames) {
  Diamond d;
  Node* node = d.y->producer;
  const std::string name = node->name;
  d.graph.erase(node);
  EXPECT_THAT(d.b->consumers, IsEmpty());
  EXPECT_EQ(d.y->producer, nullptr);
  EXPECT_EQ(d.graph.find_node(name), nullptr);
  EXPECT_EQ(d.graph.nodes().size(), 3U);
  d.graph.erase(d.b->producer);
  d.graph.erase(d.b);
  EXPECT_EQ(d.graph.find_tensor("b"), nullptr);
}

TEST(GraphDeathTest, RefusesToEraseWhatIsInUse) {
  Diamond d;
  EXPECT_DEATH(d.graph.erase(d.a), "'a' is in use");
  d.graph.erase(d.y->producer);
  EXPECT_DEATH(d.graph.erase(d.y), "'y' is in use");  // still a graph output
  Graph copy = Diamond().graph;
  copy.checkpoints() = {checkpoint_on(copy.add_tensor("free"))};
  EXPECT_DEATH(copy.erase(copy.find_tensor("free")), "'free' is in use");
}

TEST(GraphDeathTest, RefusesASecondProducer) {
  Diamond d;
  EXPECT_DEATH(d.graph.add_node(relu(), {d.x}, {d.b}), "'b' is produced twice");
  EXPECT_DEATH(d.graph.rename(d.a, "b"), "'b' is taken");
}

TEST(Graph, RemoveDeadTakesWholeChainsAndNothingElse) {
  Diamond d;
  Tensor* first = d.graph.add(relu(), {d.a}, "dead1");
  d.graph.add(relu(), {first}, "dead2");
  d.graph.add_constant("unused", Constant({1}, std::vector<float>{1}));
  const std::string before = to_text(Diamond().graph);
  EXPECT_EQ(d.graph.remove_dead(), 5U);  // two nodes, their outputs, one constant
  EXPECT_EQ(to_text(d.graph), before);
  EXPECT_EQ(d.graph.find_tensor("unused"), nullptr);
  EXPECT_EQ(d.graph.find_node("Relu_2"), nullptr);
  EXPECT_EQ(d.graph.remove_dead(), 0U);
}

TEST(Graph, RemoveDeadKeepsInputsAndCheckpoints) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1});
  graph.add_input("idle", {1});
  Tensor* watched = graph.add(relu(), {x}, "watched");
  graph.add_output(graph.add(relu(), {x}, "y"));
  graph.checkpoints() = {checkpoint_on(watched)};
  EXPECT_EQ(graph.remove_dead(), 0U);
  graph.checkpoints().clear();
  EXPECT_EQ(graph.remove_dead(), 2U);
  EXPECT_NE(graph.find_tensor("idle"), nullptr);
}

TEST(Graph, CopiesAreDeep) {
  Diamond d;
  d.graph.checkpoints() = {checkpoint_on(d.b)};
  d.b->dtype = DataType::uint(4);
  d.b->layout = Layout::kNC;
  Graph copy = d.graph;
  EXPECT_EQ(to_text(copy), to_text(d.graph));
  EXPECT_NE(copy.checkpoints()[0].tensor, d.b);
  EXPECT_EQ(copy.checkpoints()[0].tensor, copy.find_tensor("b"));
  copy.rename(copy.find_tensor("b"), "changed");
  EXPECT_EQ(d.b->name, "b");
  verify(copy);
  Graph assigned;
  assigned = d.graph;
  EXPECT_EQ(to_text(assigned), to_text(d.graph));
  const Graph moved = std::move(assigned);
  EXPECT_EQ(to_text(moved), to_text(d.graph));
}

TEST(Graph, RenamesAndFreesTheOldName) {
  Diamond d;
  d.graph.rename(d.a, "alpha");
  EXPECT_EQ(d.graph.find_tensor("alpha"), d.a);
  EXPECT_EQ(d.graph.find_tensor("a"), nullptr);
  d.graph.rename(d.a, "alpha");
  EXPECT_EQ(d.graph.find_tensor("alpha"), d.a);
  Node* node = d.a->producer;
  d.graph.rename(node, "first");
  EXPECT_EQ(d.graph.find_node("first"), node);
  EXPECT_EQ(d.graph.find_node("Relu"), nullptr);
}

TEST(Graph, OrdersProducersFirstAndTiesByInsertion) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1});
  Tensor* late = graph.add_tensor("late");
  graph.add_output(graph.add(relu(), {late}, "y"));
  graph.add_node(relu(), {x}, {late}, "producer");
  graph.add_node(relu(), {x}, {graph.add_tensor("side")}, "side");
  EXPECT_THAT(names(graph.topological_order()), ElementsAre("producer", "Relu", "side"));
  graph.sort();
  EXPECT_EQ(graph.nodes()[0]->name, "producer");
  EXPECT_EQ(graph.nodes()[1]->name, "Relu");
  graph.sort();
  EXPECT_THAT(names(graph.topological_order()), ElementsAre("producer", "Relu", "side"));
}

TEST(Graph, NamesANodeOnACycleNotOneBehindIt) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1});
  Tensor* loop = graph.add_tensor("loop");
  graph.add_output(graph.add(relu(), {loop}, "y"));
  graph.rename(graph.nodes()[0].get(), "behind");
  Tensor* in = graph.add_tensor("in");
  graph.add_node(plus(), {x, loop}, {in}, "enters");
  graph.add_node(relu(), {in}, {loop}, "closes");
  const auto order = [&] { graph.topological_order(); };
  EXPECT_THAT(order, ThrowsMessage<UserError>(::testing::AnyOf(HasSubstr("node 'enters' (Add)"),
                                                               HasSubstr("node 'closes' (Relu)"))));
  EXPECT_THAT(order, ThrowsMessage<UserError>(::testing::Not(HasSubstr("behind'"))));
  EXPECT_THROW(verify(graph), UserError);
  EXPECT_THROW(infer_shapes(graph), UserError);
}

TEST(Graph, RefusesANodeThatFeedsItself) {
  Graph graph;
  Tensor* self = graph.add_tensor("self");
  graph.add_node(relu(), {self}, {self}, "ouroboros");
  EXPECT_THAT([&] { graph.topological_order(); },
              ThrowsMessage<UserError>(HasSubstr("node 'ouroboros' (Relu) is on a cycle")));
}

TEST(Graph, OrdersALongChainAndAWideFan) {
  Graph graph;
  Tensor* t = graph.add_input("x", {1});
  Tensor* fan = t;
  for (int i = 0; i < 20000; ++i) t = graph.add(relu(), {t});
  for (int i = 0; i < 20000; ++i) graph.add(relu(), {fan});
  graph.add_output(t);
  EXPECT_EQ(graph.topological_order().size(), 40000U);
  EXPECT_EQ(graph.remove_dead(), 40000U);
}

TEST(CheckpointKind, ParsesEveryNameItPrints) {
  using Kind = Checkpoint::Kind;
  for (const Kind kind : {Kind::kInput, Kind::kActivation, Kind::kLogits, Kind::kLabel})
    EXPECT_EQ(parse_checkpoint_kind(checkpoint_kind_name(kind)), kind);
  EXPECT_EQ(checkpoint_kind_name(Kind::kLogits), "logits");
  EXPECT_FALSE(parse_checkpoint_kind("Logits"));
}

TEST(Node, LabelsAreSafeToPrint) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1});
  const Node* node = graph.add_node(relu(), {x}, {graph.add_tensor("y")}, "a'\n\x1b[31m");
  EXPECT_EQ(node->label(), "node 'a\\'\\x0a\\x1b[31m' (Relu)");
}

}  // namespace
}  // namespace assay
