// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/infer_shapes_pass.h"

namespace assay {

bool infer_shapes_pass(Graph& graph, PassContext&) { return infer_shapes(graph); }

}  // namespace assay
