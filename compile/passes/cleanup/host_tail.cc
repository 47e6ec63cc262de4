// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/host_tail.h"

#include <algorithm>

#include "compile/graph/ops.h"
#include "compile/graph/views.h"
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

/// Whether the output can end at `inner`, further in front.
bool can_end_at(const Graph& graph, const Tensor* inner) {
  return !inner->constant && !graph.is_input(inner) && !graph.is_output(inner);
}

/// Output `index` becomes `inner`, and so do its checkpoints where that has none yet.
void end_at(Graph& graph, std::size_t index, Tensor* inner) {
  Tensor* output = graph.outputs()[index];
  auto& checkpoints = graph.checkpoints();
  if (std::ranges::find(checkpoints, inner, &Checkpoint::tensor) != checkpoints.end())
    std::erase_if(checkpoints, [&](const Checkpoint& c) { return c.tensor == output; });
  for (Checkpoint& checkpoint : checkpoints) {
    if (checkpoint.tensor != output) continue;
    checkpoint.tensor = inner;
    checkpoint.name = inner->name;
  }
  graph.mutable_outputs()[index] = inner;
}

bool moves_all(const Node& node) {
  return copies_in_order(node) || node.traits().elements == Elements::kPermuted;
}

/// What ranks the rows of a map, with nothing but movements between it and the output.
Node* ranking_of_map(const Graph& graph, const Tensor* output) {
  if (!output->consumers.empty()) return nullptr;
  Node* node = output->producer;
  const Tensor* made = output;
  while (node && moves_all(*node) && node->inputs[0]->consumers.size() == 1 &&
         !graph.is_output(node->inputs[0])) {
    made = node->inputs[0];
    node = made->producer;
  }
  const auto* top = node ? node->as<ops::TopK>() : nullptr;
  if (!top || node->outputs[1] != made) return nullptr;
  const Tensor* values = node->outputs[0];
  if (values && (!values->consumers.empty() || graph.is_output(values))) return nullptr;
  const Shape& shape = *node->inputs[0]->shape;
  const bool one_row = element_count(shape) == shape[ops::normalise_axis(top->axis, shape.size())];
  return one_row ? nullptr : node;
}

/// The tensor in front of the movements that make `tensor`, and that nothing else reads.
Tensor* before_movements(const Graph& graph, Tensor* tensor) {
  while (tensor->producer && moves_all(*tensor->producer) && tensor->consumers.size() == 1 &&
         can_end_at(graph, tensor->producer->inputs[0]))
    tensor = tensor->producer->inputs[0];
  return tensor;
}

}  // namespace

std::vector<HostTail> take_off_tail(Graph& graph) {
  std::vector<HostTail> tails;
  for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
    Tensor* output = graph.outputs()[i];
    Node* node = output->producer;
    if (!node || !output->consumers.empty() || !output->shape || !keeps_order(*node)) continue;
    Tensor* inner = node->inputs[0];
    if (!can_end_at(graph, inner)) continue;
    tails.push_back({i, output->name, node->label(), node->op->clone()});
    end_at(graph, i, inner);
    graph.erase(node);
    graph.erase(output);
  }
  if (!tails.empty()) graph.remove_dead();
  return tails;
}

std::vector<HostTail> take_off_rankings(Graph& graph) {
  std::vector<HostTail> tails;
  for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
    const Tensor* output = graph.outputs()[i];
    const Node* node = output->shape ? ranking_of_map(graph, output) : nullptr;
    if (!node) continue;
    Tensor* inner = before_movements(graph, node->inputs[0]);
    if (!can_end_at(graph, inner)) continue;
    tails.push_back({i, output->name, node->label(), node->op->clone()});
    end_at(graph, i, inner);
    for (Checkpoint& checkpoint : graph.checkpoints())
      if (checkpoint.tensor == inner && checkpoint.kind == Checkpoint::Kind::kLabel) {
        checkpoint.kind = Checkpoint::Kind::kLogits;
        checkpoint.dtype = inner->dtype;
      }
  }
  if (!tails.empty()) graph.remove_dead();
  return tails;
}

}  // namespace assay
