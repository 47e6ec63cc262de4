// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/exact_sum.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace assay {
namespace {

std::int64_t weight(const SumTerm& term) { return term.coefficient * term.x.step; }

/// How many steps a term's x may go down and up.
std::int64_t room_down(const SumTerm& term, std::int64_t x) {
  return (x - term.x.min) / term.x.step;
}
std::int64_t room_up(const SumTerm& term, std::int64_t x) { return (term.x.max - x) / term.x.step; }

/// Two terms of different weights that can go either way, changed together.
bool repair(std::span<const SumTerm> terms, std::span<const std::size_t> order, std::int64_t rest,
            std::span<std::int64_t> x) {
  constexpr std::size_t kTerms = 32;
  constexpr std::int64_t kFar = 16;
  std::vector<std::size_t> chosen;
  for (const std::size_t i : order) {
    const auto alike = std::ranges::count_if(
        chosen, [&](std::size_t c) { return weight(terms[c]) == weight(terms[i]); });
    if (terms[i].coefficient != 0 && alike < 2 && chosen.size() < kTerms) chosen.push_back(i);
  }
  for (const std::size_t i : chosen)
    for (const std::size_t j : chosen) {
      if (i == j) continue;
      const std::int64_t from = -std::min(kFar, room_down(terms[i], x[i])),
                         to = std::min(kFar, room_up(terms[i], x[i]));
      for (std::int64_t a = from; a <= to; ++a) {
        const std::int64_t left = rest - a * weight(terms[i]), b = left / weight(terms[j]);
        if (left % weight(terms[j]) != 0 || -b > room_down(terms[j], x[j]) ||
            b > room_up(terms[j], x[j]))
          continue;
        x[i] += a * terms[i].x.step;
        x[j] += b * terms[j].x.step;
        return true;
      }
    }
  return false;
}

}  // namespace

Steps reach(std::span<const SumTerm> terms) {
  Steps all{0, 0, 0};
  for (const SumTerm& t : terms) {
    const auto [low, high] = std::minmax({t.coefficient * t.x.min, t.coefficient * t.x.max});
    all.min += low;
    all.max += high;
    if (low != high) all.step = std::gcd(all.step, weight(t));
  }
  all.step = std::max<std::int64_t>(all.step, 1);
  return all;
}

bool solve_sum(std::span<const SumTerm> terms, std::int64_t target,
               std::span<const std::size_t> order, std::span<std::int64_t> x) {
  std::int64_t rest = target;
  for (std::size_t i = 0; i < terms.size(); ++i) rest -= terms[i].coefficient * x[i];
  for (const std::size_t i : order) {
    if (rest == 0) return true;
    if (terms[i].coefficient == 0) continue;
    const std::int64_t steps =
        std::clamp(rest / weight(terms[i]), -room_down(terms[i], x[i]), room_up(terms[i], x[i]));
    x[i] += steps * terms[i].x.step;
    rest -= steps * weight(terms[i]);
  }
  return rest == 0 || repair(terms, order, rest, x);
}

}  // namespace assay
