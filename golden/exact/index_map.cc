// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/index_map.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"

namespace assay {
namespace {

const Shape& shape_of(const Node& node, const Tensor* tensor) {
  if (!tensor || !tensor->shape)
    user_error("{}: the shape of a tensor is not known; give the graph's inputs static shapes",
               node.label());
  return *tensor->shape;
}

const Constant* constant_input(const Node& node, std::size_t index) {
  if (index >= node.inputs.size() || !node.inputs[index]) return nullptr;
  const auto& constant = node.inputs[index]->constant;
  if (!constant) user_error("{}: input {} must be a constant", node.label(), index);
  return &*constant;
}

std::vector<std::int64_t> integers(const Node& node, std::size_t index) {
  const Constant* constant = constant_input(node, index);
  if (!constant || !constant->is_int())
    user_error("{}: input {} must be a constant of integers", node.label(), index);
  return {constant->ints().begin(), constant->ints().end()};
}

std::vector<std::int64_t> row_major_strides(const Shape& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// One axis of the output: for each of its positions a step into the input, or kOutside.
constexpr std::int64_t kOutside = -1;
using Axis = std::vector<std::int64_t>;

/// The map whose source is the sum of its axes' steps, and padding where any axis is outside. Every
/// map of a single input here has this form, after a regrouping of axes at most.
std::vector<std::int64_t> separable(const std::vector<Axis>& axes) {
  std::vector<std::int64_t> source = {0};
  for (const Axis& axis : axes) {
    std::vector<std::int64_t> next;
    next.reserve(source.size() * axis.size());
    for (const std::int64_t base : source)
      for (const std::int64_t step : axis)
        next.push_back(base == kOutside || step == kOutside ? kOutside : base + step);
    source = std::move(next);
  }
  return source;
}

/// `size` positions, `stride` apart.
Axis steps(std::int64_t size, std::int64_t stride) {
  Axis axis(static_cast<std::size_t>(size));
  for (std::int64_t i = 0; i < size; ++i) axis[static_cast<std::size_t>(i)] = i * stride;
  return axis;
}

std::vector<std::int64_t> identity(const Shape& shape) {
  std::vector<std::int64_t> source(static_cast<std::size_t>(element_count(shape)));
  std::iota(source.begin(), source.end(), std::int64_t{0});
  return source;
}

/// Reads the input as if it had `shape`, with its axes in the order `perm`.
std::vector<std::int64_t> permuted(const Shape& shape, const std::vector<std::int64_t>& perm) {
  const auto strides = row_major_strides(shape);
  std::vector<Axis> axes;
  for (const std::int64_t p : perm) axes.push_back(steps(shape.at(p), strides.at(p)));
  return separable(axes);
}

std::vector<std::int64_t> concatenated(const Node& node, const ops::Concat& op, const Shape& out) {
  const std::size_t axis = ops::normalise_axis(op.axis, out.size());
  const std::int64_t outer =
      std::accumulate(out.begin(), out.begin() + axis, std::int64_t{1}, std::multiplies<>());
  std::vector<std::int64_t> starts, lengths;
  std::int64_t total = 0;
  for (const Tensor* input : node.inputs) {
    const std::int64_t count = element_count(shape_of(node, input));
    starts.push_back(total);
    lengths.push_back(outer == 0 ? 0 : count / outer);
    total += count;
  }
  std::vector<std::int64_t> source;
  source.reserve(static_cast<std::size_t>(total));
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::size_t i = 0; i < starts.size(); ++i)
      for (std::int64_t j = 0; j < lengths[i]; ++j)
        source.push_back(starts[i] + o * lengths[i] + j);
  return source;
}

std::vector<std::int64_t> padded(const Node& node, const Shape& in, const Shape& out) {
  const auto pads = integers(node, 1);
  if (pads.size() != 2 * in.size())
    user_error("{}: pads must have {} numbers", node.label(), 2 * in.size());
  const auto strides = row_major_strides(in);
  std::vector<Axis> axes;
  for (std::size_t a = 0; a < in.size(); ++a) {
    Axis& axis = axes.emplace_back();
    for (std::int64_t i = 0; i < out[a]; ++i) {
      const std::int64_t from = i - pads[a];
      axis.push_back(from >= 0 && from < in[a] ? from * strides[a] : kOutside);
    }
  }
  return separable(axes);
}

std::vector<std::int64_t> gathered(const Node& node, const ops::Gather& op, const Shape& in) {
  const std::size_t axis = ops::normalise_axis(op.axis, in.size());
  const auto strides = row_major_strides(in);
  std::vector<Axis> axes;
  for (std::size_t a = 0; a < in.size(); ++a) {
    if (a != axis) {
      axes.push_back(steps(in[a], strides[a]));
      continue;
    }
    Axis& picked = axes.emplace_back();
    for (const std::int64_t index : integers(node, 1)) {
      if (index < -in[a] || index >= in[a])
        user_error("{}: index {} is outside of an axis of {}", node.label(), index, in[a]);
      picked.push_back((index < 0 ? index + in[a] : index) * strides[a]);
    }
  }
  return separable(axes);
}

std::vector<std::int64_t> depth_to_space(const ops::DepthToSpace& op, const Shape& in) {
  const std::int64_t b = op.blocksize, c = in.at(1) / (b * b), h = in.at(2), w = in.at(3);
  if (op.mode == "DCR") return permuted({in[0], b, b, c, h, w}, {0, 3, 4, 1, 5, 2});
  return permuted({in[0], c, b, b, h, w}, {0, 1, 4, 2, 5, 3});
}

// ---- Resize
// -----------------------------------------------------------------------------------------------------------

mpz_class floor_of(const mpq_class& value) {
  mpz_class result;
  mpz_fdiv_q(result.get_mpz_t(), value.get_num_mpz_t(), value.get_den_mpz_t());
  return result;
}

mpz_class ceil_of(const mpq_class& value) { return -floor_of(-value); }

/// One axis of a Resize.
struct Scaling {
  std::int64_t from, to;
  mpq_class scale;
};

mpq_class original_coordinate(const Node& node, const std::string& mode, const Scaling& s,
                              std::int64_t index) {
  const mpq_class x(index), half(1, 2), to(s.to), from(s.from);
  if (mode == "asymmetric") return x / s.scale;
  if (mode == "half_pixel") return (x + half) / s.scale - half;
  if (mode == "pytorch_half_pixel")
    return s.to > 1 ? mpq_class((x + half) / s.scale - half) : mpq_class(0);
  if (mode == "tf_half_pixel_for_nn") return (x + half) / s.scale;
  if (mode == "align_corners")
    return s.to > 1 ? mpq_class(x * (from - 1) / (to - 1)) : mpq_class(0);
  if (mode == "half_pixel_symmetric") {
    const mpq_class adjustment = to / (from * s.scale);
    return from / 2 * (1 - adjustment) + (x + half) / s.scale - half;
  }
  user_error("{}: coordinate_transformation_mode '{}' is not supported", node.label(),
             printable(mode));
}

mpz_class nearest(const Node& node, const std::string& mode, const mpq_class& x) {
  const mpq_class half(1, 2);
  if (mode == "round_prefer_floor") return ceil_of(x - half);
  if (mode == "round_prefer_ceil") return floor_of(x + half);
  if (mode == "floor") return floor_of(x);
  if (mode == "ceil") return ceil_of(x);
  user_error("{}: nearest_mode '{}' is not supported", node.label(), printable(mode));
}

/// The axes' scales: those given, or the ratios of the sizes. Optional operands may also be empty.
std::vector<mpq_class> resize_scales(const Node& node, const Shape& in, const Shape& out) {
  const Constant* given = constant_input(node, 2);
  std::vector<mpq_class> scales;
  for (std::size_t a = 0; a < in.size(); ++a) {
    if (given && given->size() > 0) {
      if (given->size() != static_cast<std::int64_t>(in.size()))
        user_error("{}: there must be one scale per axis", node.label());
      scales.push_back(given->real(static_cast<std::int64_t>(a)).rational());
    } else {
      scales.emplace_back(out[a], in[a] == 0 ? 1 : in[a]);
      scales.back().canonicalize();
    }
    if (scales.back() <= 0) user_error("{}: scales must be positive", node.label());
  }
  return scales;
}

std::vector<std::int64_t> resized(const Node& node, const ops::Resize& op, const Shape& in,
                                  const Shape& out) {
  if (op.mode != "nearest")
    user_error("{}: mode '{}' is not supported, only 'nearest'", node.label(), printable(op.mode));
  const auto scales = resize_scales(node, in, out);
  const auto strides = row_major_strides(in);
  std::vector<Axis> axes;
  for (std::size_t a = 0; a < in.size(); ++a) {
    const Scaling scaling{in[a], out[a], scales[a]};
    Axis& axis = axes.emplace_back();
    for (std::int64_t i = 0; i < out[a]; ++i) {
      mpz_class from =
          nearest(node, op.nearest_mode,
                  original_coordinate(node, op.coordinate_transformation_mode, scaling, i));
      from = std::clamp(from, mpz_class(0), mpz_class(std::max<std::int64_t>(in[a], 1) - 1));
      axis.push_back(from.get_si() * strides[a]);
    }
  }
  return separable(axes);
}

// ---- Im2Col
// -----------------------------------------------------------------------------------------------------------

std::vector<std::int64_t> im2col(const ops::Im2Col& op, const Shape& in, const Shape& out) {
  const std::int64_t height = in.at(1), width = in.at(2), channels = in.at(3);
  std::vector<std::int64_t> source;
  source.reserve(static_cast<std::size_t>(element_count(out)));
  for (std::int64_t n = 0; n < in[0]; ++n)
    for (std::int64_t oh = 0; oh < out.at(1); ++oh)
      for (std::int64_t ow = 0; ow < out.at(2); ++ow)
        for (std::int64_t i = 0; i < op.kernel_size.at(0); ++i)
          for (std::int64_t j = 0; j < op.kernel_size.at(1); ++j) {
            const std::int64_t h =
                oh * op.stride.at(0) + i * op.dilations.at(0) - op.pad_amount.at(0);
            const std::int64_t w =
                ow * op.stride.at(1) + j * op.dilations.at(1) - op.pad_amount.at(1);
            const bool inside = h >= 0 && h < height && w >= 0 && w < width;
            for (std::int64_t c = 0; c < channels; ++c)
              source.push_back(inside ? ((n * height + h) * width + w) * channels + c : kOutside);
          }
  return source;
}

bool keeps_order(const Node& node) {
  return node.as<ops::Identity>() || node.as<ops::DebugMarker>() || node.as<ops::Flatten>() ||
         node.as<ops::Reshape>() || node.as<ops::Squeeze>() || node.as<ops::Unsqueeze>();
}

std::optional<std::vector<std::int64_t>> sources(const Node& node) {
  const auto in = [&]() -> const Shape& { return shape_of(node, node.inputs.at(0)); };
  const auto out = [&]() -> const Shape& { return shape_of(node, node.outputs.at(0)); };
  if (keeps_order(node)) return identity(in());
  if (const auto* op = node.as<ops::Transpose>()) return permuted(in(), op->perm);
  if (const auto* op = node.as<ops::Concat>()) return concatenated(node, *op, out());
  if (node.as<ops::Pad>()) return padded(node, in(), out());
  if (const auto* op = node.as<ops::Resize>()) return resized(node, *op, in(), out());
  if (const auto* op = node.as<ops::DepthToSpace>()) return depth_to_space(*op, in());
  if (const auto* op = node.as<ops::Im2Col>()) return im2col(*op, in(), out());
  const auto* gather = node.as<ops::Gather>();
  if (gather && node.inputs.at(1) && node.inputs[1]->is_constant())
    return gathered(node, *gather, in());
  return {};
}

Real padding_of(const Node& node) {
  if (const auto* op = node.as<ops::Im2Col>()) return Real::of(op->pad_value);
  if (!node.as<ops::Pad>()) return {};
  const Constant* value = constant_input(node, 2);
  return value && value->size() > 0 ? value->real(0) : Real();
}

}  // namespace

std::optional<IndexMap> index_map(const Node& node) {
  auto source = sources(node);
  if (!source) return {};
  IndexMap map{shape_of(node, node.outputs.at(0)), std::move(*source), {0}, padding_of(node)};
  if (node.as<ops::Concat>()) {
    map.inputs.resize(node.inputs.size());
    std::iota(map.inputs.begin(), map.inputs.end(), std::size_t{0});
  }
  if (static_cast<std::int64_t>(map.source.size()) != element_count(map.shape))
    user_error("{}: {} elements do not fill the output's shape {}", node.label(), map.source.size(),
               shape_text(map.shape));
  return map;
}

}  // namespace assay
