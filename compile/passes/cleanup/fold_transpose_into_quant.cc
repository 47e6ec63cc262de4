// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/fold_transpose_into_quant.h"

#include "compile/graph/ops.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {

bool fold_transpose_into_quant(Graph& graph, PassContext&) {
  bool changed = false;
  for (Node* node : nodes_of_type<ops::Transpose>(graph)) {
    if (node->inputs[0]->constant) continue;  // fold_constants has that case
    const auto& perm = node->as<ops::Transpose>()->perm;
    Tensor* weights = map_parameter(graph, node->inputs[0],
                                    [&](const Constant& c) { return transposed(c, perm); });
    if (!weights) continue;
    Tensor* output = node->outputs[0];
    graph.erase(node);
    graph.move_producer(weights, output);
    changed = true;
  }
  return finish(graph, changed);
}

}  // namespace assay
