// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "golden/exact/executor.h"

namespace assay {

/// What the last operator of a network makes of exact values: Softmax, LogSoftmax or a function
/// (ops::FunctionOp), computed from their definitions with 256 bits and rounded to the nearest
/// double (or one beside it, where 256 bits leave that open). UserError, naming element and value,
/// where it is not defined or beyond float64.
std::vector<double> tail_values(const Op& op, const ExactValue& value);

}  // namespace assay
