// SPDX-License-Identifier: Apache-2.0
// Worst cases of products over the actual weights, per output channel, and of pools.
#include <algorithm>
#include <cmath>
#include <optional>

#include "compile/base/error.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/widths/range.h"

namespace assay::widths {
namespace {

/// The worst cases of one sum of products per column.
struct Sums {
  std::vector<std::int64_t> lo, hi;
  explicit Sums(std::int64_t columns)
      : lo(static_cast<std::size_t>(columns), 0), hi(static_cast<std::size_t>(columns), 0) {}
  void add(std::size_t column, const Bounds& weight, const Bounds& x) {
    const auto [least, most] =
        std::minmax({weight.lo * x.lo, weight.lo * x.hi, weight.hi * x.lo, weight.hi * x.hi});
    lo[column] += least;
    hi[column] += most;
  }
  Ranges ranges(int axis) const {
    Ranges out;
    out.axis = axis;
    for (std::size_t i = 0; i < lo.size(); ++i) out.bounds.push_back({lo[i], hi[i]});
    return out;
  }
};

/// What the weights of a product may be, row-major.
struct Weights {
  std::vector<std::int64_t> values;
  std::optional<Bounds> any = {};  ///< each of them, if they can change

  Bounds operator[](std::int64_t i) const {
    const std::int64_t value = values[static_cast<std::size_t>(i)];
    return any.value_or(Bounds{value, value});
  }
  Bounds total() const {
    const auto [lo, hi] = std::ranges::minmax(values);
    return any.value_or(Bounds{lo, hi});
  }
};

/// Sums of `count` products cannot overflow: proved before adding any.
void check_sums(const Node& node, const Weights& weights, const Ranges& x, std::int64_t count) {
  const auto [lo, hi] = weights.total();
  const Bounds b = x.total();
  const auto magnitude = [](const Bounds& r) {
    return std::max<__int128>(r.hi, -static_cast<__int128>(r.lo));
  };
  const __int128 term = magnitude(b) * magnitude({lo, hi});
  checked(term, node);
  checked(term * count, node);
}

Bounds with_zero(const Bounds& b) { return hull(b, {0, 0}); }

Weights weights_of(const Analysis& analysis, const Node& node) {
  const Tensor& w = *node.inputs[1];
  if (!w.constant)
    user_error("{}: its weights are not constant, so that its widths are not known", node.label());
  Weights weights{integers(w, node)};
  if (analysis.any_weights()) weights.any = Bounds{w.dtype.min(), w.dtype.max()};
  return weights;
}

/// x [.., K] times w [K, N].
Ranges matmul_ranges(const Analysis& analysis, const Node& node, const Ranges& input) {
  const Shape &w = known_shape(*node.inputs[1]), &x = known_shape(*node.inputs[0]);
  if (w.size() != 2) user_error("{}: the second factor must be a matrix", node.label());
  const Weights weights = weights_of(analysis, node);
  const bool per_row = input.axis == static_cast<int>(x.size()) - 1;
  const Ranges rows = per_row ? input : input.as_one();
  check_sums(node, weights, rows, w[0]);
  Sums sums(w[1]);
  for (std::int64_t k = 0; k < w[0]; ++k) {
    const Bounds& b = rows.at(k);
    for (std::int64_t n = 0; n < w[1]; ++n)
      sums.add(static_cast<std::size_t>(n), weights[k * w[1] + n], b);
  }
  return sums.ranges(static_cast<int>(known_shape(*node.outputs[0]).size()) - 1);
}

/// Equal bits: an input bit that can be 0 and 1 may or may not agree with the weight.
Ranges popcount_ranges(const Analysis& analysis, const Node& node, const Ranges& input) {
  const Shape &w = known_shape(*node.inputs[1]), &x = known_shape(*node.inputs[0]);
  const Weights weights = weights_of(analysis, node);
  const Ranges rows = input.axis == static_cast<int>(x.size()) - 1 ? input : input.as_one();
  Sums sums(w[1]);
  for (std::int64_t k = 0; k < w[0]; ++k)
    for (std::int64_t n = 0; n < w[1]; ++n) {
      const Bounds& b = rows.at(k);
      const Bounds weight = weights[k * w[1] + n];
      sums.lo[static_cast<std::size_t>(n)] += b.lo == b.hi && weight == b;
      sums.hi[static_cast<std::size_t>(n)] += weight.lo <= b.hi && b.lo <= weight.hi;
    }
  return sums.ranges(static_cast<int>(known_shape(*node.outputs[0]).size()) - 1);
}

/// x [.., K*C], w [K, C].
Ranges depthwise_ranges(const Analysis& analysis, const Node& node, const Ranges& input) {
  const Shape &w = known_shape(*node.inputs[1]), &x = known_shape(*node.inputs[0]);
  const Weights weights = weights_of(analysis, node);
  const Ranges rows = input.axis == static_cast<int>(x.size()) - 1 ? input : input.as_one();
  check_sums(node, weights, rows, w[0]);
  Sums sums(w[1]);
  for (std::int64_t i = 0; i < w[0] * w[1]; ++i)
    sums.add(static_cast<std::size_t>(i % w[1]), weights[i], rows.at(i));
  return sums.ranges(static_cast<int>(x.size()) - 1);
}

bool is_padded(const ops::Window& w) {
  return std::ranges::any_of(w.pads, [](std::int64_t p) { return p != 0; });
}

Ranges channels_of(const Ranges& input) { return input.axis == 1 ? input : input.as_one(); }

/// W [O][C/group][taps].
Ranges conv_ranges(const Analysis& analysis, const Node& node, const ops::Conv& op,
                   const Ranges& input) {
  const Shape& w = known_shape(*node.inputs[1]);
  const Weights weights = weights_of(analysis, node);
  Ranges x = channels_of(input);
  if (is_padded(op.window))
    for (Bounds& b : x.bounds) b = with_zero(b);
  const std::int64_t taps = element_count({w.begin() + 2, w.end()}), group_out = w[0] / op.group;
  check_sums(node, weights, x, w[1] * taps);
  Sums sums(w[0]);
  std::int64_t weight = 0;
  for (std::int64_t o = 0; o < w[0]; ++o)
    for (std::int64_t c = 0; c < w[1]; ++c)
      for (std::int64_t t = 0; t < taps; ++t)
        sums.add(static_cast<std::size_t>(o), weights[weight++], x.at(o / group_out * w[1] + c));
  return sums.ranges(1);
}

/// W [C][O/group][taps]; not every tap meets a pixel, so that each may count as 0.
Ranges conv_transpose_ranges(const Analysis& analysis, const Node& node,
                             const ops::ConvTranspose& op, const Ranges& input) {
  const Shape& w = known_shape(*node.inputs[1]);
  const Weights weights = weights_of(analysis, node);
  Ranges x = channels_of(input);
  for (Bounds& b : x.bounds) b = with_zero(b);
  const std::int64_t taps = element_count({w.begin() + 2, w.end()}), group_in = w[0] / op.group;
  check_sums(node, weights, x, group_in * taps);
  Sums sums(w[1] * op.group);
  std::int64_t weight = 0;
  for (std::int64_t c = 0; c < w[0]; ++c)
    for (std::int64_t o = 0; o < w[1]; ++o)
      for (std::int64_t t = 0; t < taps; ++t)
        sums.add(static_cast<std::size_t>(c / group_in * w[1] + o), weights[weight++], x.at(c));
  return sums.ranges(1);
}

Ranges add_bias(Analysis& analysis, const Node& node, Ranges sums) {
  if (node.inputs.size() < 3 || !node.inputs[2]) return sums;
  const Ranges bias = analysis.of(node.inputs[2], node);
  for (std::size_t i = 0; i < sums.bounds.size(); ++i) {
    const Bounds& b = bias.at(static_cast<std::int64_t>(i));
    sums.bounds[i] = {checked(static_cast<__int128>(sums.bounds[i].lo) + b.lo, node),
                      checked(static_cast<__int128>(sums.bounds[i].hi) + b.hi, node)};
  }
  return sums;
}

/// `count` elements of the range, or fewer where `padded`.
Ranges window_sums(const Node& node, Ranges x, std::int64_t count, bool padded) {
  for (Bounds& b : x.bounds) {
    if (padded) b = with_zero(b);
    b = {checked(static_cast<__int128>(b.lo) * count, node),
         checked(static_cast<__int128>(b.hi) * count, node)};
  }
  x.bipolar = false;
  return x;
}

}  // namespace

std::optional<Ranges> product_ranges(Analysis& analysis, const Node& node) {
  const auto x = [&] { return analysis.of(node.inputs[0], node); };
  if (node.as<ops::MatMul>()) return matmul_ranges(analysis, node, x());
  if (node.as<ops::XnorPopcountMatMul>()) return popcount_ranges(analysis, node, x());
  if (node.as<ops::DepthwiseMatMul>()) return depthwise_ranges(analysis, node, x());
  if (const auto* op = node.as<ops::Conv>())
    return add_bias(analysis, node, conv_ranges(analysis, node, *op, x()));
  if (const auto* op = node.as<ops::ConvTranspose>())
    return add_bias(analysis, node, conv_transpose_ranges(analysis, node, *op, x()));
  return {};
}

std::optional<Ranges> pool_ranges(Analysis& analysis, const Node& node) {
  const Traits& traits = node.traits();
  if (traits.elements == Elements::kWindows && traits.values == Values::kInputs)
    return analysis.of(node.inputs[0], node);
  if (const auto* op = node.as<ops::SumPool>())
    return window_sums(node, analysis.of(node.inputs[0], node),
                       element_count(op->window.kernel_shape), is_padded(op->window));
  if (const auto* op = node.as<ops::QuantAvgPool2d>()) {
    Ranges out =
        window_sums(node, analysis.of(node.inputs[0], node), op->kernel * op->kernel, false);
    for (Bounds& b : out.bounds) b = {b.lo >> op->shift(), b.hi >> op->shift()};
    return out;
  }
  return {};
}

}  // namespace assay::widths
