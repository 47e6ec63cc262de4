// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/selftest/sandbox.h"

namespace assay {

/// What somebody does who wants an edited file of the run in the sandbox believed.

/// Where a report carries a checksum of its own, it fits again.
void seal_file(const Sandbox& box, const std::string& file);

/// Wherever a report has the SHA-256 of what `file` was, `before`, it gets that of what it is now,
/// and a checksum that fits; and so on for the reports that this changes.
void fix_hashes(const Sandbox& box, const std::string& file, const std::string& before);

}  // namespace assay
