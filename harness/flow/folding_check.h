// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "compile/graph/graph.h"
#include "compile/passes/rewrite/pass_options.h"
#include "harness/flow/stages.h"
#include "harness/run/preprocess.h"

namespace assay {

/// Holds a folding configuration against the layers of a network before any stage is run: builds
/// its graph up to the last stage that follows the configuration, in memory and without images.
/// Nothing is done for an empty configuration, or when `stages` end before. UserError for a node
/// or a field that the network does not have and for a value that does not fit, and whatever
/// makes one of the stages impossible.
void check_folding(Graph model, const std::vector<StageSpec>& stages, const Preprocess& preprocess,
                   const FoldingConfig& config);

}  // namespace assay
