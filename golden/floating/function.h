// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

#include "compile/graph/ops.h"

namespace assay {

/// f(x) in the arithmetic of T, float or double, as runtimes compute it: without overflow in between.
template <typename T>
T function_value(ops::Function f, T x) {
  switch (f) {
    case ops::Function::kErf:
      return std::erf(x);
    case ops::Function::kExp:
      return std::exp(x);
    case ops::Function::kLog:
      return std::log(x);
    case ops::Function::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case ops::Function::kSoftplus:
      return std::max(x, T{0}) + std::log1p(std::exp(-std::abs(x)));
    case ops::Function::kSoftsign:
      return x / (1 + std::abs(x));
    case ops::Function::kSqrt:
      return std::sqrt(x);
    case ops::Function::kTanh:
      return std::tanh(x);
  }
  return static_cast<T>(NAN);
}

}  // namespace assay
