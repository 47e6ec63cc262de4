// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/real.h"

#include <mpfr.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "compile/base/error.h"

namespace assay {
namespace {

/// Owns one MPFR number.
class Mpfr {
 public:
  explicit Mpfr(mpfr_prec_t precision) { mpfr_init2(value_, precision); }
  ~Mpfr() { mpfr_clear(value_); }
  Mpfr(const Mpfr&) = delete;
  Mpfr& operator=(const Mpfr&) = delete;
  mpfr_ptr get() { return value_; }

 private:
  mpfr_t value_;
};

/// Rounds `value` in direction `mode` into `out`: the sum of its terms, each rounded outward on its
/// own.
void directed(const std::vector<Real::Term>& terms, mpfr_ptr out, mpfr_rnd_t mode) {
  const mpfr_prec_t precision = mpfr_get_prec(out);
  Mpfr term(precision);
  mpfr_set_zero(out, 1);
  for (const auto& [radicand, coefficient] : terms) {
    // |coefficient| * sqrt(radicand) must move the same way as the signed product: away for one
    // sign, toward for the other.
    const bool negative = sgn(coefficient) < 0;
    const mpfr_rnd_t root_mode = (mode == MPFR_RNDU) != negative ? MPFR_RNDU : MPFR_RNDD;
    mpfr_set_z(term.get(), radicand.get_mpz_t(), root_mode);
    mpfr_sqrt(term.get(), term.get(), root_mode);
    // mpfr_mul_q/div_z are correctly rounded, but through num and den they take two steps; keep
    // both outward.
    mpfr_mul_z(term.get(), term.get(), coefficient.get_num_mpz_t(), mode);
    mpfr_div_z(term.get(), term.get(), coefficient.get_den_mpz_t(), mode);
    mpfr_add(out, out, term.get(), mode);
  }
}

constexpr mpfr_prec_t kMaxPrecision = 1 << 22;

/// Bits of one numerator, denominator or radicand, and roots of one number. Networks stay far
/// below; constants that are squared again and again double their bits each time.
constexpr std::size_t kMaxBits = 1 << 14, kMaxTerms = 1 << 12;

void check_bits(const mpz_class& value) {
  if (mpz_sizeinbase(value.get_mpz_t(), 2) > kMaxBits)
    user_error(
        "an exact number takes more than {} bits; fold the constant arithmetic that it comes from "
        "into one rounded constant, or cut the graph there",
        kMaxBits);
}

void check_coefficient(const mpq_class& value) {
  check_bits(value.get_num());
  check_bits(value.get_den());
}

void check_terms(std::size_t count) {
  if (count > kMaxTerms)
    user_error(
        "an exact number is a sum of more than {} square roots; quantise between the batch "
        "normalisations that it comes from",
        kMaxTerms);
}

mpz_class floor_of(const mpq_class& value) {
  mpz_class result;
  mpz_fdiv_q(result.get_mpz_t(), value.get_num_mpz_t(), value.get_den_mpz_t());
  return result;
}

/// Calls `decide(lo, hi)` with ever tighter enclosures until it returns true.
template <typename Decide>
void refine(const std::vector<Real::Term>& terms, Decide decide) {
  for (mpfr_prec_t precision = 96; precision <= kMaxPrecision; precision *= 2) {
    Mpfr lo(precision), hi(precision);
    directed(terms, lo.get(), MPFR_RNDD);
    directed(terms, hi.get(), MPFR_RNDU);
    if (decide(lo.get(), hi.get())) return;
  }
  ASSAY_INVARIANT(false, "an enclosure of an exact real did not converge");
}

/// Rounds a rational to a binary format of `digits` bits with the exponent range of `Float`.
template <typename Float>
Float nearest(const mpq_class& value) {
  constexpr int kDigits = std::numeric_limits<Float>::digits;
  constexpr int kMinExponent = std::numeric_limits<Float>::min_exponent;
  if (sgn(value) == 0) return 0;
  // The exponent of the result is known up to one; subnormals have fewer digits.
  Mpfr probe(64);
  mpfr_set_q(probe.get(), value.get_mpq_t(), MPFR_RNDZ);
  const long exponent = mpfr_get_exp(probe.get());
  const long digits = std::min<long>(kDigits, exponent - kMinExponent + kDigits);
  if (digits < 1) {  // below half of the smallest subnormal, or within its last binade
    mpq_class half_smallest(1);
    half_smallest >>= static_cast<mp_bitcnt_t>(kDigits - kMinExponent + 1);
    const Float smallest = std::numeric_limits<Float>::denorm_min();
    if (abs(value) <= half_smallest) return sgn(value) < 0 ? Float{-0.0} : Float{0};
    return sgn(value) < 0 ? -smallest : smallest;
  }
  if (digits == 1) {  // MPFR needs two bits at least: decide between the two neighbours by hand
    const mpq_class unit =
        Real::of(static_cast<double>(std::numeric_limits<Float>::denorm_min())).rational();
    const mpq_class steps = abs(value) / unit;
    const Float magnitude = (steps >= mpq_class(3, 2))
                                ? 2 * std::numeric_limits<Float>::denorm_min()
                                : std::numeric_limits<Float>::denorm_min();
    return sgn(value) < 0 ? -magnitude : magnitude;
  }
  Mpfr rounded(digits);
  mpfr_set_q(rounded.get(), value.get_mpq_t(), MPFR_RNDN);
  return static_cast<Float>(mpfr_get_d(rounded.get(), MPFR_RNDN));
}

template <typename Float>
Float nearest_of(mpfr_ptr value) {
  mpq_class exact;
  mpfr_get_q(exact.get_mpq_t(), value);
  return nearest<Float>(exact);
}

template <typename Float>
Float nearest_real(const Real& real) {
  if (real.is_rational()) return nearest<Float>(real.rational());
  Float result = 0;
  refine(real.terms(), [&](mpfr_ptr lo, mpfr_ptr hi) {
    result = nearest_of<Float>(lo);
    return result == nearest_of<Float>(hi);
  });
  return result;
}

}  // namespace

Real::Real(std::int64_t value) {
  if (value != 0) terms_.push_back({1, mpq_class(mpz_class(static_cast<long>(value)))});
}

Real::Real(mpq_class value) {
  value.canonicalize();
  if (sgn(value) != 0) terms_.push_back({1, std::move(value)});
}

Real Real::of(double value) {
  ASSAY_INVARIANT(std::isfinite(value), "only finite numbers are exact reals");
  return Real(mpq_class(value));
}

Real Real::sqrt(const mpq_class& value) {
  ASSAY_INVARIANT(sgn(value) >= 0, "square root of a negative number");
  Real result;
  if (sgn(value) == 0) return result;
  // sqrt(n/d) = sqrt(n*d)/d; powers of four (model parameters are dyadic) leave the root.
  mpz_class radicand = value.get_num() * value.get_den();
  mpz_class outer = 1;
  const mp_bitcnt_t twos = mpz_scan1(radicand.get_mpz_t(), 0) / 2 * 2;
  radicand >>= twos;
  outer <<= twos / 2;
  mpq_class coefficient(outer, value.get_den());
  coefficient.canonicalize();
  result.add_term(radicand, coefficient);
  return result;
}

void Real::add_term(const mpz_class& radicand, const mpq_class& coefficient) {
  if (sgn(coefficient) == 0) return;
  if (radicand != 1 && mpz_perfect_square_p(radicand.get_mpz_t())) {
    mpz_class root;
    mpz_sqrt(root.get_mpz_t(), radicand.get_mpz_t());
    return add_term(1, coefficient * root);
  }
  for (auto it = terms_.begin(); it != terms_.end(); ++it) {
    mpq_class ratio = 1;  // sqrt(radicand) = ratio * sqrt(it->radicand)
    if (it->radicand != radicand) {
      const mpz_class product = it->radicand * radicand;
      if (it->radicand == 1 || radicand == 1 || !mpz_perfect_square_p(product.get_mpz_t()))
        continue;
      mpz_class root;
      mpz_sqrt(root.get_mpz_t(), product.get_mpz_t());
      ratio = mpq_class(root, it->radicand);
      ratio.canonicalize();
    }
    it->coefficient += coefficient * ratio;
    check_coefficient(it->coefficient);
    if (sgn(it->coefficient) == 0) terms_.erase(it);
    return;
  }
  check_bits(radicand);
  check_coefficient(coefficient);
  check_terms(terms_.size() + 1);
  const auto place = std::ranges::lower_bound(terms_, radicand, {}, &Term::radicand);
  terms_.insert(place, {radicand, coefficient});
}

mpq_class Real::rational() const {
  ASSAY_INVARIANT(is_rational(), "an irrational number was asked for its rational value: " + str());
  return terms_.empty() ? mpq_class(0) : terms_[0].coefficient;
}

Real Real::operator-() const {
  Real result = *this;
  for (Term& term : result.terms_) term.coefficient = -term.coefficient;
  return result;
}

Real operator+(const Real& a, const Real& b) {
  Real result = a;
  for (const auto& [radicand, coefficient] : b.terms_) result.add_term(radicand, coefficient);
  return result;
}

Real operator*(const Real& a, const Real& b) {
  check_terms(a.terms_.size() * b.terms_.size());
  Real result;
  for (const auto& x : a.terms_)
    for (const auto& y : b.terms_) {
      if (x.radicand == y.radicand)
        result.add_term(1, x.coefficient * y.coefficient * x.radicand);
      else
        result.add_term(x.radicand * y.radicand, x.coefficient * y.coefficient);
    }
  return result;
}

Real Real::inverse() const {
  ASSAY_INVARIANT(has_inverse(), "no inverse of " + str());
  // 1/(q sqrt(r)) = sqrt(r)/(q r)
  const Term& term = terms_[0];
  Real result;
  result.terms_.push_back({term.radicand, 1 / (term.coefficient * term.radicand)});
  check_coefficient(result.terms_[0].coefficient);
  return result;
}

int Real::sign() const {
  if (terms_.empty()) return 0;
  if (terms_.size() == 1) return sgn(terms_[0].coefficient);
  int result = 0;
  refine(terms_, [&](mpfr_ptr lo, mpfr_ptr hi) {
    if (mpfr_sgn(lo) > 0) result = 1;
    if (mpfr_sgn(hi) < 0) result = -1;
    return result != 0;
  });
  return result;
}

mpz_class Real::floor() const {
  if (is_rational()) return floor_of(rational());
  // An irrational number is no integer, so the floors of both ends agree after finitely many steps.
  mpz_class result, upper;
  refine(terms_, [&](mpfr_ptr lo, mpfr_ptr hi) {
    mpfr_get_z(result.get_mpz_t(), lo, MPFR_RNDD);
    mpfr_get_z(upper.get_mpz_t(), hi, MPFR_RNDD);
    return result == upper;
  });
  return result;
}

double Real::to_double() const { return nearest_real<double>(*this); }
float Real::to_float() const { return nearest_real<float>(*this); }

std::pair<double, double> Real::enclose() const {
  if (terms_.empty()) return {0.0, 0.0};
  std::pair<double, double> result;
  // A sum of several roots may cancel: refine until the relative width is that of a double.
  refine(terms_, [&](mpfr_ptr lo, mpfr_ptr hi) {
    result = {mpfr_get_d(lo, MPFR_RNDD), mpfr_get_d(hi, MPFR_RNDU)};
    const double scale = std::max(std::abs(result.first), std::abs(result.second));
    return result.second - result.first <=
           scale * 0x1p-51 + 2 * std::numeric_limits<double>::denorm_min();
  });
  return result;
}

std::string Real::str() const {
  if (terms_.empty()) return "0";
  std::string text;
  for (const auto& [radicand, coefficient] : terms_) {
    if (!text.empty() && sgn(coefficient) > 0) text += '+';
    text += coefficient.get_str();
    if (radicand != 1) text += "*sqrt(" + radicand.get_str() + ")";
  }
  return text;
}

namespace {

/// Takes apart what str() writes.
class RealText {
 public:
  explicit RealText(std::string_view text) : text_(text), rest_(text) {
    if (text.empty()) fail();
  }
  bool done() const { return rest_.empty(); }

  Real::Term term() {
    const bool negative = minus();
    const std::size_t end = std::min(rest_.find_first_of("+-*"), rest_.size());
    const mpq_class size = fraction(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return {radicand(), negative ? mpq_class(-size) : size};
  }

 private:
  [[noreturn]] void fail() const {
    user_error("'{}' is not an exact number", std::string(text_.substr(0, 60)));
  }

  /// The sign that every term but a positive first one has.
  bool minus() {
    const bool negative = rest_.starts_with('-'), first = rest_.size() == text_.size();
    if (!negative && first) return false;
    if (!negative && !rest_.starts_with('+')) fail();
    rest_.remove_prefix(1);
    return negative;
  }

  mpz_class integer(std::string_view digits) const {
    mpz_class value;
    const std::string copy(digits);
    if (copy.empty() || copy.size() > kMaxBits ||
        copy.find_first_not_of("0123456789") != std::string::npos || value.set_str(copy, 10) != 0)
      fail();
    return value;
  }

  mpq_class fraction(std::string_view text) const {
    const std::size_t slash = text.find('/');
    const mpq_class numerator(integer(text.substr(0, slash)));
    if (slash == std::string_view::npos) return numerator;
    const mpq_class denominator(integer(text.substr(slash + 1)));
    if (denominator == 0) fail();
    return numerator / denominator;
  }

  /// 1 without a root.
  mpz_class radicand() {
    constexpr std::string_view kRoot = "*sqrt(";
    if (!rest_.starts_with('*')) return 1;
    const std::size_t close = rest_.find(')');
    if (!rest_.starts_with(kRoot) || close == std::string_view::npos) fail();
    const mpz_class value = integer(rest_.substr(kRoot.size(), close - kRoot.size()));
    if (value == 0) fail();
    rest_.remove_prefix(close + 1);
    return value;
  }

  std::string_view text_, rest_;
};

}  // namespace

Real Real::parse(std::string_view text) {
  Real result;
  for (RealText rest(text); !rest.done();) {
    const Term term = rest.term();
    result.add_term(term.radicand, term.coefficient);
  }
  return result;
}

}  // namespace assay
