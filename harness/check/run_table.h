// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "harness/report/effect_text.h"
#include "harness/report/run.h"

namespace assay {

/// A run's report as a table for people: a line per stage, then the verdict and where it first
/// differs.
std::string run_table(const report::Run& run, const std::optional<report::Timing>& timing);

}  // namespace assay
