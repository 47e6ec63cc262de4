// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "compile/passes/streams/create_dataflow_partition.h"
#include "compile/passes/streams/dataflow_streams.h"
#include "compile/passes/streams/insert_fifos.h"
#include "compile/passes/streams/insert_width_converters.h"
#include "passes/hardware_net.h"

/// What joins the streams of layers: width converters and FIFOs.
namespace assay {
namespace {

using ::testing::HasSubstr;

/// Two products behind each other with a view between.
Graph chain() {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 2, 3, 3});
  x = net.add(conv2d(3, 1, 1), {x, net.random_values({4, 2, 3, 3}, -7, 7, random)}, "conv");
  x = net.add(ops::Flatten{}, {x}, "flat");
  x = net.add(ops::MatMul{}, {x, net.random_values({36, 6}, -7, 7, random)}, "fc");
  Graph graph = as_hardware(net, x);
  PassContext context;
  create_dataflow_partition(graph, context);
  return graph;
}

hw::MVAU& product(Graph& graph, std::size_t index) {
  return *nodes_of_type<hw::MVAU>(graph)[index]->as<hw::MVAU>();
}

TEST(DataflowStreams, JoinLayersThroughViewsAndToTheOutside) {
  const Graph graph = chain();
  const Dataflow flow = dataflow(graph, 0);
  ASSERT_EQ(flow.nodes.size(), 4U);  // padding, windows, two products
  ASSERT_EQ(flow.streams.size(), 5U);
  EXPECT_EQ(flow.streams.front().writer.node, nullptr);
  EXPECT_EQ(flow.streams.back().reader.node, nullptr);
  for (std::size_t s = 1; s < 4; ++s) {
    EXPECT_EQ(flow.streams[s].writer.node, flow.nodes[s - 1]);
    EXPECT_EQ(flow.streams[s].reader.node, flow.nodes[s]);
  }
}

TEST(InsertWidthConverters, StandWhereLanesDiffer) {
  Graph graph = chain();
  product(graph, 0).pe = 4;
  product(graph, 1).simd = 6;
  expect_exact_step(graph, insert_width_converters);
  const auto& op = only<hw::StreamingDataWidthConverter>(graph);
  EXPECT_EQ(op.in_lanes, 4);
  EXPECT_EQ(op.out_lanes, 6);
  EXPECT_EQ(op.partition, 0);
  const Dataflow flow = dataflow(graph, 0);
  for (const DataflowStream& stream : flow.streams)
    if (stream.writer.node && stream.reader.node) {
      EXPECT_EQ(flow.written(stream).lanes, flow.read(stream).lanes);
    }
}

TEST(InsertFifos, StandInFrontOfReaders) {
  Graph graph = chain();
  const std::string tensor = dataflow(graph, 0).streams[3].tensor->name;
  PassReport report;
  const FifoDepths depths = {{tensor, 5}};
  EXPECT_TRUE(insert_fifos(graph, depths, report));
  verify(graph);
  const auto& op = only<hw::StreamingFIFO>(graph);
  EXPECT_EQ(op.depth, 5);
  EXPECT_EQ(op.ram_style, "distributed");
  EXPECT_EQ(only_node<hw::StreamingFIFO>(graph).outputs[0]->consumers.at(0)->op->type(), "MVAU");
}

TEST(InsertFifos, RefuseWhatIsNoStream) {
  Graph graph = chain();
  PassReport report;
  EXPECT_THAT(user_error_of([&] {
                insert_fifos(graph, {{"nothing", 5}}, report);
              }),
              HasSubstr("'nothing' is no stream between two layers"));
  const std::string tensor = dataflow(graph, 0).streams[3].tensor->name;
  EXPECT_THAT(user_error_of([&] {
                insert_fifos(graph, {{tensor, 1}}, report);
              }),
              HasSubstr("depth = 1 is not between 2 and"));
}

}  // namespace
}  // namespace assay
