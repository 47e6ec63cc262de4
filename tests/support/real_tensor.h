// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "compile/base/error.h"
#include "compile/graph/constant.h"
#include "compile/graph/datatype.h"
#include "compile/graph/real.h"

/// Tensors of exact reals and the few tools that the slow evaluator of real_eval.h is written with.
namespace assay::real_eval {

/// Sum over axes of index * row-major step.
inline std::int64_t offset_of(const Shape& shape, const Shape& index) {
  std::int64_t offset = 0;
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    offset = offset * shape[axis] + index[axis];
  return offset;
}

inline bool inside(const Shape& shape, const Shape& index) {
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    if (index[axis] < 0 || index[axis] >= shape[axis]) return false;
  return true;
}

/// Calls `visit(index)` for every index of `shape` in row-major order.
template <typename Visit>
void each_index(const Shape& shape, Visit visit) {
  if (element_count(shape) == 0) return;
  Shape index(shape.size(), 0);
  for (;;) {
    visit(std::as_const(index));
    std::size_t axis = shape.size();
    while (axis > 0 && ++index[axis - 1] == shape[axis - 1]) index[--axis] = 0;
    if (axis == 0) return;
  }
}

struct RealTensor {
  Shape shape;
  std::vector<Real> values;

  const Real& at(const Shape& index) const {
    return values[static_cast<std::size_t>(offset_of(shape, index))];
  }
  friend bool operator==(const RealTensor&, const RealTensor&) = default;
};

/// The tensor whose element at `index` is `element(index)`.
template <typename Element>
RealTensor generate(const Shape& shape, Element element) {
  RealTensor out{shape, {}};
  out.values.reserve(static_cast<std::size_t>(element_count(shape)));
  each_index(shape, [&](const Shape& index) { out.values.push_back(element(index)); });
  return out;
}

inline RealTensor real_tensor(const Constant& constant) {
  RealTensor out{constant.shape(), {}};
  for (std::int64_t i = 0; i < constant.size(); ++i) out.values.push_back(constant.real(i));
  return out;
}

inline std::int64_t to_int(const Real& value) {
  const mpz_class floor = value.floor();
  if (!(Real(mpq_class(floor)) == value) || !floor.fits_slong_p())
    user_error("{} is not a machine integer", value.str());
  return floor.get_si();
}

inline std::vector<std::int64_t> to_ints(const RealTensor& tensor) {
  std::vector<std::int64_t> ints;
  for (const Real& value : tensor.values) ints.push_back(to_int(value));
  return ints;
}

/// The only element of a tensor.
inline const Real& scalar(const RealTensor& tensor) {
  if (tensor.values.size() != 1) user_error("a tensor of one element was expected");
  return tensor.values[0];
}

/// A tensor read as if it had the larger shape it broadcasts to. A single element fits every shape,
/// as the parameters of quantisers do.
class Broadcast {
 public:
  Broadcast(const RealTensor& tensor, const Shape& to)
      : tensor_(&tensor),
        strides_(tensor.values.size() == 1 ? std::vector<std::int64_t>(to.size(), 0)
                                           : broadcast_strides(tensor.shape, to)) {}
  const Real& operator()(const Shape& index) const {
    std::int64_t offset = 0;
    for (std::size_t axis = 0; axis < index.size(); ++axis) offset += index[axis] * strides_[axis];
    return tensor_->values[static_cast<std::size_t>(offset)];
  }

 private:
  const RealTensor* tensor_;
  std::vector<std::int64_t> strides_;
};

template <typename Function>
RealTensor map_unary(const RealTensor& x, Function function) {
  RealTensor out{x.shape, {}};
  for (const Real& value : x.values) out.values.push_back(function(value));
  return out;
}

template <typename Function>
RealTensor map_binary(const RealTensor& a, const RealTensor& b, Function function) {
  const Shape shape = broadcast_shape(a.shape, b.shape);
  const Broadcast left(a, shape), right(b, shape);
  return generate(shape, [&](const Shape& at) { return function(left(at), right(at)); });
}

/// Sums of products x[i] * w[j]. When both tensors are rational they are brought to common
/// denominators first, so that a product costs one integer multiplication.
class Dot {
 public:
  Dot(const RealTensor& x, const RealTensor& w)
      : x_(&x), w_(&w), left_(Integers::of(x)), right_(Integers::of(w)) {}
  void add(std::int64_t i, std::int64_t j) {
    const auto a = static_cast<std::size_t>(i), b = static_cast<std::size_t>(j);
    if (left_ && right_)
      sum_ += left_->numerators[a] * right_->numerators[b];
    else
      slow_sum_ += x_->values[a] * w_->values[b];
  }
  /// The sum since the last call.
  Real take() {
    Real total = std::exchange(slow_sum_, Real());
    if (left_ && right_) total = Real(mpq_class(sum_, left_->denominator * right_->denominator));
    sum_ = 0;
    return total;
  }

 private:
  struct Integers {
    std::vector<mpz_class> numerators;
    mpz_class denominator = 1;

    static std::optional<Integers> of(const RealTensor& tensor) {
      Integers out;
      for (const Real& value : tensor.values) {
        if (!value.is_rational()) return {};
        out.denominator = lcm(out.denominator, value.rational().get_den());
      }
      for (const Real& value : tensor.values) {
        const mpq_class q = value.rational();
        out.numerators.push_back(q.get_num() * (out.denominator / q.get_den()));
      }
      return out;
    }
  };
  const RealTensor *x_, *w_;
  std::optional<Integers> left_, right_;
  mpz_class sum_;
  Real slow_sum_;
};

inline Real power_of_two(std::int64_t exponent) {
  mpq_class value(1);
  if (exponent >= 0)
    value <<= static_cast<mp_bitcnt_t>(exponent);
  else
    value >>= static_cast<mp_bitcnt_t>(-exponent);
  return Real(value);
}

inline Real floor_of(const Real& x) { return Real(mpq_class(x.floor())); }
inline Real ceil_of(const Real& x) { return -floor_of(-x); }
inline Real abs_of(const Real& x) { return x.sign() < 0 ? -x : x; }
inline Real min_of(const Real& a, const Real& b) { return b < a ? b : a; }
inline Real max_of(const Real& a, const Real& b) { return a < b ? b : a; }
inline Real half() { return Real(mpq_class(1, 2)); }

/// The quotient; UserError when the divisor is zero or a sum of several roots.
inline Real divide(const Real& a, const Real& b) {
  if (!b.has_inverse()) user_error("cannot divide exactly by {}", b.str());
  return a * b.inverse();
}

inline Real round_half_even(const Real& x) {
  const mpz_class below = x.floor();
  const Real floor{mpq_class(below)}, rest = x - floor;
  const bool up = half() < rest || (rest == half() && mpz_odd_p(below.get_mpz_t()));
  return up ? floor + Real(1) : floor;
}

inline Real round_to(const Real& x, RoundingMode mode) {
  const auto signed_by_x = [&](const Real& magnitude) {
    return x.sign() < 0 ? -magnitude : magnitude;
  };
  switch (mode) {
    case RoundingMode::kHalfEven:
      return round_half_even(x);
    case RoundingMode::kHalfUp:
      return signed_by_x(floor_of(abs_of(x) + half()));
    case RoundingMode::kHalfDown:
      return signed_by_x(ceil_of(abs_of(x) - half()));
    case RoundingMode::kCeil:
      return ceil_of(x);
    case RoundingMode::kFloor:
      return floor_of(x);
    case RoundingMode::kUp:
      return signed_by_x(ceil_of(abs_of(x)));
    case RoundingMode::kDown:
      return signed_by_x(floor_of(abs_of(x)));
  }
  user_error("unknown rounding mode");
}

/// The largest k with 2^k <= x. Precondition: x > 0.
inline std::int64_t floor_log2(const Real& x) {
  std::int64_t k = 0;
  while (power_of_two(k) > x) --k;
  while (power_of_two(k + 1) <= x) ++k;
  return k;
}

}  // namespace assay::real_eval
