// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "harness/report/inspect.h"

namespace assay {

/// What lies in a run's folder: files, the accelerators' streams, addresses, clocks, resources, hashes, and what the
/// reports say of every level that there is; levels without one are said to be unverified, as are those that
/// are about another stage or other RTL. Nothing is executed. UserError when the folder holds no finished run or
/// its last stage was changed since.
report::Inspect inspect(const std::filesystem::path& dir);

/// For people: one page.
std::string inspect_text(const report::Inspect& report);

}  // namespace assay
