// SPDX-License-Identifier: Apache-2.0
// Operators that name axes or regroup them: what they name is renamed, and where a regrouping needs
// the model's order, a Transpose restores it.
#include <algorithm>

#include "compile/base/error.h"
#include "compile/graph/views.h"
#include "compile/passes/lower/lowering.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay::lowering {
namespace {

std::int64_t renamed(std::int64_t axis, const Axes& perm) {
  return perm[ops::normalise_axis(axis, perm.size())];
}

/// y = Transpose(x) exists in every order in which x does: axis i of y is axis p[i] of x.
void lower_transpose(Lowering& lowering, const Node& node, const ops::Transpose& op) {
  const std::vector<View> views = lowering.views(node.inputs[0]);
  for (const View& view : views) {
    View turned{view.tensor, {}};
    for (const std::int64_t axis : op.perm)
      turned.perm.push_back(view.perm[static_cast<std::size_t>(axis)]);
    lowering.add_view(node.outputs[0], std::move(turned));
  }
}

/// The order of axes in which the parts of a Concat lie already: channels last if they can.
Axes joined_order(const Lowering& lowering, const Node& node, std::size_t rank) {
  const Axes last = channels_last_perm(rank);
  Axes perm = identity_perm(rank);
  bool can = true;
  for (const Tensor* input : node.inputs) {
    if (!lowering.is_computed(input)) continue;
    can = can && lowering.lies_in_order(input, last);
    perm = lowering.views(input).front().perm;
    if (perm == last) return last;
  }
  return can ? last : perm;
}

void lower_concat(Lowering& lowering, const Node& node, const ops::Concat& op) {
  const Axes perm = joined_order(lowering, node, known_shape(*node.outputs[0]).size());
  ops::Concat concat = op;
  concat.axis = renamed(op.axis, perm);
  std::vector<Tensor*> inputs;
  for (const Tensor* input : node.inputs) {
    if (lowering.is_computed(input))
      inputs.push_back(lowering.in_order(input, perm, node));
    else
      inputs.push_back(
          lowering.constant_like(*input, transposed(*input->constant, inverse_perm(perm))));
  }
  lowering.emit(node, concat, std::move(inputs), perm);
}

/// A constant with one entry per axis, or several such groups one after the other.
Constant per_axis(const Constant& value, const Axes& perm) {
  const auto rank = static_cast<std::int64_t>(perm.size());
  std::vector<std::int64_t> sources;
  const Axes inverse = inverse_perm(perm);
  for (std::int64_t group = 0; group < value.size() / rank; ++group)
    for (const std::int64_t axis : inverse) sources.push_back(group * rank + axis);
  return take(value, value.shape(), sources);
}

void lower_pad_or_resize(Lowering& lowering, const Node& node) {
  const View view = lowering.views(node.inputs[0]).front();
  const auto is_per_axis = [&](std::size_t i) {
    return node.inputs[i]->constant->size() > 0 && (node.as<ops::Pad>() ? i == 1 : i >= 2);
  };
  std::vector<Tensor*> inputs = {view.tensor};
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    const Tensor* input = node.inputs[i];
    if (input && is_per_axis(i))
      inputs.push_back(lowering.constant_like(*input, per_axis(*input->constant, view.perm)));
    else
      inputs.push_back(lowering.constant(input));
  }
  lowering.emit(node, node.op->clone(), std::move(inputs), view.perm);
}

template <typename OpType>
void lower_along_axis(Lowering& lowering, const Node& node, const OpType& op) {
  const View view = lowering.views(node.inputs[0]).front();
  OpType renamed_op = op;
  renamed_op.axis = renamed(op.axis, view.perm);
  lowering.emit(node, renamed_op, {view.tensor, lowering.constant(node.inputs[1])}, view.perm);
}

std::vector<bool> named_axes(const Node& node, std::size_t rank) {
  std::vector<bool> named(rank, false);
  for (const std::int64_t axis : constant_input(node, 1)->ints())
    named[ops::normalise_axis(axis, rank)] = true;
  return named;
}

/// `perm` without the axes in `dropped`, counted again from 0.
Axes without(const Axes& perm, const std::vector<bool>& dropped) {
  Axes kept;
  for (std::size_t i = 0; i < perm.size(); ++i)
    if (!dropped[i]) kept.push_back(perm[i]);
  Axes out;
  for (const std::int64_t axis : kept)
    out.push_back(std::ranges::count_if(kept, [&](std::int64_t a) { return a < axis; }));
  return out;
}

Axes renamed_set(const std::vector<bool>& named, const Axes& perm) {
  Axes axes;
  for (std::size_t i = 0; i < named.size(); ++i)
    if (named[i]) axes.push_back(perm[i]);
  std::ranges::sort(axes);
  return axes;
}

void lower_squeeze(Lowering& lowering, const Node& node) {
  const View view = lowering.views(node.inputs[0]).front();
  const std::vector<bool> named = named_axes(node, view.perm.size());
  Tensor* axes = lowering.axes_constant(node.name + "_axes", renamed_set(named, view.perm));
  lowering.emit(node, ops::Squeeze{}, {view.tensor, axes}, without(view.perm, named));
}

/// New axes go where channels-last order has them, if what is there fits.
void lower_unsqueeze(Lowering& lowering, const Node& node) {
  const std::size_t rank = known_shape(*node.outputs[0]).size();
  const std::vector<bool> named = named_axes(node, rank);
  Axes perm = identity_perm(rank);
  const auto& views = lowering.views(node.inputs[0]);
  for (const View& view : views)
    if (without(channels_last_perm(rank), named) == view.perm) perm = channels_last_perm(rank);
  Tensor* x = lowering.in_order(node.inputs[0], without(perm, named), node);
  Tensor* axes = lowering.axes_constant(node.name + "_axes", renamed_set(named, perm));
  lowering.emit(node, ops::Unsqueeze{}, {x, axes}, perm);
}

bool is_flat_row(const Shape& from, const Shape& to) {
  return to.size() == 2 && to[0] == 1 && !from.empty() && from[0] == 1;
}

/// Only spatial axes are regrouped.
bool keeps_channels(const Shape& from, const Shape& to) {
  return from.size() >= 3 && to.size() >= 3 && from[0] == to[0] && from[1] == to[1];
}

void emit_reshape(Lowering& lowering, const Node& node, Tensor* x, const Axes& perm) {
  const Shape shape = permuted_shape(known_shape(*node.outputs[0]), perm);
  const auto* flatten = node.as<ops::Flatten>();
  if (flatten && shape[0] == (*x->shape)[0]) return lowering.emit(node, ops::Flatten{}, {x}, perm);
  ops::Reshape op;
  op.allowzero = std::ranges::find(shape, 0) != shape.end();
  lowering.emit(node, op, {x, lowering.axes_constant(node.name + "_shape", shape)}, perm);
}

void lower_reshape(Lowering& lowering, const Node& node) {
  const Tensor *x = node.inputs[0], *y = node.outputs[0];
  const Shape &from = known_shape(*x), &to = known_shape(*y);
  const Axes identity = identity_perm(to.size());
  const std::vector<View> views = lowering.views(x);
  for (const View& view : views)
    if (keeps_order(from, view.perm)) return emit_reshape(lowering, node, view.tensor, identity);
  const View& view = views.front();
  if (keeps_channels(from, to) && view.perm == channels_last_perm(from.size()))
    return emit_reshape(lowering, node, view.tensor, channels_last_perm(to.size()));
  if (is_flat_row(from, to) && lowering.order_is_free(*y)) {
    const std::vector<std::int64_t> steps = row_major_steps(from);
    std::vector<std::int64_t> turned_steps;
    for (const std::int64_t axis : inverse_perm(view.perm))
      turned_steps.push_back(steps[static_cast<std::size_t>(axis)]);
    lowering.set_order(y, std::make_shared<const std::vector<std::int64_t>>(
                              strided_offsets(*view.tensor->shape, turned_steps)));
    return emit_reshape(lowering, node, view.tensor, identity);
  }
  emit_reshape(lowering, node, lowering.in_order(x, identity_perm(from.size()), node), identity);
}

}  // namespace

bool lower_move(Lowering& lowering, const Node& node) {
  if (!lowering.is_computed(node.inputs[0]) && !node.as<ops::Concat>()) return false;
  if (const auto* transpose = node.as<ops::Transpose>())
    lower_transpose(lowering, node, *transpose);
  else if (const auto* concat = node.as<ops::Concat>())
    lower_concat(lowering, node, *concat);
  else if (node.as<ops::Pad>() || node.as<ops::Resize>())
    lower_pad_or_resize(lowering, node);
  else if (const auto* top = node.as<ops::TopK>())
    lower_along_axis(lowering, node, *top);
  else if (const auto* gather = node.as<ops::Gather>();
           gather && known_shape(*node.inputs[1]).size() == 1)
    lower_along_axis(lowering, node, *gather);
  else if (node.as<ops::Squeeze>())
    lower_squeeze(lowering, node);
  else if (node.as<ops::Unsqueeze>())
    lower_unsqueeze(lowering, node);
  else if (reshapes(node))
    lower_reshape(lowering, node);
  else
    return false;
  return true;
}

}  // namespace assay::lowering
