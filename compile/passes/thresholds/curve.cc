// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/thresholds/curve.h"

#include <mpfr.h>

#include <algorithm>
#include <utility>

#include "compile/base/error.h"

namespace assay {
namespace curves {

/// Two numbers of so many bits with a real one between them.
class Enclosure {
 public:
  explicit Enclosure(int bits) {
    mpfr_init2(lo_, bits);
    mpfr_init2(hi_, bits);
  }
  Enclosure(Enclosure&& other) noexcept : Enclosure(2) { swap(other); }
  Enclosure& operator=(Enclosure&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Enclosure() {
    mpfr_clear(lo_);
    mpfr_clear(hi_);
  }
  mpfr_ptr lo() { return lo_; }
  mpfr_ptr hi() { return hi_; }
  mpfr_srcptr lo() const { return lo_; }
  mpfr_srcptr hi() const { return hi_; }
  int bits() const { return static_cast<int>(mpfr_get_prec(lo_)); }

 private:
  void swap(Enclosure& other) noexcept {
    mpfr_swap(lo_, other.lo_);
    mpfr_swap(hi_, other.hi_);
  }
  mpfr_t lo_, hi_;
};

}  // namespace curves

namespace {

using curves::Enclosure;

Enclosure sum_of(const Enclosure& a, const Enclosure& b) {
  Enclosure out(a.bits());
  mpfr_add(out.lo(), a.lo(), b.lo(), MPFR_RNDD);
  mpfr_add(out.hi(), a.hi(), b.hi(), MPFR_RNDU);
  return out;
}

/// The extremes of a product lie at the ends of its factors.
Enclosure product_of(const Enclosure& a, const Enclosure& b) {
  Enclosure out(a.bits()), next(a.bits());
  bool first = true;
  for (const mpfr_srcptr x : {a.lo(), a.hi()})
    for (const mpfr_srcptr y : {b.lo(), b.hi()}) {
      mpfr_mul(next.lo(), x, y, MPFR_RNDD);
      mpfr_mul(next.hi(), x, y, MPFR_RNDU);
      if (first || mpfr_less_p(next.lo(), out.lo())) mpfr_set(out.lo(), next.lo(), MPFR_RNDD);
      if (first || mpfr_greater_p(next.hi(), out.hi())) mpfr_set(out.hi(), next.hi(), MPFR_RNDU);
      first = false;
    }
  return out;
}

Enclosure rational(const mpq_class& q, int bits) {
  Enclosure out(bits);
  mpfr_set_q(out.lo(), q.get_mpq_t(), MPFR_RNDD);
  mpfr_set_q(out.hi(), q.get_mpq_t(), MPFR_RNDU);
  return out;
}

Enclosure enclosed(const Real& value, int bits) {
  Enclosure out = rational(0, bits);
  for (const Real::Term& term : value.terms()) {
    Enclosure root = rational(mpq_class(term.radicand), bits);
    mpfr_sqrt(root.lo(), root.lo(), MPFR_RNDD);
    mpfr_sqrt(root.hi(), root.hi(), MPFR_RNDU);
    out = sum_of(out, product_of(rational(term.coefficient, bits), root));
  }
  return out;
}

mpfr_rnd_t opposite(mpfr_rnd_t side) { return side == MPFR_RNDD ? MPFR_RNDU : MPFR_RNDD; }

/// One side of 1 / (1 + e^-x).
void sigmoid(mpfr_ptr out, mpfr_srcptr x, mpfr_rnd_t side) {
  mpfr_neg(out, x, side);  // exact
  mpfr_exp(out, out, opposite(side));
  mpfr_add_ui(out, out, 1, opposite(side));
  mpfr_ui_div(out, 1, out, side);
}

void softplus(mpfr_ptr out, mpfr_srcptr x, mpfr_rnd_t side) {
  mpfr_exp(out, x, side);
  mpfr_log1p(out, out, side);
}

/// x / (1 + |x|): away from 0 with a smaller divisor, towards it with a larger one.
void softsign(mpfr_ptr out, mpfr_srcptr x, mpfr_rnd_t side) {
  const bool away = (side == MPFR_RNDU) == (mpfr_sgn(x) >= 0);
  Enclosure divisor(static_cast<int>(mpfr_get_prec(out)));
  mpfr_abs(divisor.lo(), x, MPFR_RNDD);  // exact
  mpfr_add_ui(divisor.lo(), divisor.lo(), 1, away ? MPFR_RNDD : MPFR_RNDU);
  mpfr_div(out, x, divisor.lo(), side);
}

/// One side of f(x). All of them rise, so that a bound of x gives one of f(x).
void apply(ops::Function f, mpfr_ptr out, mpfr_srcptr x, mpfr_rnd_t side) {
  switch (f) {
    case ops::Function::kErf:
      mpfr_erf(out, x, side);
      return;
    case ops::Function::kExp:
      mpfr_exp(out, x, side);
      return;
    case ops::Function::kLog:
      mpfr_log(out, x, side);
      return;
    case ops::Function::kSigmoid:
      return sigmoid(out, x, side);
    case ops::Function::kSoftplus:
      return softplus(out, x, side);
    case ops::Function::kSoftsign:
      return softsign(out, x, side);
    case ops::Function::kSqrt:
      mpfr_sqrt(out, x, side);
      return;
    case ops::Function::kTanh:
      mpfr_tanh(out, x, side);
      return;
  }
}

/// f(x) where that is an algebraic number that Real holds.
std::optional<Real> exact_value(ops::Function f, const Real& x) {
  using enum ops::Function;
  if (f == kSoftsign) {
    const Real divisor = Real(1) + (x.sign() < 0 ? -x : x);
    if (divisor.has_inverse()) return x * divisor.inverse();
  }
  if (f == kSqrt && x.is_rational() && x.sign() >= 0) return Real::sqrt(x.rational());
  if (f == kLog && x == Real(1)) return Real();
  if (!x.is_zero()) return {};
  if (f == kErf || f == kTanh) return Real();
  if (f == kExp) return Real(1);
  if (f == kSigmoid) return Real(mpq_class(1, 2));
  return {};
}

bool meets(const Boundary& boundary, const Real& value) {
  const int sign = (value - boundary.at).sign();
  return boundary.strict ? sign > 0 : sign >= 0;
}

bool meets(const Boundary& boundary, mpfr_srcptr value) {
  const int sign = mpfr_cmp_q(value, boundary.at.rational().get_mpq_t());
  return boundary.strict ? sign > 0 : sign >= 0;
}

template <typename Value>
std::int64_t count_met(const std::vector<Boundary>& boundaries, const Value& value) {
  const auto end =
      std::ranges::partition_point(boundaries, [&](const Boundary& b) { return meets(b, value); });
  return end - boundaries.begin();
}

}  // namespace

/// A value as far as it is known.
struct Curve::Evaluation {
  std::optional<Real> exact;
  curves::Enclosure near;
  explicit Evaluation(Real value, int bits)
      : exact(std::move(value)), near(enclosed(*exact, bits)) {}
  explicit Evaluation(Enclosure value) : near(std::move(value)) {}
};

Curve::Ptr Curve::line(RealArray slope, RealArray shift) {
  Curve curve(Kind::kLine);
  curve.slope_ = std::move(slope);
  curve.shift_ = std::move(shift);
  return std::make_shared<const Curve>(std::move(curve));
}

Curve::Ptr Curve::sum(Ptr a, Ptr b) {
  Curve curve(Kind::kSum);
  curve.a_ = std::move(a);
  curve.b_ = std::move(b);
  return std::make_shared<const Curve>(std::move(curve));
}

Curve::Ptr Curve::product(Ptr a, Ptr b) {
  Curve curve(Kind::kProduct);
  curve.a_ = std::move(a);
  curve.b_ = std::move(b);
  return std::make_shared<const Curve>(std::move(curve));
}

Curve::Ptr Curve::clamp(Ptr x, std::optional<RealArray> lower, std::optional<RealArray> upper) {
  Curve curve(Kind::kClamp);
  curve.a_ = std::move(x);
  curve.lower_ = std::move(lower);
  curve.upper_ = std::move(upper);
  return std::make_shared<const Curve>(std::move(curve));
}

Curve::Ptr Curve::function(ops::Function f, Ptr x) {
  Curve curve(Kind::kFunction);
  curve.function_ = f;
  curve.a_ = std::move(x);
  return std::make_shared<const Curve>(std::move(curve));
}

Shape Curve::shape(std::size_t rank) const {
  Shape out(rank, 1);
  mapped([&](const RealArray& array) {
    out = broadcast_shape(out, array.shape);
    return array;
  });
  return out;
}

Curve::Ptr Curve::mapped(const std::function<RealArray(const RealArray&)>& change) const {
  Curve curve = *this;
  if (a_) curve.a_ = a_->mapped(change);
  if (b_) curve.b_ = b_->mapped(change);
  if (kind_ == Kind::kLine) {
    curve.slope_ = change(slope_);
    curve.shift_ = change(shift_);
  }
  if (lower_) curve.lower_ = change(*lower_);
  if (upper_) curve.upper_ = change(*upper_);
  return std::make_shared<const Curve>(std::move(curve));
}

namespace {

/// The number that a curve is everywhere, if so.
std::optional<int> sign_of_constant(bool is_line, const RealArray& slope, const RealArray& shift) {
  if (!is_line || !slope.values[0].is_zero()) return {};
  return shift.values[0].sign();
}

}  // namespace

bool Curve::rises() const {
  switch (kind_) {
    case Kind::kLine:
      return slope_.values[0].sign() >= 0;
    case Kind::kSum:
      return a_->rises() && b_->rises();
    case Kind::kProduct:
      for (const auto& [x, y] : {std::pair(&a_, &b_), std::pair(&b_, &a_)})
        if (const auto sign =
                sign_of_constant((*x)->kind_ == Kind::kLine, (*x)->slope_, (*x)->shift_))
          return *sign == 0 || (*sign > 0 ? (*y)->rises() : (*y)->falls());
      return false;
    case Kind::kClamp:
    case Kind::kFunction:
      return a_->rises();
  }
  return false;
}

bool Curve::falls() const {
  switch (kind_) {
    case Kind::kLine:
      return slope_.values[0].sign() <= 0;
    case Kind::kSum:
      return a_->falls() && b_->falls();
    case Kind::kProduct:
      for (const auto& [x, y] : {std::pair(&a_, &b_), std::pair(&b_, &a_)})
        if (const auto sign =
                sign_of_constant((*x)->kind_ == Kind::kLine, (*x)->slope_, (*x)->shift_))
          return *sign == 0 || (*sign > 0 ? (*y)->falls() : (*y)->rises());
      return false;
    case Kind::kClamp:
    case Kind::kFunction:
      return a_->falls();
  }
  return false;
}

Curve::Evaluation Curve::at(std::int64_t n, int bits) const {
  if (kind_ == Kind::kLine) return Evaluation(slope_.values[0] * Real(n) + shift_.values[0], bits);
  Evaluation a = a_->at(n, bits);
  if (kind_ == Kind::kFunction) {
    if (a.exact)
      if (auto value = exact_value(function_, *a.exact)) return Evaluation(*std::move(value), bits);
    Enclosure near(bits);
    apply(function_, near.lo(), a.near.lo(), MPFR_RNDD);
    apply(function_, near.hi(), a.near.hi(), MPFR_RNDU);
    if (!mpfr_number_p(near.lo()) || !mpfr_number_p(near.hi()))
      user_error(
          "a root or a logarithm is not defined where the integers in front of it reach {}; clip "
          "its input",
          n);
    return Evaluation(std::move(near));
  }
  if (kind_ == Kind::kClamp) {
    // Beyond a bound the value is the bound, however much is known of what is clamped.
    const auto bounded = [&](const std::optional<RealArray>& bound, bool lower) {
      if (!bound) return;
      const Real& limit = bound->values[0];
      const Enclosure at = enclosed(limit, bits);
      const bool beyond = a.exact ? (lower ? *a.exact < limit : limit < *a.exact)
                          : lower ? mpfr_less_p(a.near.hi(), at.lo()) != 0
                                  : mpfr_greater_p(a.near.lo(), at.hi()) != 0;
      if (beyond) {
        a = Evaluation(limit, bits);
      } else if (!a.exact && lower) {
        mpfr_max(a.near.lo(), a.near.lo(), at.lo(), MPFR_RNDD);
        mpfr_max(a.near.hi(), a.near.hi(), at.hi(), MPFR_RNDU);
      } else if (!a.exact) {
        mpfr_min(a.near.lo(), a.near.lo(), at.lo(), MPFR_RNDD);
        mpfr_min(a.near.hi(), a.near.hi(), at.hi(), MPFR_RNDU);
      }
    };
    bounded(lower_, true);
    bounded(upper_, false);
    return a;
  }
  Evaluation b = b_->at(n, bits);
  const bool sum = kind_ == Kind::kSum;
  if (a.exact && b.exact) return Evaluation(sum ? *a.exact + *b.exact : *a.exact * *b.exact, bits);
  if (!sum && ((a.exact && a.exact->is_zero()) || (b.exact && b.exact->is_zero())))
    return Evaluation(Real(), bits);
  return Evaluation(sum ? sum_of(a.near, b.near) : product_of(a.near, b.near));
}

std::int64_t Curve::met(const std::vector<Boundary>& boundaries, std::int64_t n) const {
  constexpr int kFirstBits = 80;
  for (int bits = kFirstBits; bits <= kMostBits; bits *= 2) {
    const Evaluation value = at(n, bits);
    const std::int64_t least = count_met(boundaries, mpfr_srcptr(value.near.lo())),
                       most = count_met(boundaries, mpfr_srcptr(value.near.hi()));
    if (least == most) return least;
    if (value.exact) return count_met(boundaries, *value.exact);
  }
  user_error(
      "whether its value at the integer {} meets a boundary of the quantiser stays open with {} "
      "bits; change the quantiser's scale",
      n, kMostBits);
}

namespace {

/// Adds the steps between two points of a curve that rises or falls throughout.
void steps_between(const Curve& curve, const std::vector<Boundary>& boundaries, std::int64_t from,
                   std::int64_t at_from, std::int64_t to, std::int64_t at_to, CurveSteps& out) {
  if (at_from == at_to) return;
  if (to - from > 1) {
    const std::int64_t middle = from + (to - from) / 2, level = curve.met(boundaries, middle);
    steps_between(curve, boundaries, from, at_from, middle, level, out);
    return steps_between(curve, boundaries, middle, level, to, at_to, out);
  }
  auto& steps = at_to > at_from ? out.ups : out.downs;
  steps.insert(steps.end(), static_cast<std::size_t>(std::abs(at_to - at_from)), to);
}

}  // namespace

CurveSteps steps_of(const Curve& curve, const std::vector<Boundary>& boundaries, std::int64_t min,
                    std::int64_t max) {
  CurveSteps out;
  out.first = curve.met(boundaries, min);
  if (curve.rises() || curve.falls()) {
    steps_between(curve, boundaries, min, out.first, max, curve.met(boundaries, max), out);
    return out;
  }
  if (max - min >= kMostPoints)
    user_error(
        "a function that rises and falls is looked at for every integer in front of it, and there "
        "are more than {}; quantise its input",
        kMostPoints);
  std::int64_t before = out.first;
  for (std::int64_t n = min + 1; n <= max; ++n) {
    const std::int64_t level = curve.met(boundaries, n);
    steps_between(curve, boundaries, n - 1, before, n, level, out);
    before = level;
  }
  return out;
}

}  // namespace assay
