// SPDX-License-Identifier: Apache-2.0
// Planted faults: inputs solved at the boundaries of the right integer graph, on which that graph
// equals its network, must find each fault and say where it is.
#include <functional>
#include <iostream>
#include <set>

#include "passes/pass_check.h"
#include "passes/streamline_check.h"

namespace assay {
namespace {

using namespace assay::testing;  // NOLINT: the checks are what this file is about

using Places = std::map<std::string, std::set<std::int64_t>>;  ///< elements by checkpoint

/// A network with its integer graph and inputs at the boundaries of all its quantisers.
class Subject {
 public:
  explicit Subject(Graph graph) : before(std::move(graph)), after(before) {
    report = make_integer(after);
    const ExactExecutor reference = byte_executor(before), integer = byte_executor(after);
    Random random(7);
    BoundarySolver solver(after, integer, reference, random, 8);
    for (const auto& node : after.nodes())
      if (ThresholdNode::is_one(*node)) solve_all(ThresholdNode(*node), solver, integer);
    for (const BoundarySolver::Solution& input : inputs_)
      expected_.push_back(reference.run(input.make()));
  }

  /// Where a graph first differs from the network on the solved inputs; ends after `most` of them.
  Places faults_of(const Graph& graph, std::size_t most = SIZE_MAX) const {
    const ExactExecutor other = byte_executor(graph);
    Places places;
    for (std::size_t i = 0; i < inputs_.size() && most > 0; ++i)
      if (const auto found = first_disagreement(expected_[i], other.run(inputs_[i].make()))) {
        places[found->checkpoint].insert(found->element);
        --most;
      }
    return places;
  }
  std::size_t boundaries() const { return inputs_.size(); }

  const Graph before;
  Graph after;
  PassReport report;

 private:
  void solve_all(const ThresholdNode& node, BoundarySolver& solver, const ExactExecutor& integer) {
    for (std::int64_t e = 0; e < element_count(node.shape()); ++e)
      for (std::int64_t k = 0; k < node.steps(); ++k)
        for (const std::int64_t below : {0, 1}) {
          const auto input = solver.solve(node, e, k, below);
          if (!input) continue;
          ExactRequest request = input->make();
          request.keep_all = true;
          if (meets_boundary(node, integer.run(request), e, k, below)) inputs_.push_back(*input);
        }
  }

  std::vector<BoundarySolver::Solution> inputs_;
  std::vector<ExactRun> expected_;  ///< of `before`
};

Tensor* pixels(Net& net, Shape shape) {
  Tensor* x = net.input(std::move(shape));
  x->dtype = DataType::uint(8);
  return x;
}

ops::Conv conv3x3() {
  ops::Conv op;
  op.window = {{3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}};
  return op;
}

Tensor* small_weights(Net& net, const Shape& shape, int seed) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < element_count(shape); ++i)
    values.push_back(static_cast<float>((i * 5 + seed) % 7 - 3));
  return net.quant(net.floats(shape, values), 1, 3, {}, "w");
}

/// Pixels -> conv, factors (16, -8) / 512 per channel -> "act" (3 bit, step 1: many ties) -> conv,
/// times `branch` + act * `skip` -> "joined" (3 bit).
Graph network(RoundingMode mode = RoundingMode::kHalfEven, float skip = 0.7F) {
  Net net;
  ops::Quant act = unsigned_quant();
  act.rounding_mode = mode;
  Tensor* x = net.quant(pixels(net, {1, 2, 4, 4}), 16, 4, unsigned_quant(), "pixels");
  x = net.add(conv3x3(), {x, small_weights(net, {2, 2, 3, 3}, 1)});
  x = net.add(ops::Mul{}, {x, net.floats({1, 2, 1, 1}, {0.03125F, -0.015625F})});
  x = net.quant(x, 1, 3, act, "act");
  Tensor* y = net.add(conv3x3(), {x, small_weights(net, {2, 2, 3, 3}, 4)});
  y = net.add(ops::Mul{}, {y, net.floats({1, 2, 1, 1}, {0.31F, 0.17F})});
  Tensor* z = net.add(ops::Mul{}, {x, net.number(skip)});
  y = net.quant(net.add(ops::Add{}, {y, z}), 0.9F, 3, {}, "joined");
  net.finish(y);
  clean_up(net.graph);
  return std::move(net.graph);
}

/// The node of the integer graph that carries a checkpoint.
Node* carrier(Graph& graph, const std::string& checkpoint) {
  for (const Checkpoint& c : graph.checkpoints())
    if (c.name == checkpoint) return c.tensor->producer;
  ADD_FAILURE() << "no checkpoint " << checkpoint;
  return nullptr;
}

void edit(Tensor* tensor, const std::function<void(Integers&)>& change) {
  Integers values;
  for (std::int64_t i = 0; i < tensor->constant->size(); ++i)
    values.push_back(integer_element(*tensor->constant, i));
  change(values);
  tensor->constant = Constant(tensor->constant->shape(), std::move(values));
  tensor->dtype = DataType::sint(32);
}

TEST(StreamlineFaults, TheRightGraphPassesAllSolvedInputs) {
  const Subject subject(network());
  EXPECT_TRUE(subject.faults_of(subject.after).empty());
  EXPECT_GT(subject.boundaries(), 400U);
  EXPECT_EQ(subject.report.quantisers.size(), 3U);
  std::cout << subject.boundaries() << " inputs at boundaries\n";
}

TEST(StreamlineFaults, EveryThresholdMovedByOneIsFoundWhereItIs) {
  const Subject subject(network());
  for (const std::string name : {"pixels", "act"}) {
    Graph graph = subject.after;
    const Tensor* right = carrier(graph, name)->inputs[1];
    const std::int64_t size = right->constant->size();
    ASSERT_GT(size, 5);
    int found = 0;
    for (std::int64_t i = 0; i < size; ++i)
      for (const std::int64_t step : {-1, 1}) {
        Graph faulty = subject.after;
        edit(carrier(faulty, name)->inputs[1],
             [&](Integers& t) { t[static_cast<std::size_t>(i)] += step; });
        const Places places = subject.faults_of(faulty, 3);
        if (places.empty()) continue;
        ++found;
        EXPECT_EQ(places.size(), 1U);
        EXPECT_TRUE(places.contains(name)) << places.begin()->first;
      }
    EXPECT_EQ(found, 2 * size) << name;
  }
}

TEST(StreamlineFaults, ThresholdsOfAJoinMovedByOneAreFound) {
  const Subject subject(network());
  Graph faulty = subject.after;
  Node* join = carrier(faulty, "joined");
  ASSERT_NE(join->as<ops::JoinThreshold>(), nullptr);
  edit(join->inputs[0], [](Integers& t) {
    for (std::int64_t& value : t) ++value;
  });
  const Places places = subject.faults_of(faulty);
  ASSERT_EQ(places.size(), 1U);
  EXPECT_TRUE(places.contains("joined"));
}

TEST(StreamlineFaults, TiesRoundedUpAreFound) {
  const Subject subject(network());
  Graph faulty = network(RoundingMode::kHalfUp);
  make_integer(faulty);
  const Places places = subject.faults_of(faulty);
  ASSERT_EQ(places.size(), 1U);
  EXPECT_TRUE(places.contains("act"));
}

TEST(StreamlineFaults, TheScaleOfTheWrongBranchIsFound) {
  const Subject subject(network());
  Graph faulty = network(RoundingMode::kHalfEven, 0.31F);  // that of the other branch
  make_integer(faulty);
  const Places places = subject.faults_of(faulty);
  ASSERT_EQ(places.size(), 1U);
  EXPECT_TRUE(places.contains("joined"));
}

TEST(StreamlineFaults, AWeightRowThatIsNotNegatedIsFoundInItsChannel) {
  const Subject subject(network());
  Graph faulty = subject.after;
  Node* conv = carrier(faulty, "act")->inputs[0]->producer;
  ASSERT_NE(conv->as<ops::Conv>(), nullptr);
  const Graph& source = subject.before;
  const Node* original = source.find_node(conv->name);
  ASSERT_NE(original, nullptr);
  edit(conv->inputs[1], [&](Integers& w) {  // channel 1 has a negative factor
    for (std::size_t i = w.size() / 2; i < w.size(); ++i) w[i] = -w[i];
  });
  const Places places = subject.faults_of(faulty);
  ASSERT_EQ(places.size(), 1U);
  ASSERT_TRUE(places.contains("act"));
  for (const std::int64_t e : places.at("act")) EXPECT_GE(e, 16);
}

TEST(StreamlineFaults, AnOffsetIgnoredUnderPaddingIsFoundAtTheBorder) {
  Net net;
  Tensor* x = net.add(ops::Sub{}, {pixels(net, {1, 1, 4, 4}), net.number(100)});
  x = net.add(conv3x3(), {x, small_weights(net, {1, 1, 3, 3}, 6)});
  net.finish(net.quant(x, 64, 4, {}, "act"));
  clean_up(net.graph);
  const Subject subject(std::move(net.graph));
  ASSERT_EQ(subject.report.quantisers.at(0).form, QuantiserReport::Form::kPosition);
  EXPECT_TRUE(subject.faults_of(subject.after).empty());
  EXPECT_GT(subject.boundaries(), 200U);

  Graph faulty = subject.after;
  Node* node = carrier(faulty, "act");
  const std::int64_t steps = node->inputs[0]->constant->shape().back();
  ASSERT_EQ(node->inputs[0]->constant->size(), 16 * steps);
  edit(node->inputs[0], [&](Integers& t) {  // every position as the pixel (1, 1)
    const Integers inner(t.begin() + 5 * steps, t.begin() + 6 * steps);
    for (std::int64_t p = 0; p < 16; ++p) std::ranges::copy(inner, t.begin() + p * steps);
  });
  const Places places = subject.faults_of(faulty);
  ASSERT_EQ(places.size(), 1U);
  ASSERT_TRUE(places.contains("act"));
  for (const std::int64_t e : places.at("act")) {
    const bool border = e / 4 == 0 || e / 4 == 3 || e % 4 == 0 || e % 4 == 3;
    EXPECT_TRUE(border) << e;
  }
}

}  // namespace
}  // namespace assay
