// SPDX-License-Identifier: Apache-2.0
// Internal to the exact executor: values that are no sums of scaled integers.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "compile/graph/ops.h"
#include "golden/exact/plan.h"

namespace assay::exact {

/// A real-valued expression over exact sums, element by element: what stands between sums and a
/// quantiser that decides it. All leaves have the shape and the order of the whole.
struct Formula {
  using Ptr = std::shared_ptr<const Formula>;
  enum class Kind : std::uint8_t { kLeaf, kSum, kProduct, kClip, kFunction };
  Kind kind = Kind::kLeaf;
  Value leaf;                  ///< kLeaf: no relu, no formula
  std::vector<Ptr> parts;      ///< two of a sum and a product, else one
  std::optional<Real> lo, hi;  ///< kClip
  ops::Function function = ops::Function::kExp;
};

/// The same formula with its leaves in another order in memory.
Value ordered_formula(Planner& planner, const Value& value, bool last);
/// A fresh slot with round(x * factor + b) of a formula: decided exactly where the real number is
/// algebraic, else from enclosures that get closer until the rounding is the same at both ends.
SlotId emit_formula_decision(Planner& planner, const Value& x, const RealArray& factor,
                             const RealArray& b, const Decision& decision);

}  // namespace assay::exact
