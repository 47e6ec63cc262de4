// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/flow/stages.h"
#include "harness/run/run_dir.h"

namespace assay {

/// A stage as it lies on disk.
struct BuiltStage {
  std::string sha256;  ///< of the file
  Graph graph;         ///< read back from it
  PassReport report;
};

/// Builds a stage from the previous one's graph (the model's, for the first), saves it in a run's
/// folder and reads it back: what is on disk is what everything after it works on. UserError when
/// the stage is not possible, or when one that should be integer is not.
BuiltStage build_stage(const RunDir& dir, const StageSpec& stage, Graph previous);

/// A stage that was saved earlier.
Graph read_stage(const RunDir& dir, const std::string& file);

}  // namespace assay
