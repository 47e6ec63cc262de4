// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/tail.h"

#include <mpfr.h>

#include <cmath>
#include <deque>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "golden/exact/function.h"

namespace assay {
namespace {

/// A number of 256 bits.
class Number {
 public:
  Number() { mpfr_init2(value_, kBits); }
  explicit Number(const Real& real) : Number() {
    // Enough bits behind the point for the smallest that matters.
    mpz_class power(1);
    power <<= 2 * kBits;
    const mpz_class scaled = (real * Real(mpq_class(power))).floor();
    mpfr_set_z(value_, scaled.get_mpz_t(), MPFR_RNDN);
    mpfr_div_2ui(value_, value_, 2 * kBits, MPFR_RNDN);
  }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
  ~Number() { mpfr_clear(value_); }
  mpfr_ptr get() { return value_; }
  /// UserError, of the element that it is made of, where that is no finite number.
  double rounded(std::int64_t element, const Real& of) const {
    const double value = mpfr_get_d(value_, MPFR_RNDN);
    if (std::isfinite(value)) return value;
    user_error("element {}, made of {}, is {}, which is no finite float64", element, of.to_double(),
               std::isnan(value) ? "nan"
               : value < 0       ? "-inf"
                                 : "inf");
  }

 private:
  static constexpr mpfr_prec_t kBits = 256;
  mpfr_t value_;
};

std::vector<double> function_values(ops::Function f, const ExactValue& value) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < value.size(); ++i) {
    const Real of = value.real(i);
    Number x(of);
    exact::apply_function(f, x.get(), x.get(), MPFR_RNDN);
    out.push_back(x.rounded(i, of));
  }
  return out;
}

std::vector<double> softmax_values(std::int64_t along, bool logarithm, const ExactValue& value) {
  const std::size_t axis = ops::normalise_axis(along, value.shape.size());
  const std::int64_t size = value.shape[axis];
  std::int64_t stride = 1;
  for (std::size_t i = axis + 1; i < value.shape.size(); ++i) stride *= value.shape[i];
  std::vector<double> out(static_cast<std::size_t>(value.size()));
  for (std::int64_t lane = 0; lane < value.size() / size; ++lane) {
    const std::int64_t from = lane / stride * stride * size + lane % stride;
    std::deque<Number> terms;
    Number sum;
    mpfr_set_zero(sum.get(), 1);
    for (std::int64_t k = 0; k < size; ++k) {
      Number& term = terms.emplace_back(value.real(from + k * stride));
      mpfr_exp(term.get(), term.get(), MPFR_RNDN);
      mpfr_add(sum.get(), sum.get(), term.get(), MPFR_RNDN);
    }
    for (std::int64_t k = 0; k < size; ++k) {
      Number& term = terms[static_cast<std::size_t>(k)];
      mpfr_div(term.get(), term.get(), sum.get(), MPFR_RNDN);
      if (logarithm) mpfr_log(term.get(), term.get(), MPFR_RNDN);
      const std::int64_t at = from + k * stride;
      out[static_cast<std::size_t>(at)] = term.rounded(at, value.real(at));
    }
  }
  return out;
}

}  // namespace

std::vector<double> tail_values(const Op& op, const ExactValue& value) {
  if (const auto* function = dynamic_cast<const ops::FunctionOp*>(&op))
    return function_values(function->function(), value);
  if (const auto* softmax = dynamic_cast<const ops::Softmax*>(&op))
    return softmax_values(softmax->axis, false, value);
  const auto* log_softmax = dynamic_cast<const ops::LogSoftmax*>(&op);
  ASSAY_INVARIANT(log_softmax, "no operator of a tail");
  return softmax_values(log_softmax->axis, true, value);
}

}  // namespace assay
