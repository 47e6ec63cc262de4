// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/remove_unused_tensors.h"

namespace assay {

bool remove_unused_tensors(Graph& graph, PassContext&) { return graph.remove_dead() > 0; }

}  // namespace assay
