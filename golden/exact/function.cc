// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/function.h"

namespace assay::exact {
namespace {

/// How a divisor is rounded for a quotient that is rounded so.
mpfr_rnd_t against(mpfr_rnd_t round) {
  if (round == MPFR_RNDN) return round;
  return round == MPFR_RNDD ? MPFR_RNDU : MPFR_RNDD;
}

/// 1 / (1 + e^-x)
void sigmoid(mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t round) {
  mpfr_neg(y, x, round);  // exact: both have one precision
  mpfr_exp(y, y, against(round));
  mpfr_add_ui(y, y, 1, against(round));
  mpfr_ui_div(y, 1, y, round);
}

/// x / (1 + |x|), whose magnitude falls with the divisor's.
void softsign(mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t round) {
  mpfr_t divisor;
  mpfr_init2(divisor, mpfr_get_prec(y));
  mpfr_abs(divisor, x, round);  // exact
  mpfr_add_ui(divisor, divisor, 1, mpfr_sgn(x) >= 0 ? against(round) : round);
  mpfr_div(y, x, divisor, round);
  mpfr_clear(divisor);
}

}  // namespace

void apply_function(ops::Function f, mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t round) {
  switch (f) {
    case ops::Function::kErf:
      mpfr_erf(y, x, round);
      break;
    case ops::Function::kExp:
      mpfr_exp(y, x, round);
      break;
    case ops::Function::kLog:
      mpfr_log(y, x, round);
      break;
    case ops::Function::kSqrt:
      mpfr_sqrt(y, x, round);
      break;
    case ops::Function::kTanh:
      mpfr_tanh(y, x, round);
      break;
    case ops::Function::kSoftplus:  // log(1 + e^x)
      mpfr_exp(y, x, round);
      mpfr_log1p(y, y, round);
      break;
    case ops::Function::kSigmoid:
      sigmoid(y, x, round);
      break;
    case ops::Function::kSoftsign:
      softsign(y, x, round);
      break;
  }
}

std::optional<Real> algebraic_value(ops::Function f, const Real& x) {
  switch (f) {
    case ops::Function::kSqrt:
      if (x.is_rational() && x.sign() >= 0) return Real::sqrt(x.rational());
      return {};
    case ops::Function::kSoftsign:
      if (!x.is_rational()) return {};
      return x * (Real(1) + (x.sign() < 0 ? -x : x)).inverse();
    case ops::Function::kErf:
    case ops::Function::kTanh:
      if (x.is_zero()) return Real();
      return {};
    case ops::Function::kExp:
      if (x.is_zero()) return Real(1);
      return {};
    case ops::Function::kSigmoid:
      if (x.is_zero()) return Real(mpq_class(1, 2));
      return {};
    case ops::Function::kLog:
      if (x == Real(1)) return Real();
      return {};
    case ops::Function::kSoftplus:
      return {};
  }
  return {};
}

}  // namespace assay::exact
