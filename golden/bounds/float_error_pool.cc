// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <numeric>

#include "compile/graph/ops.h"
#include "golden/bounds/float_error_rules.h"
#include "golden/exact/index_map.h"
#include "golden/floating/geometry.h"

namespace assay {
namespace {

using Window = std::vector<std::int64_t>;

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

void bound_max(const BoundedTensor& x, const Window& from, BoundedTensor& out, std::size_t to) {
  out.value[to] = -HUGE_VAL;
  for (const std::int64_t i : from) {
    out.value[to] = std::max(out.value[to], x.value[index(i)]);
    out.error[to] = std::max(out.error[to], x.error[index(i)]);
  }
}

void bound_average(const BoundedTensor& x, const Window& from, std::int64_t area,
                   BoundedTensor& out, std::size_t to) {
  const double gamma = gamma_of(static_cast<std::int64_t>(from.size()) + 2);
  const bool halves = std::has_single_bit(static_cast<std::uint64_t>(area));
  double size = 0, step = halves ? HUGE_VAL : 0;
  for (const std::int64_t i : from) {
    out.value[to] += x.value[index(i)];
    out.error[to] += x.error[index(i)];
    size += magnitude(x, index(i));
    if (step > 0) step = std::min(step, step_of(x, index(i)));
  }
  const auto count = static_cast<double>(area);
  out.value[to] /= count;
  const bool exact = sums_exactly(size / count, step / count);
  out.error[to] = exact ? 0 : (out.error[to] + gamma * size) / count + 2 * kUnderflow;
}

/// Integers: exact while they are, and a sum that is off by e moves the shifted result by e /
/// 2^shift + 1.
void bound_shifted_sum(const BoundedTensor& x, const Window& from, double divisor,
                       BoundedTensor& out, std::size_t to) {
  double sum = 0, error = 0;
  for (const std::int64_t i : from) {
    sum += x.value[index(i)];
    error += x.error[index(i)];
  }
  out.value[to] = std::floor(std::rint(sum) / divisor);
  out.error[to] = error == 0 && std::fabs(sum) < 0x1p22
                      ? 0
                      : (error + std::fabs(sum) * 0x1p-22 + 1) / divisor + 1;
}

void bound_global_average(const BoundedTensor& x, BoundedTensor& out) {
  const std::size_t planes = out.value.size();
  if (planes == 0) return;
  const std::size_t area = x.value.size() / planes;
  Window from(area);
  for (std::size_t p = 0; p < planes; ++p) {
    std::iota(from.begin(), from.end(), static_cast<std::int64_t>(p * area));
    bound_average(x, from, static_cast<std::int64_t>(area), out, p);
  }
}

/// Sorted values move no more than the largest error; an index may be anything unless all are
/// exact.
void bound_top_k(const Node& node, const ops::TopK& op, const BoundedTensor& x,
                 std::vector<BoundedTensor>& out) {
  const std::size_t axis = ops::normalise_axis(op.axis, x.shape.size());
  const std::int64_t size = x.shape[axis], k = out[0].shape[axis];
  const std::int64_t stride =
      std::accumulate(x.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.shape.end(),
                      std::int64_t{1}, std::multiplies<>());
  Window order(index(size));
  for (std::int64_t lane = 0;
       lane < static_cast<std::int64_t>(x.value.size()) / std::max<std::int64_t>(size, 1); ++lane) {
    const std::int64_t outer = lane / stride, inner = lane % stride;
    const auto place = [&](std::int64_t i) { return index((outer * size + i) * stride + inner); };
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::ranges::stable_sort(order, [&](std::int64_t a, std::int64_t b) {
      return op.largest ? x.value[place(a)] > x.value[place(b)]
                        : x.value[place(a)] < x.value[place(b)];
    });
    double worst = 0;
    for (std::int64_t i = 0; i < size; ++i) worst = std::max(worst, x.error[place(i)]);
    for (std::int64_t i = 0; i < k; ++i) {
      const std::size_t to = index((outer * k + i) * stride + inner);
      out[0].value[to] = x.value[place(order[index(i)])];
      out[0].error[to] = worst;
      if (node.outputs.size() < 2) continue;
      out[1].value[to] = static_cast<double>(order[index(i)]);
      out[1].error[to] = worst > 0 ? static_cast<double>(size) : 0;
    }
  }
}

void bound_copies(const IndexMap& map, const BoundedInputs& in, BoundedTensor& out) {
  const double padding = map.padding.to_double();
  const double padding_error = map.padding == Real::of(static_cast<double>(map.padding.to_float()))
                                   ? 0
                                   : kUnit * std::fabs(padding) + kUnderflow;
  std::vector<std::pair<const BoundedTensor*, std::size_t>> elements;
  for (const std::size_t input : map.inputs)
    for (std::size_t i = 0; i < in.at(input)->value.size(); ++i)
      elements.emplace_back(in[input], i);
  for (std::size_t i = 0; i < map.source.size(); ++i) {
    if (map.source[i] < 0) {
      out.value[i] = padding;
      out.error[i] = padding_error;
      continue;
    }
    const auto& [tensor, element] = elements[index(map.source[i])];
    out.value[i] = tensor->value[element];
    out.error[i] = tensor->error[element];
  }
}

}  // namespace

bool bound_pool(const Node& node, const BoundedInputs& in, std::vector<BoundedTensor>& out) {
  const BoundedTensor& x = *in.at(0);
  const auto each = [&](auto rule) {
    pool_geometry(node).for_each_window([&](std::int64_t to, const Window& from,
                                            std::int64_t area) { rule(from, area, index(to)); });
    return true;
  };
  if (node.as<ops::MaxPool>() || node.as<ops::MaxPoolNHWC>())
    return each(
        [&](const Window& from, std::int64_t, std::size_t to) { bound_max(x, from, out[0], to); });
  if (node.as<ops::AveragePool>())
    return each([&](const Window& from, std::int64_t area, std::size_t to) {
      bound_average(x, from, area, out[0], to);
    });
  if (const auto* op = node.as<ops::QuantAvgPool2d>()) {
    const double divisor = std::exp2(op->shift());
    return each([&](const Window& from, std::int64_t, std::size_t to) {
      bound_shifted_sum(x, from, divisor, out[0], to);
    });
  }
  if (node.as<ops::GlobalAveragePool>()) return bound_global_average(x, out[0]), true;
  return false;
}

bool bound_move(const Node& node, const BoundedInputs& in, std::vector<BoundedTensor>& out) {
  if (const auto* op = node.as<ops::TopK>()) return bound_top_k(node, *op, *in.at(0), out), true;
  if (node.as<ops::Shape>()) {
    std::ranges::copy(in.at(0)->shape, out[0].value.begin());
    return true;
  }
  const auto map = index_map(node);
  if (map) bound_copies(*map, in, out[0]);
  return map.has_value();
}

}  // namespace assay
