// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/lower/lower.h"

#include <algorithm>

#include "compile/passes/cleanup/infer_data_layouts.h"
#include "compile/passes/lower/lowering.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

using lowering::Lowering;

bool is_channels_first(const Node& node) {
  if (node.traits().demands == Demands::kChannelsFirst) return true;
  if (const auto* pool = node.as<ops::SumPool>())
    return !layout_name(pool->data_layout).ends_with('C');
  const auto* average = node.as<ops::QuantAvgPool2d>();
  return average && average->data_layout != Layout::kNHWC;
}

bool is_lowered(const Graph& graph) {
  const bool inputs_last = std::ranges::all_of(graph.inputs(), [](const Tensor* input) {
    return input->layout != Layout::kNCW &&
           (input->layout == Layout::kNHWC || known_shape(*input).size() != 4);
  });
  return inputs_last && std::ranges::none_of(graph.nodes(), [](const auto& node) {
           return is_channels_first(*node);
         });
}

/// Operators that demand the model's own order of axes, or that have none.
void keep(Lowering& lowering, const Node& node) {
  std::vector<Tensor*> inputs;
  for (const Tensor* input : node.inputs) {
    if (lowering.is_computed(input))
      inputs.push_back(
          lowering.in_order(input, lowering::identity_perm(known_shape(*input).size()), node));
    else
      inputs.push_back(lowering.constant(input));
  }
  const Tensor* output = *std::ranges::find_if(node.outputs, [](const Tensor* t) { return t; });
  lowering.emit(node, node.op->clone(), std::move(inputs),
                lowering::identity_perm(known_shape(*output).size()));
}

}  // namespace

bool lower(Graph& graph, PassContext& context) {
  if (is_lowered(graph)) return false;
  lowering::depth_to_space_as_convolution(graph);
  infer_data_layouts(graph, context);
  Lowering lowering(graph);
  for (const Tensor* input : graph.inputs()) lowering.add_input(*input);
  for (const Node* node : graph.topological_order()) {
    const bool done = lower_features(lowering, *node) || lower_convolution(lowering, *node) ||
                      lower_pool(lowering, *node) || lower_channels(lowering, *node) ||
                      lower_move(lowering, *node) || lower_elementwise(lowering, *node);
    if (!done) keep(lowering, *node);
  }
  lowering.finish();
  lowering.explain(context.report);
  graph = std::move(lowering.graph);
  infer_data_layouts(graph, context);
  return true;
}

}  // namespace assay
