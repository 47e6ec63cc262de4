// SPDX-License-Identifier: Apache-2.0
// Operators that pick and arrange elements: as Gather with constant indices, one axis at a time, and
// as Reshape and Transpose.
#include <algorithm>
#include <numeric>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/onnx/replacement.h"
#include "compile/onnx/rules.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

/// What is picked along one axis.
struct Pick {
  std::size_t axis;
  Ints indices;
};

Ints range(std::int64_t begin, std::int64_t count, std::int64_t step = 1) {
  Ints indices(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < indices.size(); ++i)
    indices[i] = begin + static_cast<std::int64_t>(i) * step;
  return indices;
}

std::unique_ptr<Op> gather_along(std::size_t axis) {
  auto op = std::make_unique<ops::Gather>();
  op->axis = static_cast<std::int64_t>(axis);
  return op;
}

/// One Gather per axis of which not every element is picked in its place.
void end_picked(const Replacement& to, Tensor* x, const Shape& shape, std::vector<Pick> picks) {
  std::erase_if(picks, [&](const Pick& p) { return p.indices == range(0, shape[p.axis]); });
  if (picks.empty()) return to.end<ops::Identity>({x});
  for (std::size_t i = 0; i < picks.size(); ++i) {
    Tensor* indices = to.list(std::move(picks[i].indices), "indices");
    if (i + 1 == picks.size()) return to.end(gather_along(picks[i].axis), {x, indices});
    x = to.add(gather_along(picks[i].axis), {x, indices}, "picked");
  }
}

// ---- Split ----

/// The sizes that the file gives; empty: parts of one size.
Ints given_sizes(const GraphBuilder& builder, Draft& draft) {
  auto sizes = draft.attributes.take_ints("split");
  const bool input = draft.inputs.size() > 1 && draft.inputs[1];
  if (sizes && input) user_error("attribute 'split' and input 1 say the same thing");
  if (input) return constant_ints(builder, draft, 1, "the sizes");
  return sizes.value_or(Ints{});
}

/// Parts of one size, of which only the last may be smaller, and only where the file says how many
/// parts it wants.
Ints even_sizes(std::int64_t size, std::int64_t parts, bool counted) {
  const std::int64_t each = (size + parts - 1) / parts, last = size - each * (parts - 1);
  if (last < 1 || (last != each && !counted))
    user_error("an axis of size {} does not split into {} equal parts; give their sizes", size,
               parts);
  Ints sizes(static_cast<std::size_t>(parts), each);
  sizes.back() = last;
  return sizes;
}

Ints split_sizes(const GraphBuilder& builder, Draft& draft, std::int64_t size) {
  const auto parts = static_cast<std::int64_t>(draft.outputs.size());
  const auto counted = draft.attributes.take_int("num_outputs");
  if (counted && *counted != parts)
    user_error("attribute 'num_outputs' is {} for {} outputs", *counted, parts);
  Ints sizes = given_sizes(builder, draft);
  if (!sizes.empty() && counted) user_error("sizes and attribute 'num_outputs' exclude each other");
  if (sizes.empty()) sizes = even_sizes(size, parts, counted.has_value());
  // In any order the parts stay within the axis, so that their sum does not overflow.
  const bool inside =
      std::ranges::all_of(sizes, [&](std::int64_t s) { return s >= 1 && s <= size; });
  if (!inside || static_cast<std::int64_t>(sizes.size()) != parts ||
      std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) != size)
    user_error("sizes {} do not split an axis of size {} into {} outputs", shape_text(sizes), size,
               parts);
  return sizes;
}

// ---- Slice ----

struct SliceDraft {
  Ints starts, ends, axes, steps;
};

SliceDraft take_slice(const GraphBuilder& builder, Draft& draft) {
  SliceDraft slice;
  if (draft.version < 10) {
    expect_arity(draft, 1, 1);
    slice.starts = draft.attributes.take_ints("starts").value_or(Ints{});
    slice.ends = draft.attributes.take_ints("ends").value_or(Ints{});
    slice.axes = draft.attributes.take_ints("axes").value_or(Ints{});
  } else {
    expect_arity(draft, 3, 5);
    slice.starts = constant_ints(builder, draft, 1, "the starts");
    slice.ends = constant_ints(builder, draft, 2, "the ends");
    const auto has = [&](std::size_t i) { return draft.inputs.size() > i && draft.inputs[i]; };
    if (has(3)) slice.axes = constant_ints(builder, draft, 3, "the axes");
    if (has(4)) slice.steps = constant_ints(builder, draft, 4, "the steps");
  }
  draft.attributes.expect_none(draft.type, "starts, ends, axes before opset 10");
  const std::size_t count = slice.starts.size();
  if (slice.axes.empty()) slice.axes = range(0, static_cast<std::int64_t>(count));
  if (slice.steps.empty()) slice.steps = Ints(count, 1);
  if (slice.ends.size() != count || slice.axes.size() != count || slice.steps.size() != count)
    user_error(
        "starts, ends, axes and steps have {}, {}, {} and {} entries; give one each per axis",
        count, slice.ends.size(), slice.axes.size(), slice.steps.size());
  return slice;
}

/// The elements from `start` up to `end`, as numpy counts them.
Ints sliced(std::int64_t size, std::int64_t start, std::int64_t end, std::int64_t step) {
  if (step == 0) user_error("a step is 0");
  if (start < 0) start += size;
  if (end < 0) end += size;
  const bool forward = step > 0;
  start = std::clamp<std::int64_t>(start, 0, forward ? size : size - 1);
  end = std::clamp<std::int64_t>(end, forward ? 0 : -1, forward ? size : size - 1);
  // A step beyond the axis leaves one element; as far as that it cannot overflow.
  step = std::clamp(step, -size, size);
  const std::int64_t span = forward ? end - start : start - end;
  if (span <= 0) user_error("a slice of an axis of size {} is empty", size);
  const std::int64_t length = forward ? step : -step;
  return range(start, (span + length - 1) / length, step);
}

// ---- Pad ----

/// Which element of an axis stands at `place`, which may lie outside.
std::int64_t padded_from(std::int64_t place, std::int64_t size, std::string_view mode) {
  if (mode == "edge") return std::clamp<std::int64_t>(place, 0, size - 1);
  if (mode == "wrap") return ((place % size) + size) % size;
  if (place < 0) return -place;
  return place < size ? place : 2 * (size - 1) - place;
}

void check_mode_pad(std::int64_t pad, std::int64_t size, std::size_t axis, std::string_view mode) {
  if (pad < 0)
    user_error("a pad of {} is negative, which mode 'constant' alone supports; use Slice", pad);
  if (mode == "reflect" && pad >= size)
    user_error("a pad of {} does not reflect in axis {} of size {}; it must be smaller", pad, axis,
               size);
}

/// Pads of the axes that input 3 lists as pads of all axes.
void spread_pads(GraphBuilder& builder, Draft& draft) {
  if (draft.inputs.size() < 4) return;
  if (draft.inputs[3]) {
    const std::size_t rank = builder.shape(draft.inputs[0]).size();
    const Ints axes = constant_ints(builder, draft, 3, "the axes"),
               pads = constant_ints(builder, draft, 1, "the pads");
    if (pads.size() != 2 * axes.size())
      user_error("{} pads for {} axes; give two for each", pads.size(), axes.size());
    Ints all(2 * rank, 0);
    std::vector<bool> seen(rank, false);
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const std::size_t axis = ops::normalise_axis(axes[i], rank);
      if (seen[axis]) user_error("axis {} is padded twice", axes[i]);
      seen[axis] = true;
      all[axis] = pads[i];
      all[axis + rank] = pads[i + axes.size()];
    }
    draft.inputs[1] = Replacement(builder, draft).list(std::move(all), "pads");
  }
  draft.inputs.resize(draft.inputs[2] ? 3 : 2);
}

/// Attributes of older versions as inputs.
void complete_pad(GraphBuilder& builder, Draft& draft) {
  if (draft.version < 11) {
    move_ints_to_input(builder, draft, draft.version < 2 ? "paddings" : "pads", 1);
    if (const auto value = draft.attributes.take_float("value")) {
      draft.inputs.resize(std::max<std::size_t>(draft.inputs.size(), 3), nullptr);
      draft.inputs[2] = Replacement(builder, draft).number(*value, "value");
    }
  }
  const Constant* pads = draft.inputs.size() > 1 ? builder.value(draft.inputs[1]) : nullptr;
  if (!pads || !pads->is_int()) user_error("the pads must be constant integers");
  constexpr std::int64_t kMaxPad = 1 << 24;
  if (std::ranges::any_of(pads->ints(), [](std::int64_t p) { return p < -kMaxPad || p > kMaxPad; }))
    user_error("the pads are out of range");
  spread_pads(builder, draft);
}

Tensor* rearranged(const Replacement& to, Tensor* x, Ints shape, std::string_view what) {
  return to.add<ops::Reshape>({x, to.list(std::move(shape), "shape")}, what);
}

}  // namespace

void expand_split(GraphBuilder& builder, Draft draft) {
  expect_arity(draft, 1, 2, draft.outputs.size());
  const Shape shape = builder.shape(draft.inputs[0]);
  const std::size_t axis =
      ops::normalise_axis(draft.attributes.take_int("axis").value_or(0), shape.size());
  const Ints sizes = split_sizes(builder, draft, shape[axis]);
  draft.attributes.expect_none(draft.type, "axis, split, num_outputs");
  if (std::ranges::none_of(draft.outputs, [](const Tensor* t) { return t != nullptr; }))
    user_error("it has no outputs");
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (draft.outputs[i] && draft.used[i])
      end_picked(Replacement(builder, draft, i), draft.inputs[0], shape,
                 {{axis, range(begin, sizes[i])}});
    begin += sizes[i];
  }
}

void expand_slice(GraphBuilder& builder, Draft draft) {
  const SliceDraft slice = take_slice(builder, draft);
  const Shape shape = builder.shape(draft.inputs[0]);
  std::vector<Pick> picks;
  for (std::size_t i = 0; i < slice.axes.size(); ++i) {
    const std::size_t axis = ops::normalise_axis(slice.axes[i], shape.size());
    if (std::ranges::any_of(picks, [&](const Pick& p) { return p.axis == axis; }))
      user_error("axis {} is sliced twice", slice.axes[i]);
    picks.push_back({axis, sliced(shape[axis], slice.starts[i], slice.ends[i], slice.steps[i])});
  }
  end_picked(Replacement(builder, draft), draft.inputs[0], shape, std::move(picks));
}

void expand_pad(GraphBuilder& builder, Draft draft) {
  expect_arity(draft, 1, 4);
  complete_pad(builder, draft);
  const std::string mode = draft.attributes.take_string("mode").value_or("constant");
  if (mode == "constant") {
    builder.add(std::move(draft));
    return;
  }
  if (mode != "reflect" && mode != "edge" && mode != "wrap")
    user_error("mode '{}' is not supported; constant, reflect, edge and wrap are", printable(mode));
  draft.attributes.expect_none(draft.type, "mode, pads, value");
  const Shape shape = builder.shape(draft.inputs[0]);
  const Ints pads = constant_ints(builder, draft, 1, "the pads");
  if (pads.size() != 2 * shape.size()) user_error("pads must have two entries per axis");
  std::vector<Pick> picks;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::int64_t before = pads[axis], after = pads[axis + shape.size()];
    for (const std::int64_t pad : {before, after}) check_mode_pad(pad, shape[axis], axis, mode);
    Ints indices = range(-before, before + shape[axis] + after);
    for (std::int64_t& index : indices) index = padded_from(index, shape[axis], mode);
    picks.push_back({axis, std::move(indices)});
  }
  end_picked(Replacement(builder, draft), draft.inputs[0], shape, std::move(picks));
}

/// Axes of size 1 are read again and again.
void expand_expand(GraphBuilder& builder, Draft draft) {
  expect_arity(draft, 2, 2);
  draft.attributes.expect_none(draft.type, "none");
  Shape shape = builder.shape(draft.inputs[0]);
  const Ints target = constant_ints(builder, draft, 1, "the shape");
  const Shape out = broadcast_shape(shape, target);
  if (element_count(out) < 1) user_error("shape {} has no elements", shape_text(out));
  const Replacement to(builder, draft);
  Tensor* x = draft.inputs[0];
  if (shape.size() < out.size()) {
    shape.insert(shape.begin(), out.size() - shape.size(), 1);
    x = rearranged(to, x, shape, "ranked");
  }
  std::vector<Pick> picks;
  for (std::size_t axis = 0; axis < out.size(); ++axis)
    if (shape[axis] != out[axis])
      picks.push_back({axis, Ints(static_cast<std::size_t>(out[axis]), 0)});
  end_picked(to, x, shape, std::move(picks));
}

void expand_tile(GraphBuilder& builder, Draft draft) {
  if (draft.version < 6) user_error("its form before opset 6 is not supported; export anew");
  expect_arity(draft, 2, 2);
  draft.attributes.expect_none(draft.type, "none");
  const Shape shape = builder.shape(draft.inputs[0]);
  const Ints repeats = constant_ints(builder, draft, 1, "the repeats");
  if (repeats.size() != shape.size())
    user_error("{} repeats for the shape {}; give one per axis", repeats.size(), shape_text(shape));
  Shape out = shape;
  for (std::size_t axis = 0; axis < out.size(); ++axis)
    if (repeats[axis] < 1 || __builtin_mul_overflow(out[axis], repeats[axis], &out[axis]))
      user_error("repeats {} are out of range", shape_text(repeats));
  element_count(out);  // no more than are supported
  std::vector<Pick> picks;
  for (std::size_t axis = 0; axis < out.size(); ++axis) {
    Ints indices = range(0, out[axis]);
    for (std::int64_t& index : indices) index %= shape[axis];
    picks.push_back({axis, std::move(indices)});
  }
  end_picked(Replacement(builder, draft), draft.inputs[0], shape, std::move(picks));
}

/// Blocks move to the channels, the place within a block outside of the channel.
void expand_space_to_depth(GraphBuilder& builder, Draft draft) {
  expect_arity(draft, 1, 1);
  const std::int64_t b = draft.attributes.take_int("blocksize").value_or(0);
  draft.attributes.expect_none(draft.type, "blocksize");
  const Shape x = builder.shape(draft.inputs[0]);
  if (x.size() != 4 || b < 1 || x[2] % b != 0 || x[3] % b != 0)
    user_error("blocksize {} does not fit the shape {}", b, shape_text(x));
  const std::int64_t rows = x[2] / b, columns = x[3] / b;
  const Replacement to(builder, draft);
  // 0 copies the batch axis.
  Tensor* blocks = rearranged(to, draft.inputs[0], {0, x[1], rows, b, columns, b}, "blocks");
  auto op = std::make_unique<ops::Transpose>();
  op->perm = {0, 3, 5, 1, 2, 4};
  Tensor* moved = to.add(std::move(op), {blocks}, "moved");
  to.end<ops::Reshape>({moved, to.list({0, x[1] * b * b, rows, columns}, "shape")});
}

}  // namespace assay
