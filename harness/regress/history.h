// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/regress/baseline_db.h"
#include "harness/report/regress.h"

namespace assay {

/// Per case and level every recorded run, oldest first, with its metrics and what changed since the
/// run before.
report::History history_report(const std::vector<RecordedMeasurement>& entries);

/// The same as tables for people: metrics of the whole with their change, then the layers whose
/// numbers changed.
std::string history_text(const report::History& history);

}  // namespace assay
