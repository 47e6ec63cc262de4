// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/convert_div_to_mul.h"

#include "compile/graph/ops.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {

bool convert_div_to_mul(Graph& graph, PassContext&) {
  bool changed = false;
  for (Node* node : nodes_of_type<ops::Div>(graph)) {
    const Constant* divisor = constant_input(*node, 1);
    if (!divisor || divisor->is_int()) continue;
    std::optional<Constant> factor = reciprocal(*divisor);
    if (!factor) continue;
    graph.set_input(node, 1, graph.add_constant(node->inputs[1]->name, std::move(*factor)));
    node->op = std::make_unique<ops::Mul>();
    changed = true;
  }
  return finish(graph, changed);
}

}  // namespace assay
