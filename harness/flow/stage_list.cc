// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/stage_list.h"

#include <fmt/format.h>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "harness/check/saved_stage.h"
#include "harness/flow/run_options.h"
#include "harness/flow/stages.h"
#include "harness/run/ledger.h"

namespace assay {
namespace {

/// Goes along the list of a run beside that of its options.
class StageList {
 public:
  explicit StageList(const SavedRun& run) : run_(run), preprocess_(run.preprocess) {}

  std::string fault() {
    const report::Inputs& inputs = run_.report.inputs;
    const RunChoice choice = recorded_choice(inputs.options.value_or(Named<OptionValue>()));
    const auto steps = stages_until(flow_stages(preprocess_, inputs.topk, choice.passes),
                                    run_.report.until.value_or(""));
    for (const StageSpec& step : steps) {
      if (ended()) break;
      if (std::string fault = look_at(step); !fault.empty()) return fault;
    }
    if (at_ == run_.stages.size()) return "";
    return fmt::format("stage {} is none that the options of the run give there",
                       printable(run_.stages[at_].id));
  }

 private:
  /// Behind a stage that does not hold there is none.
  bool ended() const { return at_ > 0 && exit_code(run_.report.stages[at_ - 1].verdict) != 0; }

  std::string look_at(const StageSpec& step) {
    const bool listed =
        at_ < run_.stages.size() && run_.stages[at_].id == stage_id(at_ + 1, step.name);
    if (step.applies && step.applies(pixels_before()) != listed)
      return fmt::format("stage {} is {}, which the network {}", step.name,
                         listed ? "there" : "left out", listed ? "does not need" : "needs");
    if (!listed) return step.applies ? "" : fmt::format("stage {} is left out", step.name);
    const report::StageSummary& summary = run_.report.stages[at_++];
    if (summary.contract == contract_name(step.contract)) return "";
    return fmt::format("stage {} is {} by its options, not {}", printable(summary.stage),
                       contract_name(step.contract), printable(summary.contract));
  }

  Graph pixels_before() const {
    if (at_ == 0) return Graph();
    return pixel_graph(load_file(run_.stages[at_ - 1].file).graph, preprocess_);
  }

  const SavedRun& run_;
  Preprocess preprocess_;
  std::size_t at_ = 0;
};

}  // namespace

std::string stage_list_fault(const SavedRun& run) { return StageList(run).fault(); }

void require_all_stages(const SavedRun& run) {
  const std::string fault = stage_list_fault(run);
  if (!fault.empty())
    user_error("'{}': {}; do the run again", printable((run.dir / kRunReport).string(), 4096),
               fault);
}

}  // namespace assay
