// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/graph.h"

namespace assay {

/// X - B with a constant float or real B -> X + (-B).
///
/// Contract: exact.
bool convert_sub_to_add(Graph& graph);

}  // namespace assay
