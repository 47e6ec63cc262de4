// SPDX-License-Identifier: Apache-2.0
#include "sim/token/surroundings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAre;

TokenNode copy(std::size_t in, std::size_t out) { return {hw::PhasesTiming{{{}}}, {in}, {out}}; }

/// Node i reads stream i and writes stream i + 1.
TokenNetwork chain(std::size_t nodes) {
  TokenNetwork network;
  for (std::size_t i = 0; i < nodes; ++i) network.nodes.push_back(copy(i, i + 1));
  network.beats.assign(nodes + 1, 1);
  return network;
}

TEST(Surroundings, AreFourNodesOnEitherSideInAChain) {
  EXPECT_THAT(surroundings(chain(20), 10), ElementsAre(6, 7, 8, 9, 10, 11, 12, 13, 14));
}

TEST(Surroundings, EndWhereTheNetworkEnds) {
  EXPECT_THAT(surroundings(chain(6), 0), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(surroundings(chain(6), 5), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(surroundings(chain(1), 0), ElementsAre(0));
}

TEST(Surroundings, FollowStreamsAndNotTheNumbersOfNodes) {
  TokenNetwork network = chain(20);
  std::swap(network.nodes[6], network.nodes[19]);
  EXPECT_THAT(surroundings(network, 10), ElementsAre(19, 7, 8, 9, 10, 11, 12, 13, 14));
}

/// A chain of 20 in which node 5 forks to node 16, too, by way of a bypass, node 20.
TokenNetwork bypassed() {
  TokenNetwork network = chain(20);
  network.nodes[5].outputs.push_back(21);
  network.nodes.push_back(copy(21, 22));
  network.nodes[16].inputs.push_back(22);
  network.beats.assign(23, 1);
  return network;
}

TEST(Surroundings, OfABypassReachFromBeforeTheForkToBehindTheJoin) {
  const auto nodes = surroundings(bypassed(), 20);
  EXPECT_EQ(nodes.size(), 20U);  // 1 to 19 and the bypass
  EXPECT_EQ(nodes.front(), 1U);
  EXPECT_EQ(nodes.back(), 19U);
  EXPECT_THAT(nodes, IsSupersetOf(surroundings(bypassed(), 10)));
}

TEST(Surroundings, BehindABypassReachIntoBothBranches) {
  EXPECT_THAT(surroundings(bypassed(), 17),
              UnorderedElementsAre(4, 5, 13, 14, 15, 20, 16, 17, 18, 19));
}

}  // namespace
}  // namespace assay::sim
