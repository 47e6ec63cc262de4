// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/hw_ops.h"
#include "compile/passes/layers/infer_hw_layers.h"
#include "compile/passes/layers/xnor.h"
#include "compile/passes/lower/lower.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/widths/minimize_widths.h"
#include "passes/integer_net.h"

/// Networks made by hand up to the point where layers become hardware.
namespace assay {

/// The integer graph as it is before infer_hw_layers().
inline Graph ready_for_hardware(IntegerNet& net, Tensor* y) {
  Graph graph = net.finish_integers(y);
  PassContext context;
  lower(graph, context);
  convert_to_xnor(graph, context);
  minimize_widths(graph, context);
  verify(graph);
  return graph;
}

/// The operators in topological order: "FMPadding MVAU".
inline std::string types(const Graph& graph) {
  std::string text;
  for (const Node* node : graph.topological_order())
    text += (text.empty() ? "" : " ") + std::string(node->op->type());
  return text;
}

template <typename T>
const T& only(const Graph& graph) {
  const auto nodes = nodes_of_type<T>(graph);
  EXPECT_EQ(nodes.size(), 1U);
  return *nodes.at(0)->template as<T>();
}

template <typename T>
Node& only_node(const Graph& graph) {
  const auto nodes = nodes_of_type<T>(graph);
  EXPECT_EQ(nodes.size(), 1U);
  return *nodes.at(0);
}

/// The network as layers, with every checkpoint what it was.
inline Graph as_hardware(IntegerNet& net, Tensor* y) {
  Graph graph = ready_for_hardware(net, y);
  expect_exact_step(graph, infer_hw_layers);
  return graph;
}

/// Why the network cannot become layers.
inline std::string refusal(IntegerNet& net, Tensor* y) {
  Graph graph = ready_for_hardware(net, y);
  PassContext context;
  return user_error_of([&] { infer_hw_layers(graph, context); });
}

}  // namespace assay
