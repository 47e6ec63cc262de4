// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "golden/exact/plan.h"

namespace assay::exact {
namespace {

constexpr std::int64_t kBlock =
    256;  ///< elements worked on at a time; two such arrays stay in the first-level cache

/// The array's values repeated to `count` entries along the one axis it varies along.
std::vector<Real> per_entry(const RealArray& array, std::int64_t count) {
  if (array.is_scalar()) return std::vector<Real>(static_cast<std::size_t>(count), array.values[0]);
  return array.values;
}

/// One value per element, in memory order.
std::vector<Real> per_element(const RealArray& array, const Shape& shape, bool last) {
  const auto elements = expand(array, shape);
  std::vector<Real> out(elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i)
    out[static_cast<std::size_t>(physical_index(shape, static_cast<std::int64_t>(i), last))] =
        *elements[i];
  return out;
}

double magnitude(IntRange range) {
  return std::max(std::abs(static_cast<double>(range.min)),
                  std::abs(static_cast<double>(range.max)));
}

/// The e of a dyadic number m * 2^-e with odd m (0 for integers), or -1 when the number is not
/// dyadic.
int fraction_bits(const Real& value) {
  if (!value.is_rational()) return -1;
  if (value.is_zero()) return 0;
  const mpz_class denominator = value.rational().get_den();
  const auto bits = static_cast<int>(mpz_sizeinbase(denominator.get_mpz_t(), 2)) - 1;
  return static_cast<mp_bitcnt_t>(bits) == mpz_scan1(denominator.get_mpz_t(), 0) ? bits : -1;
}

template <typename T>
inline __attribute__((always_inline)) void add_term(const T* q, const double* scale,
                                                    std::int64_t count, double* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] += scale[i] * static_cast<double>(q[i]);
}

template <typename T>
void add_portable(const T* q, const double* scale, std::int64_t count, double* out) {
  add_term(q, scale, count, out);
}

#if defined(__x86_64__)
template <typename T>
__attribute__((target("avx2"))) void add_avx2(const T* q, const double* scale, std::int64_t count,
                                              double* out) {
  add_term(q, scale, count, out);
}
#else
template <typename T>
void add_avx2(const T* q, const double* scale, std::int64_t count, double* out) {
  add_term(q, scale, count, out);
}
#endif

}  // namespace

/// What the coefficients of a sum can add up to.
struct Sum::Reach {
  std::vector<double> size;  ///< sum |a||q| + |b|, per coefficient
  int bits = 0;              ///< m * 2^-bits gives all coefficients; -1: not all are dyadic

  /// Takes in factors of numbers up to `most`; returns them as doubles.
  std::vector<double> add(const std::vector<Real>& factors, double most) {
    std::vector<double> out;
    out.reserve(factors.size());
    for (std::size_t i = 0; i < factors.size(); ++i) {
      out.push_back(factors[i].to_double());
      size[i] += std::abs(out.back()) * most;
      const int needed = fraction_bits(factors[i]);
      bits = needed < 0 || bits < 0 ? -1 : std::max(bits, needed);
    }
    return out;
  }
};

Sum::Sum(const Planner& planner, const Shape& shape, const std::vector<Value::Term>& terms,
         const RealArray& b, bool last)
    : size_(element_count(shape)), lanes_(lane_count(shape, last)) {
  choose_mode(shape, terms, b, last);
  const auto laid_out = [&](const RealArray& array) {
    if (mode_ == Mode::kFull) return per_element(array, shape, last);
    return per_entry(array, mode_ == Mode::kLane ? lanes_ : shape[0]);
  };
  exact_offset_ = laid_out(b);
  Reach reach{std::vector<double>(exact_offset_.size(), 0.0)};
  offset_ = reach.add(exact_offset_, 1.0);
  for (const Value::Term& term : terms) {
    Term mine{term.slot, planner.slot(term.slot).storage, {}, laid_out(term.scale)};
    mine.scale = reach.add(mine.exact_scale, magnitude(planner.range(term.slot)));
    terms_.push_back(std::move(mine));
  }
  bound_errors(reach);
  if (mode_ == Mode::kLane) repeat_lanes();
}

void Sum::choose_mode(const Shape& shape, const std::vector<Value::Term>& terms, const RealArray& b,
                      bool last) {
  const auto all_vary_only_along = [&](std::size_t axis) {
    return varies_only_along(b, shape, axis) &&
           std::ranges::all_of(terms, [&](const Value::Term& t) {
             return varies_only_along(t.scale, shape, axis);
           });
  };
  if (all_vary_only_along(lane_axis(shape, last))) {
    mode_ = Mode::kLane;
    period_ = std::max<std::int64_t>(1, kBlock / std::max<std::int64_t>(lanes_, 1)) * lanes_;
  } else if (all_vary_only_along(0)) {
    mode_ = Mode::kOuter;
    period_ = size_ / shape[0];
  } else {
    mode_ = Mode::kFull;
    period_ = kBlock;
  }
}

void Sum::bound_errors(const Reach& reach) {
  for (const double size : reach.size) bound_ = std::max(bound_, size);
  // All products and sums are multiples of 2^-bits below 2^(53-bits): double arithmetic does not
  // round.
  exact_arithmetic_ =
      reach.bits >= 0 && reach.bits < 1000 && bound_ * std::ldexp(1.0, reach.bits) < 0x1p52;
  const auto rounding = static_cast<double>(terms_.size() + 4) * 0x1p-52;
  error_.reserve(reach.size.size());
  for (const double size : reach.size)
    error_.push_back(exact_arithmetic_ ? 0.0
                                       : size * rounding + std::numeric_limits<double>::min());
  bound_ = bound_ * (1 + 0x1p-40) + std::numeric_limits<double>::min();
}

/// A whole period of each coefficient, so that blocks are added without looking for the lane.
void Sum::repeat_lanes() {
  const std::size_t count = exact_offset_.size();
  const auto repeat = [&](std::vector<double>& values) {
    values.reserve(static_cast<std::size_t>(period_));
    while (static_cast<std::int64_t>(values.size()) < period_)
      values.push_back(values[values.size() - count]);
  };
  repeat(offset_);
  repeat(error_);
  for (Term& term : terms_) repeat(term.scale);
}

std::size_t Sum::coefficient(std::int64_t e) const {
  switch (mode_) {
    case Mode::kLane:
      return static_cast<std::size_t>(e % lanes_);
    case Mode::kOuter:
      return static_cast<std::size_t>(e / period_);
    case Mode::kFull:
      break;
  }
  return static_cast<std::size_t>(e);
}

void Sum::approximate(const Buffers& buffers, std::int64_t base, std::int64_t offset,
                      std::int64_t count, double* out) const {
  static const bool avx2 = best_isa() >= Isa::kAvx2;
  const std::int64_t begin = base + offset;
  if (mode_ == Mode::kOuter) {  // constants only: weights are quantised once
    const std::size_t row = coefficient(base);
    std::fill_n(out, count, offset_[row]);
    for (const Term& term : terms_)
      with_type(term.storage, buffers.read(term.slot), [&](const auto* q) {
        for (std::int64_t i = 0; i < count; ++i)
          out[i] += term.scale[row] * static_cast<double>(q[begin + i]);
      });
    return;
  }
  const std::int64_t at = mode_ == Mode::kFull ? begin : offset;
  std::copy_n(offset_.data() + at, count, out);
  for (const Term& term : terms_)
    with_type(term.storage, buffers.read(term.slot), [&](const auto* q) {
      if (avx2)
        add_avx2(q + begin, term.scale.data() + at, count, out);
      else
        add_portable(q + begin, term.scale.data() + at, count, out);
    });
}

const double* Sum::errors(std::int64_t base, std::int64_t offset, std::int64_t count,
                          double* scratch) const {
  if (mode_ == Mode::kLane) return error_.data() + offset;
  if (mode_ == Mode::kFull) return error_.data() + base + offset;
  std::fill_n(scratch, count, error_[coefficient(base)]);
  return scratch;
}

Real Sum::exact(const Buffers& buffers, std::int64_t e) const {
  const std::size_t at = coefficient(e);
  Real value = exact_offset_[at];
  for (const Term& term : terms_)
    value += term.exact_scale[at] * Real(load(term.storage, buffers.read(term.slot), e));
  return value;
}

mpz_class round_exactly(const Real& value, RoundingMode mode) {
  const mpz_class floor = value.floor();
  const Real fraction = value - Real(mpq_class(floor));
  if (fraction.is_zero()) return floor;
  const int half = (fraction - Real(mpq_class(1, 2))).sign();  // of the fraction against 1/2
  const bool negative = sgn(floor) < 0;
  bool up = half > 0;
  switch (mode) {
    case RoundingMode::kHalfEven:
      up = half > 0 || (half == 0 && mpz_odd_p(floor.get_mpz_t()) != 0);
      break;
    case RoundingMode::kHalfUp:
      up = half > 0 || (half == 0 && !negative);
      break;
    case RoundingMode::kHalfDown:
      up = half > 0 || (half == 0 && negative);
      break;
    case RoundingMode::kCeil:
      up = true;
      break;
    case RoundingMode::kFloor:
      up = false;
      break;
    case RoundingMode::kUp:
      up = !negative;
      break;
    case RoundingMode::kDown:
      up = negative;
      break;
  }
  return up ? floor + 1 : floor;
}

IntRange value_bounds(const Planner& planner, const Shape& shape,
                      const std::vector<Value::Term>& terms, const RealArray& b) {
  const Sum sum(planner, shape, terms, b);
  if (!(sum.bound() < 0x1p61)) planner.fail("the integers that could occur exceed 62 bits");
  const auto most = static_cast<std::int64_t>(std::ceil(sum.bound())) + 1;
  return {-most, most};
}

}  // namespace assay::exact
