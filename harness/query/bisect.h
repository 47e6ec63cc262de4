// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "harness/report/console.h"
#include "harness/report/query.h"
#include "harness/report/verdict.h"
#include "harness/run/images.h"

namespace assay {

struct BisectOptions {
  std::filesystem::path dir;
  ImageChoice images;          ///< empty: the run's
  std::optional<double> drop;  ///< in points of top-1 accuracy
};

struct BisectResult {
  Verdict verdict = Verdict::kInconclusive;
  report::Bisect report;
  std::string text;  ///< for people
};

/// Executes the saved stages of a run again, as they are on disk now, and finds the first that
/// differs from the model; with `drop`, the first whose exact top-1 accuracy is more than `drop`
/// points below the model's. Compares with the model file while it is there, else with the saved
/// import stage; behind an approximate stage with that stage. An approximate stage
/// whose file was changed is INCONCLUSIVE: its effect is not the one that the run measured.
/// The run's own verdict is said first, and where it was none of EQUIVALENT stages, finding nothing is
/// INCONCLUSIVE. UserError when a stage cannot be read, naming its file, and as read_run().
BisectResult bisect(const BisectOptions& options, const Console& console);

}  // namespace assay
