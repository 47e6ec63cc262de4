// SPDX-License-Identifier: Apache-2.0
#include "sim/token/deadlock.h"

#include <gtest/gtest.h>

namespace assay::sim {
namespace {

/// A stream that holds a beat which is not taken.
StreamState stalled(std::optional<std::size_t> writer, std::optional<std::size_t> reader) {
  return {writer, reader, true, false, false};
}
StreamState starved(std::optional<std::size_t> writer, std::optional<std::size_t> reader) {
  return {writer, reader, false, true, false};
}

TEST(Standstill, FindsTheCircleOfAForkAndAJoin) {
  // 0 forks to 1 (slow) and 2 (a queue), which join in 3.
  const std::vector<StreamState> streams = {stalled({}, 0), starved(0, 1), stalled(0, 2),
                                            starved(1, 3),  stalled(2, 3), starved(3, {})};
  const auto found = find_standstill(streams, 4);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->circle);
  ASSERT_EQ(found->waits.size(), 4U);
  std::vector<std::size_t> nodes;
  for (const Wait& wait : found->waits) nodes.push_back(wait.node);
  EXPECT_EQ(nodes, (std::vector<std::size_t>{0, 2, 3, 1}));
  EXPECT_EQ(found->enlarge, 4U);
}

TEST(Standstill, FollowsTheChainToANodeThatGivesNothing) {
  // 0 -> 1 -> 2: 0 has swallowed a beat.
  StreamState in = starved({}, 0);
  in.finished = true;
  const std::vector<StreamState> streams = {in, starved(0, 1), starved(1, 2), starved(2, {})};
  const auto found = find_standstill(streams, 3);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->circle);
  EXPECT_FALSE(found->enlarge);
  ASSERT_EQ(found->waits.size(), 2U);
  EXPECT_EQ(found->waits.back().node, 1U);
  EXPECT_EQ(streams[found->waits.back().stream].writer, 0U);
}

TEST(Standstill, SaysNothingWhereNobodyWaits) {
  StreamState done = starved(0, 1);
  done.finished = true;
  EXPECT_FALSE(find_standstill(std::vector{done}, 2));
  EXPECT_FALSE(find_standstill({}, 0));
}

}  // namespace
}  // namespace assay::sim
