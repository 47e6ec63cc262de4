// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/qcdq_to_quant.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compile/graph/ops.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

struct LevelRange {
  std::int64_t lo, hi;
  friend bool operator==(const LevelRange&, const LevelRange&) = default;
};

/// The parameters of a Quant that says which integers occur.
struct Levels {
  int bits;
  bool is_signed, narrow;
  LevelRange range() const {
    const std::int64_t half = std::int64_t{1} << (bits - 1);
    if (is_signed) return {-half + (narrow ? 1 : 0), half - 1};
    return {0, 2 * half - 1};
  }
};

/// The smallest Quant that holds `range`: signed ones have two bits at least, since a signed 1-bit
/// Quant is bipolar.
Levels smallest_levels(const LevelRange& range) {
  for (int bits = range.lo < 0 ? 2 : 1;; ++bits)
    for (const bool narrow : {true, false}) {
      if (narrow && range.lo >= 0) continue;
      const Levels levels{bits, range.lo < 0, narrow};
      if (levels.range().lo <= range.lo && levels.range().hi >= range.hi) return levels;
    }
}

/// The integers that leave `tensor`: its container's, cut by the Clip that produces it. Nothing
/// when a bound is unknown.
std::optional<LevelRange> integer_range(const Tensor& tensor) {
  if (tensor.container == Container::kInt64) return {};  // wider than any Quant
  const DataType container = container_type(tensor.container);
  LevelRange range{container.min(), container.max()};
  if (!tensor.producer || !tensor.producer->as<ops::Clip>()) return range;
  const Node& clip = *tensor.producer;
  for (const std::size_t i : {1U, 2U}) {
    if (i >= clip.inputs.size() || !clip.inputs[i]) continue;
    const Constant* bound = constant_input(clip, i);
    if (!bound || !bound->is_int()) return {};
    std::int64_t& end = i == 1 ? range.lo : range.hi;
    end = i == 1 ? std::max(end, bound->ints()[0]) : std::min(end, bound->ints()[0]);
  }
  return range.lo <= range.hi ? std::optional(range) : std::nullopt;
}

/// Scale and zero point of a (De)QuantizeLinear as constants that broadcast to its data: scalars,
/// or in the data's rank.
struct Affine {
  Constant scale, zero;
  friend bool operator==(const Affine&, const Affine&) = default;
};

Constant along_axis(const Constant& parameter, std::int64_t axis, std::size_t rank) {
  if (parameter.size() == 1) return parameter.reshaped({});
  Shape shape(rank, 1);
  shape[ops::normalise_axis(axis, rank)] = parameter.size();
  return parameter.reshaped(std::move(shape));
}

std::optional<Affine> affine_of(const Node& node, std::int64_t axis) {
  const Constant* scale = constant_input(node, 1);
  const bool has_zero = node.inputs.size() > 2 && node.inputs[2];
  const Constant* zero = constant_input(node, 2);
  if (!scale || !scale->is_float() || (has_zero && !(zero && zero->is_int()))) return {};
  const std::size_t rank = known_shape(*node.inputs[0]).size();
  const Constant none(Shape{}, std::vector<std::int64_t>{0});
  return Affine{along_axis(*scale, axis, rank), along_axis(has_zero ? *zero : none, axis, rank)};
}

bool all_even(const Constant& zero) {
  return std::ranges::all_of(zero.ints(), [](std::int64_t z) { return z % 2 == 0; });
}

/// Makes `dequantize` a Quant of `x`.
void become_quant(Graph& graph, Node* dequantize, Tensor* x, const Affine& affine,
                  const Levels& levels) {
  auto op = std::make_unique<ops::Quant>();
  op->is_signed = levels.is_signed;
  op->narrow = levels.narrow;
  std::vector<float> zeros(affine.zero.ints().begin(), affine.zero.ints().end());
  Tensor* output = dequantize->outputs[0];
  const std::string name = dequantize->name;
  graph.erase(dequantize);
  Tensor* scale = graph.add_constant(name + "_scale", affine.scale);
  Tensor* zero =
      graph.add_constant(name + "_zeropt", Constant(affine.zero.shape(), std::move(zeros)));
  Tensor* bits = graph.add_constant(
      name + "_bitwidth", Constant({}, std::vector<float>{static_cast<float>(levels.bits)}));
  graph.add_node(std::move(op), {x, scale, zero, bits}, {output}, name);
}

bool convert_activation(Graph& graph, Node* dequantize, const Affine& affine) {
  const Tensor* integers = dequantize->inputs[0];
  const Node* source = integers->producer;
  if (source && source->as<ops::Clip>()) source = source->inputs[0]->producer;
  const auto* quantize = source ? source->as<ops::QuantizeLinear>() : nullptr;
  if (!quantize || !all_even(affine.zero) || affine_of(*source, quantize->axis) != affine)
    return false;
  const std::optional<LevelRange> range = integer_range(*integers);
  if (!range) return false;
  const Levels levels = smallest_levels(*range);
  if (levels.range() != *range) return false;
  become_quant(graph, dequantize, source->inputs[0], affine, levels);
  return true;
}

/// float32((q - z) * s) when the Quant over it gives q back: the relative error of 2^-24 moves q -
/// z by less than half.
std::optional<float> rounded_product(std::int64_t steps, float scale) {
  constexpr std::int64_t kMaxSteps = std::int64_t{1} << 22;
  if (std::abs(steps) > kMaxSteps) return {};
  const double exact = static_cast<double>(steps) * static_cast<double>(scale);  // 23 + 24 bits
  const float rounded = static_cast<float>(exact);
  if (rounded != exact &&
      !(std::isfinite(rounded) && std::abs(rounded) >= std::numeric_limits<float>::min()))
    return {};
  return rounded;
}

Constant dequantised(const Constant& q, const Affine& affine, const LevelRange& range) {
  const auto scale_at =
      strided_offsets(q.shape(), broadcast_strides(affine.scale.shape(), q.shape()));
  const auto zero_at =
      strided_offsets(q.shape(), broadcast_strides(affine.zero.shape(), q.shape()));
  std::vector<float> floats;
  std::vector<Real> reals;
  for (std::size_t i = 0; i < scale_at.size(); ++i) {
    const std::int64_t z = affine.zero.ints()[static_cast<std::size_t>(zero_at[i])];
    const std::int64_t steps = std::clamp(q.ints()[i], range.lo, range.hi) - z;
    const float scale = affine.scale.floats()[static_cast<std::size_t>(scale_at[i])];
    const std::optional<float> rounded =
        reals.empty() ? rounded_product(steps, scale) : std::nullopt;
    if (!rounded)
      for (; reals.size() < floats.size();) reals.push_back(Real::of(floats[reals.size()]));
    if (rounded)
      floats.push_back(*rounded);
    else
      reals.push_back(Real(steps) * Real::of(scale));
  }
  return reals.empty() ? Constant(q.shape(), std::move(floats))
                       : Constant(q.shape(), std::move(reals));
}

bool convert_constant(Graph& graph, Node* dequantize, const Affine& affine) {
  const Tensor* integers = dequantize->inputs[0];
  const std::optional<LevelRange> range = integer_range(*integers);
  const bool clipped = integers->producer && integers->producer->as<ops::Clip>();
  const Tensor* source = clipped ? integers->producer->inputs[0] : integers;
  if (!range || !source->constant || !source->constant->is_int()) return false;
  // A scale of zero or below has no Quant that gives the constant back.
  if (std::ranges::any_of(affine.scale.floats(), [](float s) { return !(s > 0); })) return false;
  Tensor* x = graph.add_constant(source->name, dequantised(*source->constant, affine, *range));
  become_quant(graph, dequantize, x, affine, smallest_levels(*range));
  return true;
}

}  // namespace

bool qcdq_to_quant(Graph& graph, PassContext&) {
  bool changed = false;
  for (Node* node : nodes_of_type<ops::DequantizeLinear>(graph)) {
    const std::optional<Affine> affine = affine_of(*node, node->as<ops::DequantizeLinear>()->axis);
    if (affine)
      changed |= convert_activation(graph, node, *affine) || convert_constant(graph, node, *affine);
  }
  return finish(graph, changed);
}

}  // namespace assay
