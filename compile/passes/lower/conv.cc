// SPDX-License-Identifier: Apache-2.0
// Convolutions as a sliding window and a product.
#include <algorithm>

#include "compile/base/error.h"
#include "compile/passes/lower/lowering.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay::lowering {
namespace {

using Ints = std::vector<std::int64_t>;

/// A convolution over [N,H,W,C]; transposed ones have become plain.
struct Sliding {
  Ints kernel, stride, pads, dilations;  ///< pads: top, left, bottom, right
  std::int64_t channels = 0, outputs = 0, groups = 1;

  std::int64_t taps() const { return kernel[0] * kernel[1]; }
  bool depthwise() const { return groups > 1 && groups == channels && outputs == channels; }
  bool padded() const {
    return std::ranges::any_of(pads, [](std::int64_t p) { return p != 0; });
  }
  bool pointwise() const { return taps() == 1 && stride == Ints{1, 1} && !padded(); }
};

/// A window with two axes; a one-dimensional one has a height of 1.
Sliding sliding(const ops::Window& w, std::int64_t groups) {
  Sliding s{w.kernel_shape, w.strides, w.pads, w.dilations};
  s.groups = groups;
  if (w.rank() == 2) return s;
  for (Ints* field : {&s.kernel, &s.stride, &s.dilations}) field->insert(field->begin(), 1);
  s.pads = {0, w.pads[0], 0, w.pads[1]};
  return s;
}

/// The weights as a matrix of rows (tap, input channel) and one column per output; depthwise, of
/// rows (tap) and one column per channel. `at(tap, channel in group, output)` is an element's index
/// in the old tensor.
template <typename At>
Constant weight_matrix(const Constant& weights, const Sliding& s, At at) {
  const std::int64_t group_in = s.channels / s.groups, group_out = s.outputs / s.groups;
  const std::int64_t rows = s.depthwise() ? 1 : s.channels;
  std::vector<std::int64_t> sources;
  sources.reserve(static_cast<std::size_t>(s.taps() * rows * s.outputs));
  for (std::int64_t tap = 0; tap < s.taps(); ++tap)
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t group = row / group_in, within = row % group_in;
      for (std::int64_t o = 0; o < s.outputs; ++o) {
        const bool linked = s.depthwise() || o / group_out == group;
        sources.push_back(linked ? at(tap, within, o) : -1);
      }
    }
  return take(weights, {s.taps() * rows, s.outputs}, sources);
}

/// Conv keeps W[O][C/group][taps].
Constant conv_matrix(const Constant& w, const Sliding& s) {
  const std::int64_t taps = s.taps(), inputs = s.channels / s.groups;
  return weight_matrix(w, s, [=](std::int64_t tap, std::int64_t c, std::int64_t o) {
    return (o * inputs + c) * taps + tap;
  });
}

/// ConvTranspose keeps W[C][O/group][taps], and its plain form slides the kernel backwards.
Constant transposed_matrix(const Constant& w, const Sliding& s) {
  const std::int64_t taps = s.taps(), inputs = s.channels / s.groups,
                     outputs = s.outputs / s.groups;
  return weight_matrix(w, s, [=](std::int64_t tap, std::int64_t c, std::int64_t o) {
    return ((o / outputs * inputs + c) * outputs + o % outputs) * taps + (taps - 1 - tap);
  });
}

Tensor* slide(Lowering& lowering, Tensor* x, const Sliding& s, const std::string& name) {
  const Shape& in = *x->shape;
  ops::Im2Col op;
  op.stride = s.stride;
  op.kernel_size = s.kernel;
  op.pad_amount = s.pads;
  op.dilations = s.dilations;
  op.input_shape = fmt::format("({},{},{},{})", in[0], in[1], in[2], in[3]);
  op.depthwise = s.depthwise();
  Shape out = {in[0], 0, 0, s.taps() * s.channels};
  for (std::size_t i = 0; i < 2; ++i)
    out[1 + i] = (in[1 + i] + s.pads[i] + s.pads[i + 2] - s.dilations[i] * (s.kernel[i] - 1) - 1) /
                     s.stride[i] +
                 1;
  return lowering.add(op, {x},
                      {name + "_im2col", out, s.padded() ? with_zero(x->dtype) : x->dtype});
}

/// Adds the bias of the old node, if it has one, and registers the result as what holds its output.
void end_with_product(Lowering& lowering, const Node& node, const Sliding& s, Tensor* x,
                      Tensor* weights) {
  const std::unique_ptr<Op> product =
      s.depthwise() ? std::unique_ptr<Op>(std::make_unique<ops::DepthwiseMatMul>())
                    : std::make_unique<ops::MatMul>();
  const std::size_t rank = known_shape(*node.outputs[0]).size();
  const Axes perm = channels_last_perm(rank);
  const bool biased = node.inputs.size() > 2 && node.inputs[2];
  if (rank == 4 && !biased) return lowering.emit(node, product->clone(), {x, weights}, perm);
  const Tensor& output = *node.outputs[0];
  if (x->shape->size() == 3 && !biased)
    return lowering.emit(node, product->clone(), {x, weights}, perm);
  Shape shape = *x->shape;
  shape.back() = s.outputs;
  Tensor* sum =
      lowering.add(product->clone(), {x, weights}, {node.name + "_product", shape, output.dtype});
  if (shape.size() > rank) sum = lowering.without_height(sum, node.name + "_row");
  if (biased)
    lowering.emit(node, ops::Add{}, {sum, lowering.constant(node.inputs[2])}, perm);
  else
    lowering.add_view(&output, {sum, perm});
}

const Constant& constant_weights(const Node& node) {
  const Constant* weights = constant_input(node, 1);
  if (!weights)
    user_error("{}: its weights are not constant; only constant weights can be lowered to a matrix",
               node.label());
  return *weights;
}

/// The new weights; zeros between blocks have to be among their values.
Tensor* weights_like(Lowering& lowering, const Node& node, const Sliding& s, Constant matrix) {
  Tensor* weights = lowering.constant_like(*node.inputs[1], std::move(matrix));
  if (s.groups > 1 && !s.depthwise()) weights->dtype = with_zero(weights->dtype);
  return weights;
}

void lower_conv(Lowering& lowering, const Node& node, const ops::Conv& op) {
  const Constant& w = constant_weights(node);
  Sliding s = sliding(op.window, op.group);
  s.channels = known_shape(*node.inputs[0])[1];
  s.outputs = w.shape()[0];
  Tensor* x = lowering.channels_last(node.inputs[0], node);
  if (!s.pointwise()) {
    if (x->shape->size() == 3) x = lowering.with_height(x);
    x = slide(lowering, x, s, node.name);
  }
  end_with_product(lowering, node, s, x, weights_like(lowering, node, s, conv_matrix(w, s)));
}

/// `stride` - 1 zeros behind every row and pixel of [N,H,W,C].
Tensor* insert_zeros(Lowering& lowering, Tensor* x, const Ints& stride, const std::string& name) {
  if (stride == Ints{1, 1}) return x;
  const Shape s = *x->shape;
  Tensor* apart = lowering.reshape(x, name + "_apart", {s[0], s[1], 1, s[2], 1, s[3]});
  const Ints pads = {0, 0, 0, 0, 0, 0, 0, 0, stride[0] - 1, 0, stride[1] - 1, 0};
  Tensor* filled = lowering.add(
      ops::Pad{}, {apart, lowering.axes_constant(name + "_zeros_pads", pads)},
      {name + "_zeros", {s[0], s[1], stride[0], s[2], stride[1], s[3]}, with_zero(x->dtype)});
  return lowering.reshape(filled, name + "_spread",
                          {s[0], s[1] * stride[0], s[2] * stride[1], s[3]});
}

/// Pads (or cuts, where negative) rows and columns: top, left, bottom, right.
Tensor* pad(Lowering& lowering, Tensor* x, const Ints& amounts, const std::string& name) {
  const Shape& s = *x->shape;
  const Shape shape = {s[0], s[1] + amounts[0] + amounts[2], s[2] + amounts[1] + amounts[3], s[3]};
  const Ints pads = {0, amounts[0], amounts[1], 0, 0, amounts[2], amounts[3], 0};
  return lowering.add(ops::Pad{}, {x, lowering.axes_constant(name + "_border_pads", pads)},
                      {name + "_border", shape, with_zero(x->dtype)});
}

/// Zeros between the pixels make a transposed convolution a plain one of stride 1 with the kernel
/// turned round. The zeros behind the last pixel, which the insertion leaves, count as padding.
void lower_conv_transpose(Lowering& lowering, const Node& node, const ops::ConvTranspose& op) {
  const Constant& w = constant_weights(node);
  Sliding s = sliding(op.window, op.group);
  s.channels = w.shape()[0];
  s.outputs = w.shape()[1] * op.group;
  Tensor* x = lowering.channels_last(node.inputs[0], node);
  if (x->shape->size() == 3) x = lowering.with_height(x);
  const Ints between = std::exchange(s.stride, {1, 1});
  Ints extra = op.output_padding;
  if (extra.size() == 1) extra.insert(extra.begin(), 0);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t reach = s.dilations[i] * (s.kernel[i] - 1);
    s.pads[i] = reach - s.pads[i];
    s.pads[i + 2] = reach - s.pads[i + 2] + extra[i] - (between[i] - 1);
  }
  x = insert_zeros(lowering, x, between, node.name);
  if (std::ranges::any_of(s.pads, [](std::int64_t p) { return p < 0; }))
    x = pad(lowering, x, std::exchange(s.pads, {0, 0, 0, 0}), node.name);
  if (!s.pointwise()) x = slide(lowering, x, s, node.name);
  end_with_product(lowering, node, s, x, weights_like(lowering, node, s, transposed_matrix(w, s)));
}

}  // namespace

bool lower_convolution(Lowering& lowering, const Node& node) {
  if (const auto* conv = node.as<ops::Conv>())
    lower_conv(lowering, node, *conv);
  else if (const auto* transpose = node.as<ops::ConvTranspose>())
    lower_conv_transpose(lowering, node, *transpose);
  else
    return false;
  return true;
}

}  // namespace assay::lowering
