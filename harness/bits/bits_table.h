// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/report/bits.h"

namespace assay {

/// A report for people: a row a stream, what was not looked at, the proof, the verdict last.
std::string bits_table(const report::Bits& report);

}  // namespace assay
