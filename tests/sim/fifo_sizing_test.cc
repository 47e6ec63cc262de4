// SPDX-License-Identifier: Apache-2.0
#include "sim/token/fifo_sizing.h"

#include <gmock/gmock.h>

#include "compile/passes/streams/create_dataflow_partition.h"
#include "compile/passes/streams/dataflow_streams.h"
#include "passes/hardware_net.h"
#include "sim/token/token_dataflow.h"

namespace assay::sim {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::Gt;
using ::testing::Lt;
using ::testing::Not;

/// A residual sum: one branch is a convolution, the other one passes by.
struct Residual {
  Residual() {
    std::mt19937 random(1);
    Tensor* x = net.pixels({1, 4, 6, 6});
    Tensor* a = net.add(conv2d(3, 1, 1), {x, net.random_values({4, 4, 3, 3}, -1, 1, random)}, "a");
    graph = as_hardware(net, net.add(ops::Add{}, {x, a}, "sum"));
    PassContext context;
    create_dataflow_partition(graph, context);
    flow = dataflow(graph, 0);
  }
  std::size_t stream_to(std::string_view type, std::size_t port) const {
    for (std::size_t s = 0; s < flow.streams.size(); ++s) {
      const StreamEnd& reader = flow.streams[s].reader;
      if (reader.node && reader.node->op->type() == type && reader.port == port) return s;
    }
    ADD_FAILURE() << "no stream to " << type;
    return 0;
  }
  IntegerNet net;
  Graph graph;
  Dataflow flow;
};

TEST(FifoSizing, FindsTheDepthOfABypassAndNothingElse) {
  const Residual r;
  const Sizing sizing = size_fifos(r.flow);
  ASSERT_TRUE(sizing.interval);
  EXPECT_EQ(sizing.interval, sizing.slowest_layer);
  EXPECT_THAT(sizing.depths, Contains(Gt(6)));
}

/// The factors of a gate depend on all of the frame that waits for them.
TEST(FifoSizing, AGateKeepsAWholeFrame) {
  IntegerNet net;
  Tensor* x = net.pixels({1, 4, 6, 6});
  ops::SumPool sums;
  sums.window = window2d(6);
  Graph graph = as_hardware(net, net.add(ops::Mul{}, {x, net.add(sums, {x}, "s")}, "gate"));
  PassContext context;
  create_dataflow_partition(graph, context);
  const Sizing sizing = size_fifos(dataflow(graph, 0));
  ASSERT_TRUE(sizing.interval);
  EXPECT_EQ(sizing.interval, 6 * 6 * 4);
  EXPECT_THAT(sizing.depths, Contains(::testing::AllOf(Gt(6 * 6 * 4 - 8), Lt(6 * 6 * 4 + 8))));
}

TEST(FifoSizing, NoFifoOfTheResultCanBeSmaller) {
  const Residual r;
  const Sizing sizing = size_fifos(r.flow);
  for (std::size_t s = 0; s < sizing.depths.size(); ++s) {
    if (sizing.depths[s] == 0) continue;
    SizingOptions options;
    for (std::size_t other = 0; other < sizing.depths.size(); ++other)
      options.given[other] = sizing.depths[other];
    options.given[s] = sizing.depths[s] > 2 ? sizing.depths[s] - 1 : 0;
    const Sizing smaller = size_fifos(r.flow, options);
    EXPECT_TRUE(!smaller.interval || *smaller.interval > sizing.wanted) << s;
  }
}

TEST(FifoSizing, ALongerIntervalNeedsNoMoreMemory) {
  const Residual r;
  const auto beats = [](const Sizing& sizing) {
    return std::accumulate(sizing.depths.begin(), sizing.depths.end(), std::int64_t{0});
  };
  const Sizing fast = size_fifos(r.flow);
  const Sizing slow = size_fifos(r.flow, {.interval = 2 * fast.wanted, .given = {}});
  ASSERT_TRUE(slow.interval);
  EXPECT_LE(*slow.interval, 2 * fast.wanted);
  EXPECT_LE(beats(slow), beats(fast));
}

TEST(FifoSizing, SaysWhoWaitsWhenGivenDepthsStopIt) {
  const Residual r;
  const std::size_t bypass = [&] {
    for (std::size_t s = 0; s < r.flow.streams.size(); ++s)
      if (size_fifos(r.flow).depths[s] > 6) return s;
    return std::size_t{0};
  }();
  const Sizing sizing = size_fifos(r.flow, {.interval = 0, .given = {{bypass, 0}}});
  EXPECT_FALSE(sizing.interval);
  EXPECT_GE(sizing.circle.size(), 2U);
  EXPECT_THAT(sizing.circle,
              Contains(::testing::AllOf(::testing::Field(&TokenWait::room, true),
                                        ::testing::Field(&TokenWait::stream, bypass))));
}

TEST(FifoSizing, ASmallerFifoIsWhatTheModelSaysOfIt) {
  const Residual r;
  const Sizing sizing = size_fifos(r.flow);
  std::vector<std::optional<hw::FifoTiming>> fifos(sizing.depths.size());
  std::size_t only = 0, count = 0;
  for (std::size_t s = 0; s < fifos.size(); ++s) {
    if (sizing.depths[s] == 0) continue;
    fifos[s] = fifo_timing(sizing.depths[s], r.flow.read(r.flow.streams[s]).bits());
    only = s;
    ++count;
  }
  ASSERT_GE(count, 1U);
  const TokenNetwork network = with_fifos(token_network(r.flow), fifos);
  const Schedule proved = schedule(network);
  EXPECT_EQ(proved.interval, sizing.interval);
  for (std::size_t node = r.flow.nodes.size(); node < network.nodes.size(); ++node) {
    const std::int64_t depth = std::get<hw::FifoTiming>(network.nodes[node].timing).depth;
    EXPECT_GE(proved.fifos[node], 1);
    EXPECT_LE(proved.fifos[node], depth);
    const SmallerFifo smaller = with_smaller(network, node, 8);
    EXPECT_EQ(smaller.depth, depth > 2 ? depth - 1 : 0);
    EXPECT_TRUE(smaller.stops || smaller.interval > sizing.wanted);
  }
  EXPECT_GT(sizing.depths[only], 0);
}

}  // namespace
}  // namespace assay::sim
