// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/regress/baseline_db.h"
#include "harness/report/json.h"

namespace assay {

/// "assay.history/1": per case and level every recorded run, oldest first, with its metrics and
/// what changed since the run before.
Json history_json(const std::vector<RecordedMeasurement>& entries);

/// The same as tables for people: metrics of the whole with their change, then the layers whose
/// numbers changed.
std::string history_text(const Json& history);

}  // namespace assay
