// SPDX-License-Identifier: Apache-2.0
// Internal to the exact executor: integers compared with integer thresholds.
#pragma once

#include "compile/graph/ops.h"
#include "golden/exact_plan.h"

namespace assay::exact {

/// All three forms. UserError when an operand, a threshold or a multiplier is no integer, a sum
/// could exceed 62 bits, or an index could leave the table.
void plan_join(Planner& planner, const ops::JoinThreshold& op, const Node& node);
/// MultiThreshold of a value that holds integers, with integer levels; false (and nothing planned)
/// for other values.
bool plan_integer_thresholds(Planner& planner, const ops::MultiThreshold& op, const Value& x);

}  // namespace assay::exact
