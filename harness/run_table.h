// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/json.h"

namespace assay {

/// A run's report as a table for people: a line per stage, then the verdict and where it first
/// differs. `timing` may be null.
std::string run_table(const Json& run, const Json& timing);

/// "84.50 % (643 of 761)", or "-" for null.
std::string accuracy_cell(const Json& accuracy);

}  // namespace assay
