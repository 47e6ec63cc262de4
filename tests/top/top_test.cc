// SPDX-License-Identifier: Apache-2.0
// Stitched designs against golden, and what must not go unnoticed in them.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "harness/rtl/canaries.h"
#include "sim/token/token_model.h"
#include "top/rig.h"

namespace assay::top {
namespace {

using ::testing::HasSubstr;

void expect_equal_under_every_profile(Graph graph) {
  Rig rig(std::move(graph));
  for (int p = 0; p < sim::kProfiles; ++p) {
    const SimRun run = rig.run(static_cast<sim::Profile>(p));
    SCOPED_TRACE(sim::profile_name(run.profile));
    const Judgement judgement = judge_run(rig.top, run);
    EXPECT_EQ(judgement.verdict, Verdict::kEquivalent)
        << judgement.reason << "; first: " << rig.first_text(run);
    if (p > 0) {
      EXPECT_GT(run.result.compared_before_reset + run.result.compared, 0);
      continue;
    }
    const auto time = timing(run);
    ASSERT_TRUE(time);
    EXPECT_TRUE(time->steady);
    EXPECT_EQ(time->interval, rig.top.slowest().layer.cycles);
    const TokenCheck tokens = check_tokens(rig.top, run);
    EXPECT_EQ(tokens.compared, std::ssize(rig.top.rtl.streams));
    EXPECT_EQ(tokens.differing, 0) << tokens.first;
  }
}

TEST(Top, ResidualSumEqualsGoldenOnEveryStream) {
  expect_equal_under_every_profile(residual_graph(32));
}

/// A whole frame waits for the factors that are computed from it.
TEST(Top, AGateEqualsGoldenOnEveryStream) { expect_equal_under_every_profile(gate_graph(64)); }

TEST(Top, DenseLayersEqualGoldenOnEveryStream) { expect_equal_under_every_profile(dense_graph()); }

TEST(Top, EachPartitionGetsGoldensTokens) {
  for (const std::size_t partition : {0U, 1U}) {
    Graph graph = dense_graph();
    for (const char* name : {"second", "steps2", "third"})
      dynamic_cast<hw::HwOp&>(*graph.find_node(name)->op).partition = 1;
    Rig rig(std::move(graph), 3, partition);
    EXPECT_EQ(rig.top.rtl.nodes.size(), partition == 0 ? 2U : 3U);
    EXPECT_EQ(rig.top.rtl.slaves.size(), 1U);
    const Judgement judgement = judge_run(rig.top, rig.run(sim::Profile::kBernoulli));
    EXPECT_EQ(judgement.verdict, Verdict::kEquivalent) << judgement.reason;
  }
}

TEST(Top, JudgesIncompleteRunsAsSuch) {
  Rig rig(dense_graph());
  const SimRun good = rig.run();
  const auto verdict = [&](auto&& change) {
    SimRun run = good;
    change(run.result);
    return judge_run(rig.top, run).verdict;
  };
  EXPECT_EQ(verdict([](sim::Result&) {}), Verdict::kEquivalent);
  EXPECT_EQ(verdict([](sim::Result& r) { --r.compared; }), Verdict::kInconclusive);
  EXPECT_EQ(verdict([](sim::Result& r) { --r.monitors[2].compared; }), Verdict::kInconclusive);
  EXPECT_EQ(verdict([](sim::Result& r) { r.monitors.pop_back(); }), Verdict::kInconclusive);
  EXPECT_EQ(verdict([](sim::Result& r) { r.frame_ends.resize(2); }), Verdict::kInconclusive);
  EXPECT_EQ(verdict([](sim::Result& r) { --r.frame_ends.back(); }), Verdict::kInconclusive);
  EXPECT_EQ(verdict([](sim::Result& r) { ++r.monitors[2].digest; }), Verdict::kInconclusive);
  EXPECT_EQ(verdict([](sim::Result& r) { ++r.outputs[0].digest; }), Verdict::kInconclusive);
  EXPECT_EQ(verdict([](sim::Result& r) {  // a frame that comes too soon
              --r.frame_ends.back();
              --r.outputs[0].last;
              --r.cycles;
            }),
            Verdict::kDifferent);
  EXPECT_EQ(verdict([](sim::Result& r) {
              r.violations = {{"data-changed", "mon1", 3}};
            }),
            Verdict::kDifferent);
  // One stamp more or less is noticed.
  SimRun late = good;
  late.result.monitors[3].stamp_hash ^= 1U;
  EXPECT_EQ(check_tokens(rig.top, good).differing, 0);
  EXPECT_EQ(check_tokens(rig.top, late).differing, 1);
}

TEST(Top, ProfilesChangeCyclesAndNoTokens) {
  Rig rig(residual_graph(32));
  const SimRun always = rig.run(), starved = rig.run(sim::Profile::kStarved),
               pulse = rig.run(sim::Profile::kReadyPulse);
  EXPECT_LT(always.result.cycles, starved.result.cycles);
  for (const SimRun* run : {&always, &starved, &pulse})
    for (const sim::StreamCounts& c : run->result.monitors) {
      EXPECT_EQ(c.compared, c.predicted);
      EXPECT_EQ(c.differing, 0);
    }
  const std::size_t out = rig.written_by("join"), in = rig.top.rtl.slaves[0].stream;
  EXPECT_EQ(always.result.monitors[out].stalls, 0);
  EXPECT_GT(always.result.monitors[in].stalls, 0);  // the product is slower than the source
  EXPECT_GT(starved.result.monitors[in].starves, always.result.monitors[in].starves);
}

TEST(Top, FifosSayHowFullTheyWere) {
  Rig rig(residual_graph(40));
  const SimRun run = rig.run();
  ASSERT_EQ(run.result.high_water.size(), 1U);
  EXPECT_GT(run.result.high_water[0], 8);
  EXPECT_LE(run.result.high_water[0], 40);
  // As full as that is enough; the token model says so too.
  Rig exact(residual_graph(run.result.high_water[0]));
  EXPECT_EQ(judge_run(exact.top, exact.run()).verdict, Verdict::kEquivalent);
}

TEST(Top, SmallFifosDeadlockAndTheReportSaysWhoWaits) {
  Rig rig(residual_graph(2));
  const SimRun run = rig.run();
  const Judgement judgement = judge_run(rig.top, run);
  EXPECT_EQ(judgement.verdict, Verdict::kDifferent);
  for (const char* part :
       {"DEADLOCK: ", "'bypass' waits for 'join' to take", "'join' waits for 'conv' from 'conv'",
        "'copies' waits for 'bypass' to take", "enlarge FIFO 'bypass' (depth 2)"})
    EXPECT_THAT(judgement.reason, HasSubstr(part));
}

TEST(Top, SmallerFifosDoWhatTheTokenModelSays) {
  int stuck = 0, slower = 0, equal = 0;
  for (const std::int64_t depth : {8, 12, 14, 15, 16, 17, 18, 20}) {
    SCOPED_TRACE(depth);
    Rig rig(residual_graph(depth));
    const SimRun run = rig.run();
    sim::TokenModel model(token_network(rig.top.rtl), {}, run.frames);
    ASSERT_EQ(model.run(run.frames), run.result.stuck.empty()) << run.result.stuck;
    if (!run.result.stuck.empty()) {
      ++stuck;
      EXPECT_FALSE(model.circle().empty());
      EXPECT_THAT(judge_run(rig.top, run).reason, HasSubstr("DEADLOCK"));
      continue;
    }
    EXPECT_EQ(judge_run(rig.top, run).verdict, Verdict::kEquivalent);
    EXPECT_EQ(check_tokens(rig.top, run).differing, 0) << check_tokens(rig.top, run).first;
    (timing(run)->interval > rig.top.slowest().layer.cycles ? slower : equal) += 1;
  }
  EXPECT_GT(stuck, 0);
  EXPECT_GT(equal, 0);
  fmt::print("{} stuck, {} slower, {} equal\n", stuck, slower, equal);
}

TEST(Top, NoticesAChangedBitOnEveryStreamWhereItIs) {
  Rig rig(residual_graph(32));
  for (std::size_t s = 0; s < rig.top.monitors.size(); ++s) {
    const SimRun run = rig.run(sim::Profile::kAlways, {draw_fault(rig.top, 100 + s, 1, true, s)});
    EXPECT_EQ(canaries_of(rig.top, run).caught, 1) << s << ": " << rig.first_text(run);
    EXPECT_EQ(run.result.monitors[s].differing, 1);
    EXPECT_EQ(judge_run(rig.top, run).verdict, Verdict::kDifferent);
  }
}

TEST(Top, NoticesFaultsOnAllStreamsAtOnce) {
  Rig rig(residual_graph(32));
  const std::vector<PlantedFault> faults = draw_faults(rig.top, 4, 5);
  EXPECT_GE(std::ssize(faults), 4 * std::ssize(rig.top.monitors));
  SimRun run = rig.run(sim::Profile::kAlways, faults);
  EXPECT_EQ(canaries_of(rig.top, run).planted, std::ssize(faults));
  EXPECT_EQ(canaries_of(rig.top, run).caught, std::ssize(faults));
  ++run.result.monitors[1].differing;  // one more, or at another place
  EXPECT_LT(canaries_of(rig.top, run).caught, std::ssize(faults));
  --run.result.monitors[1].differing;
  ++run.result.monitors[1].differing_digest;
  EXPECT_LT(canaries_of(rig.top, run).caught, std::ssize(faults));
}

TEST(Top, LocatesSwappedWeights) {
  Rig rig(dense_graph());
  rig.swap_files("first_weights.hex", "second_weights.hex");
  const SimRun run = rig.run();
  ASSERT_TRUE(run.result.first);
  EXPECT_TRUE(run.result.first->monitor);
  EXPECT_EQ(static_cast<std::size_t>(run.result.first->output), rig.written_by("first"));
  EXPECT_THAT(rig.first_text(run), HasSubstr("stream 'first' from 'first' to 'steps1', image 0"));
  EXPECT_EQ(run.result.monitors[rig.top.rtl.slaves[0].stream].differing, 0);
}

TEST(Top, LocatesAFifoThatDropsABeatUnderStall) {
  Rig rig(residual_graph(32));
  rig.patch("assay_fifo.sv", "  assign write      = in_valid_i && in_ready_o;",
            "  logic drop, dropped;\n"
            "  assign drop = out_valid_o && !out_ready_i && count == CountBits'(5) && !dropped;\n"
            "  always_ff @(posedge clk_i) begin\n    if (!rst_ni) dropped <= 1'b0;\n"
            "    else if (in_valid_i && drop) dropped <= 1'b1;\n  end\n"
            "  assign write      = in_valid_i && in_ready_o && !drop;");
  const SimRun run = rig.run();
  ASSERT_TRUE(run.result.first);
  EXPECT_THAT(rig.first_text(run),
              AllOf(HasSubstr("from 'bypass' to 'join'"), HasSubstr("(dropped)")));
  EXPECT_EQ(judge_run(rig.top, run).verdict, Verdict::kDifferent);
}

TEST(Top, LocatesABeatThatMovesInAnotherCycle) {
  Rig rig(residual_graph(32));
  const SimRun good = rig.run();
  EXPECT_EQ(first_other_cycle(rig.top, rig.stamped(good)), "");
  rig.patch("assay_fifo.sv", "  assign in_ready_o = count != CountBits'(Depth);",
            "  logic paused;\n"
            "  always_ff @(posedge clk_i) begin\n    if (!rst_ni) paused <= 1'b0;\n"
            "    else if (in_valid_i && count == CountBits'(5)) paused <= 1'b1;\n  end\n"
            "  assign in_ready_o = count != CountBits'(Depth) && (paused || count != "
            "CountBits'(5));");
  const SimRun run = rig.run();
  EXPECT_EQ(judge_run(rig.top, run).verdict, Verdict::kEquivalent);
  EXPECT_GT(check_tokens(rig.top, run).differing, 0);
  EXPECT_THAT(first_other_cycle(rig.top, rig.stamped(run)),
              HasSubstr("stream 'copies_0' from 'copies' to 'bypass', frame 0, beat 5: offered"));
}

TEST(Top, LocatesAMissingLastBeat) {
  Rig rig(residual_graph(32));
  rig.patch(
      "assay_fifo.sv", "  assign write      = in_valid_i && in_ready_o;",
      "  logic [4:0] beat;\n  always_ff @(posedge clk_i) begin\n    if (!rst_ni) beat <= '0;\n"
      "    else if (in_valid_i && in_ready_o) beat <= beat + 1'b1;\n  end\n"
      "  assign write      = in_valid_i && in_ready_o && beat != 5'd31;");
  const SimRun run = rig.run();
  ASSERT_TRUE(run.result.first);
  EXPECT_THAT(rig.first_text(run), AllOf(HasSubstr("from 'bypass' to 'join', image 0, beat 31"),
                                         HasSubstr("(dropped)")));
}

TEST(Top, LocatesAnEarlyTLast) {
  Rig rig(dense_graph());
  rig.patch("assay_tlast_marker.sv", "BeatBits'(Beats - 1)", "BeatBits'(Beats - 2)");
  const SimRun run = rig.run();
  ASSERT_TRUE(run.result.first);
  EXPECT_FALSE(run.result.first->monitor);
  EXPECT_THAT(rig.first_text(run),
              AllOf(HasSubstr("port m_axis ('third'), image 0, beat 1"), HasSubstr("early-last")));
}

}  // namespace
}  // namespace assay::top
