// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "compile/passes/rewrite/pass_report.h"
#include "harness/report/json.h"

namespace assay {

/// A stage's report as it stands in "assay.stage/1": quantisers, widths, remarks.
Json streamline_json(const PassReport& report);

/// "assay.streamline/1" of the stage reports of a run, in order; every entry names its stage. Null
/// when no stage has such a section. `integer`: no real number is left after the last stage.
Json streamline_summary(const std::vector<Json>& stage_reports, bool integer);

}  // namespace assay
