// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/widths/minimize_widths.h"

#include "compile/base/error.h"
#include "compile/passes/layers/xnor.h"
#include "compile/passes/lower/lower.h"
#include "compile/passes/widths/range.h"
#include "passes/integer_net.h"

namespace assay {
namespace {

TEST(MinimizeWidths, AccumulatorsHoldTheWorstCaseOfTheActualWeights) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 3}, DataType::uint(2));
  Tensor* w = net.values({3, 2}, {1, -1, -1, -1, 1, 0});
  w->dtype = DataType::sint(8);
  Graph& graph = net.finish_integers(net.add(ops::MatMul{}, {x, w}, "y"));
  const PassReport report = expect_exact_step(graph, minimize_widths);
  ASSERT_EQ(report.widths.size(), 1U);
  const WidthReport& width = report.widths[0];
  // Column 0: x0 - x1 + x2 in [-3, 6]; column 1: -x0 - x1 in [-6, 0].
  EXPECT_EQ(width.min, -6);
  EXPECT_EQ(width.max, 6);
  EXPECT_EQ(width.accumulator, DataType::sint(4));
  EXPECT_EQ(width.weights, DataType::ternary());
  EXPECT_EQ(width.weights_before, DataType::sint(8));
  EXPECT_EQ(width.input, DataType::uint(2));
  EXPECT_EQ(graph.outputs()[0]->dtype, DataType::sint(4));
}

/// A host may write other weights and thresholds: the worst case is over all of their types.
TEST(MinimizeWidths, RunTimeWeightsMayBeAnyOfTheirType) {
  IntegerNet net;
  Tensor* w = net.values({3, 2}, {1, -1, -1, -1, 1, 0});
  w->dtype = DataType::sint(3);
  Tensor* y = net.add(ops::MatMul{}, {net.pixels({1, 3}, DataType::uint(2)), w}, "y");
  std::mt19937 random(1);
  Graph& graph = net.finish_integers(net.thresholds(y, 2, 3, 1, 2, random, "q"));
  const Graph before = graph;
  PassContext context;
  context.options.runtime_weights = true;
  minimize_widths(graph, context);
  EXPECT_EQ(differing_checkpoints(before, graph), std::vector<std::string>{});
  const WidthReport& width = context.report.widths.at(0);
  // Three products of [-4, 3] and [0, 3].
  EXPECT_EQ(width.min, -36);
  EXPECT_EQ(width.max, 27);
  EXPECT_EQ(width.accumulator, DataType::sint(7));
  EXPECT_EQ(width.weights, DataType::sint(3));
  // All levels, whatever the thresholds.
  EXPECT_EQ(graph.outputs()[0]->dtype, DataType::uint(2));
  PassContext again;
  again.options.runtime_weights = true;
  EXPECT_FALSE(minimize_widths(graph, again));
}

/// Multipliers of a sum follow from scales, which no type declares: eight times as much, of either sign.
TEST(MinimizeWidths, RunTimeMultipliersHaveRoom) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 3, 2, 2}, DataType::uint(2));
  Tensor* y = net.add(ops::Mul{}, {x, net.values({1, 3, 1, 1}, {1, 2, 3})}, "y");
  Tensor* multipliers = net.values({1, 3, 1, 1, 2}, {1, 2, 1, 3, 2, 2});
  ops::JoinThreshold line;
  line.out_dtype = DataType::uint(2);
  Graph& graph = net.finish_integers(
      net.add(line, {net.values({1, 1, 1, 1, 2}, {4, 9}), multipliers, y, x}, "l"));
  PassContext context;
  context.options.runtime_weights = true;
  minimize_widths(graph, context);
  EXPECT_EQ(multipliers->dtype, DataType::sint(6));  // [-24, 24]
  PassContext fixed;
  minimize_widths(graph, fixed);
  EXPECT_EQ(multipliers->dtype, DataType::uint(2));
}

TEST(MinimizeWidths, ConstantsAreTakenByChannel) {
  // Column 0: x0 + x1 - 6 in [-6, 0]; column 1: -x0 - x1 + 6 in [0, 6]. Together [-12, 12] would do.
  IntegerNet net;
  Tensor* y = net.add(ops::MatMul{}, {net.pixels({1, 3}, DataType::uint(2)),
                                      net.values({3, 2}, {1, -1, 1, -1, 0, 0})});
  Graph& graph = net.finish_integers(net.add(ops::Add{}, {y, net.values({2}, {-6, 6})}, "z"));
  expect_exact_step(graph, minimize_widths);
  EXPECT_EQ(graph.outputs()[0]->dtype, DataType::sint(4));
}

/// Two ranges of one number each: the products of their ends.
TEST(MinimizeWidths, ProductsOfActivationsHoldTheEndsOfBoth) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2}, DataType::uint(2));
  Tensor* low = net.add(ops::Add{}, {x, net.values({2}, {-5, -1})});  // [-5, -2] and [-1, 2]
  Tensor* high = net.add(ops::Add{}, {x, net.values({2}, {3, -3})});  // [3, 6] and [-3, 0]
  Graph& graph = net.finish_integers(net.add(ops::Mul{}, {low, high}, "y"));
  expect_exact_step(graph, minimize_widths);
  EXPECT_EQ(graph.outputs()[0]->dtype, DataType::sint(6));  // [-30, 3]
}

/// A factor of one channel has one range for all that it meets.
TEST(MinimizeWidths, AFactorThatIsStretchedCountsEverywhere) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2, 2, 3}, DataType::uint(2));
  Tensor* one = net.add(ops::MatMul{}, {x, net.values({3, 1}, {1, -1, 0})});
  Graph& graph = net.finish_integers(
      net.add(ops::Add{}, {net.add(ops::Mul{}, {x, one}), net.values({3}, {0, 1, 2})}, "y"));
  expect_exact_step(graph, minimize_widths);
  EXPECT_EQ(graph.outputs()[0]->dtype, DataType::sint(5));  // [-9, 11]
}

TEST(MinimizeWidths, ValuesOfUpTo62BitsAreTaken) {
  IntegerNet net;
  Graph& graph = net.finish_integers(net.add(
      ops::MatMul{}, {net.pixels({1, 1}, DataType::uint(2)), net.values({1, 1}, {1})}, "y"));
  const Node& node = *graph.nodes().front();
  constexpr __int128 kLimit = static_cast<__int128>(1) << 62;
  EXPECT_EQ(widths::checked(kLimit, node), std::int64_t{1} << 62);
  EXPECT_EQ(widths::checked(-kLimit, node), -(std::int64_t{1} << 62));
  EXPECT_THROW(widths::checked(kLimit + 1, node), UserError);
  EXPECT_THROW(widths::checked(-kLimit - 1, node), UserError);
}

TEST(MinimizeWidths, WeightsGetTheSmallestType) {
  const auto type_of = [](std::vector<std::int64_t> weights) {
    IntegerNet net;
    Tensor* x = net.pixels({1, static_cast<std::int64_t>(weights.size())});
    const auto rows = static_cast<std::int64_t>(weights.size());
    Tensor* w = net.values({rows, 1}, std::move(weights));
    w->dtype = DataType::sint(32);
    Graph& graph = net.finish_integers(net.add(ops::MatMul{}, {x, w}, "y"));
    PassContext context;
    minimize_widths(graph, context);
    return context.report.widths.at(0).weights.name();
  };
  EXPECT_EQ(type_of({1, -1, -1}), "BIPOLAR");
  EXPECT_EQ(type_of({1, 0, 1}), "BINARY");
  EXPECT_EQ(type_of({1, 0, -1}), "TERNARY");
  EXPECT_EQ(type_of({-2, 1}), "INT2");
  EXPECT_EQ(type_of({3, 1}), "UINT2");
  EXPECT_EQ(type_of({-3, 4}), "INT4");
}

TEST(MinimizeWidths, ThresholdsThatNothingReachesMoveToTheBound) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2}, DataType::uint(2));
  Tensor* acc = net.add(ops::MatMul{}, {x, net.values({2, 2}, {1, 2, 1, -2})}, "acc");
  ops::MultiThreshold op;
  op.out_dtype = DataType::uint(8);
  // Channel 0 is in [0, 6], channel 1 in [-6, 6].
  Tensor* t = net.values({2, 3}, {-100, 6, 100, -6, 6, 7});
  Graph& graph = net.finish_integers(net.add(op, {acc, t}, "y"));
  expect_exact_step(graph, minimize_widths);
  const Node* node = graph.outputs()[0]->producer;
  EXPECT_THAT(node->inputs[1]->constant->ints(), ::testing::ElementsAre(0, 6, 7, -6, 6, 7));
  EXPECT_EQ(node->inputs[1]->dtype, DataType::sint(4));
  // One or two of three steps are reached in either channel.
  EXPECT_EQ(graph.outputs()[0]->dtype, DataType::uint(2));
  EXPECT_EQ(node->as<ops::MultiThreshold>()->out_dtype, DataType::uint(2));
}

TEST(MinimizeWidths, PaddingCountsAsZero) {
  IntegerNet net;
  std::mt19937 random(2);
  Tensor* x = net.pixels({1, 1, 3, 3}, DataType::uint(2));
  ops::MultiThreshold op;
  op.out_dtype = DataType::uint(3);
  op.out_bias = 4;  // 4 or 5, never 0
  Tensor* q = net.add(op, {x, net.values({1, 1}, {2})}, "q");
  Tensor* w = net.values({1, 1, 1, 2}, {1, -1});
  ops::Conv conv;
  conv.window = {{1, 2}, {1, 1}, {0, 1, 0, 0}, {1, 1}};
  Graph& graph = net.finish_integers(net.add(conv, {q, w}, "y"));
  Graph in_rows = graph;
  const PassReport report = expect_exact_step(graph, minimize_widths);
  EXPECT_EQ(report.widths.at(0).min, -5);
  EXPECT_EQ(report.widths.at(0).max, 5);
  PassContext lowering;
  lower(in_rows, lowering);
  const PassReport again = expect_exact_step(in_rows, minimize_widths);
  EXPECT_EQ(again.widths.at(0).min, -5);
  EXPECT_EQ(again.widths.at(0).max, 5);
}

TEST(MinimizeWidths, JoinsCountOnlyTheLevelsThatTheirInputsReach) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2}, DataType::uint(2));
  Tensor* y = net.add(ops::Mul{}, {x, net.values({2}, {1, 2})}, "twice");
  ops::JoinThreshold table;
  table.out_dtype = DataType::uint(8);
  // Row [X1] of two steps for X1 in 0..3; X0 is in [0, 3] and [0, 6].
  Tensor* t = net.values({1, 1, 7, 2}, {9, 9, 9, 9, 9, 9, 2, 9, 9, 9, 9, 9, 9, 9});
  Graph& graph = net.finish_integers(net.add(table, {t, nullptr, x, y}, "j"));
  expect_exact_step(graph, minimize_widths);
  EXPECT_EQ(graph.outputs()[0]->dtype, DataType::uint(1));

  // The same with rows in front of and behind those of [0, 6], which would reach both steps.
  IntegerNet wider;
  Tensor* x1 = wider.pixels({1, 2}, DataType::uint(2));
  Tensor* y1 = wider.add(ops::Mul{}, {x1, wider.values({2}, {1, 2})}, "twice");
  table.table_min = -1;
  Tensor* more = wider.values({1, 1, 9, 2}, {0, 0, 9, 9, 9, 9, 9, 9, 2, 9, 9, 9, 9, 9, 9, 9, 0, 0});
  Graph& third = wider.finish_integers(wider.add(table, {more, nullptr, x1, y1}, "j"));
  expect_exact_step(third, minimize_widths);
  EXPECT_EQ(third.outputs()[0]->dtype, DataType::uint(1));

  IntegerNet lines;
  Tensor* a = lines.pixels({1, 2}, DataType::uint(2));
  ops::JoinThreshold line;
  line.out_dtype = DataType::uint(8);
  // 3 a - 2 a is bounded as [-6, 9].
  Tensor* steps = lines.values({1, 1, 3}, {-50, 0, 50});
  Graph& second =
      lines.finish_integers(lines.add(line, {steps, lines.values({1, 1, 2}, {3, -2}), a, a}, "j"));
  expect_exact_step(second, minimize_widths);
  EXPECT_THAT(second.outputs()[0]->producer->inputs[0]->constant->ints(),
              ::testing::ElementsAre(-6, 0, 10));
}

TEST(MinimizeWidths, SharedThresholdsMeetEveryRowOfTheMultipliers) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2}, DataType::uint(2));
  ops::JoinThreshold line;
  line.out_dtype = DataType::uint(8);
  Tensor* steps = net.values({1, 1, 2}, {5, 20});
  Graph& graph = net.finish_integers(net.add(line, {steps, net.values({1, 2, 1}, {1, 4}), x}, "j"));
  expect_exact_step(graph, minimize_widths);
  EXPECT_THAT(graph.outputs()[0]->producer->inputs[0]->constant->ints(),
              ::testing::ElementsAre(5, 13));
}

TEST(MinimizeWidths, AnAccumulatorBeyond62BitsIsAnErrorThatNamesTheNode) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2}, DataType::uint(40));
  Tensor* w = net.values({2, 1}, {std::int64_t{1} << 40, 1});
  Graph& graph = net.finish_integers(net.add(ops::MatMul{}, {x, w}, "y"));
  PassContext context;
  EXPECT_THAT(user_error_of([&] { minimize_widths(graph, context); }),
              ::testing::AllOf(::testing::HasSubstr("MatMul"), ::testing::HasSubstr("62 bits")));
}

TEST(MinimizeWidths, AFloatInputIsAnErrorThatSaysWhatToDo) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 2}, DataType::float32());
  Graph& graph = net.finish_integers(net.add(ops::MatMul{}, {x, net.values({2, 1}, {1, 1})}));
  PassContext context;
  EXPECT_THAT(user_error_of([&] { minimize_widths(graph, context); }),
              ::testing::HasSubstr("UINT8"));
}

/// Random networks with convolutions, signs, joins, pools and a classifier.
Graph random_integers_network(unsigned seed) {
  IntegerNet net;
  std::mt19937 random(seed);
  const auto pick = [&](std::int64_t lo, std::int64_t hi) {
    return std::uniform_int_distribution<std::int64_t>(lo, hi)(random);
  };
  std::int64_t channels = pick(1, 3), size = pick(5, 8);
  Tensor* x = net.pixels({1, channels, size, size});
  const bool bipolar = pick(0, 1) == 1;
  for (int layer = 0; layer < 3; ++layer) {
    const std::string name = "a" + std::to_string(layer);
    Tensor* q =
        layer > 0 && !bipolar ? x
        : bipolar ? net.signs(x, channels, layer == 0 ? 90 : -5, layer == 0 ? 160 : 5, random, name)
                  : net.thresholds(x, channels, 3, 0, 255, random, name);
    const std::int64_t group = pick(0, 3) == 0 ? channels : 1, pad = pick(0, 1);
    const std::int64_t out = group == 1 ? pick(1, 5) : channels * pick(1, 2);
    const Shape w = {out, channels / group, 3, 3};
    Tensor* acc =
        net.add(conv2d(3, 1, pad, group),
                {q, bipolar ? net.random_signs(w, random) : net.random_values(w, -2, 2, random)},
                name + "_acc");
    size += 2 * pad - 2;
    channels = out;
    x = bipolar ? acc : net.thresholds(acc, channels, 3, -20, 20, random, name + "_q");
    if (!bipolar && size > 2 && pick(0, 1) == 1) {
      ops::MaxPool pool;
      pool.window = window2d(2, 1);
      Tensor* pooled = net.add(pool, {x});
      --size;
      x = pooled;
    }
    if (!bipolar && pick(0, 1) == 1) {
      Tensor* sum = net.add(ops::Add{}, {x, x});
      ops::JoinThreshold join;
      join.out_dtype = DataType::uint(2);
      x = net.add(join,
                  {net.random_values({1, channels, 1, 1, 4, 3}, -1, 7, random), nullptr, sum, x},
                  name + "_j");
    }
    if (size < 3) break;
  }
  if (bipolar) x = net.signs(x, channels, -5, 5, random, "last");
  x = net.add(ops::Flatten{}, {x});
  x = net.add(ops::MatMul{}, {x, net.random_values({channels * size * size, 4}, -2, 2, random)},
              "logits");
  return net.finish_integers(x);
}

TEST(MinimizeWidths, RandomNetworksKeepEveryCheckpointThroughAllThreeSteps) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Graph graph = random_integers_network(seed);
    const Graph before = graph;
    PassContext context;
    expect_exact_step(graph, lower, seed);
    convert_to_xnor(graph, context);
    verify(graph);
    EXPECT_EQ(differing_checkpoints(before, graph, seed), std::vector<std::string>{})
        << nodes_text(graph);
    minimize_widths(graph, context);
    verify(graph);
    EXPECT_EQ(differing_checkpoints(before, graph, seed), std::vector<std::string>{});
    EXPECT_FALSE(minimize_widths(graph, context));
  }
}

TEST(MinimizeWidths, TypesHoldEveryValueThatOccurs) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Graph graph = random_integers_network(seed);
    PassContext context;
    lower(graph, context);
    convert_to_xnor(graph, context);
    minimize_widths(graph, context);
    std::mt19937 random(seed);
    const Tensor& input = *graph.inputs()[0];
    std::vector<std::int64_t> image;
    for (std::int64_t i = 0; i < element_count(*input.shape); ++i)
      image.push_back(static_cast<std::int64_t>(random() % 256));
    const ExactExecutor executor(graph, {ExactInput::integers(0, 255)});
    ExactRequest request;
    request.inputs = {{image}};
    request.keep_all = true;
    for (const auto& [tensor, value] : executor.run(request).values)
      for (std::int64_t i = 0; i < value.size(); ++i)
        ASSERT_TRUE(tensor->dtype.allows(value.real(i).floor().get_si()))
            << tensor->name << " is " << tensor->dtype.name() << " and holds "
            << value.real(i).str();
  }
}

}  // namespace
}  // namespace assay
