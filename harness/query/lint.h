// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "harness/flow/run_options.h"
#include "harness/report/console.h"
#include "harness/report/lint.h"
#include "harness/run/preprocess.h"

namespace assay {

struct LintOptions : RunChoice {
  std::filesystem::path model;
  PreprocessChoice preprocess;
};

/// Everything that would stop a run of the network up to its hardware layers, without executing
/// anything: what import refuses of every node; where it refuses none, what streamlining and the
/// hardware layers refuse, each node behind a refused one as if that gave integers, and the first
/// refusal of any other step.
report::Lint lint(const LintOptions& options, const Console& console);

/// The same for people: a line when there is nothing, else three for each.
std::string lint_text(const report::Lint& lint);

}  // namespace assay
