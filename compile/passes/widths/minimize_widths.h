// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Gives weights the smallest data type that holds their values, and every computed tensor the
/// smallest that holds its proved range: the worst case over the actual weights, per output
/// channel, and the range of the input. Thresholds that no input reaches move to the bound of the
/// range, so that thresholds fit the accumulator's type or the next value above it. Where
/// weights of any layer are to be written at run time, the worst cases are over all weights of the types
/// that they have, and over all thresholds. Expects an integer graph; UserError naming the node whose result is none, or exceeds 62 bits. The report
/// has an entry for every product, changed or not. Contract: exact.
bool minimize_widths(Graph& graph, PassContext& context);

}  // namespace assay
