// SPDX-License-Identifier: Apache-2.0
// Shapes of the operators that only move data, and the shape arithmetic that exporters leave in
// front of Reshape.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "compile/base/error.h"
#include "compile/graph/ops.h"

namespace assay::ops {
namespace {

using Ints = std::vector<std::int64_t>;

/// Shape arithmetic is about one number per axis; what is longer is data, which is not followed.
constexpr std::int64_t kMaxShapeValues = 4096;

void pass_value(InferContext& c, const assay::Shape& shape) {
  c.outputs[0].shape = shape;
  c.outputs[0].container = c.input(0).container;
  const Constant* value = c.input(0).value;
  if (value && value->is_int()) c.outputs[0].value = value->reshaped(shape);
}

std::size_t axis_of(InferContext& c, std::int64_t axis, std::size_t rank) {
  const auto r = static_cast<std::int64_t>(rank);
  if (axis < -r || axis >= r)
    c.fail(fmt::format("axis {} is outside a tensor of rank {}", axis, rank));
  return static_cast<std::size_t>(axis < 0 ? axis + r : axis);
}

std::int64_t scaled_size(InferContext& c, std::int64_t size, float scale) {
  if (!(scale > 0) || !std::isfinite(scale)) c.fail("scales must be positive and finite");
  const double scaled = std::floor(static_cast<double>(size) * static_cast<double>(scale));
  if (scaled < 1 || scaled > 1e9) c.fail("a scale gives an empty or enormous output");
  return static_cast<std::int64_t>(scaled);
}

}  // namespace

void Flatten::infer(InferContext& c) const {
  const auto& x = c.shape(0);
  const auto rank = static_cast<std::int64_t>(x.size());
  if (axis < -rank || axis > rank)
    c.fail(fmt::format("axis {} is outside a tensor of rank {}", axis, rank));
  const auto middle = x.begin() + (axis < 0 ? axis + rank : axis);
  pass_value(c, {element_count({x.begin(), middle}), element_count({middle, x.end()})});
}

void Reshape::infer(InferContext& c) const {
  const auto& x = c.shape(0);
  Ints shape = c.ints(1);
  const std::int64_t total = element_count(x);
  std::int64_t known = 1, unknown = -1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !allowzero) {
      if (i >= x.size()) c.fail("a 0 in the shape copies an axis that the input does not have");
      shape[i] = x[i];
    }
    if (shape[i] == -1 && unknown < 0) {
      unknown = static_cast<std::int64_t>(i);
    } else {
      if (shape[i] < 0 || __builtin_mul_overflow(known, shape[i], &known))
        c.fail("the shape is not valid: " + shape_text(shape));
    }
  }
  if (unknown >= 0) {
    if (known == 0 || total % known != 0)
      c.fail(fmt::format("{} does not reshape to {}", shape_text(x), shape_text(shape)));
    shape[static_cast<std::size_t>(unknown)] = total / known;
  }
  if (element_count(shape) != total)
    c.fail(fmt::format("{} does not reshape to {}", shape_text(x), shape_text(shape)));
  pass_value(c, shape);
}

void Transpose::infer(InferContext& c) const {
  const auto& x = c.shape(0);
  Ints sorted = perm, identity(x.size());
  std::ranges::sort(sorted);
  std::iota(identity.begin(), identity.end(), 0);
  if (sorted != identity)
    c.fail(fmt::format("perm {} is no permutation of {} axes", shape_text(perm), x.size()));
  assay::Shape shape;
  for (const std::int64_t axis : perm) shape.push_back(x[static_cast<std::size_t>(axis)]);
  c.outputs[0].shape = shape;
  c.outputs[0].container = c.input(0).container;
}

void Concat::infer(InferContext& c) const {
  auto shape = c.shape(0);
  const std::size_t a = axis_of(c, axis, shape.size());
  shape[a] = 0;
  bool known = shape.size() == 1;
  Ints values;
  for (std::size_t i = 0; i < c.input_count(); ++i) {
    auto part = c.shape(i);
    if (part.size() != shape.size() || c.input(i).container != c.input(0).container)
      c.fail("all inputs must have one rank and one element type");
    if (__builtin_add_overflow(shape[a], part[a], &shape[a])) c.fail("the axis is too long");
    part[a] = shape[a];
    if (part != shape)
      c.fail(
          fmt::format("input {} of shape {} does not fit the others", i, shape_text(c.shape(i))));
    const Constant* value = c.input(i).value;
    known = known && value && value->is_int() && shape[a] <= kMaxShapeValues;
    if (known) values.insert(values.end(), value->ints().begin(), value->ints().end());
  }
  c.outputs[0].shape = shape;
  c.outputs[0].container = c.input(0).container;
  if (known) c.outputs[0].value = Constant(shape, values);
}

void Pad::infer(InferContext& c) const {
  if (mode != "constant")
    c.fail(fmt::format("mode '{}' is not supported, only 'constant' is", mode));
  auto shape = c.shape(0);
  const Ints pads = c.ints(1);
  if (pads.size() != 2 * shape.size()) c.fail("pads must have two entries per axis");
  for (std::size_t i = 0; i < shape.size(); ++i) {
    for (const std::int64_t pad : {pads[i], pads[i + shape.size()]})
      if (pad < -(1 << 24) || pad > (1 << 24)) c.fail("pads are out of range");
    shape[i] += pads[i] + pads[i + shape.size()];
    if (shape[i] < 1) c.fail("negative pads cut away the whole tensor");
  }
  if (c.has(2) && element_count(c.shape(2)) != 1) c.fail("the padding value must be a scalar");
  if (c.has(2) && c.input(2).container != c.input(0).container)
    c.fail(
        fmt::format("the padding value is {}, but the input is {}; store both in one element type",
                    container_name(c.input(2).container), container_name(c.input(0).container)));
  c.outputs[0].shape = shape;
  c.outputs[0].container = c.input(0).container;
}

void Resize::infer(InferContext& c) const {
  if (mode != "nearest") c.fail(fmt::format("mode '{}' is not supported, only 'nearest' is", mode));
  static constexpr std::array<std::string_view, 6> kCoordinates = {
      "asymmetric",         "half_pixel",           "align_corners",
      "pytorch_half_pixel", "half_pixel_symmetric", "tf_half_pixel_for_nn"};
  static constexpr std::array<std::string_view, 4> kNearest = {
      "floor", "ceil", "round_prefer_floor", "round_prefer_ceil"};
  if (std::ranges::find(kCoordinates, coordinate_transformation_mode) == kCoordinates.end())
    c.fail(fmt::format("coordinate_transformation_mode '{}' is not supported; {} are",
                       coordinate_transformation_mode, fmt::join(kCoordinates, ", ")));
  if (std::ranges::find(kNearest, nearest_mode) == kNearest.end())
    c.fail(fmt::format("nearest_mode '{}' is not supported; {} are", nearest_mode,
                       fmt::join(kNearest, ", ")));
  if (coordinate_transformation_mode == "tf_half_pixel_for_nn" && nearest_mode.ends_with("ceil"))
    c.fail(fmt::format(
        "nearest_mode '{}' with tf_half_pixel_for_nn would move what keeps its size; use floor",
        nearest_mode));
  if (c.has(1)) c.fail("a region of interest is not supported");
  const auto& x = c.shape(0);
  assay::Shape shape;
  if (c.has(3)) {
    shape = c.ints(3);
  } else {
    const Constant& scales = c.constant(2);
    if (c.input(2).container != Container::kFloat32) c.fail("scales must be float32");
    if (scales.size() != static_cast<std::int64_t>(x.size()))
      c.fail("scales must have one entry per axis");
    for (std::size_t i = 0; i < x.size(); ++i)
      shape.push_back(scaled_size(c, x[i], scales.to_float(static_cast<std::int64_t>(i))));
  }
  if (shape.size() != x.size() || std::ranges::any_of(shape, [](std::int64_t s) { return s < 1; }))
    c.fail("sizes must have one positive entry per axis");
  c.outputs[0].shape = shape;
  c.outputs[0].container = c.input(0).container;
}

void DepthToSpace::infer(InferContext& c) const {
  if (mode != "DCR" && mode != "CRD") c.fail(fmt::format("mode '{}' is not known", mode));
  const auto& x = c.shape(0);
  if (x.size() != 4 || blocksize < 1 || blocksize > 4096 || x[1] % (blocksize * blocksize) != 0)
    c.fail(fmt::format("blocksize {} does not fit the shape {}", blocksize, shape_text(x)));
  c.outputs[0].shape = {x[0], x[1] / (blocksize * blocksize), x[2] * blocksize, x[3] * blocksize};
  c.outputs[0].container = c.input(0).container;
}

void Im2Col::infer(InferContext& c) const {
  const auto& x = c.shape(0);
  if (x.size() != 4 || stride.size() != 2 || kernel_size.size() != 2 || pad_amount.size() != 4 ||
      dilations.size() != 2)
    c.fail(
        "the input must be [N,H,W,C]; stride, kernel_size, dilations take 2 entries and pad_amount "
        "4");
  const auto outside = [](std::int64_t v, std::int64_t least) {
    return v < least || v > (1 << 24);
  };
  assay::Shape out = {x[0], 0, 0, 0};
  for (std::size_t i = 0; i < 2; ++i) {
    if (outside(stride[i], 1) || outside(dilations[i], 1) || outside(kernel_size[i], 1) ||
        outside(pad_amount[i], 0) || outside(pad_amount[i + 2], 0))
      c.fail("kernel_size, stride and dilations must be positive and pad_amount not negative");
    const std::int64_t span =
        x[1 + i] + pad_amount[i] + pad_amount[i + 2] - dilations[i] * (kernel_size[i] - 1) - 1;
    if (span < 0) c.fail("the kernel does not fit the input");
    out[1 + i] = span / stride[i] + 1;
  }
  out[3] = element_count({kernel_size[0], kernel_size[1], x[3]});
  c.outputs[0].shape = out;
}

void Squeeze::infer(InferContext& c) const {
  auto shape = c.shape(0);
  std::vector<bool> drop(shape.size(), false);
  for (const std::int64_t axis : c.ints(1)) {
    const std::size_t a = axis_of(c, axis, shape.size());
    if (shape[a] != 1) c.fail(fmt::format("axis {} has size {}, not 1", axis, shape[a]));
    drop[a] = true;
  }
  assay::Shape out;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (!drop[i]) out.push_back(shape[i]);
  pass_value(c, out);
}

void Unsqueeze::infer(InferContext& c) const {
  const auto& x = c.shape(0);
  const Ints axes = c.ints(1);
  if (axes.size() > 8) c.fail("too many axes");
  const std::size_t rank = x.size() + axes.size();
  std::vector<bool> fresh(rank, false);
  for (const std::int64_t axis : axes) {
    const std::size_t a = axis_of(c, axis, rank);
    if (fresh[a]) c.fail("an axis is named twice");
    fresh[a] = true;
  }
  assay::Shape out;
  for (std::size_t i = 0, from = 0; i < rank; ++i) out.push_back(fresh[i] ? 1 : x[from++]);
  pass_value(c, out);
}

void Shape::infer(InferContext& c) const {
  const auto& x = c.shape(0);
  const auto rank = static_cast<std::int64_t>(x.size());
  c.outputs[0].shape = {rank};
  c.outputs[0].container = Container::kInt64;
  c.outputs[0].value = Constant({rank}, Ints(x.begin(), x.end()));
}

void Gather::infer(InferContext& c) const {
  const auto& x = c.shape(0);
  const auto& indices = c.shape(1);
  const std::size_t a = axis_of(c, axis, x.size());
  assay::Shape shape(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(a));
  shape.insert(shape.end(), indices.begin(), indices.end());
  shape.insert(shape.end(), x.begin() + static_cast<std::ptrdiff_t>(a) + 1, x.end());
  c.outputs[0].shape = shape;
  c.outputs[0].container = c.input(0).container;
  Ints picked;
  const Constant* value = c.input(0).value;
  const bool known =
      value && value->is_int() && x.size() == 1 && element_count(indices) <= kMaxShapeValues;
  for (std::int64_t index : c.ints(1)) {
    if (index < -x[a] || index >= x[a])
      c.fail(fmt::format("index {} is outside an axis of size {}", index, x[a]));
    if (known)
      picked.push_back(value->ints()[static_cast<std::size_t>(index < 0 ? index + x[a] : index)]);
  }
  if (known) c.outputs[0].value = Constant(shape, picked);
}

void TopK::infer(InferContext& c) const {
  auto shape = c.shape(0);
  const std::size_t a = axis_of(c, axis, shape.size());
  const Ints k = c.ints(1);
  if (k.size() != 1 || k[0] < 1 || k[0] > shape[a])
    c.fail(fmt::format("K must be between 1 and {}", shape[a]));
  shape[a] = k[0];
  c.outputs[0].shape = shape;
  c.outputs[0].container = c.input(0).container;
  c.outputs[1].shape = shape;
  c.outputs[1].container = Container::kInt64;
}

}  // namespace assay::ops
