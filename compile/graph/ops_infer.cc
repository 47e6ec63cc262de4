// SPDX-License-Identifier: Apache-2.0
// Shapes and containers of elementwise operators, quantisers, products and pools;
// ops_infer_moves.cc has the data movers.
#include <algorithm>
#include <array>
#include <bit>

#include "compile/base/error.h"
#include "compile/graph/ops.h"

namespace assay::ops {
namespace {

/// As ONNX numbers its element types.
std::string onnx_type_name(std::int64_t type) {
  constexpr std::array kNames = {"undefined",  "float",   "uint8",  "int8",   "uint16",
                                 "int16",      "int32",   "int64",  "string", "bool",
                                 "float16",    "double",  "uint32", "uint64", "complex64",
                                 "complex128", "bfloat16"};
  if (type < 0 || type >= std::ssize(kNames)) return fmt::format("element type {}", type);
  return kNames[static_cast<std::size_t>(type)];
}

/// An optional input has X's element type; what it holds would mean something else in another.
void check_same_type(InferContext& c, std::size_t index, std::string_view what) {
  if (!c.has(index) || c.input(index).container == c.input(0).container) return;
  c.fail(fmt::format("{} is {}, but the input is {}; store both in one element type", what,
                     container_name(c.input(index).container),
                     container_name(c.input(0).container)));
}

/// The operator has no form for integers.
void check_real(InferContext& c, std::size_t index, std::string_view what) {
  if (c.has(index) && c.input(index).container != Container::kFloat32)
    c.fail(fmt::format("{} is {}, but must be float32; put a Cast or DequantizeLinear before it",
                       what, container_name(c.input(index).container)));
}

/// Data, weights and bias of a product.
void check_real_product(InferContext& c) {
  check_real(c, 0, "the input");
  check_real(c, 1, "the weight");
  check_real(c, 2, "the bias");
}

/// A parameter must broadcast to X without stretching it.
void check_parameter(InferContext& c, std::size_t index, std::string_view what) {
  if (!c.has(index)) c.fail(fmt::format("input {} ({}) is missing", index, what));
  const auto& x = c.shape(0);
  const auto& p = c.shape(index);
  if (element_count(p) == 1) return;
  if (p.size() > x.size() || broadcast_shape(x, p) != x)
    c.fail(fmt::format("{} of shape {} does not broadcast to the input of shape {}", what,
                       shape_text(p), shape_text(x)));
}

void check_scalar(InferContext& c, std::size_t index, std::string_view what) {
  if (element_count(c.shape(index)) != 1)
    c.fail(fmt::format("{} must have one element, not shape {}", what, shape_text(c.shape(index))));
}

/// A parameter is one number or one per element of X's axis.
void check_along_axis(InferContext& c, std::size_t index, std::int64_t axis,
                      std::string_view what) {
  if (element_count(c.shape(index)) == 1) return;
  const std::size_t a = normalise_axis(axis, c.shape(0).size());
  if (c.shape(index) != assay::Shape{c.shape(0)[a]})
    c.fail(
        fmt::format("{} does not fit the axis: its shape is {}", what, shape_text(c.shape(index))));
}

struct AxisWindow {
  std::int64_t kernel, stride, pad_begin, pad_end, dilation;
};

AxisWindow axis_window(const Window& w, std::size_t axis) {
  const std::size_t r = w.rank();
  return {w.kernel_shape[axis], w.strides[axis], w.pads[axis], w.pads[axis + r], w.dilations[axis]};
}

/// The fields of a window agree with each other and with a tensor that has `spatial` spatial axes.
void check_window(InferContext& c, const Window& w, std::size_t spatial) {
  const std::size_t r = w.rank();
  if (r != spatial || r < 1 || r > 2)
    c.fail(fmt::format(
        "the kernel has {} axes for an input with {} spatial axes; 1 or 2 are supported", r,
        spatial));
  if (w.strides.size() != r || w.dilations.size() != r || w.pads.size() != 2 * r)
    c.fail("kernel_shape, strides, dilations and pads disagree in length");
  const auto outside = [](const std::vector<std::int64_t>& values, std::int64_t least) {
    return std::ranges::any_of(values, [&](std::int64_t v) { return v < least || v > (1 << 24); });
  };
  if (outside(w.kernel_shape, 1) || outside(w.strides, 1) || outside(w.dilations, 1) ||
      outside(w.pads, 0))
    c.fail("kernel_shape, strides and dilations must be positive and pads not negative");
}

std::int64_t pooled_size(InferContext& c, std::int64_t size, const AxisWindow& a, bool ceil_mode) {
  const std::int64_t span = size + a.pad_begin + a.pad_end - a.dilation * (a.kernel - 1) - 1;
  if (span < 0) c.fail(fmt::format("the kernel does not fit into an axis of size {}", size));
  std::int64_t out = span / a.stride + 1;
  if (ceil_mode && span % a.stride != 0) {
    ++out;
    // A window that starts in the end padding does not count.
    if ((out - 1) * a.stride >= size + a.pad_begin) --out;
  }
  return out;
}

/// Executors may list every element of every window.
void check_pool_work(InferContext& c, const assay::Shape& out, const Window& w) {
  constexpr std::int64_t kMaxWindowElements = std::int64_t{1} << 28;
  const std::int64_t taps = element_count(w.kernel_shape), windows = element_count(out);
  if (windows > 0 && taps > kMaxWindowElements / windows)
    c.fail(fmt::format(
        "its {} windows of {} elements are too many; {} elements are supported, use a smaller "
        "kernel or pads",
        windows, taps, kMaxWindowElements));
}

/// [N, C, spatial...] -> [N, channels, pooled...]; `channel_axis` says where C is.
void pool_shape(InferContext& c, const Window& w, bool ceil_mode, std::size_t first_spatial) {
  auto shape = c.shape(0);
  if (shape.size() < 3)
    c.fail(fmt::format("the input must have spatial axes, its shape is {}", shape_text(shape)));
  check_window(c, w, shape.size() - 2);
  for (std::size_t i = 0; i < w.rank(); ++i) {
    const AxisWindow a = axis_window(w, i);
    std::int64_t& size = shape[first_spatial + i];
    // A window that lies wholly in padding has no element. The taps of a dilated one can also step
    // over an axis shorter than the dilation.
    if (a.pad_begin > a.dilation * (a.kernel - 1) || a.pad_end > a.dilation * (a.kernel - 1))
      c.fail("pads must be smaller than the kernel");
    if (a.pad_begin + a.pad_end > 0 && size < a.dilation)
      c.fail(fmt::format("a window may lie wholly in the padding of an axis of size {}", size));
    size = pooled_size(c, size, a, ceil_mode);
  }
  check_pool_work(c, shape, w);
  c.outputs[0].shape = shape;
  c.outputs[0].container = c.input(0).container;
}

void matmul_shape(InferContext& c) {
  auto a = c.shape(0), b = c.shape(1);
  if (a.empty() || b.empty()) c.fail("a matrix product needs inputs of rank 1 at least");
  const bool row = a.size() == 1, column = b.size() == 1;
  if (row) a.insert(a.begin(), 1);
  if (column) b.push_back(1);
  if (a.back() != b[b.size() - 2])
    c.fail(fmt::format("shapes {} and {} do not multiply", shape_text(c.shape(0)),
                       shape_text(c.shape(1))));
  auto out = broadcast_shape({a.begin(), a.end() - 2}, {b.begin(), b.end() - 2});
  if (!row) out.push_back(a[a.size() - 2]);
  if (!column) out.push_back(b.back());
  c.outputs[0].shape = out;
}

void check_bias(InferContext& c, std::int64_t channels) {
  if (c.has(2) && c.shape(2) != assay::Shape{channels})
    c.fail(fmt::format("the bias must have shape [{}], not {}", channels, shape_text(c.shape(2))));
}

}  // namespace

std::size_t normalise_axis(std::int64_t axis, std::size_t rank) {
  const auto r = static_cast<std::int64_t>(rank);
  if (axis < -r || axis >= r) user_error("axis {} is outside a tensor of rank {}", axis, rank);
  return static_cast<std::size_t>(axis < 0 ? axis + r : axis);
}

void infer_same_shape(InferContext& c) {
  c.outputs[0].shape = c.shape(0);
  c.outputs[0].container = c.input(0).container;
}

void Quant::infer(InferContext& c) const {
  check_real(c, 0, "the input");
  check_parameter(c, 1, "the scale");
  check_parameter(c, 2, "the zero point");
  check_scalar(c, 3, "the bit width");
  c.outputs[0].shape = c.shape(0);
}
void BipolarQuant::infer(InferContext& c) const {
  check_real(c, 0, "the input");
  check_parameter(c, 1, "the scale");
  c.outputs[0].shape = c.shape(0);
}
void Trunc::infer(InferContext& c) const {
  if (version != 1 && version != 2)
    c.fail(fmt::format("Trunc has versions 1 and 2, not {}", version));
  const std::size_t wanted = version == 1 ? 5 : 6;
  if (c.input_count() != wanted)
    c.fail(fmt::format("version {} takes {} inputs, not {}", version, wanted, c.input_count()));
  check_real(c, 0, "the input");
  check_parameter(c, 1, "the scale");
  check_parameter(c, 2, "the zero point");
  check_scalar(c, 3, "the input bit width");
  if (version == 2) check_parameter(c, 4, "the output scale");
  check_scalar(c, wanted - 1, "the output bit width");
  c.outputs[0].shape = c.shape(0);
}
void FloatQuant::infer(InferContext& c) const {
  check_real(c, 0, "the input");
  check_parameter(c, 1, "the scale");
  for (const std::size_t i : {2U, 3U, 4U, 5U}) check_scalar(c, i, "a format parameter");
  c.outputs[0].shape = c.shape(0);
}
void MultiThreshold::infer(InferContext& c) const {
  const auto& x = c.shape(0);
  const auto& t = c.shape(1);
  if (data_layout == Layout::kUnknown)
    c.fail("attribute 'data_layout' must name a layout such as NCHW");
  const bool last = layout_name(data_layout).ends_with('C');
  if (x.size() < 2 || t.size() != 2)
    c.fail("the input must have channels and the thresholds the shape [channels, steps]");
  if (t[1] < 1) c.fail("the thresholds have no steps; give each channel one at least");
  const std::int64_t channels = last ? x.back() : x[1];
  if (t[0] != 1 && t[0] != channels)
    c.fail(fmt::format("thresholds of shape {} do not fit {} channels", shape_text(t), channels));
  c.outputs[0].shape = x;
}
void JoinThreshold::infer(InferContext& c) const {
  if (!c.has(kFirstX)) c.fail("it has no input to compare");
  const std::size_t count = c.input_count() - kFirstX;
  const auto& x = c.shape(kFirstX);
  for (std::size_t i = kFirstX; i < c.input_count(); ++i)
    if (c.shape(i) != x)
      c.fail(fmt::format("its inputs have the shapes {} and {}", shape_text(x),
                         shape_text(c.shape(i))));
  const bool line = c.has(1), table = !line && count == 2;
  if (!line && count > 2) c.fail("a sum of more than two inputs needs multipliers");
  /// The leading axes of a parameter broadcast to x; the rest has `extra` axes.
  const auto check = [&](std::size_t index, std::size_t extra, std::string_view what) {
    const auto& p = c.shape(index);
    bool fits = p.size() == x.size() + extra;
    for (std::size_t i = 0; fits && i < x.size(); ++i) fits = p[i] == 1 || p[i] == x[i];
    if (!fits)
      c.fail(fmt::format("{} of shape {} do not fit an input of shape {}", what, shape_text(p),
                         shape_text(x)));
  };
  check(0, table ? 2 : 1, "thresholds");
  if (element_count(c.shape(0)) == 0) c.fail("the thresholds have no steps");
  if (line) check(1, 1, "multipliers");
  if (line && c.shape(1).back() != static_cast<std::int64_t>(count))
    c.fail(fmt::format("{} multipliers for {} inputs", c.shape(1).back(), count));
  c.outputs[0].shape = x;
}
void QuantizeLinear::infer(InferContext& c) const {
  check_real(c, 0, "the input");
  check_real(c, 1, "the scale");
  c.outputs[0].shape = c.shape(0);
  const Container container = c.has(2) ? c.input(2).container : Container::kUInt8;
  if (container == Container::kFloat32) c.fail("the zero point must be of an integer type");
  if (container == Container::kInt32 || container == Container::kInt64)
    c.fail(fmt::format("the zero point is {}; ONNX quantises to 8 or 16 bits: store it so",
                       container_name(container)));
  c.outputs[0].container = container;
  check_along_axis(c, 1, axis, "the scale");
  if (c.has(2)) check_along_axis(c, 2, axis, "the zero point");
}
void DequantizeLinear::infer(InferContext& c) const {
  const Container container = c.input(0).container;
  if (container == Container::kFloat32) c.fail("the input must be of an integer type");
  if (container == Container::kInt64)
    c.fail("the input is int64; ONNX dequantises 8, 16 or 32 bits: store it so");
  check_real(c, 1, "the scale");
  check_same_type(c, 2, "the zero point");
  c.outputs[0].shape = c.shape(0);
  check_along_axis(c, 1, axis, "the scale");
  if (c.has(2)) check_along_axis(c, 2, axis, "the zero point");
}

void Conv::infer(InferContext& c) const {
  check_real_product(c);
  const auto &x = c.shape(0), &w = c.shape(1);
  if (x.size() < 3 || w.size() != x.size())
    c.fail(fmt::format("input {} and weights {} must both have spatial axes", shape_text(x),
                       shape_text(w)));
  check_window(c, window, x.size() - 2);
  if (group < 1 || x[1] % group != 0 || w[0] % group != 0 || w[1] != x[1] / group)
    c.fail(fmt::format("weights {} do not fit {} input channels in {} groups", shape_text(w), x[1],
                       group));
  if (!std::equal(w.begin() + 2, w.end(), window.kernel_shape.begin()))
    c.fail("kernel_shape disagrees with the weights");
  check_bias(c, w[0]);
  assay::Shape out = {x[0], w[0]};
  for (std::size_t i = 0; i < window.rank(); ++i)
    out.push_back(pooled_size(c, x[2 + i], axis_window(window, i), false));
  c.outputs[0].shape = out;
}

void ConvTranspose::infer(InferContext& c) const {
  check_real_product(c);
  const auto &x = c.shape(0), &w = c.shape(1);
  if (x.size() < 3 || w.size() != x.size())
    c.fail(fmt::format("input {} and weights {} must both have spatial axes", shape_text(x),
                       shape_text(w)));
  check_window(c, window, x.size() - 2);
  if (group < 1 || x[1] % group != 0 || w[0] != x[1])
    c.fail(fmt::format("weights {} do not fit {} input channels in {} groups", shape_text(w), x[1],
                       group));
  if (!std::equal(w.begin() + 2, w.end(), window.kernel_shape.begin()))
    c.fail("kernel_shape disagrees with the weights");
  if (output_padding.size() != window.rank()) c.fail("output_padding has the wrong length");
  check_bias(c, w[1] * group);
  assay::Shape out = {x[0], w[1] * group};
  for (std::size_t i = 0; i < window.rank(); ++i) {
    const AxisWindow a = axis_window(window, i);
    if (output_padding[i] < 0 || output_padding[i] >= std::max(a.stride, a.dilation))
      c.fail("output_padding is out of range");
    std::int64_t size = 0;
    if (__builtin_mul_overflow(a.stride, x[2 + i] - 1, &size))
      c.fail("the output has too many elements");
    size += output_padding[i] + (a.kernel - 1) * a.dilation + 1 - a.pad_begin - a.pad_end;
    if (size < 1) c.fail("the pads cut away the whole output");
    out.push_back(size);
  }
  c.outputs[0].shape = out;
}

void MatMul::infer(InferContext& c) const {
  check_real_product(c);
  matmul_shape(c);
}
void XnorPopcountMatMul::infer(InferContext& c) const { matmul_shape(c); }
void DepthwiseMatMul::infer(InferContext& c) const {
  auto shape = c.shape(0);
  const auto& w = c.shape(1);
  if (shape.empty() || w.size() != 2 || w[0] * w[1] != shape.back())
    c.fail(fmt::format("weights {} do not fit an input of shape {}", shape_text(w),
                       shape_text(shape)));
  shape.back() = w[1];
  c.outputs[0].shape = shape;
}

void Gemm::infer(InferContext& c) const {
  check_real_product(c);
  const auto &a = c.shape(0), &b = c.shape(1);
  if (a.size() != 2 || b.size() != 2) c.fail("both inputs must be matrices");
  const std::int64_t m = a[trans_a ? 1 : 0], k = a[trans_a ? 0 : 1], kb = b[trans_b ? 1 : 0],
                     n = b[trans_b ? 0 : 1];
  if (k != kb)
    c.fail(fmt::format("shapes {} and {} do not multiply", shape_text(a), shape_text(b)));
  if (c.has(2) && broadcast_shape({m, n}, c.shape(2)) != assay::Shape{m, n})
    c.fail(
        fmt::format("C of shape {} does not broadcast to [{},{}]", shape_text(c.shape(2)), m, n));
  c.outputs[0].shape = {m, n};
}

void infer_broadcast(InferContext& c) {
  c.outputs[0].shape = broadcast_shape(c.shape(0), c.shape(1));
  if (c.input(0).container != c.input(1).container)
    c.fail("both inputs must be of one element type");
  c.outputs[0].container = c.input(0).container;
}

void Clip::infer(InferContext& c) const {
  for (const std::size_t i : {1U, 2U})
    if (c.has(i)) check_scalar(c, i, "a bound");
  check_same_type(c, 1, "the lower bound");
  check_same_type(c, 2, "the upper bound");
  infer_same_shape(c);
}

void Cast::infer(InferContext& c) const {
  c.outputs[0].shape = c.shape(0);
  switch (to) {
    case 1:
      c.outputs[0].container = Container::kFloat32;
      break;
    case 2:
      c.outputs[0].container = Container::kUInt8;
      break;
    case 3:
      c.outputs[0].container = Container::kInt8;
      break;
    case 6:
      c.outputs[0].container = Container::kInt32;
      break;
    case 7:
      c.outputs[0].container = Container::kInt64;
      break;
    default:
      c.fail(
          fmt::format("it casts to {}, which is not supported; use float, (u)int8, int32 or int64",
                      onnx_type_name(to)));
  }
  const Constant* value = c.input(0).value;
  if (value && value->is_int() && c.outputs[0].container == Container::kInt64)
    c.outputs[0].value = *value;
}

void BatchNormalization::infer(InferContext& c) const {
  const auto& x = c.shape(0);
  if (x.size() < 2) c.fail("the input must have a channel axis");
  check_real(c, 0, "the input");
  for (const std::size_t i : {1U, 2U, 3U, 4U}) {
    check_real(c, i, fmt::format("parameter {}", i));
    if (c.shape(i) != assay::Shape{x[1]})
      c.fail(fmt::format("parameter {} has shape {} for {} channels", i, shape_text(c.shape(i)),
                         x[1]));
  }
  c.outputs[0].shape = x;
}

void MaxPool::infer(InferContext& c) const { pool_shape(c, window, ceil_mode, 2); }
void MaxPoolNHWC::infer(InferContext& c) const {
  if (c.shape(0).size() != 4) c.fail("the input must have the shape [N,H,W,C]");
  pool_shape(c, window, ceil_mode, 1);
}
void AveragePool::infer(InferContext& c) const {
  check_real(c, 0, "the input");
  if (std::ranges::any_of(window.dilations, [](std::int64_t d) { return d != 1; }))
    c.fail("dilations must be 1");
  pool_shape(c, window, ceil_mode, 2);
}
void SumPool::infer(InferContext& c) const {
  if (data_layout == Layout::kUnknown || data_layout == Layout::kNC)
    c.fail("attribute 'data_layout' must name a layout with spatial axes");
  pool_shape(c, window, false, layout_name(data_layout).ends_with('C') ? 1 : 2);
}
void GlobalAveragePool::infer(InferContext& c) const {
  check_real(c, 0, "the input");
  auto shape = c.shape(0);
  if (shape.size() < 3) c.fail("the input must have spatial axes");
  std::fill(shape.begin() + 2, shape.end(), 1);
  c.outputs[0].shape = shape;
}

int QuantAvgPool2d::shift() const {
  const std::int64_t largest = ((std::int64_t{1} << ibits) - 1) * kernel * kernel;
  return std::max(0, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(largest))) -
                         static_cast<int>(obits));
}
void QuantAvgPool2d::infer(InferContext& c) const {
  auto shape = c.shape(0);
  if (shape.size() != 4) c.fail("the input must have four axes");
  if (ibits < 1 || ibits > 32 || obits < 1 || obits > 32 || kernel < 1 || kernel > 4096 ||
      stride < 1)
    c.fail("ibits, obits, kernel or stride is out of range");
  const std::size_t first = data_layout == Layout::kNHWC ? 1 : 2;
  for (const std::size_t i : {first, first + 1})
    shape[i] = pooled_size(c, shape[i], {kernel, stride, 0, 0, 1}, false);
  c.outputs[0].shape = shape;
}

}  // namespace assay::ops
