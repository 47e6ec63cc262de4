// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/insert_topk.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {

bool is_row_of_logits(const Tensor& output) {
  const Shape& shape = known_shape(output);
  return shape.size() < 3 || std::all_of(shape.begin() + 1, shape.end() - 1,
                                         [](std::int64_t size) { return size == 1; });
}

void insert_topk(Graph& graph, std::int64_t k) {
  if (graph.outputs().size() != 1)
    user_error("the network has {} outputs; labels need exactly one", graph.outputs().size());
  Tensor* logits = graph.outputs()[0];
  const Shape& shape = known_shape(*logits);
  if (logits->container != Container::kFloat32 || shape.empty())
    user_error("output '{}' of the network is not a tensor of logits", printable(logits->name));
  if (!is_row_of_logits(*logits))
    user_error("output '{}' of shape {} is no row of logits; flatten it to [N,classes] for labels",
               printable(logits->name), shape_text(shape));
  const std::int64_t classes = shape.back();
  if (k < 1 || k > classes)
    user_error("top-{} of {} classes does not exist; choose k between 1 and {}", k, classes,
               classes);
  if (std::ranges::any_of(graph.checkpoints(),
                          [](const Checkpoint& c) { return c.name == "label"; }))
    user_error("the network has a checkpoint 'label' already");
  Tensor* count = graph.add_constant("topk_k", Constant({1}, std::vector<std::int64_t>{k}));
  Tensor* values = graph.add_tensor("topk_values");
  Tensor* indices = graph.add_tensor("topk_indices");
  graph.add_node(std::make_unique<ops::TopK>(), {logits, count}, {values, indices});
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
