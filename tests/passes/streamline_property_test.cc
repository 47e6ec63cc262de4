// SPDX-License-Identifier: Apache-2.0
// Random networks before and after streamlining: equal at every checkpoint, on random images and on
// inputs solved so that accumulators lie exactly at thresholds and one below.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>

#include "passes/streamline_check.h"
#include "passes/streamline_net.h"

namespace assay {
namespace {

using namespace assay::testing;  // NOLINT: the checks are what this file is about

struct Tally {
  std::int64_t graphs = 0, streamlined = 0, too_wide = 0, runs = 0, tried = 0, boundaries = 0;
  std::map<std::string, std::int64_t> forms, refusals;

  std::string text() const {
    std::string out = fmt::format(
        "{} graphs, {} streamlined ({} too wide to run), {} runs, {} of {} boundaries met\n",
        graphs, streamlined, too_wide, runs, boundaries, tried);
    for (const auto& [form, count] : forms) out += fmt::format("  {} {}\n", count, form);
    std::vector<std::pair<std::int64_t, std::string>> sorted;
    for (const auto& [reason, count] : refusals) sorted.emplace_back(-count, reason);
    std::ranges::sort(sorted);
    for (const auto& [count, reason] : sorted)
      out += fmt::format("  {} refused: {}\n", -count, reason);
    return out;
  }
};

/// A message without the names and numbers of its graph: "Relu: problem; remedy".
std::string reason_of(const std::string& message) {
  std::string out;
  bool quoted = false;
  for (const char c : message) {
    if (c == '\'') quoted = !quoted;
    if (quoted || c == '\'') continue;
    if (std::isdigit(static_cast<unsigned char>(c))) {
      if (out.empty() || out.back() != '#') out += '#';
    } else {
      out += c;
    }
  }
  return out;
}

/// Every refusal names what stopped it, and what helps.
void check_refusal(const std::string& message) {
  const bool names = message.find("node '") != std::string::npos ||
                     message.find("constant '") != std::string::npos;
  EXPECT_TRUE(names) << message;
  const std::size_t remedy = message.find("; ");
  ASSERT_NE(remedy, std::string::npos) << message;
  EXPECT_GT(message.size(), remedy + 10) << message;
}

/// Whether the executor's bounds, which are looser than the proof of widths, do not fit 62 bits.
bool is_too_wide(const Graph& graph) {
  try {
    byte_executor(graph);
    return false;
  } catch (const UserError& error) {
    const std::string message = error.what();
    if (message.find("could exceed 62 bits") == std::string::npos) throw;
    return true;
  }
}

struct Pair {
  const Graph &before, &after;
  const ExactExecutor &reference, &integer;
};

/// Runs both on one input. Returns the run of the integer graph.
ExactRun expect_equal(const Pair& pair, const ExactRequest& request, Tally& tally) {
  ExactRequest keep = request;
  keep.keep_all = true;
  ExactRun got = pair.integer.run(keep);
  const auto found = first_disagreement(pair.reference.run(request), got);
  if (found)
    ADD_FAILURE() << found->checkpoint << "[" << found->element << "]: expected " << found->expected
                  << ", got " << found->got;
  ++tally.runs;
  return got;
}

void check_boundaries(const Pair& pair, Random& random, int per_node, Tally& tally) {
  BoundarySolver solver(pair.after, pair.integer, pair.reference, random, 6);
  for (const auto& node : pair.after.nodes()) {
    if (!ThresholdNode::is_one(*node)) continue;
    const ThresholdNode quantiser(*node);
    for (int i = 0; i < per_node; ++i) {
      const std::int64_t e = random.range(0, element_count(quantiser.shape()) - 1),
                         k = random.range(0, quantiser.steps() - 1);
      for (const std::int64_t below : {0, 1}) {
        ++tally.tried;
        const auto solution = solver.solve(quantiser, e, k, below);
        if (!solution) continue;
        const ExactRun run = expect_equal(pair, solution->make(), tally);
        if (::testing::Test::HasFailure()) return;
        if (!meets_boundary(quantiser, run, e, k, below)) continue;
        ++tally.boundaries;
        ++tally.forms[std::string(node->op->type()) + (quantiser.is_table() ? " table" : "")];
      }
    }
  }
}

void check_graph(std::uint64_t seed, const Graph& before, Random& random, Tally& tally) {
  SCOPED_TRACE(fmt::format("seed {}\n{}", seed, to_text(before)));
  ++tally.graphs;
  Graph after = before;
  try {
    make_integer(after);
  } catch (const UserError& error) {
    check_refusal(error.what());
    ++tally.refusals[reason_of(error.what())];
    return;
  }
  ++tally.streamlined;
  if (is_too_wide(after)) {
    ++tally.too_wide;
    return;
  }
  const ExactExecutor reference = byte_executor(before), integer = byte_executor(after);
  const Pair pair{before, after, reference, integer};
  for (const bool corners : {false, true}) {
    const Integers pixels = random_pixels(random, *before.inputs()[0]->shape, corners);
    expect_equal(pair, {.inputs = {{pixels}}}, tally);
  }
  if (!::testing::Test::HasFailure()) check_boundaries(pair, random, 3, tally);
}

void check_random_graph(std::uint64_t seed, Tally& tally) {
  RandomGraph maker(seed, true);
  const Graph before = random_clean_graph(maker);
  check_graph(seed, before, maker.random(), tally);
}

void sweep_streamline(std::uint64_t first, std::uint64_t count) {
  Tally tally;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    check_random_graph(seed, tally);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "first failing seed " << seed;
  }
  std::cout << "seeds " << first << "..." << first + count - 1 << ": " << tally.text();
  EXPECT_GE(tally.streamlined * 10, tally.graphs * 7);
  EXPECT_LE(tally.too_wide * 100, tally.graphs);
  EXPECT_GE(tally.boundaries, static_cast<std::int64_t>(count) * 4);
}

TEST(StreamlineProperty, RandomGraphsKeepEveryCheckpointPart1) { sweep_streamline(1, 125); }
TEST(StreamlineProperty, RandomGraphsKeepEveryCheckpointPart2) { sweep_streamline(1001, 125); }
TEST(StreamlineProperty, RandomGraphsKeepEveryCheckpointPart3) { sweep_streamline(2001, 125); }
TEST(StreamlineProperty, RandomGraphsKeepEveryCheckpointPart4) { sweep_streamline(3001, 125); }
TEST(StreamlinePropertyNightly, TenThousandRandomGraphsKeepEveryCheckpoint) {
  sweep_streamline(100000, 10000);
}

// ---- Normalised pixels in front of a product without a quantiser in between

/// Networks whose pixels have a scale and an offset per channel, as decimals of two digits, when
/// they reach the first product.
class NormalisedGraph : public PixelNet {
 public:
  explicit NormalisedGraph(Random& random) : random_(random) {}

  Graph make() {
    channels_ = random_.range(1, 3);
    Tensor* x = normalised(
        pixels({1, channels_, random_.range(3, 6), random_.range(3, 6)}, DataType::uint(8)));
    x = product(x);
    if (random_.chance(60)) x = affine(x);
    infer_shapes(graph);
    const bool image = x->shape->size() == 4;
    if (image && random_.chance(30)) x = add(max_pool(*x->shape), {x});
    if (random_.chance(40)) x = add(ops::Relu{}, {x});
    x = quant(x, random_.real(0.2, 2), static_cast<float>(random_.range(2, 4)), unsigned_quant());
    if (image && random_.chance(50)) {
      const std::int64_t inputs = outputs_;
      outputs_ = random_.range(1, 3);
      x = add(conv2d(1), {x, integers({outputs_, inputs, 1, 1})});
      x = quant(x, random_.real(0.5, 4), 3);
    }
    finish(x);
    clean_up(graph);
    return std::move(graph);
  }

 private:
  Tensor* decimals(std::int64_t lo, std::int64_t hi, bool negative) {
    std::vector<Real> values;
    for (std::int64_t c = 0; c < channels_; ++c) {
      const bool equal = c > 0 && random_.chance(25);
      const std::int64_t hundredths =
          random_.range(lo, hi) * (negative && random_.chance(30) ? -1 : 1);
      values.push_back(equal ? values.back() : Real(mpq_class(hundredths, 100)));
    }
    return graph.add_constant("decimals", Constant({1, channels_, 1, 1}, std::move(values)));
  }
  Tensor* normalised(Tensor* x) {
    if (random_.chance(70)) x = add(ops::Div{}, {x, number(255)});
    if (random_.chance(80)) x = add(ops::Sub{}, {x, decimals(0, 99, true)});
    if (random_.chance(70)) return add(ops::Div{}, {x, decimals(5, 60, true)});
    return add(ops::Mul{}, {x, decimals(1, 99, true)});
  }
  Tensor* integers(Shape shape) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < element_count(shape); ++i)
      values.push_back(static_cast<float>(random_.range(-3, 3)));
    return floats(std::move(shape), std::move(values));
  }
  ops::Window window() {
    ops::Window w{{random_.range(1, 3), random_.range(1, 3)}, {}, {}, {}};
    for (int axis = 0; axis < 2; ++axis) {
      w.strides.push_back(random_.range(1, 2));
      w.dilations.push_back(1);
    }
    for (int side = 0; side < 4; ++side) w.pads.push_back(random_.range(0, 2));
    return w;
  }
  Tensor* product(Tensor* x) {
    const auto kind = random_.range(1, 10);
    if (kind <= 2) {
      infer_shapes(graph);
      const std::int64_t features = element_count(*x->shape);
      outputs_ = random_.range(1, 4);
      return add(ops::MatMul{},
                 {add(with(&ops::Flatten::axis, 1), {x}), integers({features, outputs_})});
    }
    const bool depthwise = kind <= 4;
    const ops::Window w = window();
    outputs_ = depthwise ? channels_ * random_.range(1, 2) : random_.range(1, 4);
    if (kind == 5) {
      ops::ConvTranspose op;
      op.window = w;
      op.window.pads = {0, 0, 0, 0};
      op.output_padding = {0, 0};
      return add(op, {x, integers({channels_, outputs_, w.kernel_shape[0], w.kernel_shape[1]})});
    }
    ops::Conv op;
    op.window = w;
    op.group = depthwise ? channels_ : 1;
    return add(
        op,
        {x, integers({outputs_, depthwise ? 1 : channels_, w.kernel_shape[0], w.kernel_shape[1]})});
  }
  Tensor* affine(Tensor* x) {
    infer_shapes(graph);
    Shape shape(x->shape->size(), 1);
    shape[1] = outputs_;
    const auto reals = [&](double lo, double hi) {
      std::vector<float> values;
      for (std::int64_t o = 0; o < outputs_; ++o) values.push_back(random_.real(lo, hi));
      return floats(shape, std::move(values));
    };
    return add(ops::Add{}, {add(ops::Mul{}, {x, reals(-0.5, 1)}), reals(-1, 1)});
  }
  ops::MaxPool max_pool(const Shape& shape) {
    return with(
        &ops::MaxPool::window,
        ops::Window{{std::min<std::int64_t>(2, shape[2]), 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}});
  }

  Random& random_;
  std::int64_t channels_ = 1, outputs_ = 1;
};

void sweep_normalised(std::uint64_t first, std::uint64_t count) {
  Tally tally;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Random random(seed);
    const Graph before = NormalisedGraph(random).make();
    check_graph(seed, before, random, tally);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "first failing seed " << seed;
  }
  std::cout << "seeds " << first << "..." << first + count - 1 << ": " << tally.text();
  EXPECT_GE(tally.streamlined * 100, tally.graphs * 95);
  EXPECT_GE(tally.boundaries, static_cast<std::int64_t>(count) * 3);
}

TEST(StreamlineProperty, NormalisedPixelsKeepEveryCheckpoint) { sweep_normalised(1, 200); }
TEST(StreamlinePropertyNightly, ThreeThousandNormalisedNetworksKeepEveryCheckpoint) {
  sweep_normalised(10000, 3000);
}

}  // namespace
}  // namespace assay
