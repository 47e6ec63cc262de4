// SPDX-License-Identifier: Apache-2.0
// The largest or smallest of values with several scales, which the quantiser to come takes one by
// one: Max and Min, and a sum that holds a Relu, which is one of two sums.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/terms.h"

namespace assay::streamline {
namespace {

constexpr std::size_t kMaxAmong = 16;  ///< values that one quantiser takes

/// Plain values of which one is the largest or the smallest.
struct Alternatives {
  std::vector<Value> values;
  std::optional<bool> largest;  ///< nothing: there is only one
};

bool is_pending(const Value& value) {
  return !value.among.empty() || (value.is_clamped() && value.terms.size() > 1);
}

std::optional<Alternatives> alternatives(Planner& planner, Value value);

std::optional<Alternatives> alternatives_among(Planner& planner, const Value& value) {
  Alternatives out{{}, value.largest};
  for (const Value& one : value.among) {
    auto inner = alternatives(planner, one);
    if (!inner || inner->largest.value_or(value.largest) != value.largest) return {};
    std::ranges::move(inner->values, std::back_inserter(out.values));
  }
  return out;
}

/// Nothing where the value is none of such.
std::optional<Alternatives> alternatives(Planner& planner, Value value) {
  if (!value.among.empty()) return alternatives_among(planner, value);
  if (!value.pools.empty() || value.curve) return {};
  if (value.is_clamped()) take_equal_ratios(planner, value);
  if (!is_pending(value)) return Alternatives{{settle(planner, std::move(value))}, {}};
  if (value.lower && value.upper) return {};
  Value bound;
  bound.shape = value.shape;
  bound.terms.push_back({RealArray(Real(0)), value.terms[0].tensor, false});
  bound.offset = value.lower ? *value.lower : *value.upper;
  const bool largest = value.lower.has_value();
  value.lower.reset();
  value.upper.reset();
  return Alternatives{{std::move(value), std::move(bound)}, largest};
}

/// Every sum of one of each; what both of them hold with opposite signs is gone from it.
std::vector<Value> sums_of(Planner& planner, const Alternatives& a, const Alternatives& b) {
  std::vector<Value> sums;
  for (const Value& x : a.values)
    for (const Value& y : b.values) sums.push_back(sum_of(planner, x, y));
  return sums;
}

/// What a Max or Min compares, of which the import makes a + Relu(b - a) or a - Relu(a - b).
struct Operands {
  const Tensor *a, *b;
  bool largest;
};

std::optional<Operands> operands_of(const Planner& planner) {
  const Node& node = planner.node();
  const bool largest = node.as<ops::Add>() != nullptr;
  const std::size_t taken = largest ? 1 : 0;  // from b; from a
  for (std::size_t i = 0; i <= taken; ++i) {
    const Tensor* a = node.inputs[i];
    const Node* relu = node.inputs[1 - i]->producer;
    if (!relu || !relu->as<ops::Relu>()) continue;
    const Node* apart = relu->inputs[0]->producer;
    if (!apart || !apart->as<ops::Sub>() || apart->inputs[taken] != a) continue;
    const Tensor* b = apart->inputs[1 - taken];
    if (planner.depends_on_input(*b)) return Operands{a, b, largest};
  }
  return {};
}

/// The largest or smallest of `values`, of which some may be such themselves; nothing where one is
/// of the other kind.
std::optional<Value> extreme_of(Planner& planner, std::vector<Value> values, bool largest) {
  Value out;
  out.largest = largest;
  for (const Value& value : values) {
    if (!value.among.empty() && value.largest != largest) return {};
    out.shape = broadcast_shape(out.shape, value.shape);
    const std::vector<Value> own = value.among.empty() ? std::vector{value} : value.among;
    out.among.insert(out.among.end(), own.begin(), own.end());
  }
  if (out.among.size() > kMaxAmong) return {};
  for (Value& one : out.among) {
    one = stretched(planner, std::move(one), out.shape);
    for (Term& term : one.terms) term.exclusive = false;  // others may hold it
  }
  return out;
}

}  // namespace

std::optional<Value> extreme_sum(Planner& planner, const Value& a, const Value& b) {
  if (!is_pending(a) && !is_pending(b)) return {};
  const auto x = alternatives(planner, a), y = alternatives(planner, b);
  const std::size_t sums = x && y ? x->values.size() * y->values.size() : 0;
  if (sums == 1) return sum_of(planner, x->values[0], y->values[0]);
  if (const auto extreme = operands_of(planner))
    return extreme_of(planner, {planner.value_of(extreme->a), planner.value_of(extreme->b)},
                      extreme->largest);
  if (sums == 0 || sums > kMaxAmong) return {};
  const bool largest = x->largest ? *x->largest : *y->largest;
  if (y->largest.value_or(largest) != largest) return {};
  return extreme_of(planner, sums_of(planner, *x, *y), largest);
}

}  // namespace assay::streamline
