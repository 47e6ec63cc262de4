// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/remade.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/graph/function_digest.h"
#include "harness/check/saved_stage.h"
#include "harness/flow/run_options.h"
#include "harness/flow/stage_files.h"
#include "harness/flow/stages.h"

namespace assay {
namespace {

constexpr std::string_view kLastRemade = "partition";

std::vector<StageSpec> listed_stages(const SavedRun& run, const Preprocess& preprocess) {
  const report::Inputs& inputs = run.report.inputs;
  const RunChoice choice = recorded_choice(inputs.options.value_or(Named<OptionValue>()));
  std::vector<StageSpec> stages = flow_stages(preprocess, inputs.topk, choice.passes);
  std::erase_if(stages, [&](const StageSpec& stage) {
    return std::ranges::none_of(run.stages, [&](const SavedRun::Stage& saved) {
      return stage_name(saved.id) == stage.name;
    });
  });
  return stages;
}

Graph graph_of(const SavedRun::Stage& stage) { return load_file(stage.file).graph; }

std::string not_made(const SavedRun::Stage& stage, std::string_view of) {
  return fmt::format("'{}' is not what its passes make of {}", printable(stage.file.string(), 4096),
                     of);
}

}  // namespace

std::string remade_fault(const SavedRun& run) {
  const Preprocess preprocess(run.preprocess);
  const std::vector<StageSpec> stages = listed_stages(run, preprocess);
  if (stages.size() != run.stages.size()) return "its stages are not those of its options";
  std::error_code error;
  const bool model_is_there = std::filesystem::exists(run.report.model, error);
  std::size_t at = 0;
  for (; at < stages.size(); ++at) {
    if (at > 0 || model_is_there) {
      Graph before = at == 0 ? load_reference(run).graph : graph_of(run.stages[at - 1]);
      if (build_stage(stages[at], std::move(before)).bytes != read_file(run.stages[at].file))
        return not_made(run.stages[at], at == 0 ? "the model" : "the stage before it");
    }
    if (stages[at].name == kLastRemade) break;
  }
  if (at < stages.size() &&
      function_digest(graph_of(run.stages[at])) != function_digest(graph_of(run.stages.back())))
    return fmt::format("'{}' computes something else than '{}'",
                       printable(run.stages.back().file.string(), 4096),
                       printable(run.stages[at].file.string(), 4096));
  return "";
}

}  // namespace assay
