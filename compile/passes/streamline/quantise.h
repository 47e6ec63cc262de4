// SPDX-License-Identifier: Apache-2.0
// Internal to streamlining: a quantiser of a value becomes integer thresholds.
#pragma once

#include "compile/passes/streamline/planner.h"
#include "compile/passes/streamline/rows.h"

namespace assay {
struct ThresholdRow;
}  // namespace assay

namespace assay::streamline {

/// A quantiser of several integers: a line or a table (join.cc).
void quantise_join(Planner& planner, Value value, const StepFunction& f);
/// A quantiser of a function of one integer (curves.cc).
void quantise_curve(Planner& planner, Value value, const StepFunction& f);

/// Rows of thresholds of the one term become the quantiser of the node being planned.
void emit_rows(Planner& planner, const Value& value, const StepFunction& f, const Rows& rows,
               const std::vector<ThresholdRow>& solved);

/// Outputs of thresholds: bias + scale * count.
struct Levels {
  std::int64_t scale = 1, bias = 0;
  DataType type;
  Bounds range;
};
/// Counts the thresholds, `steps` per row, that `x` reaches.
Tensor* emit_thresholds(Planner& planner, Tensor* x, const Rows& rows, std::int64_t steps,
                        std::vector<std::int64_t> thresholds, const Levels& levels);
/// The value that stands for the quantiser: `levels`, pools behind it, then its meaning.
void set_levels(Planner& planner, Tensor* levels, const Value& value, const StepFunction& f);

/// Fails where the quantiser does not commute with the max pools in front of it.
void check_pools(Planner& planner, const Value& value, const StepFunction& f);
QuantiserReport report_for(const Planner& planner, const Value& value, const Rows& rows);

/// The sum or product of two values that are functions of one tensor; nothing where they are not,
/// or where their terms add up (curves.cc).
std::optional<Value> one_variable(Planner& planner, const Value& a, const Value& b, bool product);

}  // namespace assay::streamline
