// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "harness/report/run.h"

namespace assay {

/// A run's report as a table for people: a line per stage, then the verdict and where it first
/// differs.
std::string run_table(const report::Run& run, const std::optional<report::Timing>& timing);

/// "stage 05_quantize_input changed 7 of 90 activations (7.78 %) and 1 of 5 labels; top-1 ..."
std::string effect_text(std::string_view stage, const report::Effect& effect);

}  // namespace assay
