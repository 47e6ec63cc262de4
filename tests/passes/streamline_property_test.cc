// SPDX-License-Identifier: Apache-2.0
// Random networks before and after streamlining: equal at every checkpoint, on random images and on
// inputs solved so that accumulators lie exactly at thresholds and one below.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>

#include "passes/streamline_check.h"

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

void check_graph(std::uint64_t seed, Tally& tally) {
  RandomGraph maker(seed);
  const Graph before = random_clean_graph(maker);
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
    const Integers pixels = random_pixels(maker.random(), *before.inputs()[0]->shape, corners);
    expect_equal(pair, {.inputs = {{pixels}}}, tally);
  }
  if (!::testing::Test::HasFailure()) check_boundaries(pair, maker.random(), 3, tally);
}

void sweep(std::uint64_t first, std::uint64_t count) {
  Tally tally;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    check_graph(seed, tally);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "first failing seed " << seed;
  }
  std::cout << "seeds " << first << "..." << first + count - 1 << ": " << tally.text();
  EXPECT_GE(tally.streamlined * 10, tally.graphs * 7);
  EXPECT_LE(tally.too_wide * 100, tally.graphs);
  EXPECT_GE(tally.boundaries, static_cast<std::int64_t>(count) * 4);
}

TEST(StreamlineProperty, RandomGraphsKeepEveryCheckpointPart1) { sweep(1, 125); }
TEST(StreamlineProperty, RandomGraphsKeepEveryCheckpointPart2) { sweep(1001, 125); }
TEST(StreamlineProperty, RandomGraphsKeepEveryCheckpointPart3) { sweep(2001, 125); }
TEST(StreamlineProperty, RandomGraphsKeepEveryCheckpointPart4) { sweep(3001, 125); }
TEST(StreamlinePropertyNightly, TenThousandRandomGraphsKeepEveryCheckpoint) {
  sweep(100000, 10000);
}

}  // namespace
}  // namespace assay
