// SPDX-License-Identifier: Apache-2.0
// Internal to minimize_widths(): what is proved of the integers of a tensor.
#pragma once

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/graph/ops.h"

namespace assay::widths {

/// Inclusive bounds.
struct Bounds {
  std::int64_t lo = 0, hi = 0;
  friend bool operator==(const Bounds&, const Bounds&) = default;
};
Bounds hull(const Bounds& a, const Bounds& b);

/// Bounds per entry of one axis, or one pair for the whole tensor.
struct Ranges {
  std::vector<Bounds> bounds;
  int axis = -1;         ///< -1: one pair
  bool bipolar = false;  ///< only -1 and +1 occur

  static Ranges all(std::int64_t lo, std::int64_t hi) { return {{{lo, hi}}, -1, false}; }
  const Bounds& at(std::int64_t index) const {
    return bounds[axis < 0 ? 0 : static_cast<std::size_t>(index)];
  }
  Bounds total() const;
  Ranges as_one() const { return {{total()}, -1, bipolar}; }
  DataType type() const;
};

/// An integer sum of worst cases that may exceed 64 bits: UserError naming `node` when it exceeds
/// 62.
std::int64_t checked(__int128 value, const Node& node);

/// The integers of a constant. UserError naming `node` when it has others.
std::vector<std::int64_t> integers(const Tensor& constant, const Node& node);

/// The proved ranges of every tensor seen so far.
class Analysis {
 public:
  /// `any_weights`: weights are any of their data type, and thresholds any, as a host may write others.
  explicit Analysis(bool any_weights = false) : any_weights_(any_weights) {}
  bool any_weights() const { return any_weights_; }
  const Ranges& of(const Tensor* tensor, const Node& user);
  void set(const Tensor* tensor, Ranges ranges) { ranges_[tensor] = std::move(ranges); }
  bool knows(const Tensor* tensor) const { return ranges_.contains(tensor); }

 private:
  bool any_weights_;
  std::unordered_map<const Tensor*, Ranges> ranges_;
};

// Each gives the range of the node's output when it belongs to the family.
std::optional<Ranges> product_ranges(Analysis& analysis, const Node& node);
std::optional<Ranges> threshold_ranges(Analysis& analysis, const Node& node);
std::optional<Ranges> elementwise_ranges(Analysis& analysis, const Node& node);
std::optional<Ranges> pool_ranges(Analysis& analysis, const Node& node);
std::optional<Ranges> moved_ranges(Analysis& analysis, const Node& node);

/// The thresholds of the node, with those that no input reaches at the bounds of its range; nothing
/// when all are reached or there already.
std::optional<std::vector<std::int64_t>> reachable_thresholds(Analysis& analysis, const Node& node);

}  // namespace assay::widths
