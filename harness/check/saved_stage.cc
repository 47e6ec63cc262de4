// SPDX-License-Identifier: Apache-2.0
#include "harness/check/saved_stage.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/onnx/import.h"
#include "compile/passes/cleanup/insert_topk.h"
#include "compile/passes/pipeline/pass.h"
#include "harness/check/check.h"
#include "harness/run/network.h"

namespace assay {
namespace {

LoadedFile find_reference(const SavedRun& run) {
  const std::filesystem::path model = run.report.model;
  std::error_code error;
  if (std::filesystem::exists(model, error)) return load_file(model);
  const SavedRun::Stage& first = run.stages.front();
  LoadedFile file = load_file(first.file);
  if (sha256(file.bytes) != first.sha256)
    user_error("the model '{}' is gone, and '{}' was changed since the run; do the run again",
               printable(model.string(), 4096), printable(first.file.string(), 4096));
  return file;
}

/// What the last stage has to agree with: the last approximate stage before it, else the model. Which
/// stages are approximate follows from the options (require_all_stages()), whatever its report names.
Graph reference_of_last(const SavedRun& run) {
  const std::vector<report::StageSummary>& stages = run.report.stages;
  for (std::size_t i = stages.size() - 1; i-- > 0;)
    if (stages[i].contract == contract_name(Contract::kApproximate))
      return load_file(run.stages[i].file).graph;
  return load_reference(run).graph;
}

}  // namespace

LoadedFile load_file(const std::filesystem::path& path) {
  LoadedFile file{path.string(), read_file(path), {}};
  file.graph = import_bytes(file.bytes, model_folder(path), file.name);
  return file;
}

LoadedFile load_reference(const SavedRun& run) {
  LoadedFile file = find_reference(run);
  complete(file.graph);
  return file;
}

void require_unchanged_stages(const SavedRun& run) {
  for (const SavedRun::Stage& stage : run.stages)
    if (sha256(read_file(stage.file)) != stage.sha256)
      user_error("'{}' was changed since the run; do the run again",
                 printable(stage.file.string(), 4096));
}

Judgement compare_last_stage(const SavedRun& run, const Graph& graph, const ChosenImages& images,
                             std::int64_t count) {
  const Preprocess preprocess(run.preprocess);
  const Graph pixels = pixel_graph(reference_of_last(run), preprocess);
  Reference reference(pixels, images);
  return compare_images(reference, graph, count, gets_labels(pixels, run.report.inputs.topk));
}

}  // namespace assay
