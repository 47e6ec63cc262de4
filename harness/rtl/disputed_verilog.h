// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/rtl/verilog_text.h"

namespace assay {

/// What simulation and synthesis are known to read differently and Verilator does not warn of, or is told
/// not to (lint_off of sim::fatal_warnings()): what an `always` waits for, two assignments of one name, a
/// division by what may be 0, nets with several drivers, `>>>` in the connection of a port. Empty where
/// there is nothing.
std::string disputed_words(const VerilogText& source);

}  // namespace assay
