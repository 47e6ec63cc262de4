// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/rtl/sim_run.h"

namespace assay {

/// Why no simulation of a subject can have given a result: other streams, counts that contradict each
/// other, a first mismatch that is none, frames out of order. Empty when it can be.
std::string result_fault(const SimSubject& subject, const SimRun& run, const sim::Result& result);

}  // namespace assay
