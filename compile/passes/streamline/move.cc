// SPDX-License-Identifier: Apache-2.0
// Movements of data: the integers move as the reals did, scales and offsets with them.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compile/graph/views.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/integer_weights.h"
#include "compile/passes/streamline/planner.h"
#include "compile/passes/streamline/terms.h"

namespace assay::streamline {
namespace {

/// The largest integer that a padding puts among an activation's; a stream as wide as a larger one
/// costs more than thresholds by position.
constexpr double kMostLevel = 1 << 30;

bool is_move(const Node& node) {
  return reshapes(node) || node.as<ops::Transpose>() || node.as<ops::Gather>() ||
         node.as<ops::Pad>() || node.as<ops::DepthToSpace>() || node.as<ops::Resize>();
}

/// DCR: channel = (by * block + bx) * C' + c; CRD: channel = (c * block + by) * block + bx.
std::vector<std::int64_t> depth_to_space_sources(const ops::DepthToSpace& op, const Shape& in,
                                                 const Shape& out) {
  const std::int64_t b = op.blocksize;
  std::vector<std::int64_t> sources;
  for (std::int64_t i = 0; i < element_count(out); ++i) {
    const std::int64_t x = i % out[3], y = i / out[3] % out[2], c = i / (out[3] * out[2]) % out[1],
                       n = i / (out[3] * out[2] * out[1]);
    const std::int64_t by = y % b, bx = x % b;
    const std::int64_t from = op.mode == "DCR" ? (by * b + bx) * out[1] + c : (c * b + by) * b + bx;
    sources.push_back(((n * in[1] + from) * in[2] + y / b) * in[3] + x / b);
  }
  return sources;
}

/// Whether sizes say the same as the scales of a Resize.
bool scales_are_ratios(const Node& node, const Shape& in, const Shape& out) {
  const Constant* scales = constant_input(node, 2);
  for (std::size_t axis = 0; scales && scales->size() > 0 && axis < in.size(); ++axis)
    if (!(scales->real(static_cast<std::int64_t>(axis)) * Real(in[axis]) == Real(out[axis])))
      return false;
  return true;
}

/// Moves scales and offsets as the node moves elements.
class ArrayMover {
 public:
  ArrayMover(const Node& node, const Shape& in, const Shape& out)
      : node_(node), in_(in), out_(out) {}
  /// Nothing when the node resizes and the array varies along an axis that changes.
  std::optional<RealArray> operator()(const RealArray& array, const Real& padding) {
    if (array.is_scalar() && (!node_.as<ops::Pad>() || array.values[0] == padding))
      return RealArray(array.values[0]);
    if (node_.as<ops::Resize>()) return resized(array);
    if (auto moved = moved_along_axes(array)) return moved;
    if (sources_.empty()) sources_ = element_sources();
    return moved_array(array, in_, out_, sources_, padding);
  }

 private:
  /// Of a node that moves whole entries of axes: the array need not be expanded to the tensor for it.
  std::optional<RealArray> moved_along_axes(const RealArray& array) const {
    const RealArray own = with_rank(array, in_.size());
    Shape to = own.shape;
    if (const auto* transpose = node_.as<ops::Transpose>()) {
      for (std::size_t i = 0; i < to.size(); ++i)
        to[i] = own.shape[static_cast<std::size_t>(transpose->perm[i])];
      return moved_array(own, own.shape, to, transpose_sources(own.shape, transpose->perm), Real());
    }
    const auto* gather = node_.as<ops::Gather>();
    if (!gather || in_.size() != out_.size()) return {};
    const std::size_t axis = ops::normalise_axis(gather->axis, in_.size());
    if (to[axis] == 1) return own;
    to[axis] = out_[axis];
    return moved_array(own, own.shape, to,
                       gather_sources(own.shape, axis, node_.inputs[1]->constant->ints()), Real());
  }
  /// Where each element comes from; -1 is padding.
  std::vector<std::int64_t> element_sources() const {
    if (const auto* gather = node_.as<ops::Gather>())
      return gather_sources(in_, ops::normalise_axis(gather->axis, in_.size()),
                            node_.inputs[1]->constant->ints());
    if (node_.as<ops::Pad>()) return pad_sources(in_, out_, node_.inputs[1]->constant->ints());
    if (const auto* depth = node_.as<ops::DepthToSpace>())
      return depth_to_space_sources(*depth, in_, out_);
    std::vector<std::int64_t> same(static_cast<std::size_t>(element_count(in_)));
    std::iota(same.begin(), same.end(), 0);
    return same;
  }
  std::optional<RealArray> resized(const RealArray& array) const {
    for (std::size_t axis = 0; axis < in_.size(); ++axis)
      if (varies_along(array, axis, in_.size()) && (axis > 1 || in_[axis] != out_[axis])) return {};
    return array;
  }

  const Node& node_;
  const Shape &in_, &out_;
  std::vector<std::int64_t> sources_;
};

/// A Resize by sizes, which are integers; its scales are not.
Tensor* output_sizes(Planner& planner, const Node& node, const Shape& in) {
  const Shape& out = known_shape(*node.outputs[0]);
  if (!scales_are_ratios(node, in, out))
    planner.fail("its scales are not the ratios of its sizes",
                 "give it the output's sizes instead; some pixels may come from other places then");
  return planner.to.graph.add_constant(node.name + "_sizes",
                                       Constant(Shape{static_cast<std::int64_t>(out.size())}, out));
}

/// What a padding is filled with, as integers of the only term: one for each of its scales and
/// offsets, which must not vary along the axes that are padded. Nothing where some are no integers.
std::optional<RealArray> padding_levels(const Node& node, const Value& x, const Real& padding) {
  if (!node.as<ops::Pad>() || x.terms.size() != 1) return {};
  const RealArray& scale = x.terms[0].scale;
  const auto& pads = node.inputs[1]->constant->ints();
  const std::size_t rank = x.shape.size();
  if (std::ranges::none_of(pads, [](std::int64_t p) { return p > 0; })) return {};
  for (std::size_t axis = 0; axis < rank; ++axis)
    if ((pads[axis] != 0 || pads[rank + axis] != 0) &&
        (varies_along(scale, axis, rank) || varies_along(x.offset, axis, rank)))
      return {};
  if (!std::ranges::all_of(scale.values, [](const Real& s) { return s.has_inverse(); })) return {};
  const RealArray levels = compressed(combine_arrays(
      x.offset, scale, [&](const Real& o, const Real& s) { return (padding - o) * s.inverse(); }));
  const auto is_narrow = [](const Real& level) {
    return is_integral(level) && std::abs(level.to_double()) <= kMostLevel;
  };
  if (!std::ranges::all_of(levels.values, is_narrow)) return {};
  return levels;
}

/// The integers in a padding are `fill`.
Tensor* move_integers(Planner& planner, const Node& node, Tensor* x, std::int64_t fill = 0) {
  const bool pad = node.as<ops::Pad>() != nullptr;
  std::vector<Tensor*> inputs{x};
  if (node.as<ops::Resize>()) {
    inputs.insert(inputs.end(), {nullptr, nullptr, output_sizes(planner, node, *x->shape)});
  } else {
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
      const bool is_value = pad && i == 2;
      inputs.push_back(node.inputs[i] && !is_value ? planner.copy_constant(*node.inputs[i])
                                                   : nullptr);
    }
    while (!inputs.back()) inputs.pop_back();
  }
  if (fill != 0) {
    inputs.resize(std::max<std::size_t>(inputs.size(), 3));
    inputs[2] = planner.to.integers(node.name + "_value", {}, {fill});
  }
  const Bounds& b = planner.to.bounds(x);
  const Bounds range =
      Bounds::of(pad ? std::min(b.min(), fill) : b.min(), pad ? std::max(b.max(), fill) : b.max());
  Tensor* y = planner.to.add_node(node.op->clone(), std::move(inputs),
                                  known_shape(*node.outputs[0]), range);
  // +-1 stay +-1.
  if (!pad || (x->dtype == DataType::bipolar() && x->dtype.allows(fill))) y->dtype = x->dtype;
  return y;
}

/// A padding of one term by levels: the offset stays. Levels that differ are taken away first, so
/// that all of them are 0, which is what the offset then is for.
Value padded_by_levels(Planner& planner, const Node& node, Value x, const RealArray& levels,
                       const Real& padding) {
  Term& term = x.terms[0];
  if (levels.is_scalar()) {
    term.tensor = move_integers(planner, node, term.tensor, levels.values[0].floor().get_si());
  } else {
    term.tensor = move_integers(planner, node, planner.to.plus(term.tensor, -levels));
    x.offset = RealArray(padding);
  }
  term.exclusive = false;
  x.shape = known_shape(*node.outputs[0]);
  return x;
}

Value moved_value(Planner& planner, const Node& node, Value x) {
  for (Value& one : x.among) one = moved_value(planner, node, std::move(one));
  if (!x.among.empty()) {
    x.shape = known_shape(*node.outputs[0]);
    return x;
  }
  const bool pad = node.as<ops::Pad>() != nullptr;
  if (!x.pools.empty() || pad) x = settle(planner, std::move(x));
  const bool filled = pad && node.inputs.size() > 2 && node.inputs[2];
  const Real padding = filled ? exact_constant(*node.inputs[2])->values[0] : Real();
  if (const auto levels = padding_levels(node, x, padding))
    return padded_by_levels(planner, node, std::move(x), *levels, padding);
  const Shape& out = known_shape(*node.outputs[0]);
  ArrayMover mover(node, x.shape, out);
  const auto moved = [&](const RealArray& array, const Real& padding) {
    auto result = mover(array, padding);
    if (!result)
      planner.fail("its input has a scale or an offset that differs along a resized axis",
                   "quantise its input");
    return std::move(*result);
  };
  Value value;
  value.shape = out;
  value.folded = x.folded;
  value.offset = moved(x.offset, padding);
  if (x.lower) value.lower = moved(*x.lower, Real());
  if (x.upper) value.upper = moved(*x.upper, Real());
  if (x.curve)
    value.curve = x.curve->mapped([&](const RealArray& array) { return moved(array, Real()); });
  for (const Term& term : x.terms) {
    RealArray scale =
        term.scale.is_scalar() ? RealArray(term.scale.values[0]) : moved(term.scale, Real(1));
    value.terms.push_back({std::move(scale), move_integers(planner, node, term.tensor), false});
  }
  return value;
}

/// Operators of integer graphs stay as they are.
void plan_integer_operator(Planner& planner, const Node& node) {
  std::vector<Tensor*> inputs;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Tensor* tensor = node.inputs[i];
    if (!tensor || !planner.depends_on_input(*tensor)) {
      inputs.push_back(tensor ? planner.copy_constant(*tensor) : nullptr);
      continue;
    }
    Tensor* x = as_integer(planner, settled(planner, i));
    if (!x) planner.fail("its input is no integer", "divide its input by its scale in the model");
    inputs.push_back(x);
  }
  const Shape& shape = known_shape(*node.outputs[0]);
  Bounds range;
  if (const auto* join = node.as<ops::JoinThreshold>()) {
    const std::int64_t steps = known_shape(*node.inputs[0]).back();
    range = Bounds::of(join->out_bias, join->out_bias + join->out_scale * steps);
  } else {
    const std::int64_t taps = element_count(node.as<ops::SumPool>()->window.kernel_shape);
    const Bounds& x = planner.to.bounds(inputs[0]);
    range = Bounds::of(std::min<std::int64_t>(taps * x.min(), 0),
                       std::max<std::int64_t>(taps * x.max(), 0));
  }
  Tensor* y = planner.to.add_node(node.op->clone(), std::move(inputs), shape, range);
  if (const auto* join = node.as<ops::JoinThreshold>()) y->dtype = join->out_dtype;
  planner.set_output(Value::integers(y));
}

}  // namespace

bool plan_move(Planner& planner, const Node& node) {
  if (is_move(node)) {
    planner.set_output(moved_value(planner, node, planner.input(0)));
  } else if (node.as<ops::JoinThreshold>() || node.as<ops::SumPool>()) {
    plan_integer_operator(planner, node);
  } else {
    return false;
  }
  return true;
}

}  // namespace assay::streamline
