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

/// The features of [N,F].
bool are_features(const Reduction& reduction, const Shape& x) {
  return x.size() == kFirstSpatial && reduction.axes == Ints{1};
}

/// Whether all of the reduced axes come behind the channels of [N,C,...]; otherwise they lie in front
/// of those of [N,...,C]. UserError when neither is so.
bool channels_are_first(const Draft& draft, const Reduction& reduction, const Shape& x) {
  const auto first = reduction.axes.front(), last = reduction.axes.back(),
             rank = static_cast<std::int64_t>(x.size());
  if (first >= std::int64_t{kFirstSpatial}) return true;
  if (first >= 1 && last < rank - 1) return false;
  if (x.size() <= kFirstSpatial)
    user_error(
        "{} reduces axes {} of an input of shape {}; axis 1 of two, or spatial axes are supported",
        draft.type, shape_text(reduction.axes), shape_text(x));
  Ints spatial = all_axes(x.size() - 1);
  spatial.erase(spatial.begin());
  user_error(
      "{} reduces axes {} of an input of shape {}; some or all of the spatial axes are supported, "
      "from 2 on, or {} where the channels come last",
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

/// What is reduced, with the channels in front of the reduced axes.
struct Reduced {
  Tensor* x;
  Shape shape;
  Ints axes;  ///< of `shape`
  bool moved = false;
  bool row = false;  ///< the features of [N,F] were made one channel
};

Ints channels_to_front(std::size_t rank) {
  Ints perm = all_axes(rank);
  std::rotate(perm.begin() + 1, perm.end() - 1, perm.end());
  return perm;
}

Ints channels_to_back(std::size_t rank) {
  Ints perm = all_axes(rank);
  std::rotate(perm.begin() + 1, perm.begin() + 2, perm.end());
  return perm;
}

Tensor* permuted(const Replacement& to, Tensor* x, Ints perm, std::string_view what) {
  auto op = std::make_unique<ops::Transpose>();
  op->perm = std::move(perm);
  return to.add(std::move(op), {x}, what);
}

Reduced prepared(const GraphBuilder& builder, const Draft& draft, const Replacement& to,
                 const Reduction& reduction) {
  const Shape x = builder.shape(draft.inputs[0]);
  if (are_features(reduction, x)) {
    Tensor* row = to.add<ops::Unsqueeze>({draft.inputs[0], to.list({1}, "channel")}, "row");
    return {row, builder.shape(row), {std::int64_t{kFirstSpatial}}, false, true};
  }
  if (channels_are_first(draft, reduction, x)) return {draft.inputs[0], x, reduction.axes};
  Tensor* moved = permuted(to, draft.inputs[0], channels_to_front(x.size()), "first");
  Ints axes = reduction.axes;
  for (std::int64_t& axis : axes) ++axis;
  return {moved, builder.shape(moved), std::move(axes), true};
}

/// The last nodes: `op`, the channels' way back, and the reduced axes dropped.
void end_reduced(const Replacement& to, std::unique_ptr<Op> op, std::vector<Tensor*> inputs,
                 const Reduced& reduced, const Reduction& reduction) {
  const std::size_t rank = reduced.shape.size();
  const bool all = reduced.axes.size() + kFirstSpatial == rank;
  if (reduction.keepdims && !reduced.moved && !reduced.row)
    return to.end(std::move(op), std::move(inputs));
  Tensor* pooled = to.add(std::move(op), std::move(inputs), "pooled");
  if (reduced.row && !reduction.keepdims)
    return to.end<ops::Squeeze>({pooled, to.list({1, kFirstSpatial}, "axes")});
  if (reduced.row || (!reduction.keepdims && all)) return to.end<ops::Flatten>({pooled});
  if (reduction.keepdims) {
    auto back = std::make_unique<ops::Transpose>();
    back->perm = channels_to_back(rank);
    return to.end(std::move(back), {pooled});
  }
  if (reduced.moved) pooled = permuted(to, pooled, channels_to_back(rank), "back");
  to.end<ops::Squeeze>({pooled, to.list(reduction.axes, "axes")});
}

void expand_pooled(GraphBuilder& builder, Draft draft, std::int64_t since,
                   std::unique_ptr<Op> (*pool)(const Shape&, const Ints&)) {
  const Reduction reduction = take_reduction(builder, draft, since);
  const Replacement to(builder, draft);
  if (reduction.axes.empty()) return to.end<ops::Identity>({draft.inputs[0]});
  const Reduced reduced = prepared(builder, draft, to, reduction);
  end_reduced(to, pool(reduced.shape, reduced.axes), {reduced.x}, reduced, reduction);
}

/// One image can lose its batch axis in front, so that the index remains the last node: a label.
bool loses_batch_first(const Shape& x, std::int64_t axis) { return axis == 1 && x[0] == 1; }

void expand_arg(GraphBuilder& builder, Draft draft, bool largest) {
  expect_arity(draft, 1, 1);
  const Shape& x = builder.shape(draft.inputs[0]);
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
  Tensor* data = draft.inputs[0];
  const bool early = !keepdims && loses_batch_first(x, axis);
  if (early) {
    data = to.add<ops::Squeeze>({data, to.list({0}, "batch")}, "image");
    top->axis = 0;
  }
  std::vector<Tensor*> inputs = {data, to.list({1}, "k")};
  if (keepdims || early) return to.end(std::move(top), std::move(inputs), 1);
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
  const Reduced reduced = prepared(builder, draft, to, reduction);
  std::int64_t count = 1;
  for (const std::int64_t axis : reduced.axes)
    count *= reduced.shape[static_cast<std::size_t>(axis)];
  Tensor* mean = to.add(average_over(reduced.shape, reduced.axes), {reduced.x}, "mean");
  Tensor* elements = builder.add_constant(helper_name(draft, "count"),
                                          Constant(Shape{}, std::vector<Real>{Real(count)}));
  end_reduced(to, std::make_unique<ops::Mul>(), {mean, elements}, reduced, reduction);
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
