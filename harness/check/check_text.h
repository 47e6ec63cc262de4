// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/check/check.h"

namespace assay {

/// A check for people: a line per checkpoint, then the verdict and the first difference.
std::string check_text(const StageCheck& check);

}  // namespace assay
