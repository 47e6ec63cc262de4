// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/threshold_rows.h"

#include <algorithm>
#include <array>
#include <limits>

#include "golden/kernels/conv.h"

namespace assay {
namespace {

/// Up to so many thresholds are compared one after the other, eight elements at a time.
constexpr std::int64_t kFewSteps = 16;
/// Shorter periods are repeated, so that the vector loops are long.
constexpr std::int64_t kShortestRow = 256;

template <typename T>
inline __attribute__((always_inline)) void add_reached(const T* x, const T* t, std::int64_t steps,
                                                       std::int64_t period, std::int64_t count,
                                                       std::int32_t* out) {
  std::fill_n(out, count, 0);
  for (std::int64_t k = 0; k < steps; ++k, t += period)
    for (std::int64_t i = 0; i < count; ++i) out[i] += x[i] >= t[i] ? 1 : 0;
}

template <typename T>
inline __attribute__((always_inline)) void guess(const T* x, const double* base,
                                                 const double* first, const double* per_unit,
                                                 double steps, std::int64_t count,
                                                 std::int32_t* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    double g = base[i] + (static_cast<double>(x[i]) - first[i]) * per_unit[i];
    g = g < 0 ? 0 : g;
    g = g > steps ? steps : g;
    out[i] = static_cast<std::int32_t>(g);
  }
}

#if defined(__x86_64__)
template <typename T>
__attribute__((target("avx2"))) void add_reached_avx2(const T* x, const T* t, std::int64_t steps,
                                                      std::int64_t period, std::int64_t count,
                                                      std::int32_t* out) {
  add_reached(x, t, steps, period, count, out);
}
template <typename T>
__attribute__((target("avx2"))) void guess_avx2(const T* x, const double* base, const double* first,
                                                const double* per_unit, double steps,
                                                std::int64_t count, std::int32_t* out) {
  guess(x, base, first, per_unit, steps, count, out);
}
#endif

template <typename T>
void add_reached_best(const T* x, const T* t, std::int64_t steps, std::int64_t period,
                      std::int64_t count, std::int32_t* out) {
#if defined(__x86_64__)
  if (has_avx2()) return add_reached_avx2(x, t, steps, period, count, out);
#endif
  add_reached(x, t, steps, period, count, out);
}

template <typename T>
void guess_best(const T* x, const double* base, const double* first, const double* per_unit,
                double steps, std::int64_t count, std::int32_t* out) {
#if defined(__x86_64__)
  if (has_avx2()) return guess_avx2(x, base, first, per_unit, steps, count, out);
#endif
  guess(x, base, first, per_unit, steps, count, out);
}

}  // namespace

ThresholdRows::ThresholdRows(Rows rows, std::int64_t min, std::int64_t max) : steps_(rows.steps) {
  for (std::int64_t& t : rows.thresholds) t = std::clamp(t, min, max + 1);  // none is lost by it
  for (auto row = rows.thresholds.begin(); row != rows.thresholds.end() && steps_ > 0;
       row += steps_)
    std::sort(row, row + steps_);
  find_period(rows);
  few_ = steps_ <= kFewSteps && row_of_.empty();
  if (!few_) fit_lines(rows, min, max);
  using Narrow = std::numeric_limits<std::int32_t>;
  if (min > Narrow::min() && max < Narrow::max() - 1)
    table_ = make_table<std::int32_t>(rows);
  else
    table_ = make_table<std::int64_t>(rows);
}

void ThresholdRows::find_period(Rows& rows) {
  const auto size = static_cast<std::int64_t>(rows.row_of.size());
  const std::int64_t count =
      size == 0 ? 1 : *std::max_element(rows.row_of.begin(), rows.row_of.end()) + std::int64_t{1};
  bool periodic = true;
  for (std::int64_t e = 0; periodic && e < size; ++e)
    periodic = rows.row_of[static_cast<std::size_t>(e)] == e % count;
  period_ = count;
  if (periodic) return;
  row_of_ = rows.row_of;
  if (count != size) return;
  // A row per element, in another order: bring the rows into the elements' order.
  std::vector<std::int64_t> sorted;
  sorted.reserve(rows.thresholds.size());
  for (const std::int32_t row : row_of_)
    for (std::int64_t k = 0; k < steps_; ++k)
      sorted.push_back(rows.thresholds[static_cast<std::size_t>(row * steps_ + k)]);
  rows.thresholds = std::move(sorted);
  row_of_.clear();
}

void ThresholdRows::fit_lines(const Rows& rows, std::int64_t min, std::int64_t max) {
  for (std::int64_t r = 0; r < period_; ++r) {
    const std::int64_t* t = rows.thresholds.data() + r * steps_;
    // Thresholds outside of the bounds are moved to them, and say nothing about the others.
    const std::int64_t a = std::upper_bound(t, t + steps_, min) - t,
                       b = std::upper_bound(t, t + steps_, max) - t - 1;
    const bool line = b > a && t[b] > t[a];
    base_.push_back(static_cast<double>(b >= a ? a + 1 : a));
    first_.push_back(static_cast<double>(b >= a ? t[a] : min));
    per_unit_.push_back(line ? static_cast<double>(b - a) / static_cast<double>(t[b] - t[a]) : 0);
  }
  if (period_ > 1) return;
  for (std::vector<double>* values : {&base_, &first_, &per_unit_})
    values->resize(kShortestRow, values->front());
}

template <typename T>
ThresholdRows::Table<T> ThresholdRows::make_table(const Rows& rows) const {
  Table<T> out;
  const auto at = [&](std::int64_t row, std::int64_t k) {
    return static_cast<T>(rows.thresholds[static_cast<std::size_t>(row * steps_ + k)]);
  };
  if (few_) {
    const std::int64_t repeats = std::max<std::int64_t>(1, kShortestRow / period_);
    for (std::int64_t k = 0; k < steps_; ++k)
      for (std::int64_t i = 0; i < repeats * period_; ++i)
        out.by_step.push_back(at(i % period_, k));
    return out;
  }
  for (std::int64_t r = 0; r < period_; ++r) {
    out.padded.push_back(std::numeric_limits<T>::min());
    for (std::int64_t k = 0; k < steps_; ++k) out.padded.push_back(at(r, k));
    out.padded.push_back(std::numeric_limits<T>::max());
  }
  return out;
}

template <typename T>
void ThresholdRows::search(const Table<T>& table, const T* x, std::int64_t row, std::int64_t count,
                           std::int32_t* out) const {
  const std::int64_t width = steps_ + 2, stride = period_ == 1 ? 0 : width;
  const T* t = table.padded.data() + row * width + 1;
  for (std::int64_t i = 0; i < count; ++i, t += stride) {
    std::int64_t k = out[i];
    k += t[k] <= x[i] ? 1 : 0;
    k -= t[k - 1] > x[i] ? 1 : 0;
    if (t[k - 1] > x[i] || t[k] <= x[i]) k = std::upper_bound(t, t + steps_, x[i]) - t;
    out[i] = static_cast<std::int32_t>(k);
  }
}

template <typename T>
void ThresholdRows::count_piece(const Table<T>& table, const T* x, std::int64_t begin,
                                std::int64_t count, std::int32_t* out) const {
  const auto steps = static_cast<double>(steps_);
  if (!row_of_.empty()) {
    for (std::int64_t i = 0; i < count; ++i) {
      const auto row = row_of_[static_cast<std::size_t>(begin + i)];
      const auto r = static_cast<std::size_t>(row);
      guess(x + i, &base_[r], &first_[r], &per_unit_[r], steps, 1, out + i);
      search(table, x + i, row, 1, out + i);
    }
    return;
  }
  const std::int64_t repeats = std::max<std::int64_t>(1, kShortestRow / period_);
  const std::int64_t period = few_ || period_ == 1 ? repeats * period_ : period_;
  for (std::int64_t done = 0; done < count;) {
    const std::int64_t at = (begin + done) % period;
    if (few_) {
      const std::int64_t n = std::min(count - done, period - at);
      add_reached_best(x + done, table.by_step.data() + at, steps_, period, n, out + done);
      done += n;
      continue;
    }
    const std::int64_t n = std::min(count - done, period - at);
    guess_best(x + done, base_.data() + at, first_.data() + at, per_unit_.data() + at, steps, n,
               out + done);
    search(table, x + done, period_ == 1 ? 0 : at, n, out + done);
    done += n;
  }
}

template <typename X>
void ThresholdRows::count(const X* x, std::int64_t begin, std::int64_t count,
                          std::int32_t* out) const {
  std::visit(
      [&]<typename T>(const Table<T>& table) {
        alignas(64) std::array<T, kPiece> wide;  // NOLINT: written before it is read
        for (std::int64_t i = 0; i < count; ++i)
          wide[static_cast<std::size_t>(i)] = static_cast<T>(x[i]);
        count_piece(table, wide.data(), begin, count, out);
      },
      table_);
}

template void ThresholdRows::count(const std::uint8_t*, std::int64_t, std::int64_t,
                                   std::int32_t*) const;
template void ThresholdRows::count(const std::int8_t*, std::int64_t, std::int64_t,
                                   std::int32_t*) const;
template void ThresholdRows::count(const std::int16_t*, std::int64_t, std::int64_t,
                                   std::int32_t*) const;
template void ThresholdRows::count(const std::int32_t*, std::int64_t, std::int64_t,
                                   std::int32_t*) const;
template void ThresholdRows::count(const std::int64_t*, std::int64_t, std::int64_t,
                                   std::int32_t*) const;

}  // namespace assay
