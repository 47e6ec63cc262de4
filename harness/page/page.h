// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/report/json.h"
#include "harness/run/run_dir.h"

namespace assay {

/// A page that shows `data` (page_data.h), complete in itself: nothing is loaded from elsewhere,
/// and no bytes of `data` can become markup or a script.
std::string page_html(const Json& data);

/// Writes the page of a finished run, kPageFile, as its folder is now.
void write_page(const RunDir& dir);

}  // namespace assay
