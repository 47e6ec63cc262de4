// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

namespace assay {

/// Counts how many of a row of integer thresholds each element of a tensor reaches:
///
///     out[e] = #{k : x[e] >= T[row(e)][k]}
///
/// Immutable; count() may be called from many threads.
class ThresholdRows {
 public:
  struct Rows {
    std::vector<std::int64_t> thresholds;  ///< [rows][steps], each row in any order
    std::int64_t steps = 0;
    /// The row of element e, in memory order.
    std::vector<std::int32_t> row_of;
  };
  /// [min, max]: bounds of x, less than the whole range of int64.
  ThresholdRows(Rows rows, std::int64_t min, std::int64_t max);

  /// Elements [begin, begin + count) of a tensor; `x` and `out` point at element `begin`.
  template <typename X>
  void count(const X* x, std::int64_t begin, std::int64_t count, std::int32_t* out) const;
  /// Work in blocks of this many elements at most.
  static constexpr std::int64_t kPiece = 512;

 private:
  /// Where thresholds are compared as T, the narrower type that holds x and every threshold.
  template <typename T>
  struct Table {
    std::vector<T> by_step;  ///< few steps: [steps][period], one column per element of a period
    std::vector<T> padded;   ///< many: [rows][steps + 2], between bounds that no x passes
  };
  template <typename T>
  Table<T> make_table(const Rows& rows) const;
  void find_period(Rows& rows);
  void fit_lines(const Rows& rows, std::int64_t min, std::int64_t max);
  template <typename T>
  void count_piece(const Table<T>& table, const T* x, std::int64_t begin, std::int64_t count,
                   std::int32_t* out) const;
  template <typename T>
  void search(const Table<T>& table, const T* x, std::int64_t row, std::int64_t count,
              std::int32_t* out) const;

  std::int64_t steps_ = 0, period_ = 1;
  bool few_ = false;
  std::vector<std::int32_t> row_of_;  ///< empty: the row is e % period_
  /// A line through the thresholds of each row, a first guess: base + (x - first) * per_unit.
  std::vector<double> base_, first_, per_unit_;
  std::variant<Table<std::int32_t>, Table<std::int64_t>> table_;
};

}  // namespace assay
