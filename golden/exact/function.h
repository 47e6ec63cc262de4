// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mpfr.h>

#include <optional>

#include "compile/graph/ops.h"

namespace assay::exact {

/// y = f(x), from the function's definition. With MPFR_RNDD y is not above f(x), with MPFR_RNDU not
/// below it; with MPFR_RNDN it is a few units of y's precision off at most, relatively. y may be x.
void apply_function(ops::Function f, mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t round);
/// f(x) where it is known to be algebraic, as x is.
std::optional<Real> algebraic_value(ops::Function f, const Real& x);

}  // namespace assay::exact
