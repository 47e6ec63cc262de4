// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/run/saved_run.h"

namespace assay {

/// Why the stages of a finished run are not those that flow_stages() gives for its options and its
/// network: one left out, one that does not belong there, another contract; empty: they are. Reads
/// the files of stages where a step depends on the network. UserError when they or the options
/// cannot be read.
std::string stage_list_fault(const SavedRun& run);

/// UserError with that.
void require_all_stages(const SavedRun& run);

}  // namespace assay
