// SPDX-License-Identifier: Apache-2.0
#include "sim/token/token_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// The equations on networks small enough to clock by hand. That they are those of the RTL is what
/// every run of tests/hw compares (sim/token/token_check.h).
namespace assay::sim {
namespace {

using hw::Phase;
using hw::PhasesTiming;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kFrames = 3;

std::vector<Cycle> taken(const TokenModel& model, std::size_t stream) {
  std::vector<Cycle> cycles;
  for (std::int64_t k = 0; k < model.taken_count(stream); ++k)
    cycles.push_back(model.taken(stream, k));
  return cycles;
}

/// A layer that copies beats.
TokenNode copy_of(std::size_t in, std::size_t out) { return {PhasesTiming{{{}}}, {in}, {out}}; }

TEST(TokenModel, ACopyTakesABeatACycleAndGivesItInTheNext) {
  const TokenNetwork network{{copy_of(0, 1)}, {2, 2}};
  TokenModel model(network, {}, kFrames);
  ASSERT_TRUE(model.run(2));
  EXPECT_THAT(taken(model, 0), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(taken(model, 1), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(model.frame_ends(), ElementsAre(2, 4));
}

TEST(TokenModel, TwoBeatsWaitInASkidThatNobodyEmpties) {
  TokenOutside outside;
  outside.taken = {{}, {10, 11, 12, 13}};
  TokenModel model({{copy_of(0, 1)}, {4, 4}}, outside, kFrames);
  ASSERT_TRUE(model.run(1));
  // Full from cycle 2 on; room in the cycle behind the one in which a beat leaves.
  EXPECT_THAT(taken(model, 0), ElementsAre(0, 1, 11, 12));
  EXPECT_EQ(model.valid(1, 0), 1);
  EXPECT_EQ(model.valid(1, 3), 13);
}

/// Three beats make one, the newest of which stands where the one is taken from; behind it there is a
/// spare register.
TEST(TokenModel, AQueueInFrontHoldsOneBeatBesideTheNewest) {
  TokenOutside outside;
  outside.taken = {{}, {10, 11}};
  const PhasesTiming three{{{.steps = 2, .gives = false}, {.steps = 1}}, true};
  TokenModel model({{{three, {0}, {1}}}, {6, 2}}, outside, kFrames);
  ASSERT_TRUE(model.run(1));
  // The third is the newest from cycle 3 on, the fourth waits until that is gone.
  EXPECT_THAT(taken(model, 0), ElementsAre(0, 1, 2, 3, 11, 12));
  EXPECT_EQ(model.valid(1, 0), 3);
  EXPECT_EQ(model.valid(1, 1), 13);
}

/// Padding in front of a pixel starts with the beat of the pixel, which waits beside it.
TEST(TokenModel, AQueueInFrontTakesABeatBeforeItsStep) {
  TokenOutside outside;
  outside.offered = {{5, 6}, {}};
  const PhasesTiming padded{{{.takes = 0}, {.steps = 2, .needs = 0, .takes = 0}, {}}, true};
  TokenModel model({{{padded, {0}, {1}}}, {1, 4}}, outside, kFrames);
  ASSERT_TRUE(model.run(2));
  EXPECT_THAT(taken(model, 0), ElementsAre(5, 9));
  EXPECT_THAT(taken(model, 1), ElementsAre(6, 7, 8, 9, 10, 11, 12, 13));
}

/// Of what no step needs any more nothing is missing.
TEST(TokenModel, AQueueInFrontWaitsForRoomOrForABeat) {
  const PhasesTiming copy{{{}}, true};
  TokenOutside outside;
  outside.taken = {{}, {10}};
  TokenModel full({{{copy, {0}, {1}}}, {4, 4}}, outside, kFrames);
  EXPECT_FALSE(full.run(1));
  ASSERT_EQ(full.waits().size(), 1U);
  EXPECT_TRUE(full.waits()[0].room);
  outside = {.offered = {{0}, {}}, .taken = {}};
  TokenModel empty({{{copy, {0}, {1}}}, {4, 4}}, outside, kFrames);
  EXPECT_FALSE(empty.run(1));
  ASSERT_EQ(empty.waits().size(), 1U);
  EXPECT_FALSE(empty.waits()[0].room);
}

TEST(TokenModel, SourcesOfferWhenTheyAreTold) {
  TokenOutside outside;
  outside.offered = {{3, 4, 9, 10}, {}};
  TokenModel model({{copy_of(0, 1)}, {4, 4}}, outside, kFrames);
  ASSERT_TRUE(model.run(1));
  EXPECT_THAT(taken(model, 1), ElementsAre(4, 5, 10, 11));
}

TEST(TokenModel, AFifoHoldsAsManyBeatsAsItIsDeep) {
  TokenOutside outside;
  outside.taken = {{}, {}, {20, 21, 22, 23, 24, 25, 26, 27}};
  const TokenNetwork network{{copy_of(0, 1), {hw::FifoTiming{3, false}, {1}, {2}}}, {8, 8, 8}};
  TokenModel model(network, outside, kFrames);
  ASSERT_TRUE(model.run(1));
  EXPECT_THAT(taken(model, 1), ElementsAre(1, 2, 3, 21, 22, 23, 24, 25));
  EXPECT_EQ(model.high_water(1, 2), 3);
}

/// A sum of four beats: a frame every four cycles.
TEST(TokenModel, ProvesTheIntervalOfTheSlowestLayer) {
  const TokenNetwork network{
      {{PhasesTiming{{{.steps = 3, .gives = false}, {.steps = 1}}}, {0}, {1}}, copy_of(1, 2)},
      {4, 1, 1}};
  TokenModel model(network, {});
  ASSERT_TRUE(model.run(1));
  EXPECT_FALSE(model.steady_interval());  // one frame proves nothing
  ASSERT_TRUE(model.run(8));
  EXPECT_EQ(model.steady_interval(), 4);
}

/// One branch sums up four beats before it gives four; the other one passes them on.
TokenNetwork fork_and_join(std::int64_t depth) {
  TokenNetwork network;
  network.beats = {4, 4, 4, 4, 4, 4};
  network.nodes = {
      {hw::HandOutTiming{}, {0}, {1, 2}},
      {PhasesTiming{{{.steps = 4, .gives = false}, {4, 0, 0}}}, {1}, {3}},
      {PhasesTiming{{{.needs = 3, .takes = 3}}}, {3, depth > 0 ? 5U : 2U}, {4}},
  };
  if (depth > 0)
    network.nodes.push_back({hw::FifoTiming{depth, false}, {2}, {5}});
  else
    network.beats.pop_back();
  return network;
}

TEST(TokenModel, NamesTheCircleOfADeadlock) {
  TokenModel model(fork_and_join(0), {});
  EXPECT_FALSE(model.run(1));
  EXPECT_THAT(model.frame_ends(), IsEmpty());
  const std::vector<TokenWait> circle = model.circle();
  ASSERT_EQ(circle.size(), 3U);
  // The join waits for the slow branch, that for the fork, and the fork for room at the join.
  for (const TokenWait& wait : circle) EXPECT_EQ(wait.room, wait.node == 0);
  const auto fork = std::ranges::find(circle, std::size_t{0}, &TokenWait::node);
  EXPECT_EQ(fork->stream, 2U);
}

/// Three beats wait in it while the fork offers the fourth, which the other branch takes.
TEST(TokenModel, ADeepEnoughFifoOpensTheCircle) {
  for (const std::int64_t depth : {0, 2}) {
    TokenModel model(fork_and_join(depth), {});
    EXPECT_FALSE(model.run(1)) << depth;
  }
  TokenModel model(fork_and_join(3), {});
  ASSERT_TRUE(model.run(10));
  EXPECT_EQ(model.steady_interval(), 8);
  EXPECT_THAT(model.circle(), IsEmpty());
}

/// The same behind a layer that takes three cycles per beat, and in front of a copy; its nodes are
/// 1 to 4, the streams at its edges 1 and 5.
TokenNetwork fork_and_join_inside(std::int64_t depth) {
  TokenNetwork network;
  network.beats.assign(8, 4);
  const PhasesTiming slow{{{.steps = 1}, {.steps = 2, .needs = 0, .takes = 0, .gives = false}}};
  network.nodes = {
      {slow, {0}, {1}},
      {hw::HandOutTiming{}, {1}, {2, 3}},
      {PhasesTiming{{{.steps = 4, .gives = false}, {4, 0, 0}}}, {2}, {4}},
      {hw::FifoTiming{depth, false}, {3}, {6}},
      {PhasesTiming{{{.needs = 3, .takes = 3}}}, {4, 6}, {5}},
      copy_of(5, 7),
  };
  return network;
}

TokenModel settled(const TokenNetwork& network) {
  TokenModel model(network, {}, 20);
  for (std::int64_t f = 1; f < 10 && !model.latest_interval(); ++f) model.run(f);
  return model;
}

TEST(TokenModel, APartGoesOnAsInTheWhole) {
  TokenModel model = settled(fork_and_join_inside(3));
  ASSERT_EQ(model.latest_interval(), 12);
  TokenModel part = model.part({1, 2, 3, 4});
  const std::int64_t frames = std::ssize(model.frame_ends()) + 3;
  ASSERT_TRUE(model.run(frames));
  ASSERT_TRUE(part.run(frames));
  const std::size_t streams[] = {1, 2, 3, 4, 5, 6};
  for (std::size_t i = 0; i < std::size(streams); ++i) {
    ASSERT_EQ(part.taken_count(i), 4 * frames) << streams[i];
    EXPECT_EQ(taken(part, i), taken(model, streams[i])) << streams[i];
  }
  EXPECT_EQ(part.latest_interval(), 12);
}

TEST(TokenModel, WhatStopsInAPartStopsInTheWhole) {
  TokenModel model = settled(fork_and_join_inside(3));
  TokenModel part = model.part({1, 2, 3, 4}), fifo = model.part({3});
  model.shrink_fifo(3, hw::FifoTiming{2, false});
  part.shrink_fifo(2, hw::FifoTiming{2, false});
  fifo.shrink_fifo(0, hw::FifoTiming{2, false});
  const std::int64_t frames = std::ssize(model.frame_ends()) + 3;
  EXPECT_FALSE(model.run(frames));
  EXPECT_FALSE(part.run(frames));
  // A part that is too small does not see it.
  EXPECT_TRUE(fifo.run(frames));
}

TEST(TokenModel, DoesNotCallAScheduleSteadyThatStillMoves) {
  // Frames come ever later: no frame follows another at the same interval.
  TokenOutside outside;
  outside.offered = {{0, 4, 9, 15, 22, 30, 39, 49}, {}};
  TokenModel model({{copy_of(0, 1)}, {1, 1}}, outside);
  ASSERT_TRUE(model.run(8));
  EXPECT_FALSE(model.steady_interval());
}

}  // namespace
}  // namespace assay::sim
