// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "golden/bounds/float_error.h"

namespace assay {

inline constexpr double kUnit = 0x1p-24;        ///< a rounding to nearest float32, relative
inline constexpr double kUnderflow = 0x1p-149;  ///< what underflow may add

/// The relative error of n roundings in a row.
inline double gamma_of(std::int64_t n) {
  const double nu = static_cast<double>(n) * kUnit;
  return nu < 1 ? nu / (1 - nu) : HUGE_VAL;
}

/// The inputs of a node; null for one that is left out.
using BoundedInputs = std::vector<const BoundedTensor*>;

/// At least the size of what float32 has for element i, and of the exact number.
inline double magnitude(const BoundedTensor& x, std::size_t i) {
  return std::fabs(x.value[i]) + 2 * x.error[i];
}
/// Whether a double is a float32 number.
inline bool is_float32(double x) { return static_cast<double>(static_cast<float>(x)) == x; }

/// The largest power of two that a number is a multiple of; infinite for 0.
inline double lowest_bit(double x) {
  if (x == 0) return HUGE_VAL;
  constexpr std::uint64_t kFraction = (std::uint64_t{1} << 52) - 1;
  const auto bits = std::bit_cast<std::uint64_t>(std::fabs(x));
  const auto zeros = static_cast<std::uint64_t>(std::countr_zero(bits | (kFraction + 1)));
  return std::bit_cast<double>(((bits >> 52) - 52 + zeros) << 52);
}
/// lowest_bit of an element that float32 has, 0 for one with an error.
inline double step_of(const BoundedTensor& x, std::size_t i) {
  return x.error[i] == 0 ? lowest_bit(x.value[i]) : 0;
}
/// Whether float32 adds multiples of `step` without a rounding, in any order, when their sizes sum
/// up to `size` (given to half a step). Steps near the denormal numbers are left out: nothing
/// underflows then.
inline bool sums_exactly(double size, double step) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  return step >= 0x1p-120 && size <= kLargest && size < (0x1p24 + 0.5) * step;
}

// Each family of rules fills `out` (shapes are set, values and errors have their full size and are
// zero) and returns true for a node of its own.
bool bound_product(const Node& node, const BoundedInputs& in, std::vector<BoundedTensor>& out);
bool bound_elementwise(const Node& node, const BoundedInputs& in, std::vector<BoundedTensor>& out);
bool bound_pool(const Node& node, const BoundedInputs& in, std::vector<BoundedTensor>& out);
bool bound_move(const Node& node, const BoundedInputs& in, std::vector<BoundedTensor>& out);
bool bound_quantiser(const Node& node, const BoundedInputs& in, std::vector<BoundedTensor>& out);

/// Whether a node's output follows from its integers alone, so that a checkpoint may be forced
/// there.
bool is_activation_quantiser(const Node& node);
/// Sets the errors of a quantiser's output whose values are known: the rounding of dequantisation.
void bound_dequantisation(const Node& node, const BoundedInputs& in, BoundedTensor& out);
/// quantiser_slack of the node that decides.
double decision_slack(const Node& node, const BoundedInputs& in, std::int64_t i, double x,
                      double error);

}  // namespace assay
