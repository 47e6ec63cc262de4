// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/thresholds/order_solver.h"

#include <algorithm>
#include <cmath>

#include "compile/passes/thresholds/threshold_solver.h"

namespace assay {
namespace {

constexpr std::int64_t kMaxCrossings = 1 << 24;

/// A class with a slope that is not negative: n turned round where it was, one n where it is 0.
RankedClass normalised(const RankedClass& c) {
  if (c.slope.is_zero()) return {c.slope, c.offset, 0, 0};
  if (c.slope.sign() > 0) return c;
  return {-c.slope, c.offset, -c.max, -c.min};
}

/// Where class d passes score s: the smallest n at which its score is at least s, and above s.
struct Crossing {
  std::int64_t reach = 0, above = 0;
};

Crossing crossing(const RankedClass& d, const Real& score) {
  const AffineStep step(d.slope, d.offset);
  const double approx = score.to_double();
  const Boundary at{score, approx, false, false}, beyond{score, approx, false, true};
  const std::int64_t reach = step.smallest(at, d.min, d.max);
  if (reach > d.max) return {reach, reach};
  return {reach, step.meets(beyond, reach) ? reach : reach + 1};
}

/// All crossings of a pair: entry n_c - c.min.
struct Pair {
  std::size_t c = 0, d = 0;
  std::vector<Crossing> crossings;
};

std::optional<std::vector<Pair>> all_pairs(const std::vector<RankedClass>& classes) {
  std::int64_t total = 0;
  for (const RankedClass& c : classes) {
    if (c.max - c.min > kMaxCrossings) return {};
    total += (c.max - c.min + 1) * static_cast<std::int64_t>(classes.size());
    if (total > kMaxCrossings) return {};
  }
  std::vector<Pair> pairs;
  for (std::size_t c = 0; c < classes.size(); ++c)
    for (std::size_t d = c + 1; d < classes.size(); ++d) {
      Pair pair{c, d, {}};
      for (std::int64_t n = classes[c].min; n <= classes[c].max; ++n)
        pair.crossings.push_back(
            crossing(classes[d], classes[c].slope * Real(n) + classes[c].offset));
      pairs.push_back(std::move(pair));
    }
  return pairs;
}

OrderForm rounded(const std::vector<RankedClass>& classes, double unit, int f) {
  OrderForm form;
  form.fraction_bits = f;
  for (const RankedClass& c : classes) {
    form.factors.push_back(std::llround(std::ldexp(c.slope.to_double() / unit, f)));
    form.addends.push_back(std::llround(std::ldexp(c.offset.to_double() / unit, f)));
  }
  return form;
}

bool keeps_order(const std::vector<RankedClass>& classes, const OrderForm& form, const Pair& pair) {
  const RankedClass &c = classes[pair.c], &d = classes[pair.d];
  const auto key = [&](std::size_t i, std::int64_t n) {
    return form.factors[i] * n + form.addends[i];
  };
  for (std::size_t i = 0; i < pair.crossings.size(); ++i) {
    const auto [reach, above] = pair.crossings[i];
    const std::int64_t mine = key(pair.c, c.min + static_cast<std::int64_t>(i));
    // Keys do not fall with n: the last n below, the tie and the first n above decide for all.
    if (reach > d.min && key(pair.d, reach - 1) >= mine) return false;
    if (reach < above && key(pair.d, reach) != mine) return false;
    if (above <= d.max && key(pair.d, above) <= mine) return false;
  }
  return true;
}

/// Whether all keys stay far below 62 bits at `f`.
bool fits(const std::vector<RankedClass>& classes, double unit, int f) {
  return std::ranges::all_of(classes, [&](const RankedClass& c) {
    const double n = static_cast<double>(std::max(std::abs(c.min), std::abs(c.max)));
    const double size = (c.slope.to_double() * n + std::abs(c.offset.to_double())) / unit;
    return std::ldexp(size, f) < 0x1p60;
  });
}

}  // namespace

std::optional<OrderForm> solve_order(const std::vector<RankedClass>& given, int budget) {
  std::vector<RankedClass> classes;
  double unit = 0;
  for (const RankedClass& c : given) {
    classes.push_back(normalised(c));
    unit = std::max(unit, classes.back().slope.to_double());
  }
  if (unit == 0) return {};
  const auto pairs = all_pairs(classes);
  if (!pairs) return {};
  for (int f = 0; f <= budget && fits(classes, unit, f); ++f) {
    OrderForm form = rounded(classes, unit, f);
    const bool right = std::ranges::all_of(
        *pairs, [&](const Pair& pair) { return keeps_order(classes, form, pair); });
    if (!right) continue;
    for (std::size_t c = 0; c < given.size(); ++c)
      if (given[c].slope.sign() < 0) form.factors[c] = -form.factors[c];
    return form;
  }
  return {};
}

}  // namespace assay
