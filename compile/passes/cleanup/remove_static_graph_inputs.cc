// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/remove_static_graph_inputs.h"

namespace assay {

bool remove_static_graph_inputs(Graph& graph, PassContext&) {
  return std::erase_if(graph.mutable_inputs(),
                       [](const Tensor* input) { return input->is_constant(); }) > 0;
}

}  // namespace assay
