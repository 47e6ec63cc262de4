// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/change_batch_size.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

constexpr std::size_t kReshapeTarget = 1, kResizeSizes = 3;

/// Replaces a leading `before` in the constant of integers at `index` by `after`.
void change_target(Graph& graph, Node* node, std::size_t index, std::int64_t before,
                   std::int64_t after) {
  const Constant* target = constant_input(*node, index);
  if (!target || !target->is_int() || target->size() == 0 || target->ints()[0] != before) return;
  std::vector<std::int64_t> values(target->ints().begin(), target->ints().end());
  values[0] = after;
  graph.set_input(
      node, index,
      add_constant_like(graph, *node->inputs[index], Constant(target->shape(), std::move(values))));
}

void apply(Graph& graph, std::int64_t before, std::int64_t after) {
  for (Tensor* input : graph.inputs()) (*input->shape)[0] = after;
  for (Node* node : graph.topological_order()) {
    if (node->inputs.empty() || !node->inputs[0] || node->inputs[0]->constant) continue;
    if (node->as<ops::Reshape>()) change_target(graph, node, kReshapeTarget, before, after);
    if (node->as<ops::Resize>()) change_target(graph, node, kResizeSizes, before, after);
  }
  graph.remove_dead();
  infer_shapes(graph, true);
}

/// What keeps the shape may still mix images.
void check_rows(const Graph& graph) {
  for (const auto& node : graph.nodes()) {
    const auto* op = node->as<ops::RowsOp>();
    const Tensor* input = op ? node->inputs[0] : nullptr;
    if (!input || input->constant || !input->shape || input->shape->empty()) continue;
    if (ops::normalise_axis(op->axis, input->shape->size()) == 0)
      user_error("{} goes along the first axis: the network mixes images", node->label());
  }
}

/// Every output of the network whose shape is known must follow its input.
void check(const Graph& graph, std::int64_t images) {
  for (const Tensor* output : graph.outputs())
    if (output->shape && (output->shape->empty() || (*output->shape)[0] != images))
      user_error("output '{}' has shape {} for {} images: the network mixes images",
                 printable(output->name), shape_text(*output->shape), images);
}

}  // namespace

bool change_batch_size(Graph& graph, std::int64_t images) {
  if (images < 1) user_error("a batch of {} images does not exist", images);
  if (graph.inputs().empty()) user_error("the network has no input");
  const std::int64_t before =
      known_shape(*graph.inputs()[0]).empty() ? 0 : (*graph.inputs()[0]->shape)[0];
  for (const Tensor* input : graph.inputs())
    if (known_shape(*input).empty() || (*input->shape)[0] != before || before < 1)
      user_error("input '{}' of shape {} has no batch axis in common with the others",
                 printable(input->name), shape_text(*input->shape));
  check_rows(graph);  // an axis without a number may have been read as 1
  if (before == images) return false;
  check(graph, before);  // one image is also what a network that takes the largest of all leaves
  Graph trial = graph;
  apply(trial, before, images);
  check(trial, images);
  apply(graph, before, images);
  return true;
}

}  // namespace assay
