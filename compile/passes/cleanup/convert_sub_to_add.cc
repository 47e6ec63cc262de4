// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/convert_sub_to_add.h"

#include "compile/graph/ops.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {

bool convert_sub_to_add(Graph& graph, PassContext&) {
  bool changed = false;
  for (Node* node : nodes_of_type<ops::Sub>(graph)) {
    const Constant* subtrahend = constant_input(*node, 1);
    if (!subtrahend || subtrahend->is_int()) continue;
    graph.set_input(node, 1, graph.add_constant(node->inputs[1]->name, negated(*subtrahend)));
    node->op = std::make_unique<ops::Add>();
    changed = true;
  }
  return finish(graph, changed);
}

}  // namespace assay
