// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "golden/floating/executor.h"

namespace assay {

/// A tensor of the graph in real arithmetic and what float32 may make of it.
struct BoundedTensor {
  Shape shape;
  std::vector<double> value;  ///< the exact real number, in double
  std::vector<double> error;  ///< at least |float32 result - exact real number|; may be infinite
};

/// Rigorous bounds on the error of float32 evaluation: for every element of every run-time tensor,
/// how far a float32 result may lie from the exact real result, for any order of the sums inside an
/// operator, with or without fused multiply-add, when operators are otherwise evaluated one by one.
/// With them a difference between the float reference and the exact one is told to be a rounding at
/// a decision boundary, or not.
///
/// Errors do not pass through a checkpoint's quantiser: its output is taken as the integers given,
/// with only the rounding of their dequantisation. So the bounds are those of one stretch of the
/// network, and stay small.
///
/// Forward error analysis with u = 2^-24, each elementary result being fl(r) = r(1+d) + t with |d|
/// <= u and |t| <= 2^-149 (underflow), gamma(n) = nu/(1-nu). X, e(X): value and error of an
/// operand, |X^| <= |X|+2e(X).
///   sum of K products (Conv, MatMul, Gemm): e = sum |W^| e(X) + e(W)|X^|  +  gamma(K+2) (sum
///   |W^||X^| + |B^|) + e(B) Add, Mul, Div, Pow: propagated exactly to first and second order, plus
///   u|result| (2u for Pow) BatchNormalization, A = g/sqrt(v+eps): the worst of  x*A + (b-m*A),
///   (x-m)*A + b  and  ((x-m)/sqrt)*g + b,
///     where A and the division carry 3.5u or less: v+eps (u/2 after the root), root, quotient,
///     product
///   average of n: mean of e(X) + gamma(n+2) * mean of |X^| (division, or product with the
///   reciprocal) Relu, Clip, MaxPool, moving data, TopK's values: the largest error of what is
///   compared or moved Softmax: exponents off by d give a factor within exp(+-2d); gamma(n+12) for
///   the rest LogSoftmax: both errors, and gamma(n+16) of what is subtracted a function (Exp, Erf,
///   ...): the function at the ends of its argument's range, and what a library may be off, taken as
///   2^-20 of the result and of 1 dequantisation fl(fl(y-z)*s): 2u|X| + |y-z|e(s), nothing where the result is a
///   float32 and s is exact quantiser not at a given checkpoint: the levels that its monotone
///   function takes on within the error of its
///     argument, decided in rational arithmetic where the operands are exact (weights)
/// No rounding, whatever the rules above say, where float32 has every result on the way:
///   a sum of products (Conv, MatMul, Gemm without factors, with its addend), an average of 2^k
///   elements: operands are exact float32 numbers, each a multiple of a power of two; so all terms
///   are multiples n 2^s of one power of two, the step. With sum |n| <= 2^24 every partial sum, in
///   any order and fused or not, is a multiple of the step by no more than 2^24, which is a float32
///   number: fl(r) = r throughout, and e = 0. Steps below 2^-120 are left to the general rule, so
///   that nothing here underflows. One step holds for an output's channel, or column.
///   Add, Sub, Mul, Div of exact float32 numbers whose exact result is one too: fl(r) = r.
/// Constants that are no float32 numbers count with their rounding. All is computed in double and
/// inflated by 2^-20 relative, which covers double's own rounding.
class FloatErrorBounds {
 public:
  /// The integers behind checkpoints, by name.
  using Integers = std::map<std::string, std::vector<std::int64_t>>;
  using Tensors = std::map<const Tensor*, BoundedTensor>;

  /// `graph` must stay as it is while this lives. UserError for a node without a rule.
  explicit FloatErrorBounds(const Graph& graph);

  /// Every tensor that is computed in a run, for graph inputs whose float32 values are within
  /// `input_errors` (one array per input, or empty: exact) of the exact ones. A checkpoint without
  /// integers in `forced` is computed like any other tensor. Thread-safe.
  Tensors evaluate(const std::vector<FloatTensor>& inputs,
                   const std::vector<std::vector<double>>& input_errors,
                   const Integers& forced) const;
  /// The errors alone.
  std::map<const Tensor*, std::vector<double>> bounds(
      const std::vector<FloatTensor>& inputs, const std::vector<std::vector<double>>& input_errors,
      const Integers& forced) const;

  /// A tensor that follows from constants alone; null for every other.
  const BoundedTensor* constant(const Tensor& tensor) const;

  /// How near a quantiser's input has to be to a decision boundary for float32 to fall on the
  /// other side: if the exact input x (within `error` of the float32 one) is farther than this from
  /// every boundary, in units of x, the float32 level equals the exact one. error plus the
  /// roundings of fl(fl(x/s)+z), and of the half added in HALF_UP and HALF_DOWN; just `error` where
  /// values are only compared.
  double quantiser_slack(const Node& quantiser, std::int64_t element, double x, double error) const;

 private:
  const Graph& graph_;
  Tensors constants_;
};

}  // namespace assay
