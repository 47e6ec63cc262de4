// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "harness/report/query.h"
#include "harness/run/saved_run.h"

namespace assay {

/// reports/streamline.json of a run. UserError saying what to run when it has none.
report::Streamline read_streamline(const std::filesystem::path& dir);

/// Everything about the node or checkpoint `name` of any stage: where it is in each stage, what was
/// folded into it and what it was folded into, its widths, remarks, and its thresholds as the last
/// stage has them. UserError with similar names when there is none.
report::Explain explain_node(const SavedRun& run, const report::Streamline& streamline,
                             const std::string& name);

/// All quantisers, widths and remarks of a run for people.
std::string streamline_text(const report::Streamline& streamline);
/// One node for people.
std::string explain_text(const report::Explain& explanation);

}  // namespace assay
