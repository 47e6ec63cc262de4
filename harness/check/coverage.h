// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/check/comparison.h"

namespace assay {

/// Why agreement at the checkpoints of `plan` would not be agreement of the two networks: a
/// checkpoint that no output depends on, an output that no compared checkpoint carries or that the
/// other network lacks, a checkpoint that is something else in the other network, no label where
/// the candidate `needs_label`. Both sides are looked at, since either file may have been edited.
std::vector<std::string> coverage_faults(const Graph& reference, const Graph& candidate,
                                         const ComparisonPlan& plan, bool needs_label);

}  // namespace assay
