// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/graph.h"
#include "compile/passes/rewrite/pass_options.h"
#include "compile/passes/rewrite/pass_report.h"

namespace assay {

/// What a pass gets besides the graph.
struct PassContext {
  PassOptions options = {};
  PassReport report = {};  ///< passes add to it
};

/// The one form of a pass: changes the graph and returns whether it changed anything; a second run
/// changes nothing. Passes expect recorded shapes (infer_shapes), record the shapes of what they
/// add, and leave the nodes in topological order.
using Pass = bool (*)(Graph& graph, PassContext& context);

}  // namespace assay
