// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/flow/run_options.h"
#include "harness/flow/stages.h"
#include "harness/report/console.h"
#include "harness/report/run.h"
#include "harness/report/verdict.h"
#include "harness/run/images.h"
#include "harness/run/preprocess.h"
#include "harness/run/run_dir.h"

namespace assay {

struct FlowOptions : RunChoice {
  std::filesystem::path model, out;
  std::filesystem::path against;  ///< a recording for the import stage; empty: none
  ImageChoice images;
  PreprocessChoice preprocess;
  std::string until;     ///< last stage; empty: all
  bool replace = false;  ///< the folder may hold a run of another model or images
  /// What is to be done behind the stages: nothing, or rtl-top and what is built of it.
  std::vector<report::RunLevel> levels;
  RunFinished finished;
};

struct FlowResult {
  Verdict verdict = Verdict::kInconclusive;  ///< over the stages
  report::Run report;  ///< reports/run.json; with `levels` not EQUIVALENT before that is done
  std::string table;   ///< the stages, for people
};

/// Runs the stages of a model in DIR `out`: builds each, saves it, reads it back, executes it
/// exactly on the chosen images and compares every checkpoint with the imported model's; behind an
/// approximate stage, whose differences are its measured effect, with that stage's. Stops after the
/// first stage that is neither EQUIVALENT nor APPROXIMATE. Stages that an earlier, equal run
/// completed are not built again when their reports are what can be derived from their files: by
/// executing them again on a sample of the images, the last one and approximate ones on all.
/// Reports do not depend on whether that happened. UserError, with nothing written, when the model,
/// the images or the options are bad, or the folder holds a run of another model.
FlowResult run_flow(const FlowOptions& options, const Console& console);

}  // namespace assay
