// SPDX-License-Identifier: Apache-2.0
// Internal to the exact executor: integers compared with integer thresholds.
#pragma once

#include "compile/graph/ops.h"
#include "golden/exact/plan.h"

namespace assay::exact {

/// Counts become levels: factor * count + bias.
struct Levels {
  std::int64_t factor = 1, bias = 0;
};

/// The levels of the integers in `in`, which lie as those of `x`. The thresholds are the node's
/// constant input `index` of shape [lead.., steps], where `lead` broadcasts to x.
Value count_thresholds(Planner& planner, const Value& x, SlotId in, std::size_t index,
                       const Shape& lead, Levels levels);
/// JoinThreshold, all three forms. UserError when an operand, a threshold or a multiplier is no
/// integer, when a sum could exceed 62 bits, and when every index lies outside of the table; an
/// index outside of it is refused when it occurs, since proved ranges may be wider than what
/// happens.
void plan_join(Planner& planner, const ops::JoinThreshold& op, const Node& node);
/// MultiThreshold of a value that holds integers, with integer levels; false (and nothing planned)
/// for other values.
bool plan_integer_thresholds(Planner& planner, const ops::MultiThreshold& op, const Value& x);

}  // namespace assay::exact
