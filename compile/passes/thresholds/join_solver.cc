// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/thresholds/join_solver.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "compile/base/error.h"

namespace assay {
namespace {

constexpr double kTiny = 0x1p-1000;
constexpr std::int64_t kSaturated = std::int64_t{1} << 40;
constexpr int kMaxSumBits = 61;

void note_margin(double& margin, double distance) {
  margin = margin < 0 ? distance : std::min(margin, distance);
}

/// Goes through all combinations of the inputs but the main one.
class Combinations {
 public:
  Combinations(const JoinRow& row, std::size_t main) : row_(row), main_(main), x_(row.min) {}
  const std::vector<std::int64_t>& x() const { return x_; }
  bool next() {
    for (std::size_t k = 0; k < x_.size(); ++k) {
      if (k == main_) continue;
      if (x_[k] < row_.max[k]) {
        ++x_[k];
        return true;
      }
      x_[k] = row_.min[k];
    }
    return false;
  }

 private:
  const JoinRow& row_;
  std::size_t main_;
  std::vector<std::int64_t> x_;
};

/// A(B) for every combination and boundary, exactly.
class MainThresholds {
 public:
  MainThresholds(const JoinRow& row, std::size_t main) : row_(row), main_(main) {
    for (const Real& slope : row.slopes) slopes_.emplace_back(slope);
    inverse_ = 1 / slopes_[main].approx;
    // Each product has three roundings, the sum one for each term, the quotient a few.
    unit_ = static_cast<double>(row.slopes.size() + 16) * 0x1p-53;
    shift_ = Enclosed(row.shift);
    const std::size_t steps = row.boundaries.size();
    a_.reserve(static_cast<std::size_t>(row.combinations(main)) * steps);
    Combinations b(row, main);
    do {
      solve(b.x());
    } while (b.next());
  }
  /// Entry combination * steps + step.
  const std::vector<std::int64_t>& values() const { return a_; }
  double margin = -1;
  std::int64_t ties = 0;

 private:
  void solve(const std::vector<std::int64_t>& x) {
    double sum = shift_.approx, size = std::abs(shift_.approx);
    for (std::size_t k = 0; k < x.size(); ++k) {
      if (k == main_) continue;
      const double product = slopes_[k].approx * static_cast<double>(x[k]);
      sum += product;
      size += std::abs(product);
    }
    std::int64_t from = row_.min[main_];
    const std::int64_t max = row_.max[main_];
    for (const Boundary& boundary : row_.boundaries) {
      if (from <= max) from = smallest(x, sum, size, boundary, from, max);
      a_.push_back(from);
    }
  }

  std::int64_t smallest(const std::vector<std::int64_t>& x, double sum, double size,
                        const Boundary& boundary, std::int64_t lo, std::int64_t hi) {
    const double target = (boundary.approx - sum) * inverse_;
    const double error = (size + std::abs(boundary.approx)) * unit_ * std::abs(inverse_) +
                         std::abs(target) * unit_ + kTiny;
    const double up = std::ceil(target);
    if (std::abs(target) < 0x1p52 && up - target > error && target - (up - 1) > error) {
      const double slope = slopes_[main_].approx;
      const auto first = static_cast<std::int64_t>(up);
      if (first <= hi && first >= row_.min[main_]) note_margin(margin, (up - target) * slope);
      if (first - 1 >= row_.min[main_] && first - 1 <= hi)
        note_margin(margin, (target - (up - 1)) * slope);
      return std::clamp(first, lo, hi + 1);
    }
    Real shift = row_.shift;
    for (std::size_t k = 0; k < x.size(); ++k)
      if (k != main_) shift += row_.slopes[k] * Real(x[k]);
    const AffineStep step(row_.slopes[main_], shift);
    const std::int64_t first = step.smallest(boundary, lo, hi);
    for (const std::int64_t n : {first - 1, first}) {
      if (n < row_.min[main_] || n > hi) continue;
      const bool tie = step.ties(boundary, n);
      ties += tie ? 1 : 0;
      note_margin(margin, tie ? 0 : std::abs(step.distance(boundary, n)));
    }
    return first;
  }

  const JoinRow& row_;
  std::size_t main_;
  std::vector<Enclosed> slopes_;
  double inverse_ = 0, unit_ = 0;
  Enclosed shift_{Real()};
  std::vector<std::int64_t> a_;
};

/// round(2^f * ratio) for ratios that double arithmetic knows well enough: any multiplier is
/// checked.
std::vector<std::int64_t> multipliers(const JoinRow& row, std::size_t main, int f) {
  std::vector<std::int64_t> out;
  const double unit = std::ldexp(1 / row.slopes[main].to_double(), f);
  for (std::size_t k = 0; k < row.slopes.size(); ++k)
    out.push_back(k == main ? std::int64_t{1} << f
                            : std::llround(row.slopes[k].to_double() * unit));
  return out;
}

/// Whether sum |m_k| * max|X_k| stays within 62 bits.
bool sum_fits(const JoinRow& row, const std::vector<std::int64_t>& m) {
  __int128 sum = 0;
  for (std::size_t k = 0; k < m.size(); ++k)
    sum += static_cast<__int128>(std::abs(m[k])) *
           (std::max(std::abs(row.min[k]), std::abs(row.max[k])) + 1);
  return sum < (__int128{1} << kMaxSumBits);
}

std::int64_t others(const std::vector<std::int64_t>& m, const std::vector<std::int64_t>& x,
                    std::size_t main) {
  std::int64_t sum = 0;
  for (std::size_t k = 0; k < m.size(); ++k)
    if (k != main) sum += m[k] * x[k];
  return sum;
}

/// Between what must stay below and what must reach each threshold.
struct Gap {
  std::int64_t below = INT64_MIN, reach = INT64_MAX;
  bool open() const { return below < reach; }
};

/// The gaps of all steps; stops at the first closed one unless `all`.
std::vector<Gap> gaps(const JoinRow& row, std::size_t main, const std::vector<std::int64_t>& a,
                      const std::vector<std::int64_t>& m, bool all) {
  const std::size_t steps = row.boundaries.size();
  std::vector<Gap> out(steps);
  Combinations b(row, main);
  std::size_t at = 0;
  do {
    const std::int64_t rest = others(m, b.x(), main);
    for (std::size_t k = 0; k < steps; ++k) {
      const std::int64_t first = a[at++];
      Gap& gap = out[k];
      if (first > row.min[main]) gap.below = std::max(gap.below, m[main] * (first - 1) + rest);
      if (first <= row.max[main]) gap.reach = std::min(gap.reach, m[main] * first + rest);
      if (!all && !gap.open()) return out;
    }
  } while (b.next());
  return out;
}

std::int64_t threshold_in(const Gap& gap) {
  if (gap.reach != INT64_MAX) return gap.reach;
  return gap.below == INT64_MIN ? 0 : gap.below + 1;
}

/// Combinations whose A(B) the line gets wrong, counted by how far it is off.
std::int64_t count_wrong(const JoinRow& row, std::size_t main, const std::vector<std::int64_t>& a,
                         const std::vector<std::int64_t>& m, std::size_t step,
                         std::int64_t threshold) {
  const std::size_t steps = row.boundaries.size();
  std::int64_t wrong = 0;
  Combinations b(row, main);
  std::size_t at = step;
  do {
    const std::int64_t need = threshold - others(m, b.x(), main);
    // The smallest A with m * A >= need; m > 0.
    std::int64_t first = need >= 0 ? (need + m[main] - 1) / m[main] : -(-need / m[main]);
    first = std::clamp(first, row.min[main], row.max[main] + 1);
    wrong += std::abs(first - a[at]);
    at += steps;
  } while (b.next());
  return wrong;
}

std::optional<LineForm> separable(const JoinRow& row, std::size_t main, const MainThresholds& exact,
                                  int f) {
  LineForm line;
  line.multipliers = multipliers(row, main, f);
  if (!sum_fits(row, line.multipliers)) return {};
  const auto found = gaps(row, main, exact.values(), line.multipliers, false);
  for (const Gap& gap : found) {
    if (!gap.open()) return {};
    line.thresholds.push_back(threshold_in(gap));
  }
  line.fraction_bits = f;
  line.margin = exact.margin;
  line.ties = exact.ties;
  return line;
}

LineForm nearest(const JoinRow& row, std::size_t main, const MainThresholds& exact, int f) {
  LineForm line;
  line.multipliers = multipliers(row, main, f);
  line.fraction_bits = f;
  line.margin = exact.margin;
  line.ties = exact.ties;
  const double unit = std::ldexp(1 / row.slopes[main].to_double(), f);
  std::int64_t worst = -1;
  for (std::size_t k = 0; k < row.boundaries.size(); ++k) {
    line.thresholds.push_back(
        std::llround((row.boundaries[k].approx - row.shift.to_double()) * unit));
    const std::int64_t wrong =
        count_wrong(row, main, exact.values(), line.multipliers, k, line.thresholds.back());
    line.inseparable += wrong;
    if (wrong > worst) {
      worst = wrong;
      line.worst_step = k;
    }
  }
  return line;
}

/// u = unit * (multipliers . X) + shift with a positive unit.
struct RatioForm {
  Real unit;
  std::vector<std::int64_t> multipliers;
};

/// Nothing unless the slopes are integers, small enough, of one unit.
std::optional<RatioForm> ratio_form(const JoinRow& row) {
  const auto main = std::ranges::find_if(row.slopes, [](const Real& s) { return !s.is_zero(); });
  if (main == row.slopes.end() || !main->has_inverse()) return {};
  std::vector<mpq_class> ratios;
  mpz_class denominator = 1;
  for (const Real& slope : row.slopes) {
    const Real ratio = slope * main->inverse();
    if (!ratio.is_rational()) return {};
    ratios.push_back(ratio.rational());
    denominator = lcm(denominator, mpz_class(ratios.back().get_den()));
  }
  RatioForm form{*main * Real(mpq_class(1, denominator)), {}};
  for (const mpq_class& ratio : ratios) {
    const mpz_class m = ratio.get_num() * (denominator / ratio.get_den());
    if (!m.fits_slong_p()) return {};
    form.multipliers.push_back(m.get_si());
  }
  if (!sum_fits(row, form.multipliers)) return {};
  if (form.unit.sign() < 0) {
    form.unit = -form.unit;
    for (std::int64_t& m : form.multipliers) m = -m;
  }
  return form;
}

/// The smallest and the largest multipliers . X.
std::pair<std::int64_t, std::int64_t> line_range(const JoinRow& row,
                                                 const std::vector<std::int64_t>& multipliers) {
  std::int64_t lo = 0, hi = 0;
  for (std::size_t k = 0; k < multipliers.size(); ++k) {
    const auto [a, b] = std::minmax({multipliers[k] * row.min[k], multipliers[k] * row.max[k]});
    lo += a;
    hi += b;
  }
  return {lo, hi};
}

}  // namespace

std::int64_t JoinRow::combinations(std::size_t main) const {
  std::int64_t count = 1;
  for (std::size_t k = 0; k < min.size(); ++k) {
    if (k == main) continue;
    if (max[k] - min[k] >= kSaturated / count) return kSaturated;
    count *= max[k] - min[k] + 1;
  }
  return count;
}

LineForm solve_line(const JoinRow& row, std::size_t main, int budget) {
  const MainThresholds exact(row, main);
  for (int f = 0; f <= budget; ++f)
    if (auto line = separable(row, main, exact, f)) return std::move(*line);
  return nearest(row, main, exact, budget);
}

LineForm line_with(const JoinRow& row, std::size_t main, int fraction_bits) {
  const MainThresholds exact(row, main);
  if (auto line = separable(row, main, exact, fraction_bits)) return std::move(*line);
  return nearest(row, main, exact, fraction_bits);
}

std::optional<LineForm> solve_ratio(const JoinRow& row) {
  const auto form = ratio_form(row);
  if (!form) return {};
  const auto [lo, hi] = line_range(row, form->multipliers);
  const ThresholdRow solved = solve_row(AffineStep(form->unit, row.shift), row.boundaries, lo, hi);
  LineForm line;
  line.multipliers = form->multipliers;
  line.thresholds = solved.thresholds;
  line.margin = solved.margin;
  line.ties = solved.ties;
  for (const std::int64_t m : line.multipliers)
    line.fraction_bits =
        std::max(line.fraction_bits,
                 static_cast<int>(std::bit_width(static_cast<std::uint64_t>(std::abs(m)))) - 1);
  return line;
}

void raise_fraction(LineForm& line, int fraction_bits) {
  const int shift = fraction_bits - line.fraction_bits;
  if (shift <= 0) return;
  for (std::int64_t& m : line.multipliers) m *= std::int64_t{1} << shift;
  for (std::int64_t& t : line.thresholds) t *= std::int64_t{1} << shift;
  line.fraction_bits = fraction_bits;
}

TableForm solve_table(const JoinRow& row) {
  TableForm table;
  for (std::int64_t b = row.min[1]; b <= row.max[1]; ++b) {
    const AffineStep step(row.slopes[0], row.slopes[1] * Real(b) + row.shift);
    const ThresholdRow solved = solve_row(step, row.boundaries, row.min[0], row.max[0]);
    table.thresholds.insert(table.thresholds.end(), solved.thresholds.begin(),
                            solved.thresholds.end());
    table.ties += solved.ties;
    if (solved.margin >= 0) note_margin(table.margin, solved.margin);
  }
  return table;
}

}  // namespace assay
