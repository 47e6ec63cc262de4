// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/set_folding.h"

#include "compile/hw/layer.h"
#include "passes/hardware_net.h"

namespace assay {
namespace {

/// A product of 100 inputs and 10 outputs.
Graph product() {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* w = net.random_values({100, 10}, -2, 2, random);
  Graph graph = ready_for_hardware(net, net.add(ops::MatMul{}, {net.pixels({1, 100}), w}, "fc"));
  StreamlineReport report;
  infer_hw_layers(graph, {}, report);
  return graph;
}

TEST(SetFolding, TakesTheFewestLanesThatSuffice) {
  struct Case {
    std::int64_t target, pe, simd;
  };
  // 1000 products: 300 cycles need 4 lanes, of 1 x 4 and 2 x 2 the first. 71 cycles need 15, of
  // which the least product of divisors is 20, and 9 cycles need 112: 5 x 25.
  for (const Case& c : {Case{1000, 1, 1},
                        {999, 1, 2},
                        {300, 1, 4},
                        {71, 1, 20},
                        {10, 1, 100},
                        {9, 5, 25},
                        {1, 10, 100}}) {
    Graph graph = product();
    FoldingReport report;
    EXPECT_EQ(set_folding(graph, c.target, report), c.target < 1000);
    const auto& op = only<hw::MVAU>(graph);
    EXPECT_EQ(op.pe, c.pe) << c.target;
    EXPECT_EQ(op.simd, c.simd) << c.target;
    ASSERT_EQ(report.nodes.size(), 1U);
    EXPECT_TRUE(report.nodes[0].reached);
    EXPECT_EQ(report.nodes[0].cycles, 1000 / (c.pe * c.simd));
    EXPECT_EQ(report.slowest, report.nodes[0].cycles);
    EXPECT_FALSE(set_folding(graph, c.target, report));
  }
}

/// A depthwise convolution of 6 channels: windows, then products.
Graph depthwise() {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* w = net.random_values({6, 1, 3, 3}, -7, 7, random);
  Graph graph =
      ready_for_hardware(net, net.add(conv2d(3, 1, 1, 6), {net.pixels({1, 6, 8, 8}), w}, "dw"));
  StreamlineReport report;
  infer_hw_layers(graph, {}, report);
  return graph;
}

TEST(SetFolding, GroupedWindowsAndTheirReaderAgree) {
  // 64 windows of 9 taps of 6 channels: with all six at once the generator still needs 576 cycles.
  for (const std::int64_t target : {4000, 1200, 600, 100}) {
    Graph graph = depthwise();
    const Graph before = graph;
    FoldingReport report;
    set_folding(graph, target, report);
    const auto& generator = only<hw::ConvolutionInputGenerator>(graph);
    const auto& reader = only<hw::VVAU>(graph);
    EXPECT_EQ(generator.simd, reader.pe) << target;
    EXPECT_EQ(reader.pe, target == 4000 ? 1 : target == 1200 ? 3 : 6);
    EXPECT_EQ(differing_checkpoints(before, graph), std::vector<std::string>{});
    for (const NodeFolding& node : report.nodes)
      EXPECT_EQ(node.reached, target > 100 || node.type == "FMPadding")
          << node.node << " " << target;
  }
}

TEST(SetFolding, WhatCannotReachTheTargetIsUnfoldedAsFarAsItGoes) {
  Graph graph = depthwise();
  FoldingReport report;
  set_folding(graph, 1, report);
  EXPECT_EQ(only<hw::FMPadding>(graph).simd, 6);
  EXPECT_EQ(only<hw::ConvolutionInputGenerator>(graph).simd, 6);
  EXPECT_EQ(only<hw::VVAU>(graph).pe, 6);
  EXPECT_EQ(report.slowest, 576);
  EXPECT_EQ(report.target, 1);
  for (const NodeFolding& node : report.nodes) EXPECT_FALSE(node.reached) << node.node;
}

TEST(SetFolding, NoStreamBecomesTooWide) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 16384});
  Graph graph = ready_for_hardware(
      net, net.add(ops::MatMul{}, {x, net.random_values({16384, 1}, 1, 1, random)}, "fc"));
  StreamlineReport inferred;
  infer_hw_layers(graph, {}, inferred);
  FoldingReport report;
  set_folding(graph, 1, report);
  EXPECT_EQ(only<hw::MVAU>(graph).simd, hw::kMaxStreamBits / 8);
  EXPECT_FALSE(report.nodes[0].reached);
}

TEST(SetFolding, AParallelWindowTakesAllChannels) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* w = net.random_values({4, 6, 3, 3}, -7, 7, random);
  Graph graph = ready_for_hardware(net, net.add(conv2d(3), {net.pixels({1, 6, 5, 5}), w}, "acc"));
  StreamlineReport inferred;
  infer_hw_layers(graph, {}, inferred);
  auto& node = only_node<hw::ConvolutionInputGenerator>(graph);
  node.as<hw::ConvolutionInputGenerator>()->parallel_window = true;
  FoldingReport report;
  set_folding(graph, 1000, report);
  EXPECT_EQ(only<hw::ConvolutionInputGenerator>(graph).simd, 6);
}

}  // namespace
}  // namespace assay
