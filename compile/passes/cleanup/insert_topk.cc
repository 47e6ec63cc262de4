// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/insert_topk.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {

std::optional<std::size_t> class_axis(const Tensor& output) {
  const Shape& shape = known_shape(output);
  const std::size_t first = shape.size() == 1 ? 0 : 1;
  std::optional<std::size_t> found;
  for (std::size_t axis = first; axis < shape.size(); ++axis) {
    if (shape[axis] == 1) continue;
    if (found) return {};
    found = axis;
  }
  return found;
}

bool is_row_of_classes(const Tensor& output) {
  const Shape& shape = known_shape(output);
  return class_axis(output) && (shape.size() == 1 || shape[0] == 1);
}

bool gets_labels(const Graph& network, std::int64_t topk) {
  if (topk < 1 || network.outputs().size() != 1) return false;
  const Tensor* output = network.outputs()[0];
  const bool other = std::ranges::any_of(network.checkpoints(), [&](const Checkpoint& checkpoint) {
    return checkpoint.tensor == output && (checkpoint.kind == Checkpoint::Kind::kActivation ||
                                           checkpoint.kind == Checkpoint::Kind::kValues);
  });
  return output->container == Container::kFloat32 && !other && is_row_of_classes(*output);
}

void insert_topk(Graph& graph, std::int64_t k) {
  if (graph.outputs().size() != 1)
    user_error("the network has {} outputs; labels need exactly one", graph.outputs().size());
  Tensor* logits = graph.outputs()[0];
  const Shape& shape = known_shape(*logits);
  if (logits->container != Container::kFloat32 || shape.empty())
    user_error("output '{}' of the network is not a tensor of logits", printable(logits->name));
  const std::optional<std::size_t> axis = class_axis(*logits);
  if (!axis)
    user_error("output '{}' of shape {} is no row of logits; flatten it to [N,classes] for labels",
               printable(logits->name), shape_text(shape));
  const std::int64_t classes = shape[*axis];
  if (k < 1 || k > classes)
    user_error("top-{} of {} classes does not exist; choose k between 1 and {}", k, classes,
               classes);
  if (std::ranges::any_of(graph.checkpoints(),
                          [](const Checkpoint& c) { return c.name == "label"; }))
    user_error("the network has a checkpoint 'label' already");
  Tensor* count = graph.add_constant("topk_k", Constant({1}, std::vector<std::int64_t>{k}));
  Tensor* values = graph.add_tensor("topk_values");
  Tensor* indices = graph.add_tensor("topk_indices");
  Tensor* row = logits;
  if (*axis + 1 != shape.size()) {
    row = graph.add_tensor("topk_row");
    graph.add_node(std::make_unique<ops::Flatten>(), {logits}, {row});
  }
  graph.add_node(std::make_unique<ops::TopK>(), {row, count}, {values, indices});
  graph.mutable_outputs()[0] = indices;
  infer_shapes(graph);
  indices->dtype = DataType::smallest_for(0, classes - 1);
  Checkpoint label;
  label.name = "label";
  label.kind = Checkpoint::Kind::kLabel;
  label.tensor = indices;
  label.dtype = indices->dtype;
  graph.checkpoints().push_back(std::move(label));
}

}  // namespace assay
