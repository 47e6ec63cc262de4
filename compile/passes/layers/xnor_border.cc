// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/layers/xnor_border.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

Ints integers_of(const Constant& constant) {
  if (constant.is_int()) return {constant.ints().begin(), constant.ints().end()};
  Ints values;
  for (const float value : constant.floats()) values.push_back(static_cast<std::int64_t>(value));
  return values;
}

/// Per tap of the kernel and output: the sum of its weights over the input channels.
Ints tap_sums(const Constant& signs, std::int64_t taps) {
  const std::int64_t outputs = signs.shape()[1], channels = signs.shape()[0] / taps;
  const Ints weights = integers_of(signs);
  Ints sums(static_cast<std::size_t>(taps * outputs), 0);
  for (std::int64_t row = 0; row < signs.shape()[0]; ++row)
    for (std::int64_t o = 0; o < outputs; ++o)
      sums[static_cast<std::size_t>(row / channels * outputs + o)] +=
          weights[static_cast<std::size_t>(row * outputs + o)];
  return sums;
}

/// Whether tap `tap` of the window at output position `at` lies in the padding of an axis.
bool is_outside(const ops::Im2Col& op, std::size_t axis, std::int64_t size, std::int64_t at,
                std::int64_t tap) {
  const std::int64_t i = at * op.stride[axis] + tap * op.dilations[axis] - op.pad_amount[axis];
  return i < 0 || i >= size;
}

/// Adds the weights under the padding at output position (row, column) to `to`.
void add_padded(const ops::Im2Col& op, const Shape& x, const Ints& sums, std::int64_t row,
                std::int64_t column, std::span<std::int64_t> to) {
  std::size_t tap = 0;
  for (std::int64_t i = 0; i < op.kernel_size[0]; ++i)
    for (std::int64_t j = 0; j < op.kernel_size[1]; ++j, ++tap) {
      if (!is_outside(op, 0, x[1], row, i) && !is_outside(op, 1, x[2], column, j)) continue;
      for (std::size_t o = 0; o < to.size(); ++o) to[o] += sums[tap * to.size() + o];
    }
}

std::int64_t half_up(std::int64_t value) { return (value >> 1) + (value & 1); }

Tensor* add_thresholds(Graph& graph, const Tensor& like, Shape shape, Ints values) {
  const auto [lo, hi] = values.empty() ? std::pair<std::int64_t, std::int64_t>{0, 0}
                                       : std::pair<std::int64_t, std::int64_t>(
                                             std::ranges::min(values), std::ranges::max(values));
  Tensor* tensor = graph.add_constant(like.name, Constant(std::move(shape), std::move(values)));
  tensor->container = Container::kFloat32;
  tensor->dtype = DataType::smallest_for(lo, hi);
  return tensor;
}

/// Thresholds [leading axes.., steps] with the correction of every position taken off.
Tensor* corrected(Graph& graph, const Tensor& thresholds, const Shape& from, const Shape& x,
                  const Border& border) {
  const Ints old = integers_of(*thresholds.constant);
  const Constant& correction = border.correction;
  const std::int64_t steps = from.back();
  const Shape leading(from.begin(), from.end() - 1);
  if (border.is_uniform()) {
    Ints values = old;
    for (std::int64_t& t : values) t = half_up(t - correction.ints()[0]);
    return add_thresholds(graph, thresholds, from, std::move(values));
  }
  const auto rows = broadcast_strides(leading, x);
  const auto shifts = broadcast_strides(correction.shape(), x);
  Ints values;
  Shape index(x.size(), 0);
  for (std::int64_t e = 0; e < element_count(x); ++e) {
    std::int64_t row = 0, shift = 0;
    for (std::size_t axis = 0; axis < x.size(); ++axis) {
      row += index[axis] * rows[axis];
      shift += index[axis] * shifts[axis];
    }
    for (std::int64_t k = 0; k < steps; ++k)
      values.push_back(half_up(old[static_cast<std::size_t>(row * steps + k)] -
                               correction.ints()[static_cast<std::size_t>(shift)]));
    for (std::size_t axis = x.size(); axis-- > 0 && ++index[axis] == x[axis];) index[axis] = 0;
  }
  Shape shape = x;
  shape.push_back(steps);
  return add_thresholds(graph, thresholds, std::move(shape), std::move(values));
}

/// Thresholds [channels, steps] in the rank of x.
Shape in_rank(const Shape& thresholds, const ops::MultiThreshold& op, std::size_t rank) {
  Shape shape(rank + 1, 1);
  const bool last = rank == 2 || layout_name(op.data_layout).ends_with('C');
  shape[last ? rank - 1 : 1] = thresholds[0];
  shape[rank] = thresholds[1];
  return shape;
}

/// MultiThreshold has no position-dependent thresholds: JoinThreshold takes its place.
void become_join(Graph& graph, Node* user, Tensor* count, Tensor* thresholds) {
  const auto* op = user->as<ops::MultiThreshold>();
  auto join = std::make_unique<ops::JoinThreshold>();
  join->out_dtype = op->out_dtype;
  join->out_scale = static_cast<std::int64_t>(op->out_scale);
  join->out_bias = static_cast<std::int64_t>(op->out_bias);
  graph.remove_inputs_from(user, 0);
  for (Tensor* input : {thresholds, static_cast<Tensor*>(nullptr), count})
    graph.append_input(user, input);
  user->op = std::move(join);
}

}  // namespace

DataType Border::type() const {
  const auto [lo, hi] = std::ranges::minmax(correction.ints());
  return DataType::smallest_for(lo, hi);
}

bool pads_with_zero(const ops::Im2Col& op) {
  return op.pad_value != 1 && op.pad_value != -1 &&
         std::ranges::any_of(op.pad_amount, [](std::int64_t p) { return p != 0; });
}

Border border_of(const Tensor& x, const Constant& signs, const Shape& out) {
  const std::int64_t k = signs.shape()[0];
  const Node* window = x.producer;
  const auto* op = window ? window->as<ops::Im2Col>() : nullptr;
  if (!op || !pads_with_zero(*op)) return {Constant({1}, Ints{-k})};
  const Ints sums = tap_sums(signs, op->kernel_size[0] * op->kernel_size[1]);
  const std::int64_t height = out[1], width = out[2], channels = out[3];
  Ints correction(static_cast<std::size_t>(height * width * channels), -k);
  for (std::int64_t row = 0; row < height; ++row)
    for (std::int64_t column = 0; column < width; ++column)
      add_padded(*op, known_shape(*window->inputs[0]), sums, row, column,
                 std::span(correction)
                     .subspan(static_cast<std::size_t>((row * width + column) * channels),
                              static_cast<std::size_t>(channels)));
  const bool same = std::ranges::all_of(correction, [&](std::int64_t c) { return c == -k; });
  if (same) return {Constant({1}, Ints{-k})};
  return {Constant({1, height, width, channels}, std::move(correction))};
}

bool has_integer_thresholds(const Tensor& tensor) {
  if (!tensor.constant) return false;
  const Constant& constant = *tensor.constant;
  constexpr std::int64_t kLimit = std::int64_t{1} << 53;
  if (constant.is_int())
    return std::ranges::all_of(constant.ints(),
                               [](std::int64_t v) { return v > -kLimit && v < kLimit; });
  return constant.is_float() && std::ranges::all_of(constant.floats(), [](float v) {
           return v == std::nearbyint(v) && std::abs(v) < 0x1p53F;
         });
}

void move_thresholds(Graph& graph, Node* user, Tensor* count, const Border& border) {
  const Shape& x = known_shape(*count);
  const auto* multi = user->as<ops::MultiThreshold>();
  Tensor* old = user->inputs[multi ? 1 : 0];
  const bool positions = multi && !border.is_uniform();
  const Shape from = positions ? in_rank(known_shape(*old), *multi, x.size()) : known_shape(*old);
  Tensor* thresholds = corrected(graph, *old, from, x, border);
  if (positions) return become_join(graph, user, count, thresholds);
  graph.set_input(user, multi ? 1 : 0, thresholds);
  graph.set_input(user, multi ? 0 : ops::JoinThreshold::kFirstX, count);
}

}  // namespace assay
