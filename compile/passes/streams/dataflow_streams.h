// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "compile/graph/graph.h"
#include "compile/hw/dataflow.h"

namespace assay {

/// The layers of partition `index`, without the contents of memories. UserError as
/// hw::build_layer, and for a stream that two layers read.
Dataflow dataflow(const Graph& graph, std::int64_t index);

}  // namespace assay
