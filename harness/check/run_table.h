// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/report/effect_text.h"
#include "harness/report/run.h"

namespace assay {

/// A run's report as a table for people: a line per stage, then the verdict, where it first
/// differs, and the warnings.
std::string run_table(const report::Run& run, const std::optional<report::Timing>& timing);

/// What was asked for behind rtl-top, a line a level, and the run's verdict; empty without such levels.
std::string levels_text(const report::Run& run);

/// A line for each sentence on what images cannot show.
std::string unseen_text(const std::vector<std::string>& sentences);

/// A line for each of a run's warnings.
std::string warnings_text(const std::vector<std::string>& sentences);

}  // namespace assay
