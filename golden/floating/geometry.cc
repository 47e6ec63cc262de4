// SPDX-License-Identifier: Apache-2.0
#include "golden/floating/geometry.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "golden/floating/kernels.h"

namespace assay {
namespace {

WindowAxis axis_of(const ops::Window& window, std::size_t axis, std::int64_t in, std::int64_t out) {
  const std::size_t r = window.rank();
  return {in,
          out,
          window.kernel_shape[axis],
          window.strides[axis],
          window.dilations[axis],
          window.pads[axis],
          window.pads[axis + r]};
}

/// Fills h and w from the spatial axes of the larger and the smaller tensor, which begin at
/// `first`.
template <typename Geometry>
void set_axes(Geometry& geometry, const ops::Window& window, const Shape& large, const Shape& small,
              std::size_t first) {
  const std::size_t r = window.rank();
  if (r == 2) geometry.h = axis_of(window, 0, large.at(first), small.at(first));
  geometry.w = axis_of(window, r - 1, large.at(first + r - 1), small.at(first + r - 1));
}

PoolGeometry channels_first(const Node& node, const ops::Window& window, bool count_padding) {
  const Shape& in = float_shape(node, node.inputs.at(0));
  PoolGeometry geometry;
  geometry.batch = in.at(0);
  geometry.channels = in.at(1);
  geometry.count_padding = count_padding;
  set_axes(geometry, window, in, float_shape(node, node.outputs.at(0)), 2);
  return geometry;
}

PoolGeometry channels_last(const Node& node, const ops::Window& window) {
  const Shape& in = float_shape(node, node.inputs.at(0));
  PoolGeometry geometry;
  geometry.batch = in.at(0);
  geometry.channels = in.back();
  geometry.channels_last = true;
  set_axes(geometry, window, in, float_shape(node, node.outputs.at(0)), 1);
  return geometry;
}

PoolGeometry quant_average(const Node& node, const ops::QuantAvgPool2d& op) {
  const ops::Window window{{op.kernel, op.kernel}, {op.stride, op.stride}, {0, 0, 0, 0}, {1, 1}};
  return layout_name(op.data_layout).ends_with('C') ? channels_last(node, window)
                                                    : channels_first(node, window, false);
}

}  // namespace

std::int64_t PoolGeometry::collect(std::int64_t n, std::int64_t c, std::int64_t oh, std::int64_t ow,
                                   std::vector<std::int64_t>& from) const {
  from.clear();
  std::int64_t padded = 0;
  for (std::int64_t i = 0; i < h.kernel; ++i)
    for (std::int64_t j = 0; j < w.kernel; ++j) {
      const std::int64_t y = oh * h.stride + i * h.dilation - h.pad_begin;
      const std::int64_t x = ow * w.stride + j * w.dilation - w.pad_begin;
      if (y >= 0 && y < h.in && x >= 0 && x < w.in)
        from.push_back(flat(n, c, y, x, h.in, w.in));
      else if (y < h.in + h.pad_end &&
               x < w.in + w.pad_end)  // ceil_mode may reach beyond the padding
        ++padded;
    }
  return static_cast<std::int64_t>(from.size()) + (count_padding ? padded : 0);
}

PoolGeometry pool_geometry(const Node& node) {
  if (const auto* op = node.as<ops::MaxPool>()) return channels_first(node, op->window, false);
  if (const auto* op = node.as<ops::AveragePool>())
    return channels_first(node, op->window, op->count_include_pad);
  if (const auto* op = node.as<ops::MaxPoolNHWC>()) return channels_last(node, op->window);
  const auto* op = node.as<ops::QuantAvgPool2d>();
  ASSAY_INVARIANT(op, node.label() + " is no pool");
  return quant_average(node, *op);
}

ConvGeometry conv_geometry(const Node& node) {
  const auto* op = node.as<ops::Conv>();
  ASSAY_INVARIANT(op, node.label() + " is no convolution");
  const Shape& in = float_shape(node, node.inputs.at(0));
  ConvGeometry geometry;
  geometry.batch = in.at(0);
  geometry.in_channels = in.at(1);
  geometry.out_channels = float_shape(node, node.inputs.at(1)).at(0);
  geometry.groups = op->group;
  set_axes(geometry, op->window, in, float_shape(node, node.outputs.at(0)), 2);
  return geometry;
}

ConvGeometry conv_transpose_geometry(const Node& node) {
  const auto* op = node.as<ops::ConvTranspose>();
  ASSAY_INVARIANT(op, node.label() + " is no transposed convolution");
  const Shape& in = float_shape(node, node.inputs.at(0));
  const Shape& out = float_shape(node, node.outputs.at(0));
  ConvGeometry geometry;
  geometry.batch = in.at(0);
  geometry.in_channels = in.at(1);
  geometry.out_channels = out.at(1);
  geometry.groups = op->group;
  set_axes(geometry, op->window, out, in, 2);
  return geometry;
}

namespace {

MatmulGeometry gemm_geometry(const ops::Gemm& op, const Shape& a, const Shape& b) {
  MatmulGeometry g;
  g.m = a.at(op.trans_a ? 1 : 0);
  g.k = a.at(op.trans_a ? 0 : 1);
  g.n = b.at(op.trans_b ? 0 : 1);
  (op.trans_a ? g.first_column : g.first_row) = a.at(1);
  (op.trans_b ? g.second_column : g.second_row) = b.at(1);
  return g;
}

}  // namespace

MatmulGeometry matmul_geometry(const Node& node) {
  Shape a = float_shape(node, node.inputs.at(0)), b = float_shape(node, node.inputs.at(1));
  if (const auto* op = node.as<ops::Gemm>()) return gemm_geometry(*op, a, b);
  if (a.size() == 1) a.insert(a.begin(), 1);
  if (b.size() == 1) b.push_back(1);
  MatmulGeometry g;
  g.m = a.at(a.size() - 2);
  g.k = a.back();
  g.n = b.back();
  const Shape outer_a(a.begin(), a.end() - 2), outer_b(b.begin(), b.end() - 2);
  const Shape outer = broadcast_shape(outer_a, outer_b);
  g.count = element_count(outer);
  g.first = BroadcastIndex(outer_a, outer);
  g.second = BroadcastIndex(outer_b, outer);
  g.first_row = g.k;
  g.second_row = g.n;
  return g;
}

}  // namespace assay
