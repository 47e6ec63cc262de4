// SPDX-License-Identifier: Apache-2.0
#include "sim/token/stall_proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace assay::sim {
namespace {

using hw::PhasesTiming;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;

constexpr std::int64_t kForkBeats = 12;

/// A fork whose beats go through two pipelines of thresholds to a join that takes all beats of the
/// first branch and then those of the second one, where a FIFO stands in front of it.
TokenNetwork one_after_the_other(std::int64_t depth) {
  TokenNetwork network;
  network.beats = {kForkBeats, kForkBeats,     kForkBeats, kForkBeats,
                   kForkBeats, 2 * kForkBeats, kForkBeats};
  network.nodes = {
      {hw::HandOutTiming{}, {0}, {1, 2}},
      {hw::PipelineTiming{.stages = 4}, {1}, {3}},
      {hw::PipelineTiming{.stages = 4}, {2}, {6}},
      {hw::FifoTiming{depth, false}, {6}, {4}},
      {PhasesTiming{{{kForkBeats, 1, 1}, {kForkBeats, 2, 2}}}, {3, 4}, {5}},
  };
  return network;
}

/// The fork's last beat may wait for the second branch, all others must be in it: 11 beats. The FIFO
/// and the queue of two behind the thresholds hold them in any case, the four stages when they are
/// full of beats.
TEST(StallProof, CountsNoStageThatMayStopEmpty) {
  for (const std::int64_t depth : {6, 8}) {
    TokenModel steady(one_after_the_other(depth), {});
    EXPECT_TRUE(steady.run(4)) << depth;
    EXPECT_TRUE(stop_by_stalls(one_after_the_other(depth))) << depth;
  }
  EXPECT_FALSE(TokenModel(one_after_the_other(5), {}).run(4));
  EXPECT_FALSE(stop_by_stalls(one_after_the_other(9)));
}

/// Beats so far apart that the stages are empty when the queue behind them is full.
TEST(StallProof, SuchStallsCome) {
  TokenOutside outside;
  outside.offered.resize(7);
  for (Cycle k = 0; k < kForkBeats; ++k) outside.offered[0].push_back(10 * k);
  EXPECT_FALSE(TokenModel(one_after_the_other(8), outside).run(1));
  EXPECT_TRUE(TokenModel(one_after_the_other(9), outside).run(1));
}

TEST(StallProof, SaysWhoWaitsForWhom) {
  const auto circle = stop_by_stalls(one_after_the_other(8));
  ASSERT_TRUE(circle);
  EXPECT_THAT(*circle, Contains(AllOf(Field(&TokenWait::node, 3), Field(&TokenWait::room, true),
                                      Field(&TokenWait::stream, 4))));
  EXPECT_THAT(*circle, Contains(AllOf(Field(&TokenWait::node, 4), Field(&TokenWait::room, false),
                                      Field(&TokenWait::stream, 3))));
}

/// How many of its beats a network takes when nothing leaves it.
std::int64_t room(hw::Timing timing, std::size_t inputs) {
  TokenNetwork network{{{std::move(timing), {}, {inputs}}}, {}};
  for (std::size_t i = 0; i < inputs; ++i) network.nodes[0].inputs.push_back(i);
  network.beats.assign(inputs + 1, 32);
  TokenOutside outside;
  outside.offered.resize(inputs + 1);
  outside.taken.resize(inputs + 1);
  outside.taken.back() = {1'000'000};
  TokenModel model(with_certain_room(std::move(network)), outside);
  model.run(1);
  return model.taken_count(0) - 1;
}

/// The queue of two; a sum that stands behind it; the register behind a replay buffer.
TEST(StallProof, LayersAreCertainToHoldWhatClosesUp) {
  EXPECT_EQ(room(PhasesTiming{{{}}}, 1), 2);
  EXPECT_EQ(room(hw::PipelineTiming{.stages = 5}, 2), 2);
  EXPECT_EQ(room(hw::PipelineTiming{.sum_stages = 3, .stages = 2}, 2), 3);
  EXPECT_EQ(room(hw::ProductTiming{.length = 1, .repeats = 1, .stages = 2}, 1), 3 + 1);
  EXPECT_EQ(room(hw::FifoTiming{7, false}, 1), 7);
  EXPECT_EQ(room(hw::FifoTiming{7, true}, 1), 7);
}

/// Networks of a fork, branches and a join, drawn at random.
class AnyNetwork {
 public:
  explicit AnyNetwork(unsigned seed) : random_(seed) {
    const std::int64_t beats = 2 * pick(2, 6);
    const auto branches = static_cast<std::size_t>(pick(2, 3));
    const std::size_t in = stream(beats);
    std::vector<std::size_t> outs, ends;
    for (std::size_t b = 0; b < branches; ++b) outs.push_back(stream(beats));
    node(hw::HandOutTiming{}, {in}, outs);
    for (const std::size_t out : outs) ends.push_back(branch(out));
    join(std::move(ends));
  }

  TokenNetwork network;

  /// Beats in bursts and with pauses; so does what lets beats out.
  TokenOutside bursts(std::int64_t frames) {
    TokenOutside outside;
    outside.offered.resize(network.beats.size());
    for (const std::size_t s : sources_) {
      const std::int64_t pause = pick(1, 30);
      Cycle at = 0;
      for (std::int64_t k = 0; k < frames * network.beats[s]; ++k) {
        if (pick(0, 2) == 0) at += pick(1, pause);
        outside.offered[s].push_back(at++);
      }
    }
    return outside;
  }

 private:
  std::int64_t pick(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  std::size_t stream(std::int64_t beats) {
    network.beats.push_back(beats);
    return network.beats.size() - 1;
  }
  void node(hw::Timing timing, std::vector<std::size_t> inputs, std::vector<std::size_t> outputs) {
    network.nodes.push_back({std::move(timing), std::move(inputs), std::move(outputs)});
  }

  /// One to three layers that each give as many beats as they take.
  std::size_t branch(std::size_t from) {
    const std::int64_t beats = network.beats[from];
    for (std::int64_t layers = pick(1, 3); layers > 0; --layers) {
      const std::size_t to = stream(beats);
      node(layer(beats), {from}, {to});
      from = to;
    }
    return from;
  }
  hw::Timing layer(std::int64_t beats) {
    switch (pick(0, 6)) {
      case 0:
        return PhasesTiming{{{}}};
      case 1:
        return PhasesTiming{{{.steps = beats / 2, .gives = false}, {beats / 2, 0, 0}}};
      case 2:
        return hw::PipelineTiming{.sum_stages = 3, .stages = pick(2, 5)};
      case 3:
        return hw::ProductTiming{2, 2, pick(0, 4)};
      case 4:
        return hw::WindowTiming{.depth = pick(2, 4), .columns = beats};
      case 5:
        return hw::FifoTiming{pick(4, 2 * beats), pick(0, 1) == 0};
      default:
        return hw::PipelineTiming{.stages = pick(2, 5)};
    }
  }

  /// Takes from all branches at once, or from one after the other, when the outside lets it.
  void join(std::vector<std::size_t> ends) {
    const std::int64_t beats = network.beats[ends[0]];
    const auto branches = static_cast<std::int64_t>(ends.size());
    const bool sum = pick(0, 1) == 0;
    const std::int64_t given = sum ? beats : beats * branches;
    const std::uint64_t all = (std::uint64_t{1} << ends.size()) - 1, pace = all + 1;
    PhasesTiming timing;
    for (std::size_t i = 0; i < ends.size() && !sum; ++i)
      timing.phases.push_back({beats, pace | 1U << i, pace | 1U << i});
    if (sum) timing.phases.push_back({.needs = pace | all, .takes = pace | all});
    ends.push_back(stream(given));
    sources_ = {0, ends.back()};
    node(std::move(timing), std::move(ends), {stream(given)});
  }

  std::mt19937 random_;
  std::vector<std::size_t> sources_;  ///< streams from outside
};

/// What is proved never to stop does not, and much of what is not proved does.
TEST(StallProof, HoldsForAllStalls) {
  constexpr std::int64_t kFrames = 4;
  int proved = 0, stopped = 0, stopped_by_stalls = 0;
  for (unsigned seed = 0; seed < 600; ++seed) {
    AnyNetwork any(seed);
    const bool goes_on = !stop_by_stalls(any.network);
    bool stops = false;
    for (int round = 0; round < 20; ++round)
      stops |= !TokenModel(any.network, any.bursts(kFrames)).run(kFrames);
    EXPECT_FALSE(goes_on && stops) << seed;
    proved += goes_on;
    stopped += stops;
    stopped_by_stalls += stops && TokenModel(any.network, {}).run(kFrames);
  }
  EXPECT_GT(proved, 60);
  EXPECT_GT(stopped, 60);
  EXPECT_GT(stopped_by_stalls, 6);
}

/// With the certain room alone, beats come through or not whenever they are offered.
TEST(StallProof, DoesNotDependOnWhenBeatsCome) {
  constexpr std::int64_t kFrames = 3;
  for (unsigned seed = 0; seed < 200; ++seed) {
    AnyNetwork any(seed);
    const bool stops = stop_by_stalls(any.network).has_value();
    any.network = with_certain_room(std::move(any.network));
    for (int round = 0; round < 4; ++round) {
      TokenModel model(any.network, any.bursts(kFrames));
      EXPECT_NE(model.run(kFrames), stops) << seed;
    }
  }
}

}  // namespace
}  // namespace assay::sim
