// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/graph.h"

namespace assay {

/// `ours`, hardware layers of a finished run, with the weights, thresholds and multipliers of `theirs`, the
/// layers of the same names of another training of the network, as stage `partition` has them. The result
/// computes what `theirs` computes (function_digest()) and is the hardware of `ours`: modules, parameters and
/// streams are the same, and memories differ where they can be written at run time, or are streams from
/// outside. UserError that names the layer for which that is not possible, and why.
Graph reweighted(const Graph& ours, const Graph& theirs);

}  // namespace assay
