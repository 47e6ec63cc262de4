// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/graph.h"
#include "compile/passes/rewrite/pass_report.h"

namespace assay {

/// Puts a StreamingDataWidthConverter in front of every layer that reads another number of lanes
/// than the layer of its partition before it writes. Expects foldings that can be built. Contract:
/// exact.
bool insert_width_converters(Graph& graph, PassReport& report);

}  // namespace assay
