// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/json.h"
#include "harness/run_dir.h"

namespace assay {

/// A page that shows `data` (page_data.h), complete in itself: nothing is loaded from elsewhere,
/// and no bytes of `data` can become markup or a script.
std::string page_html(const Json& data);

inline constexpr const char* kPageFile = "reports/report.html";

/// Writes the page of a finished run, as its folder is now.
void write_page(const RunDir& dir);

}  // namespace assay
