// SPDX-License-Identifier: Apache-2.0
// Ranges through elementwise operators and movements of data.
#include <algorithm>
#include <cmath>

#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/widths/range.h"

namespace assay::widths {
namespace {

/// `ranges` of a tensor of rank `from` as those of one of rank `to` that it broadcasts to.
Ranges in_rank(Ranges ranges, std::size_t from, std::size_t to) {
  if (ranges.axis >= 0) ranges.axis += static_cast<int>(to - from);
  return ranges;
}

/// f of both, per entry of a common axis if there is one.
template <typename F>
Ranges combine(const Ranges& a, const Ranges& b, F f) {
  const bool differ = a.axis >= 0 && b.axis >= 0 && a.axis != b.axis;
  if (differ) return combine(a.as_one(), b.as_one(), f);
  Ranges out;
  const std::size_t count = std::max(a.bounds.size(), b.bounds.size());
  // One pair may belong to an axis of size 1, which the other operand stretches.
  if (count > 1) out.axis = std::max(a.axis, b.axis);
  for (std::size_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::int64_t>(i);
    out.bounds.push_back(f(a.bounds.size() == 1 ? a.bounds[0] : a.at(index),
                           b.bounds.size() == 1 ? b.bounds[0] : b.at(index)));
  }
  return out;
}

Bounds product(const Bounds& a, const Bounds& b, const Node& node) {
  const auto times = [](std::int64_t x, std::int64_t y) { return static_cast<__int128>(x) * y; };
  const auto [lo, hi] =
      std::minmax({times(a.lo, b.lo), times(a.lo, b.hi), times(a.hi, b.lo), times(a.hi, b.hi)});
  return {checked(lo, node), checked(hi, node)};
}

Ranges arithmetic(Analysis& analysis, const Node& node) {
  const std::size_t rank = known_shape(*node.outputs[0]).size();
  const auto operand = [&](std::size_t i) {
    return in_rank(analysis.of(node.inputs[i], node), known_shape(*node.inputs[i]).size(), rank);
  };
  const Ranges a = operand(0), b = operand(1);
  return combine(a, b, [&](const Bounds& x, const Bounds& y) -> Bounds {
    if (node.as<ops::Mul>()) return product(x, y, node);
    const std::int64_t sign = node.as<ops::Add>() ? 1 : -1;
    const Bounds z = sign > 0 ? y : Bounds{-y.hi, -y.lo};
    return {checked(static_cast<__int128>(x.lo) + z.lo, node),
            checked(static_cast<__int128>(x.hi) + z.hi, node)};
  });
}

/// `ranges` with one more value among them.
Ranges with_value(Ranges ranges, std::int64_t value) {
  for (Bounds& b : ranges.bounds) b = hull(b, {value, value});
  ranges.bipolar = ranges.bipolar && (value == 1 || value == -1);
  return ranges;
}

Ranges padded(Analysis& analysis, const Node& node) {
  const Ranges x = analysis.of(node.inputs[0], node);
  const Constant* pads = constant_input(node, 1);
  if (std::ranges::none_of(pads->ints(), [](std::int64_t p) { return p > 0; })) return x;
  const bool has_value = node.inputs.size() > 2 && node.inputs[2];
  const Ranges fill = has_value ? analysis.of(node.inputs[2], node).as_one() : Ranges::all(0, 0);
  const auto axis = static_cast<std::size_t>(std::max(x.axis, 0));
  const std::size_t rank = known_shape(*node.inputs[0]).size();
  const bool grows = pads->ints()[axis] != 0 || pads->ints()[axis + rank] != 0;
  return with_value(x.axis >= 0 && grows ? x.as_one() : x, fill.bounds[0].lo);
}

Ranges windows(Analysis& analysis, const Node& node, const ops::Im2Col& op) {
  Ranges x = analysis.of(node.inputs[0], node);
  if (std::ranges::any_of(op.pad_amount, [](std::int64_t p) { return p != 0; }))
    x = with_value(x, static_cast<std::int64_t>(op.pad_value));
  if (x.axis != 3) return x.as_one();
  const std::vector<Bounds> channels = x.bounds;
  for (std::int64_t tap = 1; tap < op.kernel_size[0] * op.kernel_size[1]; ++tap)
    x.bounds.insert(x.bounds.end(), channels.begin(), channels.end());
  return x;
}

Ranges concatenated(Analysis& analysis, const Node& node, const ops::Concat& op) {
  const auto axis =
      static_cast<int>(ops::normalise_axis(op.axis, known_shape(*node.outputs[0]).size()));
  Ranges out = analysis.of(node.inputs[0], node);
  out.bounds.clear();
  out.axis = axis;
  bool bipolar = true;
  for (const Tensor* input : node.inputs) {
    const Ranges& given = analysis.of(input, node);
    const Ranges part = given.axis == axis ? given : given.as_one();
    for (std::int64_t i = 0; i < known_shape(*input)[static_cast<std::size_t>(axis)]; ++i)
      out.bounds.push_back(part.at(i));
    bipolar = bipolar && given.bipolar;
  }
  out.bipolar = bipolar;
  return out;
}

/// Row-major order stays: feature j of the last axis belongs to entry (j / inner) of the old axis.
Ranges regrouped(const Ranges& x, const Shape& from, const Shape& to) {
  if (x.axis < 0) return x;
  const auto axis = static_cast<std::size_t>(x.axis);
  const std::int64_t inner =
      element_count({from.begin() + static_cast<std::ptrdiff_t>(axis) + 1, from.end()});
  std::int64_t behind = 1;
  for (std::size_t i = to.size(); i-- > 0; behind *= to[i]) {
    if (behind == inner && to[i] == from[axis]) {
      Ranges out = x;
      out.axis = static_cast<int>(i);
      return out;
    }
  }
  const std::int64_t features = to.empty() ? 1 : to.back();
  if (inner == 0 || features % (inner * from[axis]) != 0) return x.as_one();
  Ranges out{{}, static_cast<int>(to.size()) - 1, x.bipolar};
  for (std::int64_t j = 0; j < features; ++j) out.bounds.push_back(x.at(j / inner % from[axis]));
  return out;
}

Ranges transposed(const Ranges& x, const ops::Transpose& op) {
  if (x.axis < 0) return x;
  Ranges out = x;
  out.axis = static_cast<int>(std::ranges::find(op.perm, x.axis) - op.perm.begin());
  return out;
}

Ranges gathered(const Ranges& x, const Node& node, const ops::Gather& op) {
  if (x.axis < 0) return x;
  const Shape& from = known_shape(*node.inputs[0]);
  const auto axis = static_cast<int>(ops::normalise_axis(op.axis, from.size()));
  const Constant* indices = constant_input(node, 1);
  if (!indices || !indices->is_int() || indices->shape().size() != 1) return x.as_one();
  if (axis != x.axis) return x;
  Ranges out{{}, axis, x.bipolar};
  const std::int64_t size = from[static_cast<std::size_t>(axis)];
  for (const std::int64_t i : indices->ints()) out.bounds.push_back(x.at(i < 0 ? i + size : i));
  return out;
}

}  // namespace

std::optional<Ranges> elementwise_ranges(Analysis& analysis, const Node& node) {
  if (node.as<ops::Add>() || node.as<ops::Sub>() || node.as<ops::Mul>())
    return arithmetic(analysis, node);
  if (node.traits().elements == Elements::kSame) return analysis.of(node.inputs[0], node);
  if (!node.as<ops::Relu>()) return {};
  Ranges x = analysis.of(node.inputs[0], node);
  for (Bounds& b : x.bounds) b = {std::max<std::int64_t>(b.lo, 0), std::max<std::int64_t>(b.hi, 0)};
  x.bipolar = false;
  return x;
}

std::optional<Ranges> moved_ranges(Analysis& analysis, const Node& node) {
  const auto x = [&] { return analysis.of(node.inputs[0], node); };
  const auto from = [&]() -> const Shape& { return known_shape(*node.inputs[0]); };
  const auto to = [&]() -> const Shape& { return known_shape(*node.outputs[0]); };
  if (node.as<ops::Pad>()) return padded(analysis, node);
  if (const auto* op = node.as<ops::Im2Col>()) return windows(analysis, node, *op);
  if (const auto* op = node.as<ops::Concat>()) return concatenated(analysis, node, *op);
  if (const auto* op = node.as<ops::Transpose>()) return transposed(x(), *op);
  if (const auto* op = node.as<ops::Gather>()) return gathered(x(), node, *op);
  if (node.traits().elements == Elements::kReshaped) return regrouped(x(), from(), to());
  if (node.as<ops::Resize>()) {
    const Ranges ranges = x();
    const auto axis = static_cast<std::size_t>(std::max(ranges.axis, 0));
    return from()[axis] == to()[axis] ? ranges : ranges.as_one();
  }
  // Where each element comes from is not looked at; the numbers are those of the input.
  if (node.traits().values == Values::kInputs) return x().as_one();
  return {};
}

}  // namespace assay::widths
