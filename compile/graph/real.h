// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmpxx.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay {

/// An exact real number: a sum of rationals times square roots of rationals,
///
///     value = q_0 + q_1*sqrt(r_1) + q_2*sqrt(r_2) + ...
///
/// which is what model parameters (float32 values are dyadic rationals) become under +, -, *,
/// division by a single term, and the `1/sqrt(variance + epsilon)` of a batch normalisation. The
/// radicands of one number lie in different square classes (no ratio of two is a rational square),
/// so that the roots are linearly independent over the rationals: a number is zero exactly when it
/// has no terms, and every sign is found by refining an enclosure. Immutable in meaning, cheap to
/// copy when rational and small.
class Real {
 public:
  /// A term `coefficient * sqrt(radicand)`; radicand is a positive squarefree-or-unreduced integer,
  /// 1 for the rational part.
  struct Term {
    mpz_class radicand;
    mpq_class coefficient;
  };

  Real() = default;
  Real(std::int64_t value);  // NOLINT(google-explicit-constructor): integers are reals
  explicit Real(mpq_class value);
  /// The exact value of a finite double (or float). Precondition: finite.
  static Real of(double value);
  /// The square root of a rational. Precondition: value >= 0.
  static Real sqrt(const mpq_class& value);
  /// The inverse of str(). UserError when `text` is malformed.
  static Real parse(std::string_view text);

  bool is_zero() const { return terms_.empty(); }
  bool is_rational() const {
    return terms_.empty() || (terms_.size() == 1 && terms_[0].radicand == 1);
  }
  /// Precondition: is_rational().
  mpq_class rational() const;
  const std::vector<Term>& terms() const { return terms_; }

  Real operator-() const;
  friend Real operator+(const Real& a, const Real& b);
  friend Real operator-(const Real& a, const Real& b) { return a + -b; }
  friend Real operator*(const Real& a, const Real& b);
  Real& operator+=(const Real& b) { return *this = *this + b; }
  Real& operator*=(const Real& b) { return *this = *this * b; }
  /// 1 / *this. Preconditions: not zero; one term only (`has_inverse()`).
  Real inverse() const;
  bool has_inverse() const { return terms_.size() == 1; }

  /// -1, 0 or +1, always exact.
  int sign() const;
  friend bool operator==(const Real& a, const Real& b) { return (a - b).is_zero(); }
  friend bool operator<(const Real& a, const Real& b) { return (a - b).sign() < 0; }
  friend bool operator<=(const Real& a, const Real& b) { return (a - b).sign() <= 0; }
  friend bool operator>(const Real& a, const Real& b) { return b < a; }
  friend bool operator>=(const Real& a, const Real& b) { return b <= a; }

  /// The largest integer that is not above the number.
  mpz_class floor() const;
  /// The nearest double, ties to even; +-infinity beyond the largest.
  double to_double() const;
  /// The nearest float32, ties to even (one rounding).
  float to_float() const;
  /// Doubles lo <= value <= hi, at most a few units in the last place apart.
  std::pair<double, double> enclose() const;

  /// A readable exact form that parse() takes: "0", "3/4", "1/3-2/5*sqrt(7)".
  std::string str() const;

 private:
  void add_term(const mpz_class& radicand, const mpq_class& coefficient);
  std::vector<Term> terms_;  ///< no zero coefficients; sorted by radicand
};

}  // namespace assay
