// SPDX-License-Identifier: Apache-2.0
#include "harness/stages.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/passes/insert_topk.h"
#include "compile/passes/pipeline.h"

namespace assay {
namespace {

void preprocess_stage(Graph& graph, const Preprocess& preprocess) {
  if (!starts_at_pixels(graph)) graph = preprocess.in_front_of(graph);
}

/// A network that ends in labels already keeps them.
void postprocess_stage(Graph& graph, std::int64_t topk) {
  const bool labelled = std::ranges::find(graph.checkpoints(), Checkpoint::Kind::kLabel,
                                          &Checkpoint::kind) != graph.checkpoints().end();
  if (!labelled) insert_topk(graph, topk);
  verify(graph);
}

}  // namespace

std::vector<StageSpec> flow_stages(const Preprocess& preprocess, std::int64_t topk) {
  std::vector<std::string> cleanup;
  for (const PassInfo& pass : cleanup_passes()) cleanup.emplace_back(pass.name);
  const std::string_view exact = contract_name(Contract::kExact);
  return {
      {"import", "01_import", {}, exact, [](Graph&) {}},
      {"cleanup", "02_cleanup", cleanup, exact,
       [](Graph& graph) { run_passes(graph, cleanup_passes()); }},
      {"preprocess",
       "03_preprocess",
       {"MergeONNXModels"},
       exact,
       [&preprocess](Graph& graph) { preprocess_stage(graph, preprocess); }},
      {"postprocess",
       "04_postprocess",
       {"InsertTopK"},
       exact,
       [topk](Graph& graph) { postprocess_stage(graph, topk); }},
  };
}

std::vector<StageSpec> stages_until(std::vector<StageSpec> stages, std::string_view until) {
  if (until.empty()) return stages;
  std::string names;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].name == until || stages[i].id == until) {
      stages.resize(i + 1);
      return stages;
    }
    names += (i == 0 ? "" : ", ") + stages[i].name;
  }
  user_error("--until names no stage: '{}'; the stages are {}", printable(until), names);
}

}  // namespace assay
