// SPDX-License-Identifier: Apache-2.0
// Shapes as numbers, and forms of operators that name some axes.
#include <algorithm>
#include <numeric>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "compile/onnx/replacement.h"
#include "compile/onnx/rules.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

/// Of the axes that a node lists; UserError where one is named twice.
std::vector<std::size_t> listed_axes(const Ints& axes, std::size_t rank) {
  std::vector<std::size_t> places;
  for (const std::int64_t axis : axes) {
    places.push_back(ops::normalise_axis(axis, rank));
    if (std::ranges::count(places, places.back()) > 1)
      user_error("axes {} name one axis twice", shape_text(axes));
  }
  return places;
}

[[noreturn]] void wrong_count(std::string_view what, std::int64_t size, const Ints& axes) {
  user_error("there are {} {} for the axes {}; one for each is needed", size, what,
             shape_text(axes));
}

/// Scales of some axes as those of all.
Tensor* all_scales(GraphBuilder& builder, const Draft& draft, const Ints& axes, std::size_t rank) {
  const Constant* given = constant_value(builder, draft.inputs[2]);
  if (!given || !given->is_float()) user_error("the scales (input 2) must be constant floats");
  if (given->size() != std::ssize(axes)) wrong_count("scales", given->size(), axes);
  std::vector<float> scales(rank, 1.0F);
  const std::vector<std::size_t> places = listed_axes(axes, rank);
  for (std::size_t i = 0; i < places.size(); ++i) scales[places[i]] = given->floats()[i];
  return builder.add_constant(helper_name(draft, "scales"),
                              Constant({static_cast<std::int64_t>(rank)}, std::move(scales)));
}

Tensor* all_sizes(GraphBuilder& builder, const Draft& draft, const Ints& axes, Shape sizes) {
  const Ints given = constant_ints(builder, draft, 3, "the sizes");
  if (given.size() != axes.size()) wrong_count("sizes", std::ssize(given), axes);
  const std::vector<std::size_t> places = listed_axes(axes, sizes.size());
  for (std::size_t i = 0; i < places.size(); ++i) sizes[places[i]] = given[i];
  const auto rank = static_cast<std::int64_t>(sizes.size());
  return builder.add_constant(helper_name(draft, "sizes"), Constant({rank}, std::move(sizes)));
}

/// What ConstantOfShape fills with: a float 0 unless it says otherwise.
TensorValue fill_of(Draft& draft) {
  const onnx::TensorProto* given = draft.attributes.take_tensor("value");
  if (!given) return {Constant(Shape{1}, std::vector<float>{0}), Container::kFloat32, false, {}};
  TensorValue value = TensorReader({}).read(*given, "its value");
  if (value.constant.size() != 1)
    user_error("its value has {} elements; it is one number", value.constant.size());
  return value;
}

Constant filled(const Shape& shape, const Constant& fill) {
  const auto count = static_cast<std::size_t>(element_count(shape));
  if (fill.is_int()) return {shape, Ints(count, fill.ints()[0])};
  if (fill.is_float()) return {shape, std::vector<float>(count, fill.floats()[0])};
  return {shape, std::vector<Real>(count, fill.real(0))};
}

}  // namespace

void list_all_axes(GraphBuilder& builder, Draft& draft) {
  const std::string policy =
      draft.attributes.take_string("keep_aspect_ratio_policy").value_or("stretch");
  if (policy != "stretch")
    user_error("attribute 'keep_aspect_ratio_policy' is '{}'; supported: stretch", policy);
  const auto axes = draft.attributes.take_ints("axes");
  if (!axes) return;
  const Shape shape = builder.shape(draft.inputs.at(0));
  if (draft.inputs.size() > 2 && draft.inputs[2])
    draft.inputs[2] = all_scales(builder, draft, *axes, shape.size());
  else
    draft.inputs.at(3) = all_sizes(builder, draft, *axes, shape);
}

void build_binary(GraphBuilder& builder, Draft& draft) {
  if (draft.version >= 7) return;
  draft.attributes.drop("consumed_inputs");
  const bool broadcasts = draft.attributes.take_int("broadcast").value_or(0) != 0;
  const auto axis = draft.attributes.take_int("axis");
  if (!broadcasts || !axis || draft.inputs.size() != 2 || !draft.inputs[1]) return;
  const Shape a = builder.shape(draft.inputs[0]), b = builder.shape(draft.inputs[1]);
  const std::size_t first = ops::normalise_axis(*axis, a.size());
  if (first + b.size() > a.size())
    user_error("input 1 of shape {} does not fit {} from axis {} on", shape_text(b), shape_text(a),
               *axis);
  Shape aligned = b;
  aligned.resize(a.size() - first, 1);
  if (aligned == b) return;
  const Replacement to(builder, draft);
  draft.inputs[1] =
      to.add<ops::Reshape>({draft.inputs[1], to.list(std::move(aligned), "shape")}, "aligned");
}

void expand_shape(GraphBuilder& builder, Draft draft) {
  expect_arity(draft, 1, 1);
  const auto rank = std::ssize(builder.shape(draft.inputs[0]));
  const auto place = [&](std::string_view name, std::int64_t otherwise) {
    const std::int64_t at = draft.attributes.take_int(name).value_or(otherwise);
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t first = place("start", 0), last = place("end", rank);
  if (first == 0 && last == rank) {
    builder.add(std::move(draft));
    return;
  }
  draft.attributes.expect_none(draft.type, "start, end");
  if (first >= last)
    user_error("attributes 'start' and 'end' leave none of its {} axes; remove the node", rank);
  Ints axes(static_cast<std::size_t>(last - first));
  std::iota(axes.begin(), axes.end(), first);
  const Replacement to(builder, draft);
  Tensor* whole = to.add<ops::Shape>({draft.inputs[0]}, "whole");
  to.end<ops::Gather>({whole, to.list(std::move(axes), "axes")});
}

void expand_constant_of_shape(GraphBuilder& builder, Draft draft) {
  constexpr std::int64_t kMost = std::int64_t{1} << 27;
  expect_arity(draft, 1, 1);
  const Shape shape = constant_ints(builder, draft, 0, "the shape");
  TensorValue value = fill_of(draft);
  draft.attributes.expect_none(draft.type, "value");
  if (std::ranges::any_of(shape, [](std::int64_t size) { return size < 1; }))
    user_error("its shape {} has no elements", shape_text(shape));
  check_shape(shape);
  if (element_count(shape) > kMost)
    user_error("its shape {} has more than 2^27 elements", shape_text(shape));
  value.constant = filled(shape, value.constant);
  builder.set_constant(draft.outputs.at(0), std::move(value));
}

}  // namespace assay
