// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/extract_bias_from_conv.h"

#include "compile/graph/ops.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

constexpr std::size_t kBias = 2;

Tensor* bias_per_channel(Graph& graph, Tensor* bias, std::size_t rank) {
  Shape shape(rank, 1);
  shape[1] = known_shape(*bias)[0];
  const auto reshape = [&](const Constant& c) {
    return c.size() == 1 ? c.reshaped(Shape(rank, 1)) : c.reshaped(shape);
  };
  if (Tensor* mapped = map_parameter(graph, bias, reshape)) return mapped;
  Tensor* target = graph.add_constant(
      "", Constant({static_cast<std::int64_t>(rank)}, std::vector<std::int64_t>(shape)));
  return graph.add(std::make_unique<ops::Reshape>(), {bias, target});
}

void extract_bias(Graph& graph, Node* conv) {
  Tensor* output = conv->outputs[0];
  Tensor* bias = bias_per_channel(graph, conv->inputs[kBias], known_shape(*output).size());
  graph.remove_inputs_from(conv, kBias);
  Tensor* raw = graph.add_tensor(conv->name + "_nobias");
  graph.move_producer(output, raw);
  graph.add_node(std::make_unique<ops::Add>(), {raw, bias}, {output});
}

}  // namespace

bool extract_bias_from_conv(Graph& graph, PassContext&) {
  bool changed = false;
  for (Node* node : graph.topological_order()) {
    if (!node->as<ops::Conv>() && !node->as<ops::ConvTranspose>()) continue;
    if (node->inputs.size() <= kBias) continue;
    if (node->inputs[kBias])
      extract_bias(graph, node);
    else
      graph.remove_inputs_from(node, kBias);
    changed = true;
  }
  return finish(graph, changed);
}

}  // namespace assay
