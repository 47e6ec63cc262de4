// SPDX-License-Identifier: Apache-2.0
#include "compile/onnx/batch_axis.h"

#include <optional>

#include "compile/base/error.h"
#include "compile/graph/ops.h"

namespace assay {
namespace {

/// The graph for two images, as far as its shapes follow: fixed shapes inside may keep some from it.
Graph for_two_images(const Graph& graph, const std::vector<Tensor*>& open) {
  Graph two = graph;
  for (const Tensor* input : open) (*two.find_tensor(input->name)->shape)[0] = 2;
  try {
    infer_shapes(two, true);
  } catch (const UserError&) {
  }
  return two;
}

/// The axis along which the node brings elements together; nothing where it names none.
std::optional<std::int64_t> joined_axis(const Node& node) {
  if (const auto* gather = node.as<ops::Gather>()) return gather->axis;
  if (const auto* concat = node.as<ops::Concat>()) return concat->axis;
  if (const auto* top = node.as<ops::TopK>()) return top->axis;
  if (const auto* rows = node.as<ops::RowsOp>()) return rows->axis;
  return {};
}

bool is_first(std::int64_t axis, std::size_t rank) {
  return axis == 0 || axis == -static_cast<std::int64_t>(rank);
}

/// Whether the node makes one row of all that lies along the first axis, or goes along it.
bool joins_first(const Node& node, std::size_t rank) {
  if (const auto* flatten = node.as<ops::Flatten>()) return is_first(flatten->axis, rank);
  const auto axis = joined_axis(node);
  return axis && is_first(*axis, rank);
}

/// Whether two images make the tensor's first axis another one.
bool is_longer(const Tensor* one, const Graph& two) {
  const Tensor* same = two.find_tensor(one->name);
  return !one->shape->empty() && same->shape->front() != one->shape->front();
}

}  // namespace

void check_images_apart(const Graph& graph, const std::vector<Tensor*>& open) {
  if (open.empty()) return;
  const Graph two = for_two_images(graph, open);
  for (const auto& node : graph.nodes())
    for (const Tensor* input : node->inputs)
      if (input && joins_first(*node, input->shape->size()) && is_longer(input, two))
        user_error(
            "{} goes along the first axis, the images, whose number the file leaves open: it would "
            "mix images; make it go along another axis, or export for a batch of 1",
            node->label());
}

}  // namespace assay
