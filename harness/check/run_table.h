// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/report/json.h"

namespace assay {

/// A run's report as a table for people: a line per stage, then the verdict and where it first
/// differs. `timing` may be null.
std::string run_table(const Json& run, const Json& timing);

/// "stage 05_quantize_input changed 7 of 90 activations (7.78 %) and 1 of 5 labels; top-1 ..." of a
/// stage with an effect, as in a run's or in its own report.
std::string effect_text(const Json& stage);

/// "84.50 % (643 of 761)", or "-" for null.
std::string accuracy_cell(const Json& accuracy);

}  // namespace assay
