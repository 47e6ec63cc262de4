// SPDX-License-Identifier: Apache-2.0
// Which levels a quantiser reaches, and which of its thresholds.
#include <algorithm>
#include <functional>

#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/widths/range.h"

namespace assay::widths {
namespace {

constexpr std::size_t kFirstX = ops::JoinThreshold::kFirstX;

/// Rows of thresholds: `input(row)` is the range of what row `row` is compared with, `lane(row)`
/// the entry of the output's axis that it serves, and `met(row)` whether it is ever used.
struct Rows {
  std::int64_t count = 0, steps = 0;
  int axis = -1;
  std::int64_t lanes = 1;
  std::function<Bounds(std::int64_t)> input;
  std::function<std::int64_t(std::int64_t)> lane;
  std::function<bool(std::int64_t)> met;
};

Rows multi_threshold_rows(Analysis& analysis, const Node& node, const ops::MultiThreshold& op) {
  const Shape &t = known_shape(*node.inputs[1]), &x = known_shape(*node.inputs[0]);
  const bool last = x.size() == 2 || layout_name(op.data_layout).ends_with('C');
  const int axis = last ? static_cast<int>(x.size()) - 1 : 1;
  const Ranges given = analysis.of(node.inputs[0], node);
  const Ranges input = given.axis == axis && t[0] > 1 ? given : given.as_one();
  return {t[0],
          t[1],
          t[0] > 1 ? axis : -1,
          t[0],
          [input](std::int64_t row) { return input.at(row); },
          [](std::int64_t row) { return row; },
          [](std::int64_t) { return true; }};
}

/// sum_i m_i * x_i.
Bounds line(const std::vector<std::int64_t>& m, std::int64_t row, const std::vector<Bounds>& x,
            const Node& node) {
  __int128 lo = 0, hi = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const __int128 f = m[static_cast<std::size_t>(row) * x.size() + i];
    checked(f, node);
    lo += std::min(f * x[i].lo, f * x[i].hi);
    hi += std::max(f * x[i].lo, f * x[i].hi);
  }
  return {checked(lo, node), checked(hi, node)};
}

/// The axis for which ranges are kept: that of the first input which has them, else the last.
int channel_axis(Analysis& analysis, const Node& node) {
  for (std::size_t i = kFirstX; i < node.inputs.size(); ++i)
    if (const int axis = analysis.of(node.inputs[i], node).axis; axis >= 0) return axis;
  return static_cast<int>(known_shape(*node.inputs[kFirstX]).size()) - 1;
}

/// The places of a row in the axes of X: the index along `axis`, and a row's number in another
/// parameter that broadcasts.
struct Place {
  Shape shape;  ///< leading axes
  std::int64_t along(std::int64_t row, int axis) const {
    if (axis < 0) return 0;
    for (std::size_t i = shape.size(); --i > static_cast<std::size_t>(axis);) row /= shape[i];
    return row % shape[static_cast<std::size_t>(axis)];
  }
  std::int64_t row_in(std::int64_t row, const Shape& other) const {
    std::int64_t result = 0, step = 1;
    for (std::size_t i = shape.size(); i-- > 0;) {
      const std::int64_t at = row % shape[i];
      row /= shape[i];
      if (other[i] > 1) result += at * step;
      step *= other[i];
    }
    return result;
  }
};

Shape leading(const Shape& parameter, std::size_t rank) {
  return {parameter.begin(), parameter.begin() + static_cast<std::ptrdiff_t>(rank)};
}

/// M of a line form.
struct Multipliers {
  std::vector<std::int64_t> values;
  Shape shape;  ///< leading axes
  /// The range of the sum that row `row` of the thresholds is compared with. A row that serves
  /// several rows of M meets all of their sums.
  Bounds at(const Place& place, std::int64_t row, const std::vector<Bounds>& x,
            const Node& node) const {
    bool shared = false;
    for (std::size_t i = 0; i < shape.size(); ++i) shared |= shape[i] > 1 && place.shape[i] == 1;
    if (!shared) return line(values, place.row_in(row, shape), x, node);
    Bounds all = line(values, 0, x, node);
    for (std::int64_t m = 1; m < element_count(shape); ++m)
      all = hull(all, line(values, m, x, node));
    return all;
  }
};

/// Ranges that a row may meet: those of its channel, or of all when the row serves all.
std::vector<Ranges> compared(Analysis& analysis, const Node& node, int axis, bool per_channel) {
  std::vector<Ranges> x;
  for (std::size_t i = kFirstX; i < node.inputs.size(); ++i) {
    const Ranges& given = analysis.of(node.inputs[i], node);
    x.push_back(per_channel && given.axis == axis ? given : given.as_one());
  }
  return x;
}

Rows join_rows(Analysis& analysis, const Node& node, const ops::JoinThreshold& op) {
  const Shape &t = known_shape(*node.inputs[0]), &shape = known_shape(*node.inputs[kFirstX]);
  const bool is_line = node.inputs[1] != nullptr,
             is_table = !is_line && node.inputs.size() == kFirstX + 2;
  const Place place{leading(t, shape.size())};
  const int axis = channel_axis(analysis, node);
  const bool per_channel = place.shape[static_cast<std::size_t>(axis)] > 1;
  const std::vector<Ranges> x = compared(analysis, node, axis, per_channel);
  Multipliers lines;
  if (is_line)
    lines = {integers(*node.inputs[1], node), leading(known_shape(*node.inputs[1]), shape.size())};
  const std::int64_t entries = is_table ? t[shape.size()] : 1;
  Rows rows;
  rows.steps = t.back();
  rows.count = element_count(place.shape) * entries;
  rows.axis = per_channel ? axis : -1;
  rows.lanes = per_channel ? place.shape[static_cast<std::size_t>(axis)] : 1;
  rows.lane = [=](std::int64_t row) { return per_channel ? place.along(row / entries, axis) : 0; };
  const auto bounds_of = [=](std::int64_t row) {
    std::vector<Bounds> bounds;
    for (const Ranges& ranges : x) bounds.push_back(ranges.at(place.along(row / entries, axis)));
    return bounds;
  };
  rows.met = [=, first = op.table_min](std::int64_t row) {
    const std::int64_t entry = first + row % entries;
    return !is_table || (entry >= bounds_of(row)[1].lo && entry <= bounds_of(row)[1].hi);
  };
  rows.input = [=, &node](std::int64_t row) {
    return is_line ? lines.at(place, row, bounds_of(row), node) : bounds_of(row)[0];
  };
  return rows;
}

std::optional<Rows> rows_of(Analysis& analysis, const Node& node) {
  if (const auto* op = node.as<ops::MultiThreshold>())
    return multi_threshold_rows(analysis, node, *op);
  if (const auto* op = node.as<ops::JoinThreshold>()) return join_rows(analysis, node, *op);
  return {};
}

const Tensor& thresholds_of(const Node& node) {
  return *node.inputs[node.as<ops::MultiThreshold>() ? 1 : 0];
}

}  // namespace

std::optional<Ranges> threshold_ranges(Analysis& analysis, const Node& node) {
  const auto rows = rows_of(analysis, node);
  if (!rows) return {};
  const auto* multi = node.as<ops::MultiThreshold>();
  const auto* join = node.as<ops::JoinThreshold>();
  const std::int64_t scale = multi ? static_cast<std::int64_t>(multi->out_scale) : join->out_scale;
  const std::int64_t bias = multi ? static_cast<std::int64_t>(multi->out_bias) : join->out_bias;
  const std::vector<std::int64_t> t = integers(thresholds_of(node), node);
  std::vector<std::optional<Bounds>> lanes(static_cast<std::size_t>(rows->lanes));
  for (std::int64_t row = 0; row < rows->count; ++row) {
    if (!rows->met(row) && !analysis.any_weights()) continue;
    const Bounds input = rows->input(row);
    const std::span<const std::int64_t> steps(t.data() + row * rows->steps,
                                              static_cast<std::size_t>(rows->steps));
    const bool any = analysis.any_weights();
    const std::int64_t least =
        any ? 0 : std::ranges::count_if(steps, [&](auto k) { return input.lo >= k; });
    const std::int64_t most =
        any ? rows->steps : std::ranges::count_if(steps, [&](auto k) { return input.hi >= k; });
    const auto [lo, hi] = std::minmax({bias + scale * least, bias + scale * most});
    auto& lane = lanes[static_cast<std::size_t>(rows->lane(row))];
    lane = lane ? hull(*lane, {lo, hi}) : Bounds{lo, hi};
  }
  Ranges out;
  out.axis = rows->axis;
  for (const auto& lane : lanes) out.bounds.push_back(lane.value_or(Bounds{bias, bias}));
  out.bipolar = scale == 2 && bias == -1 && rows->steps == 1;
  return out;
}

std::optional<std::vector<std::int64_t>> reachable_thresholds(Analysis& analysis,
                                                              const Node& node) {
  const auto rows = rows_of(analysis, node);
  if (!rows) return {};
  std::vector<std::int64_t> t = integers(thresholds_of(node), node);
  bool changed = false;
  for (std::int64_t row = 0; row < rows->count; ++row) {
    const Bounds input = rows->input(row);
    for (std::int64_t k = row * rows->steps; k < (row + 1) * rows->steps; ++k) {
      std::int64_t& value = t[static_cast<std::size_t>(k)];
      const std::int64_t moved = std::clamp(value, input.lo, input.hi + 1);
      changed |= moved != value;
      value = moved;
    }
  }
  return changed ? std::optional(std::move(t)) : std::nullopt;
}

}  // namespace assay::widths
