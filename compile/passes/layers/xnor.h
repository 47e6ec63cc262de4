// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Products of bipolar activations with bipolar weights become XnorPopcountMatMul on bits, where
/// the thresholds behind them can take over: acc = 2 * popcount - K. The quantiser in front gives
/// BINARY instead of BIPOLAR (through Im2Col, MaxPoolNHWC and movements of data). Under padding,
/// which inserts 0 and no bit stands for it, the pad is bit 0 (-1) and the thresholds become
/// position-dependent (JoinThreshold). Other users of the product get it back as 2 * popcount - K.
/// Expects a lowered graph. Contract: exact.
bool convert_to_xnor(Graph& graph, PassContext& context);

}  // namespace assay
