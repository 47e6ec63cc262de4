// SPDX-License-Identifier: Apache-2.0
// Reductions as pools over whole axes, and the index of the largest element.
#include <algorithm>
#include <numeric>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "compile/onnx/replacement.h"
#include "compile/onnx/rules.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

/// Batch and channels come first.
constexpr std::size_t kFirstSpatial = 2;

struct Reduction {
  Ints axes;  ///< sorted, none twice; empty: nothing is reduced
  bool keepdims = true;
};

Ints all_axes(std::size_t rank) {
  Ints axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

Ints normalised_axes(const Ints& axes, std::size_t rank) {
  Ints sorted;
  for (const std::int64_t axis : axes)
    sorted.push_back(static_cast<std::int64_t>(ops::normalise_axis(axis, rank)));
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end())
    user_error("axes {} name one axis twice", shape_text(axes));
  return sorted;
}

/// The axes are an attribute before opset `since` and input 1 from there on.
Reduction take_reduction(GraphBuilder& builder, Draft& draft, std::int64_t since) {
  expect_arity(draft, 1, draft.version < since ? 1 : 2);
  const std::size_t rank = builder.shape(draft.inputs[0]).size();
  Reduction reduction;
  reduction.keepdims = draft.attributes.take_int("keepdims").value_or(1) != 0;
  Ints axes;
  if (draft.version < since)
    axes = draft.attributes.take_ints("axes").value_or(Ints{});
  else if (draft.inputs.size() > 1 && draft.inputs[1])
    axes = constant_ints(builder, draft, 1, "the axes");
  const bool noop =
      draft.version >= since && draft.attributes.take_int("noop_with_empty_axes").value_or(0) != 0;
  draft.attributes.expect_none(draft.type, "axes, keepdims, noop_with_empty_axes");
  reduction.axes = axes.empty() && !noop ? all_axes(rank) : normalised_axes(axes, rank);
  return reduction;
}

void expect_spatial(const Draft& draft, const Reduction& reduction, const Shape& x) {
  if (x.size() > kFirstSpatial && reduction.axes.front() >= std::int64_t{kFirstSpatial}) return;
  Ints spatial = all_axes(std::max(x.size(), kFirstSpatial));
  spatial.erase(spatial.begin(), spatial.begin() + kFirstSpatial);
  if (spatial.empty())
    user_error(
        "{} reduces axes {} of an input of shape {}; only spatial axes are supported, from axis 2 "
        "on",
        draft.type, shape_text(reduction.axes), shape_text(x));
  user_error(
      "{} reduces axes {} of an input of shape {}; only the spatial axes {} are supported, all or "
      "some of them: transpose the input to [N,C,...] in front of it",
      draft.type, shape_text(reduction.axes), shape_text(x), shape_text(spatial));
}

/// A window over all of the reduced axes and one element of the others.
ops::Window whole_axes(const Shape& x, const Ints& axes) {
  const std::size_t rank = x.size() - kFirstSpatial;
  ops::Window window{Ints(rank, 1), Ints(rank, 1), Ints(2 * rank, 0), Ints(rank, 1)};
  for (const std::int64_t axis : axes) {
    const auto a = static_cast<std::size_t>(axis);
    window.kernel_shape[a - kFirstSpatial] = x[a];
  }
  return window;
}

std::unique_ptr<Op> average_over(const Shape& x, const Ints& axes) {
  if (axes.size() + kFirstSpatial == x.size()) return std::make_unique<ops::GlobalAveragePool>();
  auto pool = std::make_unique<ops::AveragePool>();
  pool->window = whole_axes(x, axes);
  return pool;
}

std::unique_ptr<Op> largest_over(const Shape& x, const Ints& axes) {
  auto pool = std::make_unique<ops::MaxPool>();
  pool->window = whole_axes(x, axes);
  return pool;
}

/// The last node: `op`, or `op` and one that drops the reduced axes.
void end_reduced(const Replacement& to, std::unique_ptr<Op> op, std::vector<Tensor*> inputs,
                 const Reduction& reduction, std::size_t rank) {
  if (reduction.keepdims) return to.end(std::move(op), std::move(inputs));
  Tensor* pooled = to.add(std::move(op), std::move(inputs), "pooled");
  if (reduction.axes.size() + kFirstSpatial == rank) return to.end<ops::Flatten>({pooled});
  to.end<ops::Squeeze>({pooled, to.list(reduction.axes, "axes")});
}

void expand_pooled(GraphBuilder& builder, Draft draft, std::int64_t since,
                   std::unique_ptr<Op> (*pool)(const Shape&, const Ints&)) {
  const Reduction reduction = take_reduction(builder, draft, since);
  const Replacement to(builder, draft);
  if (reduction.axes.empty()) return to.end<ops::Identity>({draft.inputs[0]});
  const Shape x = builder.shape(draft.inputs[0]);
  expect_spatial(draft, reduction, x);
  end_reduced(to, pool(x, reduction.axes), {draft.inputs[0]}, reduction, x.size());
}

void expand_arg(GraphBuilder& builder, Draft draft, bool largest) {
  expect_arity(draft, 1, 1);
  const Shape x = builder.shape(draft.inputs[0]);
  const auto axis = static_cast<std::int64_t>(
      ops::normalise_axis(draft.attributes.take_int("axis").value_or(0), x.size()));
  const bool keepdims = draft.attributes.take_int("keepdims").value_or(1) != 0;
  if (draft.attributes.take_int("select_last_index").value_or(0) != 0 &&
      x[static_cast<std::size_t>(axis)] > 1)
    user_error("attribute 'select_last_index' is 1; of equal elements the first is supported: 0");
  draft.attributes.expect_none(draft.type, "axis, keepdims, select_last_index");
  const Replacement to(builder, draft);
  auto top = std::make_unique<ops::TopK>();
  top->axis = axis;
  top->largest = largest;
  std::vector<Tensor*> inputs = {draft.inputs[0], to.list({1}, "k")};
  if (keepdims) return to.end(std::move(top), std::move(inputs), 1);
  Tensor* kept = to.add(std::move(top), std::move(inputs), "kept", 1);
  to.end<ops::Squeeze>({kept, to.list({axis}, "axis")});
}

}  // namespace

void expand_reduce_mean(GraphBuilder& builder, Draft draft) {
  expand_pooled(builder, std::move(draft), 18, average_over);
}

void expand_reduce_max(GraphBuilder& builder, Draft draft) {
  expand_pooled(builder, std::move(draft), 18, largest_over);
}

void expand_reduce_sum(GraphBuilder& builder, Draft draft) {
  const Reduction reduction = take_reduction(builder, draft, 13);
  const Replacement to(builder, draft);
  if (reduction.axes.empty()) return to.end<ops::Identity>({draft.inputs[0]});
  const Shape x = builder.shape(draft.inputs[0]);
  expect_spatial(draft, reduction, x);
  std::int64_t count = 1;
  for (const std::int64_t axis : reduction.axes) count *= x[static_cast<std::size_t>(axis)];
  Tensor* mean = to.add(average_over(x, reduction.axes), {draft.inputs[0]}, "mean");
  Tensor* elements = builder.add_constant(helper_name(draft, "count"),
                                          Constant(Shape{}, std::vector<Real>{Real(count)}));
  end_reduced(to, std::make_unique<ops::Mul>(), {mean, elements}, reduction, x.size());
}

void expand_global_max_pool(GraphBuilder& builder, Draft draft) {
  expect_arity(draft, 1, 1);
  draft.attributes.expect_none(draft.type);
  const Shape& x = builder.shape(draft.inputs[0]);
  if (x.size() <= kFirstSpatial)
    user_error("an input of shape {} has no spatial axes", shape_text(x));
  Ints axes = all_axes(x.size());
  axes.erase(axes.begin(), axes.begin() + kFirstSpatial);
  const Replacement to(builder, draft);
  to.end(largest_over(x, axes), {draft.inputs[0]});
}

void expand_arg_max(GraphBuilder& builder, Draft draft) {
  expand_arg(builder, std::move(draft), true);
}

void expand_arg_min(GraphBuilder& builder, Draft draft) {
  expand_arg(builder, std::move(draft), false);
}

}  // namespace assay
