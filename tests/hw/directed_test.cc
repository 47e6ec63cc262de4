// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/directed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "compile/base/file.h"
#include "harness/rtl/exact_sum.h"
#include "harness/rtl/node_frames.h"
#include "harness/rtl/threshold_rows.h"
#include "hw/layer_runs.h"

/// Do directed frames show what they say? Every fault that the coverage counts as shown is planted
/// into the node, and golden has to give other outputs on the frames.
namespace assay::hw::test {
namespace directed_test {

// ---- Sums -------------------------------------------------------------------------------------

std::int64_t sum_of(const std::vector<SumTerm>& terms, const Ints& x) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < terms.size(); ++i) sum += terms[i].coefficient * x[i];
  return sum;
}

TEST(ExactSum, KnowsItsReach) {
  const std::vector<SumTerm> terms = {{4, {0, 3}}, {-6, {-1, 1, 2}}, {0, {0, 9}}};
  const Steps all = reach(terms);
  EXPECT_EQ(all.min, -6);
  EXPECT_EQ(all.max, 18);
  EXPECT_EQ(all.step, 4);  // 4 and 2 * 6
}

TEST(ExactSum, FindsWhatCanBeHad) {
  const std::vector<SumTerm> terms = {{5, {0, 3}}, {-3, {0, 3}}, {2, {-1, 1}}, {7, {-2, 2}}};
  std::set<std::int64_t> sums;
  for (std::int64_t a = 0; a <= 3; ++a)
    for (std::int64_t b = 0; b <= 3; ++b)
      for (std::int64_t c = -1; c <= 1; ++c)
        for (std::int64_t d = -2; d <= 2; ++d) sums.insert(5 * a - 3 * b + 2 * c + 7 * d);
  const std::vector<std::size_t> order = {3, 0, 1, 2};
  std::mt19937_64 random(1);
  std::int64_t found = 0;
  for (const std::int64_t target : sums)
    for (int i = 0; i < 8; ++i) {
      Ints x;
      for (const SumTerm& t : terms)
        x.push_back(t.x.min + static_cast<std::int64_t>(
                                  random() % static_cast<std::uint64_t>(t.x.max - t.x.min + 1)));
      if (!solve_sum(terms, target, order, x)) continue;
      ++found;
      EXPECT_EQ(sum_of(terms, x), target);
      for (std::size_t k = 0; k < x.size(); ++k) {
        EXPECT_GE(x[k], terms[k].x.min);
        EXPECT_LE(x[k], terms[k].x.max);
      }
      break;
    }
  EXPECT_EQ(found, std::ssize(sums));
  Ints x = {0, 0, 0, 0};
  EXPECT_FALSE(solve_sum(terms, 100, order, x));
}

TEST(ThresholdRows, CountsWhatIsStraddled) {
  ThresholdRows rows;
  rows.add_row({3, -4, 9, 20}, Steps{-4, 10, 2});  // sums -4, -2, .. 10
  EXPECT_EQ(rows.thresholds(), 4);
  EXPECT_EQ(rows.unreachable(), 2);  // -4 is always reached, 20 never
  EXPECT_EQ(rows.open(0), 2);        // below 3, the first of the values next to a threshold
  rows.see(0, 2);
  EXPECT_EQ(rows.straddled(), 0);
  rows.see(0, 4);
  EXPECT_EQ(rows.straddled(), 1);
  EXPECT_EQ(rows.open(0), 8);
  rows.give_up(0);
  EXPECT_EQ(rows.open(0), 10);
  rows.see(0, 10);
  EXPECT_EQ(rows.straddled(), 1);
  EXPECT_EQ(rows.open(0), std::nullopt);
  rows.see(0, 8);
  EXPECT_EQ(rows.straddled(), 2);
  const auto gaps = rows.gaps(0, 4);  // 3 <= 4 < 9
  EXPECT_EQ(gaps.down, 2);
  EXPECT_EQ(gaps.up, 5);
  EXPECT_TRUE(rows.crosses(0, 8, 9));
  EXPECT_FALSE(rows.crosses(0, 9, 19));
  EXPECT_EQ(rows.used(), 1);

  rows.add_row({7}, [](std::int64_t) { return std::pair<std::int64_t, std::int64_t>(5, 11); });
  EXPECT_EQ(rows.open(1), 5);
  rows.see(1, 5);
  rows.see(1, 11);
  EXPECT_EQ(rows.straddled(), 3);
}

// ---- Faults in a node -------------------------------------------------------------------------

constexpr std::int64_t kFrames = 64;

/// Directed frames and what golden makes of them.
struct Shown {
  explicit Shown(const Graph& node_graph) : graph(node_graph) {
    const std::unique_ptr<NodeStimuli> stimuli = make_stimuli(node_of(graph));
    frames = stimuli->directed(kFrames, 3);
    coverage = stimuli->coverage();
    const NodeAlone golden(node_of(graph));
    for (const NodeFrame& frame : frames) outputs.push_back(golden.outputs(frame));
  }
  /// Whether another node gives other outputs.
  bool shows(const Graph& other) const {
    const NodeAlone golden(node_of(other));
    for (std::size_t f = 0; f < frames.size(); ++f)
      if (golden.outputs(frames[f]) != outputs[f]) return true;
    return false;
  }
  Graph graph;
  std::vector<NodeFrame> frames;
  std::vector<std::vector<Ints>> outputs;
  report::Coverage coverage;
};

/// The graph with another value in a constant input.
Graph with_value(const Graph& graph, std::size_t input, std::size_t at, std::int64_t value) {
  Graph copy = graph;
  Tensor* tensor = copy.nodes().at(0)->inputs.at(input);
  Ints values(tensor->constant->ints().begin(), tensor->constant->ints().end());
  values[at] = value;
  tensor->constant = Constant(tensor->constant->shape(), values);
  return copy;
}

/// The value with one bit of its code changed.
std::int64_t flipped(std::int64_t value, int bit, const DataType& type) {
  if (type.kind == DataType::Kind::kBipolar) return -value;
  const std::uint64_t code = static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << bit);
  if (!type.is_signed()) return static_cast<std::int64_t>(code);
  const int unused = 64 - type.bits;
  return static_cast<std::int64_t>(code << unused) >> unused;
}

/// Flips every weight bit. Sums beyond the accumulator's type are refused by golden, so it is wide.
void expect_weights_shown(const Graph& graph) {
  const Shown shown(graph);
  const Tensor& w = *node_of(graph).inputs[1];
  std::int64_t seen = 0;
  for (std::size_t i = 0; i < w.constant->ints().size(); ++i)
    for (int bit = 0; bit < w.dtype.bits; ++bit) {
      const std::int64_t value = flipped(w.constant->ints()[i], bit, w.dtype);
      if (shown.shows(with_value(graph, 1, i, value))) ++seen;
    }
  EXPECT_EQ(shown.coverage.weight_bits.seen, seen);
  EXPECT_EQ(shown.coverage.weight_bits.all, std::ssize(w.constant->ints()) * w.dtype.bits);
  EXPECT_EQ(shown.coverage.weight_bits.seen, shown.coverage.weight_bits.reachable());
}

/// Moves every threshold by one either way: where it can be reached in steps of one, both are
/// shown.
void expect_thresholds_shown(const Graph& graph, std::size_t input) {
  const Shown shown(graph);
  const Tensor& t = *node_of(graph).inputs[input];
  const auto count = static_cast<std::size_t>(t.shape->back());
  std::int64_t seen = 0;
  for (std::size_t i = 0; i < t.constant->ints().size(); ++i) {
    const std::int64_t value = t.constant->ints()[i];
    // One that is equal to a neighbour would no longer be sorted.
    const bool up = i % count + 1 == count || t.constant->ints()[i + 1] > value,
               down = i % count == 0 || t.constant->ints()[i - 1] < value;
    ASSERT_TRUE(up && down);
    if (shown.shows(with_value(graph, input, i, value + 1)) &&
        shown.shows(with_value(graph, input, i, value - 1)))
      ++seen;
  }
  // A row of thresholds may stand for all rows of a product.
  const std::int64_t rows = shown.coverage.thresholds.all / std::ssize(t.constant->ints());
  EXPECT_EQ(shown.coverage.thresholds.seen, seen * rows);
  EXPECT_EQ(shown.coverage.thresholds.seen, shown.coverage.thresholds.reachable());
  EXPECT_GT(seen, 0);
}

Graph mvau(DataType x, DataType w, Shape thresholds, Ints t, bool xnor = false) {
  NodeGraph g;
  MVAU op;
  op.acc_dtype = DataType::sint(16);
  op.xnor = xnor;
  const bool quantised = !t.empty();
  op.levels.out_dtype = quantised ? DataType::uint(4) : op.acc_dtype;
  std::vector<Tensor*> inputs = {g.input({1, 2, 3, 12}, x),
                                 g.constant({12, 4}, random_values(48, w, 5), w)};
  if (quantised) inputs.push_back(g.constant(std::move(thresholds), std::move(t)));
  return g.node(op, inputs, {op.levels.out_dtype});
}

const Ints kRows = {-9, 0, 6, -3, 2, 11, 1, 4, 8, -20, -10, 40};

TEST(Directed, ShowsEveryWeightBitOfAProduct) {
  expect_weights_shown(mvau(DataType::uint(4), DataType::sint(4), {4, 3}, kRows));
  expect_weights_shown(mvau(DataType::sint(3), DataType::sint(3), {1, 3}, {-5, 1, 7}));
  expect_weights_shown(mvau(DataType::uint(2), DataType::bipolar(), {4, 3}, kRows));
  expect_weights_shown(mvau(DataType::bipolar(), DataType::bipolar(), {1, 1}, {1}));
  expect_weights_shown(mvau(DataType::uint(4), DataType::sint(4), {}, {}));
  expect_weights_shown(
      mvau(DataType::uint(1), DataType::uint(1), {1, 3}, {3, 6, 9}, /*xnor=*/true));
}

TEST(Directed, ShowsBothSidesOfEveryThresholdOfAProduct) {
  expect_thresholds_shown(mvau(DataType::uint(4), DataType::sint(4), {4, 3}, kRows), 2);
  expect_thresholds_shown(mvau(DataType::uint(1), DataType::uint(1), {1, 3}, {3, 6, 9}, true), 2);
}

TEST(Directed, SaysWhatNoInputReaches) {
  const Shown shown(mvau(DataType::uint(1), DataType::sint(4), {1, 3}, {-999, 0, 999}));
  EXPECT_EQ(shown.coverage.thresholds.all, 12);
  EXPECT_EQ(shown.coverage.thresholds.unreachable, 8);
  EXPECT_EQ(shown.coverage.thresholds.seen, 4);
  const Shown none(mvau(DataType::uint(1), DataType::sint(4), {1, 2}, {-999, 999}));
  EXPECT_EQ(none.coverage.weight_bits.reachable(), 0);
  EXPECT_GT(none.coverage.weight_bits.all, 0);
}

TEST(Directed, ShowsDepthwiseProducts) {
  NodeGraph g;
  VVAU op;
  op.acc_dtype = DataType::sint(16);
  op.levels.out_dtype = DataType::uint(2);
  op.pe = 2;
  const Graph graph =
      g.node(op,
             {g.input({1, 2, 2, 36}, DataType::uint(4)),
              g.constant({9, 4}, random_values(36, DataType::sint(4), 7), DataType::sint(4)),
              g.constant({4, 3}, kRows)},
             {DataType::uint(2)});
  expect_weights_shown(graph);
  expect_thresholds_shown(graph, 2);
}

TEST(Directed, ShowsBothSidesOfThresholdsByChannelAndPosition) {
  for (const Shape& lead : {Shape{3}, Shape{1}, Shape{1, 2, 1, 3}}) {
    NodeGraph g;
    Thresholding op;
    op.levels.out_dtype = DataType::uint(2);
    Ints t;
    for (std::int64_t i = 0; i < element_count(lead); ++i)
      for (const std::int64_t step : {-6, 1, 5}) t.push_back(step + i % 4);
    Shape shape = lead;
    shape.push_back(3);
    const Graph graph = g.node(op, {g.input({1, 2, 2, 3}, DataType::sint(5)), g.constant(shape, t)},
                               {DataType::uint(2)});
    SCOPED_TRACE(shape_text(shape));
    expect_thresholds_shown(graph, 1);
    EXPECT_EQ(Shown(graph).coverage.rows.seen, element_count(lead));
  }
}

TEST(Directed, ShowsBothSidesOfJoinedThresholds) {
  JoinThreshold op;
  op.levels.out_dtype = DataType::uint(2);
  {  // a line; 3 and 1 reach every sum
    NodeGraph g;
    expect_thresholds_shown(
        g.node(op,
               {g.constant({1, 1, 1, 2, 3}, {-4, 3, 20, 0, 5, 11}),
                g.constant({1, 1, 1, 2, 2}, {3, 1, 1, -1}),
                g.input({1, 2, 2, 2}, DataType::uint(4)), g.input({1, 2, 2, 2}, DataType::sint(3))},
               {DataType::uint(2)}),
        0);
  }
  {  // multipliers so large that hardly a sum lies at a threshold
    NodeGraph g;
    const Shown shown(g.node(
        op,
        {g.constant({1, 1, 1, 1, 3}, {-4000, 377, 7001}), g.constant({1, 1, 1, 1, 2}, {-13, 701}),
         g.input({1, 2, 2, 2}, DataType::sint(13)), g.input({1, 2, 2, 2}, DataType::uint(4))},
        {DataType::uint(2)}));
    EXPECT_EQ(shown.coverage.thresholds.seen, 3);
  }
  {  // a table of three entries for a type of four
    op.table_min = -1;
    NodeGraph g;
    expect_thresholds_shown(
        g.node(op,
               {g.constant({1, 1, 1, 1, 3, 2}, {2, 6, 1, 9, 4, 13}), nullptr,
                g.input({1, 2, 2, 2}, DataType::uint(4)), g.input({1, 2, 2, 2}, DataType::sint(2))},
               {DataType::uint(2)}),
        0);
  }
}

TEST(Directed, KeepsToProvedSums) {
  // Its type holds the sums of inputs up to 5 only; larger ones never come.
  NodeGraph g;
  MVAU op;
  op.acc_dtype = op.levels.out_dtype = DataType::uint(5);
  const Graph graph = g.node(
      op, {g.input({1, 4}, DataType::uint(3)), g.constant({4, 1}, {1, 1, 2, 2}, DataType::uint(2))},
      {DataType::uint(5)});
  const Shown shown(graph);
  EXPECT_GT(std::ssize(shown.frames), 0);
  EXPECT_EQ(shown.coverage.weight_bits.seen, shown.coverage.weight_bits.reachable());
}

// ---- The label --------------------------------------------------------------------------------

Graph label_select(std::int64_t pe) {
  NodeGraph g;
  LabelSelect op;
  op.pe = pe;
  return g.node(op, {g.input({1, 10}, DataType::sint(13))},
                {DataType::float32(), DataType::uint(4)});
}

/// Simulates a node with a piece of its RTL replaced.
sim::Result simulate(PreparedNode node, const std::string& from, const std::string& to) {
  bool found = from.empty();
  for (sim::SourceFile& source : node.spec.sources)
    if (const auto at = source.text.find(from); !from.empty() && at != std::string::npos) {
      source.text.replace(at, from.size(), to);
      found = true;
    }
  EXPECT_TRUE(found);
  const Scratch scratch;
  const auto save = [&](const std::string& name, const sim::Tokens& tokens) {
    const std::filesystem::path path = scratch.path() / name;
    write_file(path, {reinterpret_cast<const char*>(tokens.bytes.data()), tokens.bytes.size()});
    return sim::StreamFile{path.string(), tokens.bits, tokens.beats, tokens.last};
  };
  sim::JobFile job;
  job.job.frames =
      static_cast<std::int64_t>(node.outputs[0].bytes.size() / node.outputs[0].stride()) /
      node.outputs[0].beats;
  job.job.patience = node.patience;
  return sim::run_model(model_cache().get(node.spec), job,
                        {{save("in", node.inputs[0])}, {save("out", node.outputs[0])}},
                        scratch.path(), scratch.path(), "run");
}

TEST(Directed, TellsTiesOfClasses) {
  for (const std::int64_t pe : {1, 2}) {
    const Graph graph = label_select(pe);
    PreparedNode plain = prepare_node(node_of(graph)), directed = prepare_node(node_of(graph));
    const NodeAlone golden(node_of(graph));
    std::mt19937_64 random(2);
    for (int i = 0; i < 50; ++i) {  // what images give: hardly ever two equal best classes
      const NodeFrame frame = random_frame(node_of(graph), random);
      add_frame(plain, [&](const Tensor* t) {
        return t == node_of(graph).inputs[0] ? frame[0] : golden.outputs(frame)[1];
      });
    }
    add_directed_frames(directed, *make_stimuli(node_of(graph)), 1);
    const auto fault = [](const PreparedNode& node, const std::string& from,
                          const std::string& to) {
      const sim::Result r = simulate(node, from, to);
      EXPECT_EQ(r.compared, r.predicted);
      return r.differing > 0;
    };
    const std::string compare = "(in_data_i[l*InBits +: InBits] ^ Turn) >\n",
                      reversed = "(in_data_i[l*InBits +: InBits] ^ Turn) >=\n";
    EXPECT_FALSE(fault(plain, compare, reversed)) << "the fault that images cannot see";
    EXPECT_TRUE(fault(directed, compare, reversed));
    EXPECT_FALSE(fault(directed, "", ""));
  }
}

}  // namespace directed_test
}  // namespace assay::hw::test
