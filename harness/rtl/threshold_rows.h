// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "harness/rtl/exact_sum.h"

namespace assay {

/// Rows of thresholds, and which of them were straddled: what is compared with the row was both the
/// largest value below the threshold that it can have and the smallest that reaches it.
class ThresholdRows {
 public:
  /// The largest value that lies below a threshold, and the smallest that reaches it; nothing where
  /// one of them cannot be had.
  using Sides = std::optional<std::pair<std::int64_t, std::int64_t>>;
  /// A row whose thresholds have these sides.
  void add_row(std::vector<std::int64_t> thresholds,
               const std::function<Sides(std::int64_t threshold)>& sides);
  /// A row that is compared with the values of `values`.
  void add_row(std::vector<std::int64_t> thresholds, const Steps& values);

  void see(std::size_t row, std::int64_t value);

  /// A value next to a threshold of the row that was not seen yet.
  std::optional<std::int64_t> open(std::size_t row) const;
  /// That value is not to be had.
  void give_up(std::size_t row);

  /// How far a value may go down, and how far up it must go, for another number of thresholds
  /// reached; kFar where there is none.
  struct Gaps {
    std::int64_t down = 0, up = 0;
  };
  static constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 4;
  Gaps gaps(std::size_t row, std::int64_t value) const;
  /// The value next to a threshold that can be had and is the nearest to `value`: below the
  /// threshold, or else one that reaches it.
  std::optional<std::int64_t> nearest(std::size_t row, std::int64_t value, bool below) const;
  /// Whether a threshold lies in (low, high].
  bool crosses(std::size_t row, std::int64_t low, std::int64_t high) const;

  std::size_t rows() const { return rows_.size(); }
  std::int64_t thresholds() const;
  std::int64_t unreachable() const;  ///< no value lies on both sides
  std::int64_t straddled() const;
  std::int64_t used() const;  ///< rows with which anything was compared

 private:
  enum class State : std::uint8_t { kOpen, kSeen, kGivenUp };
  struct Threshold {
    std::int64_t at = 0;
    Sides sides;
  };
  struct Row {
    std::vector<Threshold> thresholds;  ///< sorted
    std::vector<std::int64_t> values;   ///< of the sides, sorted
    std::vector<State> states;          ///< of the values
    bool used = false;
  };
  static std::size_t place(const Row& row, std::int64_t value);
  std::vector<Row> rows_;
};

}  // namespace assay
