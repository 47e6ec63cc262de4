// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Records the shape and container of every tensor. UserError when a recorded shape disagrees with
/// the operators.
///
/// Contract: exact.
bool infer_shapes_pass(Graph& graph, PassContext& context);

}  // namespace assay
