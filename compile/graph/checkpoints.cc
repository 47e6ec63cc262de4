// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/checkpoints.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/graph/hw_ops.h"
#include "compile/graph/ops.h"
#include "compile/graph/views.h"

namespace assay {
namespace {

RealArray real_array(const Constant& constant) {
  std::vector<Real> values;
  for (std::int64_t i = 0; i < constant.size(); ++i) values.push_back(constant.real(i));
  return {constant.size() == 1 ? Shape{} : constant.shape(), std::move(values)};
}

/// Elementwise f(a, b) with broadcasting.
template <typename F>
RealArray combine(const RealArray& a, const RealArray& b, F f) {
  RealArray out;
  out.shape = broadcast_shape(a.shape, b.shape);
  const auto sa = broadcast_strides(a.shape, out.shape), sb = broadcast_strides(b.shape, out.shape);
  const std::int64_t count = element_count(out.shape);
  out.values.clear();
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t rest = i, ia = 0, ib = 0;
    for (std::size_t axis = out.shape.size(); axis-- > 0;) {
      const std::int64_t at = rest % out.shape[axis];
      rest /= out.shape[axis];
      ia += at * sa[axis];
      ib += at * sb[axis];
    }
    out.values.push_back(
        f(a.values[static_cast<std::size_t>(ia)], b.values[static_cast<std::size_t>(ib)]));
  }
  return out;
}

RealArray offset_of(const RealArray& scale, const RealArray& zero_point) {
  return combine(scale, zero_point, [](const Real& s, const Real& z) { return -(s * z); });
}

const Constant* constant_input(const Node& node, std::size_t index) {
  if (index >= node.inputs.size() || !node.inputs[index] || !node.inputs[index]->constant)
    return nullptr;
  return &*node.inputs[index]->constant;
}

int bit_width(const Node& node, std::size_t index) {
  return static_cast<int>(constant_input(node, index)->to_float(0));
}

/// A per-axis parameter of (De)QuantizeLinear as an array that broadcasts to X.
RealArray along_axis(RealArray array, std::int64_t axis, const Tensor& x) {
  if (array.is_scalar()) return array;
  const std::size_t a = ops::normalise_axis(axis, x.shape->size());
  Shape shape(x.shape->size() - a, 1);
  shape[0] = static_cast<std::int64_t>(array.values.size());
  array.shape = std::move(shape);
  return array;
}

/// The integers that reach a DequantizeLinear: its container's, cut by a Clip in front.
DataType dequantised_type(const Node& node) {
  const Tensor* x = node.inputs[0];
  const DataType container = container_type(x->container);
  const auto* clip = x->producer ? x->producer->as<ops::Clip>() : nullptr;
  if (!clip) return container;
  const Constant *lo = constant_input(*x->producer, 1), *hi = constant_input(*x->producer, 2);
  const auto bound = [](const Constant* c, std::int64_t fallback) {
    return c && c->is_int() ? c->ints()[0] : fallback;
  };
  const std::int64_t least = bound(lo, container.min()), most = bound(hi, container.max());
  if (least > most)
    user_error("{}: the lower bound {} is above the upper bound {}", x->producer->label(), least,
               most);
  return DataType::smallest_for(least, most);
}

bool all_constant(const Node& node, std::size_t first, std::size_t count) {
  for (std::size_t i = first; i < first + count; ++i)
    if (!constant_input(node, i)) return false;
  return true;
}

RealArray array_input(const Node& node, std::size_t index) {
  return real_array(*constant_input(node, index));
}

DataType signed_or_not(bool is_signed, int bits) {
  return is_signed ? DataType::sint(bits) : DataType::uint(bits);
}

bool describe_quant(const Node& node, const ops::Quant& quant, Checkpoint& checkpoint) {
  if (!all_constant(node, 1, 3)) return false;
  const int bits = bit_width(node, 3);
  checkpoint.dtype =
      quant.is_signed && bits == 1 ? DataType::bipolar() : signed_or_not(quant.is_signed, bits);
  checkpoint.scale = array_input(node, 1);
  checkpoint.offset = offset_of(checkpoint.scale, array_input(node, 2));
  return true;
}

bool describe_bipolar(const Node& node, Checkpoint& checkpoint) {
  if (!all_constant(node, 1, 1)) return false;
  checkpoint.dtype = DataType::bipolar();
  checkpoint.scale = array_input(node, 1);
  return true;
}

bool describe_trunc(const Node& node, const ops::Trunc& trunc, Checkpoint& checkpoint) {
  if (!all_constant(node, 1, node.inputs.size() - 1)) return false;
  const RealArray zero = array_input(node, 2);
  // Version 2: -(z/t) * out_scale = -z * scale when out_scale = t * scale.
  checkpoint.offset = offset_of(array_input(node, 1), zero);
  if (trunc.version == 1) {
    // Nothing is clamped, so only its sign is not known: the container is generous.
    checkpoint.dtype = DataType::sint(32);
    checkpoint.scale = array_input(node, 1);
    return true;
  }
  checkpoint.dtype = signed_or_not(trunc.is_signed, bit_width(node, 5));
  checkpoint.scale = array_input(node, 4);
  return std::ranges::all_of(zero.values, [](const Real& z) { return z.is_zero(); });
}

/// Counted thresholds [.., steps].
bool describe_steps(const Tensor& thresholds, const Real& scale, const Real& bias,
                    Checkpoint& checkpoint) {
  const auto steps = thresholds.shape ? thresholds.shape->back() : 1;
  checkpoint.dtype = DataType::smallest_for(0, std::max<std::int64_t>(steps, 1));
  checkpoint.scale = RealArray(scale);
  checkpoint.offset = RealArray(bias);
  return true;
}

bool describe_levels(const Tensor& thresholds, const hw::Levels& levels, Checkpoint& checkpoint) {
  return describe_steps(thresholds, Real(levels.out_scale), Real(levels.out_bias), checkpoint);
}

bool describe_layer(const Node& node, Checkpoint& checkpoint) {
  constexpr std::size_t kThresholds = 2;  // of a product; they may be left out
  if (const auto* layer = node.as<hw::Thresholding>())
    return describe_levels(*node.inputs[1], layer->levels, checkpoint);
  if (const auto* layer = node.as<hw::JoinThreshold>())
    return describe_levels(*node.inputs[0], layer->levels, checkpoint);
  const auto* product = node.as<hw::MultiplyOp>();
  if (!product || node.inputs.size() <= kThresholds || !node.inputs[kThresholds]) return false;
  return describe_levels(*node.inputs[kThresholds], product->levels, checkpoint);
}

bool describe_dequantize(const Node& node, const ops::DequantizeLinear& dequantize,
                         Checkpoint& checkpoint) {
  const Tensor& x = *node.inputs[0];
  if (!constant_input(node, 1) || !x.shape) return false;
  checkpoint.dtype = dequantised_type(node);
  checkpoint.scale = along_axis(array_input(node, 1), dequantize.axis, x);
  const RealArray zero =
      constant_input(node, 2) ? along_axis(array_input(node, 2), dequantize.axis, x) : RealArray();
  checkpoint.offset = offset_of(checkpoint.scale, zero);
  return true;
}

/// Fills dtype and scale and offset of the map; false when `node` is no activation quantiser or its
/// parameters are not known.
bool describe(const Node& node, Checkpoint& checkpoint) {
  if (const auto* quant = node.as<ops::Quant>()) return describe_quant(node, *quant, checkpoint);
  if (node.as<ops::BipolarQuant>()) return describe_bipolar(node, checkpoint);
  if (const auto* trunc = node.as<ops::Trunc>()) return describe_trunc(node, *trunc, checkpoint);
  if (const auto* steps = node.as<ops::MultiThreshold>())
    return describe_steps(*node.inputs[1], Real::of(steps->out_scale), Real::of(steps->out_bias),
                          checkpoint);
  if (const auto* join = node.as<ops::JoinThreshold>())
    return describe_steps(*node.inputs[0], Real(join->out_scale), Real(join->out_bias), checkpoint);
  if (const auto* dequantize = node.as<ops::DequantizeLinear>())
    return describe_dequantize(node, *dequantize, checkpoint);
  return describe_layer(node, checkpoint);
}

Checkpoint end_of_graph(Tensor* tensor, Checkpoint::Kind kind) {
  Checkpoint checkpoint;
  checkpoint.name = tensor->name;
  checkpoint.kind = kind;
  checkpoint.tensor = tensor;
  return checkpoint;
}

Checkpoint::Kind output_kind(const Tensor& output) {
  const bool label =
      output.producer && output.producer->as<ops::TopK>() && output.container == Container::kInt64;
  return label ? Checkpoint::Kind::kLabel : Checkpoint::Kind::kLogits;
}

/// Whether the outputs hold the values of the first input, at most in another order.
bool copies(const Node& node) {
  const auto* layer = node.as<hw::HwOp>();
  return copies_in_order(node) || node.traits().elements == Elements::kPermuted ||
         (layer && layer->copies());
}

const Tensor* copied_from(const Tensor* tensor) {
  while (tensor->producer && copies(*tensor->producer)) tensor = tensor->producer->inputs[0];
  return tensor;
}

std::string free_name(const Graph& graph, std::string name) {
  const auto taken = [&] {
    return std::ranges::find(graph.checkpoints(), name, &Checkpoint::name) !=
           graph.checkpoints().end();
  };
  while (taken()) name += "_derived";
  return name;
}

}  // namespace

Shape Checkpoint::shape() const {
  const Shape& carrier = *tensor->shape;
  if (perm.empty()) return carrier;
  Shape out;
  for (const std::int64_t axis : perm) out.push_back(carrier.at(static_cast<std::size_t>(axis)));
  return out;
}

std::unordered_set<const Tensor*> way_to_outputs(const Graph& graph) {
  std::unordered_set<const Tensor*> way(graph.outputs().begin(), graph.outputs().end());
  const std::vector<Node*> order = graph.topological_order();
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    const auto& outputs = (*node)->outputs;
    if (std::ranges::none_of(outputs, [&](const Tensor* t) { return way.contains(t); })) continue;
    for (const Tensor* input : (*node)->inputs)
      if (input) way.insert(input);
  }
  return way;
}

std::vector<Checkpoint> derived_checkpoints(const Graph& graph) {
  std::vector<Checkpoint> found;
  const std::unordered_set<const Tensor*> way = way_to_outputs(graph);
  std::unordered_set<const Tensor*> live, taken;  // live: depends on an input
  for (Tensor* input : graph.inputs()) {
    live.insert(input);
    found.push_back(end_of_graph(input, Checkpoint::Kind::kInput));
  }
  for (const Node* node : graph.topological_order()) {
    if (std::ranges::none_of(node->inputs, [&](const Tensor* t) { return live.contains(t); }))
      continue;
    for (const Tensor* output : node->outputs)
      if (output) live.insert(output);
    Checkpoint checkpoint;
    if (node->outputs.empty() || !way.contains(node->outputs[0]) || !describe(*node, checkpoint))
      continue;
    checkpoint.has_map = true;
    checkpoint.tensor = node->outputs[0];
    checkpoint.name = checkpoint.tensor->name;
    taken.insert(checkpoint.tensor);
    found.push_back(std::move(checkpoint));
  }
  for (Tensor* output : graph.outputs())
    if (live.contains(output) && !graph.is_input(output) && taken.insert(output).second)
      found.push_back(end_of_graph(output, output_kind(*output)));
  return found;
}

void mark_checkpoints(Graph& graph) { graph.checkpoints() = derived_checkpoints(graph); }

std::size_t complete_checkpoints(Graph& graph) {
  std::unordered_set<const Tensor*> carriers, carried;
  for (const Checkpoint& checkpoint : graph.checkpoints()) {
    if (checkpoint.kind == Checkpoint::Kind::kInput) continue;
    carriers.insert(checkpoint.tensor);
    carried.insert(copied_from(checkpoint.tensor));
  }
  std::size_t added = 0;
  for (Checkpoint& checkpoint : derived_checkpoints(graph)) {
    if (checkpoint.kind == Checkpoint::Kind::kInput || carriers.contains(checkpoint.tensor))
      continue;
    if (!graph.is_output(checkpoint.tensor) && carried.contains(checkpoint.tensor)) continue;
    checkpoint.name = free_name(graph, checkpoint.name);
    graph.checkpoints().push_back(std::move(checkpoint));
    ++added;
  }
  return added;
}

}  // namespace assay
