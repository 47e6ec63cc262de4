// SPDX-License-Identifier: Apache-2.0
// Internal to streamlining: values brought to the form that an operator takes, by new nodes where it
// needs them.
#pragma once

#include <optional>

#include "compile/passes/streamline/planner.h"

namespace assay::streamline {

/// The value with clamps as integers, no pending pool and no curve; fails where it has none such.
Value settle(Planner& planner, Value value);
inline Value settled(Planner& planner, std::size_t index) {
  return settle(planner, planner.input(index));
}

/// The value over a shape that it broadcasts to; fails where a pool is pending.
Value stretched(Planner& planner, Value value, const Shape& shape);

/// The sum of two values that are settled, over the shape of both.
Value sum_of(Planner& planner, Value a, Value b);
/// The sum where one of the two has a bound, or is one among several, that only a quantiser takes:
/// the largest or smallest of sums (extremes.cc). Nothing where they settle, or where there is none.
std::optional<Value> extreme_sum(Planner& planner, const Value& a, const Value& b);

/// Adds like terms, and terms of equal scale.
void combine(Planner& planner, Value& value);
/// Terms whose scales are small multiples of one another become one integer sum.
void take_equal_ratios(Planner& planner, Value& value);
/// Makes the scales of a term non-negative.
void make_positive(Planner& planner, Term& term, const Shape& shape);
/// A term for each different scale: the integers that have it, the others 0. At least one term.
std::vector<Term> masked_terms(Planner& planner, const Term& term);

/// One integer tensor that is the value itself; null when scale or offset are no integers.
Tensor* as_integer(Planner& planner, const Value& value);
/// A tensor behind the value's pools.
Tensor* apply_pools(Planner& planner, Tensor* tensor, const Value& value);

}  // namespace assay::streamline
