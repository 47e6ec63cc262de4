// SPDX-License-Identifier: Apache-2.0
#include "harness/query/summary.h"

#include <gtest/gtest.h>

#include "compile/graph/hw_ops.h"

namespace assay {
namespace {

Tensor* zeros(Graph& graph, const Shape& shape) {
  const auto count = static_cast<std::size_t>(element_count(shape));
  return graph.add_constant("c", Constant(shape, std::vector<std::int64_t>(count, 0)));
}

TEST(Summary, CountsTheProductsOfHardwareLayers) {
  Graph graph;
  hw::VVAU depthwise;
  depthwise.acc_dtype = DataType::sint(8);
  hw::MVAU dense;
  dense.acc_dtype = DataType::sint(8);
  Tensor* windows = graph.add_input("x", {1, 2, 2, 18});
  Tensor* y = graph.add(std::make_unique<hw::VVAU>(depthwise), {windows, zeros(graph, {9, 2})});
  y = graph.add(std::make_unique<hw::MVAU>(dense), {y, zeros(graph, {2, 5}), zeros(graph, {1, 3})});
  graph.add_output(y);
  infer_shapes(graph);
  // 4 pixels: 9 products for each of 2 channels, then 2 for each of 5.
  EXPECT_EQ(multiply_accumulates(graph), 4 * (2 * 9 + 5 * 2));
}

TEST(Summary, TakesANodeWhoseFirstOutputIsLeftOut) {
  Graph graph;
  Tensor* labels = graph.add_tensor("labels");
  graph.add_node(std::make_unique<ops::TopK>(),
                 {graph.add_input("x", {1, 10}),
                  graph.add_constant("k", Constant({1}, std::vector<std::int64_t>{1}))},
                 {nullptr, labels});
  graph.add_output(labels);
  infer_shapes(graph);
  EXPECT_EQ(multiply_accumulates(graph), 0);
  EXPECT_EQ(graph_summary(graph).operators, (Named<std::int64_t>{{"TopK", 1}}));
}

}  // namespace
}  // namespace assay
