// SPDX-License-Identifier: Apache-2.0
// Internal to streamlining: what is known of a tensor of the old graph. The public contract is
// compile/passes/streamline/streamline.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/passes/rewrite/real_arrays.h"
#include "compile/passes/thresholds/curve.h"

namespace assay::streamline {

/// Inclusive bounds of an integer tensor; arrays that broadcast to it.
struct Bounds {
  Shape shape;
  std::vector<std::int64_t> lo{0}, hi{0};
  static Bounds of(std::int64_t lo, std::int64_t hi) { return {{}, {lo}, {hi}}; }
  std::int64_t min() const;
  std::int64_t max() const;
};
/// The smallest bounds of shape `to` (1 or the tensor's size per axis) that hold `bounds`.
Bounds hull_over(const Bounds& bounds, const Shape& tensor, const Shape& to);

/// Whether it is an integer of at most 64 bits.
bool is_integral(const Real& value);
bool all_integral(const RealArray& array);

struct Term {
  RealArray scale;
  Tensor* tensor = nullptr;  ///< of the new graph
  /// A product with constant weights that nothing else will read: its weights may be negated.
  bool exclusive = false;
};

/// What stands for a tensor of the old graph: min(max(sum_k scale_k * T_k + offset, lower), upper),
/// or a function of one integer tensor T_0, then the pools in order. Or the largest, or smallest, of
/// several such values, none of which is one of several itself: then only `shape` and `folded` count
/// beside `among` and `largest`.
struct Value {
  struct Pool {
    std::shared_ptr<const Op> op;
    Shape shape;
  };
  Shape shape;
  std::vector<Term> terms;  ///< at least one, but for one among several
  RealArray offset;
  std::optional<RealArray> lower, upper;  ///< not applied yet: a quantiser takes them
  Curve::Ptr curve;          ///< of T_0; its scale is 1 then, and there is no offset and no clamp
  std::vector<Pool> pools;   ///< max pools that commute with the quantiser to come
  std::vector<Value> among;  ///< which the quantiser to come takes one by one
  bool largest = true;       ///< of `among`; false: the smallest
  std::vector<std::string> folded;  ///< nodes that are in scales, offset, lower and upper

  /// An integer tensor that is the value itself.
  static Value integers(Tensor* tensor);

  bool is_clamped() const { return lower || upper; }
  /// Whether it is the sum of its terms and nothing else.
  bool is_plain() const { return !is_clamped() && !curve && pools.empty() && among.empty(); }
};

// What needs no new node: the value changes, the graph does not.

void shift_by(Value& value, const RealArray& addend);
/// All factors of a clamped value, or of one among several, have one sign.
void scale_by(Value& value, const RealArray& factor);
void clamp(Value& value, const std::optional<RealArray>& lower,
           const std::optional<RealArray>& upper);

}  // namespace assay::streamline
