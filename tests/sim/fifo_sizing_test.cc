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

/// Branches of a 1x1 or 3x3 convolution and thresholds, flattened, that a product takes one after
/// the other: while it waits for a branch, those behind it must take what the fork gives that one.
struct Flattened {
  struct Branch {
    std::int64_t channels, kernel;
  };
  Flattened(std::int64_t size, const std::vector<Branch>& branches, bool residual = false) {
    Tensor* x = net.pixels({1, 1, size, size});
    std::vector<Tensor*> flat;
    std::int64_t values = 0;
    for (const auto& [channels, kernel] : branches) {
      Tensor* y = convolved(x, 1, channels, kernel);
      if (residual) y = net.add(ops::Add{}, {y, convolved(y, channels, channels, 3)}, "sum");
      flat.push_back(net.add(ops::Flatten{}, {y}, "flat"));
      values += channels * size * size;
    }
    Tensor* all = net.add(ops::Concat{}, flat, "all");
    Tensor* weights = net.random_values({values, 2}, -3, 3, random);
    graph = as_hardware(net, net.add(ops::MatMul{}, {all, weights}, "y"));
    PassContext context;
    create_dataflow_partition(graph, context);
    flow = dataflow(graph, 0);
  }

  IntegerNet net;
  Graph graph;
  Dataflow flow;

 private:
  Tensor* convolved(Tensor* x, std::int64_t inputs, std::int64_t channels, std::int64_t kernel) {
    Tensor* weights = net.random_values({channels, inputs, kernel, kernel}, 1, 3, random);
    Tensor* y = net.add(conv2d(kernel, 1, kernel / 2), {x, weights}, "conv");
    return net.thresholds(y, channels, 7, 0, 2000, random);
  }

  std::mt19937 random{1};
};

SizingOptions all_given(const Sizing& sizing) {
  SizingOptions options;
  for (std::size_t s = 0; s < sizing.depths.size(); ++s) options.given[s] = sizing.depths[s];
  return options;
}

/// Eight of nine beats must be in the second branch when the first one has its last. Three are, in any
/// case, in the product: one whose three sums fill what is behind the products, and two vectors that
/// are to be played. The other five need a FIFO.
TEST(FifoSizing, StallsMayNeedMoreThanTheInterval) {
  const Flattened f(3, {{1, 1}, {3, 1}});
  const Sizing sizing = size_fifos(f.flow);
  EXPECT_EQ(sizing.interval, sizing.slowest_layer);
  EXPECT_FALSE(sizing.stalls_stop);
  const auto deepest = std::ranges::max_element(sizing.depths);
  EXPECT_EQ(*deepest, 5);
  const auto stream = static_cast<std::size_t>(deepest - sizing.depths.begin());

  SizingOptions options = all_given(sizing);
  options.given[stream] = *deepest - 1;
  const Sizing smaller = size_fifos(f.flow, options);
  EXPECT_EQ(smaller.interval, sizing.interval);
  EXPECT_FALSE(smaller.stops);
  EXPECT_TRUE(smaller.stalls_stop);
  EXPECT_THAT(smaller.too_small, Contains(stream));
}

/// The network with FIFOs as sized.
TokenNetwork sized_network(const Dataflow& flow, const Sizing& sizing) {
  std::vector<std::optional<hw::FifoTiming>> fifos;
  for (std::size_t s = 0; s < sizing.depths.size(); ++s)
    fifos.push_back(flow.streams[s].reader.node
                        ? fifo_timing(sizing.depths[s], flow.read(flow.streams[s]).bits())
                        : std::nullopt);
  return with_fifos(token_network(flow), fifos);
}

/// Whether it takes all beats of some frames, which come in bursts.
bool goes_on(const TokenNetwork& network, std::mt19937& random) {
  constexpr std::int64_t kFrames = 6;
  const Cycle pause = 1 + random() % 60;
  TokenOutside outside;
  outside.offered.resize(network.beats.size());
  Cycle at = 0;
  for (std::int64_t k = 0; k < kFrames * network.beats[0]; ++k) {
    if (random() % 3 == 0) at += 1 + static_cast<Cycle>(random()) % pause;
    outside.offered[0].push_back(at++);
  }
  return TokenModel(network, outside).run(kFrames);
}

/// Stalls decide some depths, the interval the others. As trials stop when they seem settled, a beat
/// may be left over here and there.
TEST(FifoSizing, NoStallsStopAnyNetwork) {
  std::mt19937 random(7);
  int fifos = 0, for_stalls = 0, left_over = 0;
  for (int round = 0; round < 24; ++round) {
    std::vector<Flattened::Branch> branches(2 + random() % 2);
    for (auto& [channels, kernel] : branches) {
      channels = 1 + random() % 3;
      kernel = random() % 3 == 0 ? 3 : 1;
    }
    const Flattened f(3 + random() % 2, branches, random() % 3 == 0);
    const Sizing sizing = size_fifos(f.flow);
    EXPECT_EQ(sizing.interval, sizing.slowest_layer) << round;
    EXPECT_FALSE(sizing.stalls_stop) << round;
    const TokenNetwork network = sized_network(f.flow, sizing);
    ASSERT_EQ(f.flow.streams[0].writer.node, nullptr);
    for (int stalls = 0; stalls < 20; ++stalls) EXPECT_TRUE(goes_on(network, random)) << round;
    for (std::size_t node = f.flow.nodes.size(); node < network.nodes.size(); ++node) {
      const SmallerFifo smaller = with_smaller(network, node, 8);
      const bool late = smaller.stops || smaller.interval > sizing.wanted;
      for_stalls += !late && smaller.stalls_stop;
      left_over += !late && !smaller.stalls_stop;
      ++fifos;
    }
  }
  EXPECT_GT(for_stalls, 10);
  EXPECT_LT(8 * left_over, fifos);
}

}  // namespace
}  // namespace assay::sim
