// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/flow/stages.h"
#include "harness/run/run_dir.h"

namespace assay {

/// What a stage makes of the graph before it.
struct BuiltStage {
  std::string bytes;  ///< of its file
  PassReport report;
};

/// Builds a stage from the previous one's graph (the model's, for the first): the same bytes every
/// time. UserError when the stage is not possible.
BuiltStage build_stage(const StageSpec& stage, Graph previous);

/// A stage that was saved earlier.
Graph read_stage(const RunDir& dir, const std::string& file);

}  // namespace assay
