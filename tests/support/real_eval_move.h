// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/real_eval_linear.h"

/// Operators that move data.
namespace assay::real_eval {

inline RealTensor with_shape(const RealTensor& x, Shape shape) {
  if (element_count(shape) != static_cast<std::int64_t>(x.values.size()))
    user_error("{} does not reshape to {}", shape_text(x.shape), shape_text(shape));
  return {std::move(shape), x.values};
}

inline RealTensor flatten(const Call& call) {
  const RealTensor& x = call.input(0);
  const std::int64_t rank = static_cast<std::int64_t>(x.shape.size());
  std::int64_t axis = call.op<ops::Flatten>().axis;
  if (axis < 0) axis += rank;
  const Shape outer(x.shape.begin(), x.shape.begin() + axis),
      inner(x.shape.begin() + axis, x.shape.end());
  return with_shape(x, {element_count(outer), element_count(inner)});
}

inline RealTensor reshape(const Call& call) {
  const RealTensor& x = call.input(0);
  Shape shape = to_ints(call.input(1));
  std::int64_t known = 1, open = -1;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0 && !call.op<ops::Reshape>().allowzero) shape[axis] = x.shape.at(axis);
    if (shape[axis] == -1)
      open = static_cast<std::int64_t>(axis);
    else
      known *= shape[axis];
  }
  if (open >= 0)
    shape[static_cast<std::size_t>(open)] = static_cast<std::int64_t>(x.values.size()) / known;
  return with_shape(x, shape);
}

inline RealTensor squeeze(const Call& call) {
  const RealTensor& x = call.input(0);
  std::vector<bool> dropped(x.shape.size(), false);
  for (const std::int64_t axis : to_ints(call.input(1)))
    dropped[ops::normalise_axis(axis, x.shape.size())] = true;
  Shape shape;
  for (std::size_t axis = 0; axis < x.shape.size(); ++axis)
    if (!dropped[axis]) shape.push_back(x.shape[axis]);
  return with_shape(x, shape);
}

inline RealTensor unsqueeze(const Call& call) {
  const RealTensor& x = call.input(0);
  const std::vector<std::int64_t> axes = to_ints(call.input(1));
  const std::size_t rank = x.shape.size() + axes.size();
  std::vector<bool> fresh(rank, false);
  for (const std::int64_t axis : axes) fresh[ops::normalise_axis(axis, rank)] = true;
  Shape shape;
  std::size_t next = 0;
  for (std::size_t axis = 0; axis < rank; ++axis)
    shape.push_back(fresh[axis] ? 1 : x.shape.at(next++));
  return with_shape(x, shape);
}

inline RealTensor shape_of(const Call& call) {
  const Shape& shape = call.input(0).shape;
  return {{static_cast<std::int64_t>(shape.size())}, {shape.begin(), shape.end()}};
}

inline RealTensor transpose(const Call& call) {
  return transposed(call.input(0), call.op<ops::Transpose>().perm);
}

inline RealTensor concat(const Call& call) {
  Shape shape = call.input(0).shape;
  const std::size_t axis = ops::normalise_axis(call.op<ops::Concat>().axis, shape.size());
  for (std::size_t i = 1; i < call.input_count(); ++i) shape[axis] += call.input(i).shape[axis];
  return generate(shape, [&](const Shape& at) {
    Shape from = at;
    std::size_t i = 0;
    while (from[axis] >= call.input(i).shape[axis]) from[axis] -= call.input(i++).shape[axis];
    return call.input(i).at(from);
  });
}

inline RealTensor pad(const Call& call) {
  const RealTensor& x = call.input(0);
  const std::vector<std::int64_t> pads = to_ints(call.input(1));
  const Real value = call.has(2) ? scalar(call.input(2)) : Real(0);
  const std::size_t rank = x.shape.size();
  Shape shape = x.shape;
  for (std::size_t axis = 0; axis < rank; ++axis) shape[axis] += pads[axis] + pads[axis + rank];
  return generate(shape, [&](const Shape& at) {
    Shape from = at;
    for (std::size_t axis = 0; axis < rank; ++axis) from[axis] -= pads[axis];
    return inside(x.shape, from) ? x.at(from) : value;
  });
}

inline RealTensor gather(const Call& call) {
  const RealTensor &x = call.input(0), &indices = call.input(1);
  const std::size_t axis = ops::normalise_axis(call.op<ops::Gather>().axis, x.shape.size());
  const auto split = static_cast<std::ptrdiff_t>(axis);
  Shape shape(x.shape.begin(), x.shape.begin() + split);
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), x.shape.begin() + split + 1, x.shape.end());
  const auto index_rank = static_cast<std::ptrdiff_t>(indices.shape.size());
  return generate(shape, [&](const Shape& at) {
    std::int64_t index =
        to_int(indices.at(Shape(at.begin() + split, at.begin() + split + index_rank)));
    if (index < 0) index += x.shape[axis];
    Shape from(at.begin(), at.begin() + split);
    from.push_back(index);
    from.insert(from.end(), at.begin() + split + index_rank, at.end());
    return x.at(from);
  });
}

inline RealTensor depth_to_space(const Call& call) {
  const auto& op = call.op<ops::DepthToSpace>();
  const RealTensor& x = call.input(0);
  const std::int64_t b = op.blocksize, channels = x.shape[1] / (b * b);
  return generate({x.shape[0], channels, x.shape[2] * b, x.shape[3] * b}, [&](const Shape& at) {
    const std::int64_t block = at[2] % b * b + at[3] % b;
    const std::int64_t channel =
        op.mode == "DCR" ? block * channels + at[1] : at[1] * b * b + block;
    return x.at({at[0], channel, at[2] / b, at[3] / b});
  });
}

/// The input coordinate that output coordinate `out` of a Resize axis stands for.
inline Real original_coordinate(const ops::Resize& op, std::int64_t out, const Real& scale,
                                std::int64_t in_size, std::int64_t out_size) {
  const std::string& mode = op.coordinate_transformation_mode;
  if (mode == "asymmetric") return divide(Real(out), scale);
  if (mode == "pytorch_half_pixel" && out_size <= 1) return Real(0);
  if (mode == "half_pixel" || mode == "pytorch_half_pixel")
    return divide(Real(out) + half(), scale) - half();
  if (mode == "tf_half_pixel_for_nn") return divide(Real(out) + half(), scale);
  if (mode == "half_pixel_symmetric") {
    const Real center = Real(in_size) * half(),
               size = divide(Real(out_size), scale) * half();  // of the input, by the scale
    return center - size + divide(Real(out) + half(), scale) - half();
  }
  if (mode == "align_corners")
    return out_size <= 1 ? Real(0) : divide(Real(out) * Real(in_size - 1), Real(out_size - 1));
  user_error("coordinate_transformation_mode '{}' is not known", mode);
}

inline std::int64_t nearest_index(const ops::Resize& op, const Real& x, std::int64_t size) {
  Real rounded;
  if (op.nearest_mode == "floor") rounded = floor_of(x);
  if (op.nearest_mode == "ceil") rounded = ceil_of(x);
  if (op.nearest_mode == "round_prefer_floor") rounded = ceil_of(x - half());
  if (op.nearest_mode == "round_prefer_ceil") rounded = floor_of(x + half());
  return std::clamp<std::int64_t>(to_int(rounded), 0, size - 1);
}

inline RealTensor resize(const Call& call) {
  const auto& op = call.op<ops::Resize>();
  const RealTensor& x = call.input(0);
  Shape shape;
  std::vector<Real> scales;
  for (std::size_t axis = 0; axis < x.shape.size(); ++axis) {
    const Real size(x.shape[axis]);
    if (call.has(3) && !call.input(3).values.empty()) {
      shape.push_back(to_int(call.input(3).values[axis]));
      scales.push_back(divide(Real(shape.back()), size));
    } else {
      scales.push_back(call.input(2).values[axis]);
      shape.push_back(to_int(floor_of(size * scales.back())));
    }
  }
  return generate(shape, [&](const Shape& at) {
    Shape from;
    for (std::size_t axis = 0; axis < at.size(); ++axis) {
      const Real place =
          original_coordinate(op, at[axis], scales[axis], x.shape[axis], shape[axis]);
      from.push_back(nearest_index(op, place, x.shape[axis]));
    }
    return x.at(from);
  });
}

inline RealTensor im2col(const Call& call) {
  const auto& op = call.op<ops::Im2Col>();
  const RealTensor& x = call.input(0);
  const ops::Window window{op.kernel_size, op.stride, op.pad_amount, op.dilations};
  const std::int64_t channels = x.shape[3];
  const Shape shape{x.shape[0], positions(x.shape[1], window, 0), positions(x.shape[2], window, 1),
                    op.kernel_size[0] * op.kernel_size[1] * channels};
  return generate(shape, [&](const Shape& at) {
    const std::int64_t tap = at[3] / channels;
    const Shape from{at[0], source(window, 0, at[1], tap / op.kernel_size[1]),
                     source(window, 1, at[2], tap % op.kernel_size[1]), at[3] % channels};
    return inside(x.shape, from) ? x.at(from) : Real::of(op.pad_value);
  });
}

}  // namespace assay::real_eval
