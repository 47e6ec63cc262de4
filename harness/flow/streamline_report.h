// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/passes/rewrite/pass_report.h"
#include "harness/report/stage.h"

namespace assay {

/// What the passes of a stage did, as its report has it; `graph` is what they made.
report::StageStreamline streamline_report(PassReport report, const Graph& graph);

/// The same of all stages of a run, in order; nothing when no stage has it. `integer`: no real
/// number is left after the last stage.
std::optional<report::Streamline> streamline_summary(const std::vector<report::Stage>& stages,
                                                     bool integer);

}  // namespace assay
