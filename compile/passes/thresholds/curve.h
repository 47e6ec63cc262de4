// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "compile/graph/ops.h"
#include "compile/passes/rewrite/real_arrays.h"
#include "compile/passes/thresholds/step_function.h"

namespace assay {

/// A real function of one integer n: what is computed, element by element, of a tensor of integers
/// before a quantiser takes it. Its parameters are exact numbers that broadcast to the tensor.
/// Immutable; parts are shared.
class Curve {
 public:
  using Ptr = std::shared_ptr<const Curve>;

  static Ptr line(RealArray slope, RealArray shift);  ///< slope * n + shift
  static Ptr constant(RealArray value) { return line(RealArray(), std::move(value)); }
  static Ptr sum(Ptr a, Ptr b);
  static Ptr product(Ptr a, Ptr b);
  /// min(max(x, lower), upper)
  static Ptr clamp(Ptr x, std::optional<RealArray> lower, std::optional<RealArray> upper);
  static Ptr function(ops::Function f, Ptr x);

  /// The shape that all parameters broadcast to, of rank `rank`.
  Shape shape(std::size_t rank) const;
  /// The same curve with every parameter array changed.
  Ptr mapped(const std::function<RealArray(const RealArray&)>& change) const;

  /// Whether it never falls, or never rises, as far as its form says. Precondition, as of what
  /// follows: the parameters are scalars.
  bool rises() const;
  bool falls() const;
  /// How many of `boundaries`, which ascend and are rational, its value at n meets. Decided from
  /// enclosures of the value that get closer until nothing is left open, and exactly where the value
  /// is an algebraic number. UserError where it is not defined (the root of a negative number), and
  /// where enclosures of kMostBits bits leave it open.
  std::int64_t met(const std::vector<Boundary>& boundaries, std::int64_t n) const;
  static constexpr int kMostBits = 8192;

 private:
  enum class Kind : std::uint8_t { kLine, kSum, kProduct, kClamp, kFunction };
  struct Evaluation;
  explicit Curve(Kind kind) : kind_(kind) {}
  Evaluation at(std::int64_t n, int bits) const;

  Kind kind_;
  ops::Function function_ = ops::Function::kExp;
  RealArray slope_, shift_;                 ///< kLine
  std::optional<RealArray> lower_, upper_;  ///< kClamp
  Ptr a_, b_;
};

/// A curve in front of a quantiser in one row, where its parameters are scalars: at n the level is
///
///     first + #{u in ups : u <= n} - #{d in downs : d <= n}     for n in [min, max].
struct CurveSteps {
  std::int64_t first = 0;
  std::vector<std::int64_t> ups, downs;  ///< ascending, in (min, max]
};
/// Looks at every n where the curve is not known to rise or to fall: at most `kMostPoints`.
/// UserError beyond.
CurveSteps steps_of(const Curve& curve, const std::vector<Boundary>& boundaries, std::int64_t min,
                    std::int64_t max);
inline constexpr std::int64_t kMostPoints = std::int64_t{1} << 20;

}  // namespace assay
