// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "harness/report/json.h"

namespace assay {

/// What the page of a finished run shows, from its folder's reports and stages alone: equal folders
/// give equal data. Reports of other stages than the run's last are left out as out of date,
/// damaged ones and stages that were changed are named as such. UserError when there is no finished
/// run.
Json page_data(const std::filesystem::path& dir);

}  // namespace assay
