// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Puts a StreamingDataWidthConverter in front of every layer that reads another number of lanes
/// than the layer of its partition before it writes. Expects foldings that can be built. Contract:
/// exact.
bool insert_width_converters(Graph& graph, PassContext& context);

}  // namespace assay
