// SPDX-License-Identifier: Apache-2.0
// The network that ships, stitched with FIFOs other than the ones that sizing found.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "harness/flow/stage_files.h"
#include "harness/run_command.h"
#include "sim/token/fifo_sizing.h"
#include "sim/token/token_model.h"
#include "top/rig.h"

namespace assay::top {
namespace {

/// The next smaller depth for a FIFO; the smallest one goes.
void make_smaller(Graph& graph, const std::string& fifo) {
  Node* node = graph.find_node(fifo);
  auto& op = dynamic_cast<hw::StreamingFIFO&>(*node->op);
  op.depth = sim::smaller_depth(op.depth);
  if (op.depth > 0) return;
  graph.replace_uses(node->outputs[0], node->inputs[0]);
  graph.erase(node);
  graph.remove_dead();
}

/// What a run did, and whether the token model said so.
std::string outcome(const Graph& graph) {
  Rig rig(graph);
  const SimRun run = rig.run();
  sim::TokenModel model(token_network(rig.top.rtl), {}, run.frames);
  EXPECT_EQ(model.run(run.frames), run.result.stuck.empty()) << run.result.stuck;
  const Judgement judgement = judge_run(rig.top, run);
  if (!run.result.stuck.empty()) {
    EXPECT_FALSE(model.circle().empty());
    EXPECT_THAT(judgement.reason, ::testing::HasSubstr("DEADLOCK"));
    return judgement.reason;
  }
  EXPECT_EQ(judgement.verdict, Verdict::kEquivalent) << judgement.reason;
  const TokenCheck check = check_tokens(rig.top, run);
  EXPECT_EQ(check.compared, std::ssize(rig.top.rtl.streams));
  EXPECT_EQ(check.differing, 0) << check.first;
  return fmt::format("{}, a frame every {} cycles", judgement.reason, timing(run)->interval);
}

class ShippedNightly : public ::testing::TestWithParam<std::string> {};

TEST_P(ShippedNightly, EveryFifoOneSmallerDoesWhatTheTokenModelSays) {
  const TempDir dir;
  const std::string out = (dir.path() / "out").string();
  const std::string model = ASSAY_SOURCE_DIR "/models/resnet8_w4a4/model.qonnx.onnx";
  const CommandResult run =
      run_assay({"run", model, "--images", "1", "--target-cycles", GetParam(), "--out", out});
  ASSERT_EQ(run.code, 0) << run.err;
  const Graph graph = read_stage(RunDir(out), "stages/16_fifos.onnx");
  fmt::print("as sized: {}\n", outcome(graph));
  int fifos = 0;
  for (const auto& node : graph.nodes()) {
    const auto* fifo = node->as<hw::StreamingFIFO>();
    if (!fifo) continue;
    SCOPED_TRACE(node->name);
    Graph changed = graph;
    make_smaller(changed, node->name);
    fmt::print("'{}' below {}: {}\n", node->name, fifo->depth, outcome(changed));
    std::fflush(stdout);
    ++fifos;
  }
  EXPECT_GE(fifos, 3);  // one per residual at least
}

INSTANTIATE_TEST_SUITE_P(TargetCycles, ShippedNightly, ::testing::Values("16384", "65536"));

}  // namespace
}  // namespace assay::top
