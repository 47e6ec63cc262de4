// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streams/create_dataflow_partition.h"

#include "passes/hardware_net.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Chains of hardware and software made by name.
class Chains {
 public:
  IntegerNet net;
  std::mt19937 random{1};

  Tensor* input(std::int64_t features = 4) { return net.pixels({1, features}, DataType::uint(3)); }
  Tensor* product(Tensor* x, const std::string& name) {
    return net.add(ops::MatMul{}, {x, net.random_values({4, 4}, -2, 2, random)}, name);
  }
  Tensor* software(Tensor* a, Tensor* b, const std::string& name) {
    return net.add(ops::Sub{}, {a, b}, name);
  }
  Graph partitioned(Tensor* y) {
    Graph graph = ready_for_hardware(net, y);
    PassContext context{.options = {.allow_software = true}};
    infer_hw_layers(graph, context);
    EXPECT_TRUE(create_dataflow_partition(graph, partitions));
    EXPECT_FALSE(create_dataflow_partition(graph, partitions));
    verify(graph);
    return graph;
  }
  PassContext partitions;
};

std::int64_t partition(const Graph& graph, std::string_view output) {
  return graph.find_tensor(output)->producer->as<hw::HwOp>()->partition;
}

std::vector<std::string> names(const std::vector<const Tensor*>& tensors) {
  std::vector<std::string> list;
  for (const Tensor* tensor : tensors) list.push_back(tensor->name);
  return list;
}

TEST(CreateDataflowPartition, ViewsDoNotSplitIt) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 2, 3, 3});
  x = net.add(conv2d(3, 1, 1), {x, net.random_values({2, 2, 3, 3}, -7, 7, random)}, "conv");
  x = net.add(ops::Flatten{}, {x}, "flat");
  Graph graph = ready_for_hardware(
      net, net.add(ops::MatMul{}, {x, net.random_values({18, 3}, -7, 7, random)}, "fc"));
  PassContext context;
  infer_hw_layers(graph, context);
  EXPECT_TRUE(create_dataflow_partition(graph, context));
  const auto partitions = dataflow_partitions(graph);
  ASSERT_EQ(partitions.size(), 1U);
  EXPECT_EQ(partitions[0].nodes.size(), 4U);
  EXPECT_THAT(names(partitions[0].inputs), ElementsAre(graph.inputs()[0]->name));
  EXPECT_THAT(names(partitions[0].outputs), ElementsAre(graph.outputs()[0]->name));
  EXPECT_THAT(context.report.remarks.back().text, HasSubstr("partition 0: 4 layers, from "));
}

TEST(CreateDataflowPartition, SoftwareInBetweenStartsANewOne) {
  Chains chains;
  Tensor* x = chains.input();
  Tensor* a = chains.product(x, "a");
  Tensor* s = chains.software(a, chains.product(a, "b"), "s");
  const Graph graph = chains.partitioned(chains.product(s, "c"));
  EXPECT_EQ(partition(graph, "a"), 0);
  EXPECT_EQ(partition(graph, "b"), 0);
  EXPECT_EQ(partition(graph, "c"), 1);
  const auto partitions = dataflow_partitions(graph);
  ASSERT_EQ(partitions.size(), 2U);
  // What the software reads leaves: a copy of a, and b.
  EXPECT_EQ(partitions[0].outputs.size(), 2U);
  EXPECT_THAT(names(partitions[1].inputs), ElementsAre("s"));
}

TEST(CreateDataflowPartition, NoPathComesBack) {
  // c reads a directly, and b, which reads a through software: c cannot be with a.
  Chains chains;
  Tensor* x = chains.input();
  Tensor* a = chains.product(x, "a");
  Tensor* s = chains.software(a, a, "s");
  Tensor* b = chains.product(s, "b");
  const Graph graph = chains.partitioned(chains.net.add(ops::Add{}, {a, b}, "c"));
  EXPECT_EQ(partition(graph, "a"), 0);
  EXPECT_EQ(partition(graph, "b"), 1);
  EXPECT_EQ(partition(graph, "c"), 1);
  const auto partitions = dataflow_partitions(graph);
  ASSERT_EQ(partitions.size(), 2U);
  EXPECT_EQ(partitions[1].inputs.size(), 2U);
}

TEST(CreateDataflowPartition, SoftwareAtTheEndsStaysOutside) {
  Chains chains;
  Tensor* x = chains.input();
  Tensor* head = chains.software(x, x, "head");
  Tensor* a = chains.product(head, "a");
  const Graph graph = chains.partitioned(chains.software(a, a, "tail"));
  EXPECT_EQ(types(graph), "Sub MVAU DuplicateStreams Sub");
  const auto partitions = dataflow_partitions(graph);
  ASSERT_EQ(partitions.size(), 1U);
  EXPECT_EQ(partitions[0].index, 0);
  EXPECT_THAT(names(partitions[0].inputs), ElementsAre("head"));
}

TEST(CreateDataflowPartition, NothingIsMarkedWithoutLayers) {
  IntegerNet net;
  Graph graph =
      ready_for_hardware(net, net.add(ops::Relu{}, {net.pixels({1, 4}, DataType::sint(4))}, "r"));
  PassContext context;
  EXPECT_FALSE(create_dataflow_partition(graph, context));
  EXPECT_TRUE(dataflow_partitions(graph).empty());
}

}  // namespace
}  // namespace assay
