// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/threshold_rows.h"

#include <algorithm>
#include <utility>

namespace assay {

void ThresholdRows::add_row(std::vector<std::int64_t> thresholds,
                            const std::function<Sides(std::int64_t threshold)>& sides) {
  std::ranges::sort(thresholds);
  Row row;
  for (const std::int64_t t : thresholds) {
    row.thresholds.push_back({t, sides(t)});
    if (const Sides& s = row.thresholds.back().sides)
      row.values.insert(row.values.end(), {s->first, s->second});
  }
  std::ranges::sort(row.values);
  row.values.erase(std::unique(row.values.begin(), row.values.end()), row.values.end());
  row.states.resize(row.values.size());
  rows_.push_back(std::move(row));
}

void ThresholdRows::add_row(std::vector<std::int64_t> thresholds, const Steps& values) {
  add_row(std::move(thresholds), [&](std::int64_t t) -> Sides {
    if (t <= values.min || t > values.max) return {};
    const std::int64_t steps = (t - values.min + values.step - 1) / values.step,
                       at = values.min + steps * values.step;
    if (at > values.max) return {};
    return std::pair(at - values.step, at);
  });
}

std::size_t ThresholdRows::place(const Row& row, std::int64_t value) {
  return static_cast<std::size_t>(std::ranges::lower_bound(row.values, value) - row.values.begin());
}

void ThresholdRows::see(std::size_t index, std::int64_t value) {
  Row& row = rows_[index];
  row.used = true;
  const std::size_t at = place(row, value);
  if (at < row.values.size() && row.values[at] == value) row.states[at] = State::kSeen;
}

std::optional<std::int64_t> ThresholdRows::open(std::size_t index) const {
  const Row& row = rows_[index];
  const auto it = std::ranges::find(row.states, State::kOpen);
  if (it == row.states.end()) return {};
  return row.values[static_cast<std::size_t>(it - row.states.begin())];
}

void ThresholdRows::give_up(std::size_t index) {
  *std::ranges::find(rows_[index].states, State::kOpen) = State::kGivenUp;
}

ThresholdRows::Gaps ThresholdRows::gaps(std::size_t index, std::int64_t value) const {
  const std::vector<Threshold>& thresholds = rows_[index].thresholds;
  const auto next = std::ranges::upper_bound(thresholds, value, {}, &Threshold::at);
  return {next == thresholds.begin() ? kFar : value - std::prev(next)->at + 1,
          next == thresholds.end() ? kFar : next->at - value};
}

std::optional<std::int64_t> ThresholdRows::nearest(std::size_t index, std::int64_t value,
                                                   bool below) const {
  std::optional<std::int64_t> best;
  for (const Threshold& t : rows_[index].thresholds) {
    if (!t.sides) continue;
    const std::int64_t side = below ? t.sides->first : t.sides->second;
    if (!best || std::abs(side - value) < std::abs(*best - value)) best = side;
  }
  return best;
}

bool ThresholdRows::crosses(std::size_t index, std::int64_t low, std::int64_t high) const {
  return std::ranges::any_of(rows_[index].thresholds,
                             [&](const Threshold& t) { return low < t.at && t.at <= high; });
}

std::int64_t ThresholdRows::thresholds() const {
  std::int64_t count = 0;
  for (const Row& row : rows_) count += std::ssize(row.thresholds);
  return count;
}

std::int64_t ThresholdRows::unreachable() const {
  std::int64_t count = 0;
  for (const Row& row : rows_)
    count += std::ranges::count_if(row.thresholds, [](const Threshold& t) { return !t.sides; });
  return count;
}

std::int64_t ThresholdRows::straddled() const {
  std::int64_t count = 0;
  for (const Row& row : rows_)
    count += std::ranges::count_if(row.thresholds, [&](const Threshold& t) {
      return t.sides && row.states[place(row, t.sides->first)] == State::kSeen &&
             row.states[place(row, t.sides->second)] == State::kSeen;
    });
  return count;
}

std::int64_t ThresholdRows::used() const { return std::ranges::count_if(rows_, &Row::used); }

}  // namespace assay
