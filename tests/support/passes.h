// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "compile/passes/pipeline/pipeline.h"

/// Running passes on graphs made for tests, with the default options.
namespace assay {

/// The cleanup step. Returns whether it changed anything.
inline bool clean_up(Graph& graph) {
  PassContext context;
  return run_step(graph, *std::ranges::find(pipeline_steps(), "cleanup", &PipelineStep::name),
                  context);
}

/// One pass, verified before and after. Returns whether it changed anything.
inline bool run_pass(Graph& graph, const PassInfo& pass) {
  PassContext context;
  return run_pass(graph, pass, context);
}

}  // namespace assay
