// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/stages.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/passes/cleanup/infer_data_layouts.h"
#include "compile/passes/cleanup/insert_topk.h"
#include "compile/passes/streamline/streamline.h"
#include "harness/flow/device_folding.h"
#include "harness/flow/fifos.h"

namespace assay {
namespace {

constexpr std::size_t kDigits = 2;

void preprocess_stage(Graph& graph, const Preprocess& preprocess) {
  if (!preprocess.is_in_front_of(graph)) graph = preprocess.built_in_front_of(graph);
}

/// A network that ends in labels already keeps them. What has none stays as it is: a map, a number,
/// a quantised output, several outputs.
void postprocess_stage(Graph& graph, std::int64_t topk) {
  const bool labelled = std::ranges::find(graph.checkpoints(), Checkpoint::Kind::kLabel,
                                          &Checkpoint::kind) != graph.checkpoints().end();
  if (!labelled && gets_labels(graph, topk)) insert_topk(graph, topk);
  verify(graph);
}

/// A step of the harness' own.
StageSpec own_stage(std::string name, std::vector<std::string> passes,
                    std::function<void(Graph&)> change) {
  StageSpec stage;
  stage.name = std::move(name);
  stage.passes = std::move(passes);
  stage.build = [change = std::move(change)](Graph& graph) {
    change(graph);
    return PassReport();
  };
  return stage;
}

/// A step of passes. `step` must outlive it.
StageSpec pass_stage(const PipelineStep& step, const Preprocess& preprocess,
                     const PassOptions& options) {
  StageSpec stage;
  stage.name = step.name;
  for (const PassInfo& pass : step.passes) stage.passes.emplace_back(pass.name);
  stage.contract = contract_of(step, options);
  if (step.options) stage.options = step.options(options);
  stage.streamlines = step.streamlines;
  stage.integer = step.integer;
  if (step.applies)
    stage.applies = [&step, options](const Graph& graph) { return step.applies(graph, options); };
  stage.build = [&step, &preprocess, options](Graph& graph) {
    if (step.streamlines) graph = pixel_graph(graph, preprocess);
    PassContext context{.options = options};
    run_step(graph, step, context);
    for (const std::string& output : context.report.constant_outputs)
      user_error("{}", constant_output_problem(output));
    return std::move(context.report);
  };
  return stage;
}

StepOptions fifos_options(const PassOptions& options) {
  return {{"fifo_interval", options.fifo_interval}};
}

/// Behind the pipeline: FIFOs, as the simulation sizes them.
const PipelineStep& fifos_step() {
  static const PipelineStep step = {
      .name = "fifos",
      .passes = {{"insert_fifos", Contract::kExact,
                  "streams between layers pass through FIFOs that keep the interval",
                  insert_sized_fifos}},
      .integer = true,
      .options = fifos_options};
  return step;
}

/// The pipeline's step that folds, for a device: FIFOs are in its share, too.
const PipelineStep& device_fold_step(const PipelineStep& fold) {
  static const PipelineStep step = [&] {
    PipelineStep result = fold;
    result.passes.front().run = fold_with_fifos;
    return result;
  }();
  return step;
}

/// Whether `id` is the step at index `i`; steps that may be left out move those
/// behind them.
bool is_id(const std::vector<StageSpec>& stages, std::size_t i, std::string_view id) {
  std::size_t place = i + 1;
  if (id == stage_id(place, stages[i].name)) return true;
  for (std::size_t k = 0; k < i; ++k)
    if (stages[k].applies && id == stage_id(--place, stages[i].name)) return true;
  return false;
}

}  // namespace

std::vector<StageSpec> flow_stages(const Preprocess& preprocess, std::int64_t topk,
                                   const PassOptions& options) {
  // Stages are fed alike: what the input's axes mean is recorded before anything changes.
  std::vector<StageSpec> stages{own_stage("import", {}, decide_input_layouts)};
  for (const PipelineStep& step : pipeline_steps()) {
    const bool for_device = step.name == "fold" && !options.device.empty();
    stages.push_back(pass_stage(for_device ? device_fold_step(step) : step, preprocess, options));
    if (step.name != "cleanup") continue;
    stages.push_back(own_stage("preprocess", {"MergeONNXModels"}, [&preprocess](Graph& graph) {
      preprocess_stage(graph, preprocess);
    }));
    stages.push_back(own_stage("postprocess", {"InsertTopK"},
                               [topk](Graph& graph) { postprocess_stage(graph, topk); }));
  }
  stages.push_back(pass_stage(fifos_step(), preprocess, options));
  return stages;
}

std::string stage_id(std::size_t place, std::string_view name) {
  return fmt::format("{:0{}}_{}", place, kDigits, name);
}

std::optional<std::string_view> stage_name(std::string_view id) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (id.size() <= kDigits + 1 || id[kDigits] != '_') return {};
  if (!std::ranges::all_of(id.substr(0, kDigits), digit)) return {};
  return id.substr(kDigits + 1);
}

bool ends_in_labels(std::string_view id, const Graph& reference, std::int64_t topk) {
  const std::optional<std::string_view> name = stage_name(id);
  return gets_labels(reference, topk) && name != "import" && name != "cleanup" &&
         name != "preprocess";
}

std::vector<StageSpec> stages_until(std::vector<StageSpec> stages, std::string_view until) {
  if (until.empty()) return stages;
  std::string names;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].name == until || is_id(stages, i, until)) {
      stages.resize(i + 1);
      return stages;
    }
    names += (i == 0 ? "" : ", ") + stages[i].name;
  }
  user_error("--until names no stage: '{}'; the stages are {}", printable(until), names);
}

}  // namespace assay
