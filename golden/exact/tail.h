// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "golden/exact/executor.h"

namespace assay {

/// Refuses what tail_values() does not compute, by name.
void check_tail(const Graph& tail);

/// The outputs of what stands behind the exact part of a network, of the exact values that its inputs
/// take, one each: Softmax, LogSoftmax, functions (ops::FunctionOp), sums, products and quotients
/// computed from their definitions with 256 bits, movements and the values of TopK, rounded at the end
/// to the nearest double (or one beside it, where 256 bits leave that open). UserError, naming node,
/// element and value, where a function is not defined or an output is beyond float64.
std::vector<std::vector<double>> tail_values(const Graph& tail,
                                             const std::vector<ExactValue>& inputs);

}  // namespace assay
