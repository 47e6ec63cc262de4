// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/host_tail.h"

#include <gtest/gtest.h>

#include "compile/graph/checkpoints.h"
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
  for (const Node* node : graph.topological_order()) text += std::string(node->op->type());
  return text;
}

std::string input_names(const Graph& graph) {
  std::string text;
  for (const Tensor* input : graph.inputs()) text += input->name + " ";
  return text;
}

std::string output_names(const Graph& graph) {
  std::string text;
  for (const Tensor* output : graph.outputs()) text += output->name + " ";
  return text;
}

HostTail taken_off(Graph& graph, HostWork work = HostWork::kAll) {
  HostTail tail = take_off_tail(graph, work);
  verify(graph);
  if (!tail.empty()) verify(tail.graph);
  return tail;
}

/// Ranks along `axis`; with `values` the k first of them, too.
Node* top(Net& net, Tensor* x, std::int64_t axis, Tensor* values = nullptr) {
  auto op = std::make_unique<ops::TopK>();
  op->axis = axis;
  Tensor* ranks = net.graph.add_tensor("ranks");
  ranks->container = Container::kInt64;
  return net.graph.add_node(std::move(op), {x, net.ints({1}, {1})}, {values, ranks});
}

Tensor* ranks(Net& net, Tensor* x, std::int64_t axis) { return top(net, x, axis)->outputs[1]; }

ops::Softmax softmax_along(std::int64_t axis) {
  ops::Softmax op;
  op.axis = axis;
  return op;
}

ops::Transpose transpose_by(std::vector<std::int64_t> perm) {
  ops::Transpose op;
  op.perm = std::move(perm);
  return op;
}

TEST(HostTail, TakesSoftmaxOffAndKeepsTheLogits) {
  Net net;
  Tensor* logits = net.add(ops::Relu{}, {net.input({1, 3})}, "logits");
  Graph& graph = ending_in(net, net.add(ops::Softmax{}, {logits}, "prob"));
  const HostTail tail = taken_off(graph);
  ASSERT_EQ(tail.outputs.size(), 1U);
  EXPECT_EQ(tail.outputs[0].name, "prob");
  EXPECT_EQ(tail.outputs[0].nodes, std::vector<std::string>{"node 'Softmax' (Softmax)"});
  EXPECT_EQ(op_names(tail.graph), "Softmax");
  EXPECT_EQ(input_names(tail.graph), "logits ");
  EXPECT_EQ(output_names(tail.graph), "prob ");
  EXPECT_EQ(output_names(graph), "logits ");
  EXPECT_EQ(op_names(graph), "Relu");
  complete_checkpoints(graph);
  EXPECT_EQ(graph.checkpoints().back().name, "logits");
  EXPECT_EQ(graph.checkpoints().back().kind, Checkpoint::Kind::kLogits);
  EXPECT_TRUE(taken_off(graph).empty());
}

TEST(HostTail, WhatLosesTheOrderOfTheClassesLeavesNoLogits) {
  const auto kind_left = [](Net& net, Tensor* y) {
    Graph& graph = ending_in(net, y);
    EXPECT_FALSE(taken_off(graph).empty());
    complete_checkpoints(graph);
    EXPECT_FALSE(gets_labels(graph, 1));
    return graph.checkpoints().back().kind;
  };
  Net net;
  Tensor* x = net.add(ops::Relu{}, {net.input({1, 3})});
  EXPECT_EQ(kind_left(net, net.add(softmax_along(0), {x})), Checkpoint::Kind::kValues);
  Net turned;  // -sigmoid(x)
  Tensor* y = turned.add(ops::Sigmoid{}, {turned.add(ops::Relu{}, {turned.input({1, 3})})});
  EXPECT_EQ(kind_left(turned, turned.add(ops::Mul{}, {y, turned.floats({}, {-1})})),
            Checkpoint::Kind::kValues);
  Net map;  // no labels are made of it
  y = map.add(ops::Sigmoid{}, {map.add(ops::Relu{}, {map.input({1, 3, 2, 2})}, "map")});
  Graph& graph = ending_in(map, map.add(ops::Mul{}, {y, map.floats({}, {-1})}));
  EXPECT_EQ(op_names(taken_off(graph).graph), "SigmoidMul");
  EXPECT_EQ(output_names(graph), "map ");
}

TEST(HostTail, KeepsWhatQuantisersAndProductsTake) {
  for (const bool product : {false, true}) {
    Net net;
    Tensor* y = net.add(ops::Sigmoid{}, {net.add(ops::Relu{}, {net.input({1, 3})})});
    y = product ? net.add(ops::MatMul{}, {y, net.floats({3, 2}, {1, 2, 3, 4, 5, 6})})
                : net.add(ops::Quant{},
                          {y, net.floats({}, {1}), net.floats({}, {0}), net.floats({}, {4})});
    EXPECT_TRUE(taken_off(ending_in(net, y)).empty()) << product;
  }
}

TEST(HostTail, AnInputAloneIsNoNetwork) {
  Net net;
  EXPECT_TRUE(taken_off(ending_in(net, net.add(ops::Softmax{}, {net.input({1, 3})}))).empty());
  Net gated;  // x * sigmoid(relu(x)) takes the input, too
  Tensor* x = gated.input({1, 3, 2, 2});
  Tensor* gate = gated.add(ops::Sigmoid{}, {gated.add(ops::Relu{}, {x})});
  EXPECT_TRUE(taken_off(ending_in(gated, gated.add(ops::Mul{}, {x, gate}))).empty());
}

TEST(HostTail, TakesAllThatIsMadeOfFunctions) {
  Net net;
  Tensor* x = net.input({1, 3, 2, 2});
  Tensor *a = net.add(ops::Relu{}, {x}, "a"), *b = net.add(ops::Relu{}, {x}, "b");
  ops::Concat concat;
  concat.axis = 1;
  Tensor* all = net.add(concat, {net.add(ops::Sigmoid{}, {a}), b});
  Graph& graph = ending_in(net, net.add(transpose_by({0, 2, 3, 1}), {all}, "boxes"));
  const HostTail tail = taken_off(graph);
  EXPECT_EQ(op_names(tail.graph), "SigmoidConcatTranspose");
  EXPECT_EQ(input_names(tail.graph), "a b ");
  EXPECT_EQ(output_names(graph), "a b ");
  EXPECT_EQ(tail.outputs[0].nodes,
            (std::vector<std::string>{"node 'Sigmoid' (Sigmoid)", "node 'Concat' (Concat)",
                                      "node 'Transpose' (Transpose)"}));
  EXPECT_EQ(tail.places, std::vector<std::size_t>{0});
}

TEST(HostTail, WhatBothSidesOfAGateAreMadeOfIsTakenOnce) {
  Net net;  // x * erf(-(x / 2)), of a map
  Tensor* x = net.add(ops::Relu{}, {net.input({1, 3, 2, 2})}, "map");
  Tensor* half = net.add(ops::Div{}, {x, net.floats({}, {2})});
  half = net.add(ops::Mul{}, {half, net.floats({}, {-1})});
  Graph& graph = ending_in(net, net.add(ops::Mul{}, {x, net.add(ops::Erf{}, {half})}));
  const HostTail tail = taken_off(graph);
  EXPECT_EQ(op_names(tail.graph), "DivMulErfMul");
  EXPECT_EQ(output_names(graph), "map ");
  Net alone;  // a temperature stays where it is
  x = alone.add(ops::Relu{}, {alone.input({1, 3})});
  x = alone.add(ops::Div{}, {x, alone.floats({}, {2})}, "logits");
  EXPECT_EQ(op_names(taken_off(ending_in(alone, alone.add(ops::Softmax{}, {x}))).graph), "Softmax");
}

TEST(HostTail, LogitsBesideTheirProbabilitiesStayOneOutput) {
  for (const bool first : {false, true}) {
    Net net;
    Tensor* logits = net.add(ops::Relu{}, {net.input({1, 3})}, "logits");
    Tensor* prob = net.add(ops::Softmax{}, {logits}, "prob");
    net.graph.add_output(first ? logits : prob);
    Graph& graph = ending_in(net, first ? prob : logits);
    const HostTail tail = taken_off(graph);
    ASSERT_EQ(tail.outputs.size(), 1U);
    EXPECT_EQ(tail.outputs[0].output, first ? 1U : 0U);
    EXPECT_TRUE(tail.makes(first ? 1 : 0));
    EXPECT_FALSE(tail.makes(first ? 0 : 1));
    EXPECT_EQ(tail.places, (std::vector<std::size_t>{0, 0}));
    EXPECT_EQ(output_names(graph), "logits ");
  }
}

TEST(HostTail, TakesRanksOfMapsOffWithTheMovementsAround) {
  for (const bool moved : {false, true}) {
    Net net;
    Tensor* x = net.add(ops::Relu{}, {net.input({1, 3, 2, 2})}, "map");
    if (moved) x = net.add(ops::Squeeze{}, {x, net.ints({1}, {0})});
    Tensor* y = ranks(net, x, moved ? 0 : 1);
    Graph& graph = ending_in(net, moved ? net.add(transpose_by({0, 2, 1}), {y}, "turned") : y);
    EXPECT_TRUE(taken_off(graph, HostWork::kReals).empty());
    const HostTail tail = taken_off(graph);
    ASSERT_EQ(tail.outputs.size(), 1U);
    EXPECT_EQ(tail.outputs[0].name, moved ? "turned" : "ranks");
    EXPECT_EQ(op_names(tail.graph), moved ? "SqueezeTopKTranspose" : "TopK");
    EXPECT_EQ(op_names(graph), "Relu");
    complete_checkpoints(graph);
    EXPECT_EQ(graph.checkpoints().back().name, "map");
    EXPECT_EQ(graph.checkpoints().back().kind, Checkpoint::Kind::kLogits);
    EXPECT_EQ(graph.checkpoints().back().dtype, graph.outputs()[0]->dtype);
    EXPECT_TRUE(taken_off(graph).empty());
  }
}

TEST(HostTail, KeepsRanksOfOneRow) {
  Net row;
  Graph& graph = ending_in(row, ranks(row, row.add(ops::Relu{}, {row.input({1, 3, 1, 1})}), 1));
  EXPECT_TRUE(taken_off(graph).empty());
  Net alone;
  EXPECT_TRUE(taken_off(ending_in(alone, ranks(alone, alone.input({1, 3, 2, 2}), 1))).empty());
}

TEST(HostTail, TakesWhatComputesWithRanks) {
  Net net;
  ops::Cast cast;
  cast.to = 6;  // int32
  Tensor* y = ranks(net, net.add(ops::Relu{}, {net.input({1, 3})}), 1);
  Graph& graph = ending_in(net, net.add(cast, {y}, "class"));
  EXPECT_TRUE(taken_off(graph, HostWork::kReals).empty());
  EXPECT_EQ(op_names(taken_off(graph).graph), "Cast");
  EXPECT_EQ(op_names(graph), "ReluTopK");
  EXPECT_EQ(output_names(graph), "ranks ");
}

TEST(HostTail, RanksReadInFrontOfWhatKeepsTheOrder) {
  Net net;
  Tensor* x = net.add(ops::Relu{}, {net.input({1, 3})}, "logits");
  x = net.add(ops::LogSoftmax{}, {net.add(ops::Sigmoid{}, {x})});
  Graph& graph = ending_in(net, ranks(net, x, 1));
  EXPECT_TRUE(taken_off(graph).empty());
  EXPECT_EQ(op_names(graph), "ReluTopK");
  EXPECT_EQ(graph.outputs()[0]->producer->inputs[0]->name, "logits");
}

TEST(HostTail, WhatHasNoValueForSomeKeepsNoOrder) {
  Net net;
  Tensor* x = net.add(ops::Relu{}, {net.input({1, 3, 2, 2})});
  EXPECT_EQ(op_names(taken_off(ending_in(net, ranks(net, net.add(ops::Log{}, {x}), 1))).graph),
            "LogTopK");
  Net positive;
  x = positive.add(ops::Relu{}, {positive.input({1, 3, 2, 2})});
  x = positive.add(ops::Log{}, {positive.add(softmax_along(1), {x})});
  EXPECT_EQ(op_names(taken_off(ending_in(positive, ranks(positive, x, 1))).graph), "TopK");
}

TEST(HostTail, RanksReadInFrontOfWhatKeepsTheOrderOfTheirRows) {
  const auto ops_left = [](std::int64_t softmax, std::int64_t ranked) {
    Net net;
    Tensor* x = net.add(ops::Relu{}, {net.input({1, 3, 2, 4})});
    x = net.add(transpose_by({0, 2, 3, 1}), {net.add(softmax_along(softmax), {x})});
    Graph& graph = ending_in(net, ranks(net, x, ranked));
    return op_names(taken_off(graph).graph);
  };
  EXPECT_EQ(ops_left(1, 3), "TransposeTopK");
  EXPECT_EQ(ops_left(1, -1), "TransposeTopK");
  EXPECT_EQ(ops_left(2, 1), "TransposeTopK");
  EXPECT_EQ(ops_left(2, 3), "SoftmaxTransposeTopK");
  EXPECT_EQ(ops_left(1, 1), "SoftmaxTransposeTopK");
}

TEST(HostTail, ValuesOfTopKAreTheHostsAndTheirRanksTheHardwares) {
  Net net;
  Tensor* logits = net.add(ops::Relu{}, {net.input({1, 3})}, "logits");
  Tensor* values = net.graph.add_tensor("values");
  Node* node = top(net, net.add(ops::Softmax{}, {logits}), 1, values);
  net.graph.add_output(values);
  Graph& graph = ending_in(net, node->outputs[1]);
  const HostTail tail = taken_off(graph);
  EXPECT_EQ(op_names(tail.graph), "SoftmaxTopK");
  EXPECT_EQ(output_names(tail.graph), "values ");
  EXPECT_EQ(op_names(graph), "ReluTopK");
  EXPECT_EQ(output_names(graph), "logits ranks ");
  EXPECT_EQ(tail.places, (std::vector<std::size_t>{0, 1}));
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
