// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "compile/graph/graph.h"
#include "harness/report/verdict.h"
#include "harness/run/images.h"
#include "harness/run/saved_run.h"

/// Stages as they lie in the folder of a finished run, whatever its reports say.
namespace assay {

struct LoadedFile {
  std::string name, bytes;
  Graph graph;
};
LoadedFile load_file(const std::filesystem::path& path);

/// The run's model while it is there, else the first stage's file, with all checkpoints that the
/// graph calls for. UserError when the model is gone and the first stage is not that of the run.
LoadedFile load_reference(const SavedRun& run);

/// UserError that names a stage whose file is not the one that was checked.
void require_unchanged_stages(const SavedRun& run);

/// Compares the last stage, `graph` from raw pixels, with the last approximate stage before it, or where
/// there is none with the model, on the first `count` images.
Judgement compare_last_stage(const SavedRun& run, const Graph& graph, const ChosenImages& images,
                             std::int64_t count);

}  // namespace assay
