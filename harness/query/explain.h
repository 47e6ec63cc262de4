// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/report/json.h"
#include "harness/run/saved_run.h"

namespace assay {

/// reports/streamline.json of a run. UserError saying what to run when it has none.
Json read_streamline(const std::filesystem::path& dir);

/// Everything about the node or checkpoint `name` of any stage ("assay.explain/1"): where it is in
/// each stage, what was folded into it and what it was folded into, its widths, remarks, and its
/// thresholds as the last stage has them. UserError with similar names when there is none.
Json explain_node(const SavedRun& run, const Json& streamline, const std::string& name);

/// All quantisers, widths and remarks of a run ("assay.streamline/1") for people.
std::string streamline_text(const Json& streamline);
/// One node ("assay.explain/1") for people.
std::string explain_text(const Json& explanation);

}  // namespace assay
