// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streamline/common_unit.h"

#include <algorithm>

namespace assay {

std::optional<CommonUnit> common_unit(const std::vector<Real>& numbers) {
  CommonUnit out;
  const auto first = std::ranges::find_if(numbers, [](const Real& n) { return !n.is_zero(); });
  if (first == numbers.end()) {
    out.multiples.assign(numbers.size(), 0);
    return out;
  }
  if (!first->has_inverse()) return {};
  std::vector<mpq_class> ratios;
  mpz_class denominator = 1;
  for (const Real& number : numbers) {
    const Real ratio = number * first->inverse();
    if (!ratio.is_rational()) return {};
    ratios.push_back(ratio.rational());
    denominator = lcm(denominator, mpz_class(ratios.back().get_den()));
  }
  mpz_class divisor = 0;
  for (const mpq_class& ratio : ratios) {
    out.multiples.push_back(ratio.get_num() * (denominator / ratio.get_den()));
    divisor = gcd(divisor, out.multiples.back());
  }
  if (first->sign() < 0) divisor = -divisor;
  for (mpz_class& m : out.multiples) m /= divisor;
  out.unit = *first * Real(mpq_class(divisor, denominator));
  return out;
}

}  // namespace assay
