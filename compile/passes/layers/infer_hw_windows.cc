// SPDX-License-Identifier: Apache-2.0
// Sliding windows, pools and paddings.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "compile/hw/constants.h"
#include "compile/passes/layers/hw_inference.h"

namespace assay::hw_inference {
namespace {

/// A window over rows and columns of [N,H,W,C].
struct Window {
  Ints kernel, stride, dilation = {1, 1}, pads = {0, 0, 0, 0};

  std::int64_t taps() const { return kernel[0] * kernel[1]; }
  bool is_copy() const {
    return taps() == 1 && stride == Ints{1, 1} &&
           std::ranges::all_of(pads, [](std::int64_t p) { return p == 0; });
  }
};

void check_image(const Node& node) {
  const Shape& x = known_shape(*node.inputs[0]);
  if (x.size() != 4)
    throw NoLayer{fmt::format("its input has the shape {}; layers with windows take [N,H,W,C]",
                              shape_text(x))};
  if (x[0] != 1)
    throw NoLayer{
        fmt::format("its input {} has {} images; such layers take one at a time; take out "
                    "what makes several of one",
                    shape_text(x), x[0])};
}

/// Padding at the end as far as the last window reaches, and no further.
Ints used_pads(const Inference& inference, const Node& node, const Window& w) {
  const Shape &in = known_shape(*node.inputs[0]), &out = known_shape(*node.outputs[0]);
  Ints pads = w.pads;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t reach = w.dilation[i] * (w.kernel[i] - 1) + 1;
    const std::int64_t needed = (out[1 + i] - 1) * w.stride[i] + reach - in[1 + i] - pads[i];
    pads[2 + i] = std::max(needed, -inference.removable(node, node.inputs[0], i));
  }
  return pads;
}

hw::ConvolutionInputGenerator generator(const Window& w, bool depthwise) {
  hw::ConvolutionInputGenerator op;
  op.kernel = w.kernel;
  op.stride = w.stride;
  op.dilation = w.dilation;
  op.depthwise = depthwise;
  return op;
}

/// A type that holds the elements of x and the padding.
DataType type_with(const DataType& x, std::int64_t value) {
  if (x.allows(value)) return x;
  return x == DataType::bipolar() && value == 0
             ? DataType::ternary()
             : DataType::smallest_for(std::min(x.min(), value), std::max(x.max(), value));
}

/// The grouped windows that a pool reads; `value` is the padding.
Tensor* pool_windows(Inference& inference, Node& node, const Window& w, std::int64_t value) {
  const DataType dtype = type_with(node.inputs[0]->dtype, value);
  Tensor* x = inference.padded(node, node.inputs[0], used_pads(inference, node, w), value, dtype);
  return inference.add(generator(w, true), {x}, node.name + "_window", x->dtype);
}

void end_pool(Inference& inference, Node& node, Tensor* windows, const char* function,
              std::int64_t taps, std::int64_t shift) {
  hw::Pool pool;
  pool.function = function;
  pool.taps = taps;
  pool.shift = shift;
  inference.replace({&node}, pool, {windows}, {node.outputs[0]});
}

void infer_max_pool(Inference& inference, Node& node, const ops::MaxPoolNHWC& op) {
  check_image(node);
  Window w{op.window.kernel_shape, op.window.strides, op.window.dilations, op.window.pads};
  if (w.dilation.empty()) w.dilation = {1, 1};
  if (w.is_copy() && inference.drop(node, node.inputs[0])) return;
  // The least value of the type never wins against a pixel.
  Tensor* windows = pool_windows(inference, node, w, node.inputs[0]->dtype.min());
  node.outputs[0]->dtype = windows->dtype;
  end_pool(inference, node, windows, "max", w.taps(), 0);
}

void infer_sums(Inference& inference, Node& node, const Window& w, std::int64_t shift) {
  check_image(node);
  const Shape &in = known_shape(*node.inputs[0]), &out = known_shape(*node.outputs[0]);
  const bool padded = std::ranges::any_of(w.pads, [](std::int64_t p) { return p != 0; });
  if (!padded && w.kernel == Ints{in[1], in[2]} && out[1] == 1 && out[2] == 1) {
    hw::GlobalAccPool pool;
    pool.shift = shift;
    return inference.replace({&node}, pool, {node.inputs[0]}, {node.outputs[0]});
  }
  end_pool(inference, node, pool_windows(inference, node, w, 0), "sum", w.taps(), shift);
}

/// The shape of a Reshape.
Tensor* shape_constant(Inference& inference, const std::string& name, const Shape& shape) {
  return inference.graph.add_constant(name, Constant({std::ssize(shape)}, shape));
}

/// The same pool between views with a height of 1.
Node& with_height(Inference& inference, Node& node, const ops::SumPool& op) {
  const Shape x = known_shape(*node.inputs[0]), y = known_shape(*node.outputs[0]);
  ops::SumPool flat = op;
  flat.data_layout = Layout::kNHWC;
  flat.window = {{1, op.window.kernel_shape[0]},
                 {1, op.window.strides[0]},
                 {0, op.window.pads[0], 0, op.window.pads[1]},
                 {1, 1}};
  Tensor* tall = inference.add(
      ops::Reshape{},
      {node.inputs[0], shape_constant(inference, node.name + "_tall", {x[0], 1, x[1], x[2]})},
      node.name + "_tall", node.inputs[0]->dtype);
  Tensor* sums = inference.add(flat, {tall}, node.name + "_sums", node.outputs[0]->dtype);
  Tensor* shape = shape_constant(inference, node.name + "_flat", y);
  inference.replace({&node}, ops::Reshape{}, {sums, shape}, {node.outputs[0]});
  return *sums->producer;
}

void infer_sum_pool(Inference& inference, Node& node, const ops::SumPool& op) {
  if (op.data_layout == Layout::kNWC) {
    Node& tall = with_height(inference, node, op);
    return infer_sum_pool(inference, tall, *tall.as<ops::SumPool>());
  }
  if (op.data_layout != Layout::kNHWC)
    throw NoLayer{"its data_layout is not NHWC; run the step lower first"};
  infer_sums(inference, node, {op.window.kernel_shape, op.window.strides, {1, 1}, op.window.pads},
             0);
}

void infer_average(Inference& inference, Node& node, const ops::QuantAvgPool2d& op) {
  if (op.data_layout != Layout::kNHWC)
    throw NoLayer{"its data_layout is not NHWC; run the step lower first"};
  infer_sums(inference, node,
             {{op.kernel, op.kernel}, {op.stride, op.stride}, {1, 1}, {0, 0, 0, 0}}, op.shift());
}

/// Whether the windows go into depthwise products, which take them grouped.
bool is_depthwise(const Inference& inference, const Node& node) {
  const Tensor* windows = node.outputs[0];
  const bool depthwise = std::ranges::any_of(windows->consumers, [](const Node* reader) {
    return reader->as<ops::DepthwiseMatMul>() != nullptr;
  });
  if (depthwise && !inference.only_reader(windows))
    throw NoLayer{
        "a depthwise product takes its windows in an order of its own, but they have "
        "another reader; give it an Im2Col of its own"};
  return depthwise;
}

std::int64_t whole_number(float value, std::string_view what) {
  if (value != std::nearbyint(value) || std::abs(value) > 0x1p31F)
    throw NoLayer{fmt::format("its {} is {}, no integer; streamline the graph first", what, value)};
  return static_cast<std::int64_t>(value);
}

void infer_im2col(Inference& inference, Node& node, const ops::Im2Col& op) {
  check_image(node);
  const Window w{op.kernel_size, op.stride, op.dilations, op.pad_amount};
  const std::int64_t value = whole_number(op.pad_value, "pad_value");
  const bool depthwise = is_depthwise(inference, node);
  if (w.is_copy() && inference.drop(node, node.inputs[0])) return;
  const DataType dtype = type_with(node.inputs[0]->dtype, value);
  Tensor* x = inference.padded(node, node.inputs[0], used_pads(inference, node, w), value, dtype);
  node.outputs[0]->dtype = x->dtype;
  inference.replace({&node}, generator(w, depthwise), {x}, {node.outputs[0]});
}

Ints pads_of(const Node& node) {
  if (!constant_input(node, 1)) throw NoLayer{"its pads are not constant"};
  return hw::integer_constant(node, 1);
}

std::int64_t pad_value_of(const Node& node) {
  const Constant* value = constant_input(node, 2);
  return value && value->size() > 0 ? hw::integer_constant(node, 2)[0] : 0;
}

/// `value` around the rows and columns of [N,H,W,C], or the positions of [N,L,C] as a map of one row.
Tensor* padded_positions(Inference& inference, Node& node, const Ints& all, std::int64_t value) {
  Tensor* x = node.inputs[0];
  const Shape& s = known_shape(*x);
  const DataType type = type_with(x->dtype, value);
  const std::size_t rank = s.size();
  bool nothing = true;
  for (std::size_t axis = 1; axis + 1 < rank; ++axis)
    nothing = nothing && all[axis] == 0 && all[rank + axis] == 0;
  if (nothing) return x;
  if (rank != 3)
    check_image(node);
  else
    x = inference.viewed(x, {s[0], 1, s[1], s[2]}, node.name + "_row");
  const Ints pads = rank == 3 ? Ints{0, all[1], 0, all[4]} : Ints{all[1], all[2], all[5], all[6]};
  return inference.padded(node, x, pads, value, type);
}

/// `value` around the last axis of x, channels or features: as columns of as many of them as fit.
Tensor* padded_channels(Inference& inference, Node& node, Tensor* x, const Ints& all,
                        std::int64_t value) {
  const std::int64_t before = all[all.size() / 2 - 1], after = all.back();
  if (before == 0 && after == 0) return x;
  const Shape shape = known_shape(*x);
  const std::int64_t wide = std::gcd(shape.back(), std::gcd(before, after));
  Tensor* columns = inference.viewed(
      x, {1, element_count(shape) / shape.back(), shape.back() / wide, wide}, node.name + "_parts");
  return inference.padded(node, columns, {0, before / wide, 0, after / wide}, value,
                          type_with(x->dtype, value));
}

void infer_pad(Inference& inference, Node& node) {
  const Ints all = pads_of(node);
  Tensor* x = node.inputs[0];
  const std::size_t rank = known_shape(*x).size();
  if (rank < 2 || known_shape(*x)[0] != 1 || all[0] != 0 || all[rank] != 0)
    throw NoLayer{"it pads the batch; only what is in an image can be padded"};
  const std::int64_t value = pad_value_of(node);
  Tensor* out = padded_positions(inference, node, all, value);
  out = padded_channels(inference, node, out, all, value);
  if (out == x) return inference.drop_or_view(node, x);
  node.outputs[0]->dtype = out->dtype;
  if (known_shape(*out) != known_shape(*node.outputs[0]))
    return inference.replace_by_view(node, out);
  Node* last = out->producer;  // pads or cuts off
  inference.replace({&node, last}, last->op->clone(), {last->inputs[0]}, {node.outputs[0]});
}

/// Reshape, Pad, Reshape as lower() inserts zeros behind every row and pixel: the strides.
std::optional<Ints> inserted(const Inference& inference, const Node& apart) {
  const Node* pad = inference.only_reader(apart.outputs[0]);
  const Shape &x = known_shape(*apart.inputs[0]), &wide = known_shape(*apart.outputs[0]);
  if (x.size() != 4 || wide != Shape{x[0], x[1], 1, x[2], 1, x[3]} || !pad || !pad->as<ops::Pad>())
    return {};
  const Node* joined = inference.only_reader(pad->outputs[0]);
  const Ints pads = pads_of(*pad);
  const Ints stride = {pads[8] + 1, pads[10] + 1};
  if (pads != Ints{0, 0, 0, 0, 0, 0, 0, 0, pads[8], 0, pads[10], 0} || !joined ||
      !joined->as<ops::Reshape>() ||
      known_shape(*joined->outputs[0]) != Shape{x[0], x[1] * stride[0], x[2] * stride[1], x[3]})
    return {};
  return stride;
}

bool infer_insertion(Inference& inference, Node& apart) {
  const auto stride = inserted(inference, apart);
  if (!stride) return false;
  Node* pad = apart.outputs[0]->consumers[0];
  Node* joined = pad->outputs[0]->consumers[0];
  hw::FMPadding op;
  op.insert = *stride;
  op.pads = {0, 0, (*stride)[0] - 1, (*stride)[1] - 1};
  op.pad_value = pad_value_of(*pad);
  const DataType dtype = type_with(apart.inputs[0]->dtype, op.pad_value);
  Tensor* x = inference.typed(apart.inputs[0], dtype, apart.name + "_type");
  Tensor* out = joined->outputs[0];
  out->dtype = dtype;
  inference.replace({pad, &apart, joined}, op, {x}, {out});
  return true;
}

}  // namespace

bool infer_window(Inference& inference, Node& node) {
  if (const auto* im2col = node.as<ops::Im2Col>()) {
    infer_im2col(inference, node, *im2col);
  } else if (const auto* max = node.as<ops::MaxPoolNHWC>()) {
    infer_max_pool(inference, node, *max);
  } else if (const auto* sum = node.as<ops::SumPool>()) {
    infer_sum_pool(inference, node, *sum);
  } else if (const auto* average = node.as<ops::QuantAvgPool2d>()) {
    infer_average(inference, node, *average);
  } else if (node.as<ops::Pad>()) {
    infer_pad(inference, node);
  } else {
    return node.as<ops::Reshape>() && infer_insertion(inference, node);
  }
  return true;
}

}  // namespace assay::hw_inference
