// SPDX-License-Identifier: Apache-2.0
// Random networks: the exact executor against the slow evaluator in exact real arithmetic, tensor
// by tensor.
#include <gtest/gtest.h>

#include <iostream>

#include "golden/exact/executor.h"
#include "support/random_graph.h"
#include "support/real_eval.h"

namespace assay {
namespace {

using assay::testing::RandomGraph;

struct Sample {
  ExactInputData integers;
  real_eval::RealTensor reals;
};

Sample random_image(assay::testing::Random& random, const Shape& shape) {
  Sample sample{{{}}, {shape, {}}};
  for (std::int64_t i = 0; i < element_count(shape); ++i) {
    sample.integers[0].push_back(random.range(0, 255));
    sample.reals.values.emplace_back(sample.integers[0].back());
  }
  return sample;
}

/// Compares every tensor that the executor kept; returns how many elements that were.
std::int64_t compare_graph(std::uint64_t seed) {
  RandomGraph maker(seed, false);
  const Graph graph = maker.make();
  SCOPED_TRACE(fmt::format("seed {}\n{}", seed, to_text(graph)));
  const Sample image = random_image(maker.random(), *graph.inputs()[0]->shape);
  const ExactExecutor executor(graph, {ExactInput::integers(0, 255)});
  const ExactRun run = executor.run({.inputs = {image.integers}, .keep_all = true});
  const auto expected = real_eval::evaluate(graph, {{graph.inputs()[0]->name, image.reals}});
  std::int64_t compared = 0;
  for (const auto& [tensor, value] : run.values) {
    const auto& reference = expected.at(tensor->name);
    EXPECT_EQ(value.shape, reference.shape) << tensor->name;
    for (std::int64_t e = 0; e < value.size(); ++e, ++compared)
      if (!(value.real(e) == reference.values[static_cast<std::size_t>(e)])) {
        ADD_FAILURE() << tensor->name << "[" << e << "]: expected "
                      << reference.values[static_cast<std::size_t>(e)].str() << ", got "
                      << value.real(e).str();
        return compared;
      }
  }
  for (const CheckpointValue& value : run.checkpoints) {
    EXPECT_NE(value.checkpoint, nullptr);
    if (!value.checkpoint->has_map) continue;
    const auto& reference = expected.at(value.checkpoint->tensor->name);
    EXPECT_EQ(value.q.size(), reference.values.size()) << value.checkpoint->name;
    for (std::size_t e = 0; e < value.q.size(); ++e, ++compared) {
      const Real real = broadcast_element(value.checkpoint->scale, reference.shape,
                                          static_cast<std::int64_t>(e)) *
                            Real(value.q[e]) +
                        broadcast_element(value.checkpoint->offset, reference.shape,
                                          static_cast<std::int64_t>(e));
      EXPECT_TRUE(real == reference.values[e]) << value.checkpoint->name << "[" << e << "]";
      EXPECT_TRUE(value.checkpoint->dtype.allows(value.q[e]))
          << value.checkpoint->name << " holds " << value.q[e];
    }
  }
  return compared;
}

void sweep(std::uint64_t first, std::uint64_t count) {
  std::int64_t compared = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    compared += compare_graph(seed);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "first failing seed " << seed;
  }
  EXPECT_GT(compared, static_cast<std::int64_t>(count) * 10);
  std::cout << count << " graphs, " << compared << " elements compared\n";
}

TEST(ExactProperty, RandomGraphsEqualTheRationalEvaluatorPart1) { sweep(1, 125); }
TEST(ExactProperty, RandomGraphsEqualTheRationalEvaluatorPart2) { sweep(1001, 125); }
TEST(ExactProperty, RandomGraphsEqualTheRationalEvaluatorPart3) { sweep(2001, 125); }
TEST(ExactProperty, RandomGraphsEqualTheRationalEvaluatorPart4) { sweep(3001, 125); }
TEST(ExactPropertyNightly, TenThousandRandomGraphsEqualTheRationalEvaluator) {
  sweep(100000, 10000);
}

TEST(ExactProperty, AFaultInOneWeightIsSeen) {
  // The comparison above must be able to fail: the same graph with one weight moved by a
  // quantisation step.
  int seen = 0;
  for (std::uint64_t seed = 1; seed < 12; ++seed) {
    RandomGraph maker(seed, false);
    Graph graph = maker.make();
    const Sample image = random_image(maker.random(), *graph.inputs()[0]->shape);
    const auto expected = real_eval::evaluate(graph, {{graph.inputs()[0]->name, image.reals}});
    Tensor* target = nullptr;
    for (const auto& node : graph.nodes())
      if (node->as<ops::Conv>() && node->inputs[1]->constant) target = node->inputs[1];
    for (const auto& node : graph.nodes())
      if (!target && node->as<ops::Conv>() && node->inputs[1]->producer)
        target = node->inputs[1]->producer->inputs[0];
    if (!target || !target->constant) continue;
    std::vector<float> values(target->constant->floats().begin(), target->constant->floats().end());
    for (float& v : values) v = v > 0 ? v - 2 : v + 2;
    target->constant = Constant(target->constant->shape(), values);
    const ExactExecutor executor(graph, {ExactInput::integers(0, 255)});
    const ExactRun run = executor.run({.inputs = {image.integers}, .keep_all = true});
    bool differs = false;
    for (const auto& [tensor, value] : run.values)
      for (std::int64_t e = 0; e < value.size(); ++e)
        differs = differs ||
                  !(value.real(e) == expected.at(tensor->name).values[static_cast<std::size_t>(e)]);
    seen += differs ? 1 : 0;
  }
  EXPECT_GE(seen, 5);
}

}  // namespace
}  // namespace assay
