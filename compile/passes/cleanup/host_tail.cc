// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/host_tail.h"

#include <algorithm>

#include "compile/graph/ops.h"
#include "compile/passes/cleanup/insert_topk.h"

namespace assay {
namespace {

/// Whether the values of a row are in the order of what the node takes. Copies are no work that a
/// host would have to do.
bool keeps_order(const Node& node) {
  const Traits& traits = node.traits();
  if (traits.order == Order::kRises) return traits.elements == Elements::kMapped;
  if (traits.order != Order::kRisesRows) return false;
  const Tensor& output = *node.outputs[0];
  const std::optional<std::size_t> classes = class_axis(output);
  return !classes ||
         ops::normalise_axis(node.as<ops::RowsOp>()->axis, output.shape->size()) == *classes;
}

}  // namespace

std::vector<HostTail> take_off_tail(Graph& graph) {
  std::vector<HostTail> tails;
  for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
    Tensor* output = graph.outputs()[i];
    Node* node = output->producer;
    if (!node || !output->consumers.empty() || !output->shape || !keeps_order(*node)) continue;
    Tensor* inner = node->inputs[0];
    if (inner->constant || graph.is_input(inner) || graph.is_output(inner)) continue;
    tails.push_back({i, output->name, node->label(), node->op->clone()});
    const auto carried = [&](const Checkpoint& c) { return c.tensor == inner; };
    const bool known = std::ranges::any_of(graph.checkpoints(), carried);
    if (known)
      std::erase_if(graph.checkpoints(), [&](const Checkpoint& c) { return c.tensor == output; });
    for (Checkpoint& checkpoint : graph.checkpoints())
      if (checkpoint.tensor == output) {
        checkpoint.tensor = inner;
        checkpoint.name = inner->name;
      }
    graph.mutable_outputs()[i] = inner;
    graph.erase(node);
    graph.erase(output);
  }
  if (!tails.empty()) graph.remove_dead();
  return tails;
}

}  // namespace assay
