// SPDX-License-Identifier: Apache-2.0
// Functions in front of quantisers, decided by the exact executor from their definitions; tails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "golden/exact/tail.h"
#include "golden/exact_testing.h"

namespace assay {
namespace {

template <typename OpType>
Levels levels_of(const Levels& q, const Real& step, const QuantCase& quantiser) {
  Net net;
  Tensor* x = net.input({1, std::ssize(q)});
  return exact_levels(net, add_quant(net, net.add(OpType{}, {x}), quantiser), q, step);
}

TEST(ExactFunctions, TiesAreThoseOfTheDefinition) {
  // sigmoid(0) = 1/2 is 1/2 of a step of 1: half to even, 0; and 3/2 of a step of 1/3's double: 1 or 2.
  EXPECT_EQ(levels_of<ops::Sigmoid>({0}, Real(1), {.scale = 1, .bits = 4}), Levels{0});
  EXPECT_EQ(levels_of<ops::Sigmoid>({0}, Real(1), {.scale = 0.25F, .bits = 4}), Levels{2});
  // softsign(3) = 3/4 and sqrt(1/4) = 1/2, in steps of 1/2: 1.5 -> 2, 1.
  EXPECT_EQ(levels_of<ops::Softsign>({3, -3}, Real(1), {.scale = 0.5F, .bits = 4}),
            (Levels{2, -2}));
  EXPECT_EQ(levels_of<ops::Sqrt>({1, 9}, ratio(1, 4), {.scale = 0.5F, .bits = 4}), (Levels{1, 3}));
}

TEST(ExactFunctions, LevelsAreThoseOfTheirNearestDoubles) {
  // No value is within 1e-6 of a boundary (checked): the double's level is the exact one.
  const Levels q = {-90, -31, -17, -8, -3, -1, 1, 2, 5, 12, 23, 47, 100};
  const auto check = [&]<typename OpType>(OpType, double (*f)(double)) {
    Levels expected;
    for (const std::int64_t n : q) {
      const double u = f(static_cast<double>(n) / 16) / 0.03125;
      ASSERT_GT(std::fabs(u - std::floor(u) - 0.5), 1e-6) << n;
      expected.push_back(std::clamp<std::int64_t>(std::llround(u), -128, 127));
    }
    EXPECT_EQ(levels_of<OpType>(q, ratio(1, 16), {.scale = 0.03125F}), expected) << OpType::kType;
  };
  check(ops::Exp{}, [](double x) { return std::exp(x); });
  check(ops::Erf{}, [](double x) { return std::erf(x); });
  check(ops::Tanh{}, [](double x) { return std::tanh(x); });
  check(ops::Sigmoid{}, [](double x) { return 1 / (1 + std::exp(-x)); });
  check(ops::Softplus{}, [](double x) { return std::log1p(std::exp(x)); });
  check(ops::Softsign{}, [](double x) { return x / (1 + std::fabs(x)); });
}

TEST(ExactFunctions, ArithmeticWithTheirResultsIsExact) {
  // x * sigmoid(x) - x / 2 at 0 and 1: 0 and 0.2310..., in steps of 1/8: 0, 2 (1.848).
  Net net;
  Tensor* x = net.input({1, 2});
  Tensor* swish = net.add(ops::Mul{}, {x, net.add(ops::Sigmoid{}, {x})});
  Tensor* y = net.add(ops::Sub{}, {swish, net.add(ops::Div{}, {x, net.scalar(2)})});
  y = net.add(ops::Relu{}, {y});
  EXPECT_EQ(exact_levels(net, add_quant(net, y, {.scale = 0.125F, .bits = 4}), {0, 1}),
            (Levels{0, 2}));
}

TEST(ExactFunctions, TwoActivationsMayMeetInOne) {
  // a * sigmoid(b) of two halves of the input: 4 * sigmoid(0) = 2, 3 * sigmoid(0) = 1.5 -> 2.
  Net net;
  Tensor* x = net.input({1, 4});
  const auto half = [&](std::vector<std::int64_t> index) {
    ops::Gather op;
    op.axis = 1;
    return net.add(op, {x, net.ints(std::move(index))});
  };
  Tensor* y = net.add(ops::Mul{}, {half({0, 1}), net.add(ops::Sigmoid{}, {half({2, 3})})});
  EXPECT_EQ(exact_levels(net, add_quant(net, y, {.scale = 1, .bits = 4}), {4, 3, 0, 0}),
            (Levels{2, 2}));
}

TEST(ExactFunctions, MoveAsTheirInputsDo) {
  Net net;
  Tensor* x = net.input({1, 2, 1, 2});
  ops::Transpose turn;
  turn.perm = {0, 3, 2, 1};
  Tensor* y = net.add(turn, {net.add(ops::Exp{}, {x})});
  EXPECT_EQ(exact_levels(net, add_quant(net, y, {.scale = 1, .bits = 8}), {0, 1, 2, 3}),
            (Levels{1, 7, 3, 20}));
}

TEST(ExactFunctions, AMaxPoolOfARisingFunctionIsThatOfItsInput) {
  Net net;
  Tensor* y = net.add(ops::Clip{}, {net.add(ops::Exp{}, {net.input({1, 1, 2, 2})}), net.scalar(2)});
  ops::MaxPool pool;
  pool.window = {{1, 2}, {1, 2}, {0, 0, 0, 0}, {1, 1}};
  y = net.add(pool, {y});
  EXPECT_EQ(exact_levels(net, add_quant(net, y, {.scale = 1, .bits = 8}), {0, -1, 2, 1}),
            (Levels{2, 7}));
}

TEST(ExactFunctions, ScalesPerChannelAreDecidedPerChannel) {
  Net net;
  Tensor* x = net.add(ops::Mul{}, {net.input({1, 2, 1, 2}), net.floats({1, 2, 1, 1}, {1, 2})});
  Tensor* y = net.add(ops::Exp{}, {x});
  EXPECT_EQ(exact_levels(net, add_quant(net, y, {.scale = 1, .bits = 8}), {0, 1, 1, 2}),
            (Levels{1, 3, 7, 55}));
}

TEST(ExactFunctions, RefuseOutputsThatNoQuantiserTakes) {
  Net net;
  net.finish(net.add(ops::Relu{}, {net.add(ops::Exp{}, {net.input({1, 2})})}));
  EXPECT_THAT(user_error_of([&] { ExactExecutor(net.graph, {ExactInput::integers(0, 3)}); }),
              ::testing::AllOf(::testing::HasSubstr("(Relu)"),
                               ::testing::HasSubstr("that no quantiser takes")));
}

TEST(ExactFunctions, RefuseReadersThatNeedSums) {
  Net net;
  Tensor* x = net.add(ops::Exp{}, {net.input({1, 2})});
  Tensor* y = net.add(ops::MatMul{}, {x, net.floats({2, 1}, {1, 2})});
  net.finish(y);
  EXPECT_THAT(
      user_error_of([&] { ExactExecutor(net.graph, {ExactInput::integers(0, 3)}); }),
      ::testing::AllOf(::testing::HasSubstr("(MatMul)"), ::testing::HasSubstr("quantise it")));
}

ExactValue row_of(std::vector<std::int64_t> q) {
  ExactValue value;
  value.shape = {1, std::ssize(q)};
  value.terms.push_back({RealArray(Real(1)), std::move(q)});
  return value;
}

/// One operator as a tail, on a row.
std::vector<double> tail_of(std::unique_ptr<Op> op, std::vector<std::int64_t> row) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1, std::ssize(row)});
  graph.add_output(graph.add(std::move(op), {x}, "y"));
  infer_shapes(graph);
  check_tail(graph);
  return tail_values(graph, {row_of(std::move(row))}).at(0);
}

TEST(Tail, SoftmaxIsRoundedOnce) {
  // e^0 : e^1 : e^2, and 1000 above: no overflow.
  const double sum = 1 + M_E + M_E * M_E;
  for (const std::int64_t shift : {0, 1000}) {
    const auto y = tail_of(std::make_unique<ops::Softmax>(), {shift, shift + 1, shift + 2});
    EXPECT_DOUBLE_EQ(y[0], 1 / sum);
    EXPECT_DOUBLE_EQ(y[1], M_E / sum);
    EXPECT_DOUBLE_EQ(y[2], M_E * M_E / sum);
  }
  EXPECT_DOUBLE_EQ(tail_of(std::make_unique<ops::LogSoftmax>(), {0, 0})[1], -M_LN2);
  EXPECT_DOUBLE_EQ(tail_of(std::make_unique<ops::Sigmoid>(), {0, 1})[1], M_E / (1 + M_E));
}

/// A tail of several nodes over x [1,2,2].
struct TailNet {
  Graph graph;
  Tensor* x = graph.add_input("x", {1, 2, 2});

  template <typename T>
  Tensor* add(T op, std::vector<Tensor*> inputs) {
    return graph.add(std::make_unique<T>(std::move(op)), std::move(inputs));
  }
  std::vector<double> of(Tensor* y, std::vector<std::int64_t> q) {
    graph.add_output(y);
    infer_shapes(graph);
    check_tail(graph);
    ExactValue value;
    value.shape = {1, 2, 2};
    value.terms.push_back({RealArray(Real(1)), std::move(q)});
    return tail_values(graph, {value}).at(0);
  }
};

TEST(Tail, SumsProductsAndMovementsAreRoundedOnce) {
  TailNet net;
  ops::Transpose turn;
  turn.perm = {0, 2, 1};
  ops::Concat both;
  both.axis = 1;
  Tensor* third = net.graph.add_constant(
      "third", Constant(Shape{2}, std::vector<Real>{Real(mpq_class(1, 3)), Real(2)}));
  Tensor* e = net.add(ops::Exp{}, {net.x});
  Tensor* y = net.add(both, {net.add(ops::Mul{}, {e, third}), net.add(turn, {net.x})});
  const auto values = net.of(y, {0, 1, 2, 0});
  const std::vector<double> expected{1. / 3, 2 * M_E, M_E * M_E / 3, 2, 0, 2, 1, 0};
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_DOUBLE_EQ(values[i], expected[i]) << i;
}

TEST(Tail, WhatCancelsIsExactlyThere) {
  // exp(40) + 1 - exp(40): 0 in float64.
  TailNet net;
  Tensor* e = net.add(ops::Exp{}, {net.x});
  Tensor* one = net.graph.add_constant("one", Constant(Shape{}, std::vector<Real>{Real(1)}));
  Tensor* y = net.add(ops::Sub{}, {net.add(ops::Add{}, {e, one}), e});
  EXPECT_EQ(net.of(y, {40, 0, 0, 40}), (std::vector<double>{1, 1, 1, 1}));
}

TEST(Tail, TopKGivesTheLargestOfEachLane) {
  TailNet net;
  ops::TopK op;
  op.axis = 1;
  Tensor* k = net.graph.add_constant("k", Constant(Shape{1}, std::vector<std::int64_t>{1}));
  Tensor* values = net.graph.add_tensor("values");
  net.graph.add_node(std::make_unique<ops::TopK>(op), {net.add(ops::Exp{}, {net.x}), k},
                     {values, net.graph.add_tensor("ranks")});
  EXPECT_EQ(net.of(values, {0, 1, -1, 2}), (std::vector<double>{1, std::exp(2.)}));
}

TEST(Tail, RanksOfRealsAreRefused) {
  TailNet net;
  Tensor* k = net.graph.add_constant("k", Constant(Shape{1}, std::vector<std::int64_t>{1}));
  Tensor* ranks = net.graph.add_tensor("ranks");
  net.graph.add_node(std::make_unique<ops::TopK>(), {net.add(ops::Exp{}, {net.x}), k},
                     {net.graph.add_tensor("values"), ranks});
  net.graph.add_output(ranks);
  infer_shapes(net.graph);
  EXPECT_THROW(check_tail(net.graph), UserError);
}

TEST(Tail, RefusesWhatHasNoValue) {
  EXPECT_THROW(tail_of(std::make_unique<ops::Exp>(), {800}), UserError);  // beyond float64
  EXPECT_THROW(tail_of(std::make_unique<ops::Log>(), {0}), UserError);    // -inf
  EXPECT_THROW(tail_of(std::make_unique<ops::Sqrt>(), {-1}), UserError);  // nan
  EXPECT_THROW(tail_of(std::make_unique<ops::Relu>(), {1}), UserError);   // no part of tails
}

}  // namespace
}  // namespace assay
