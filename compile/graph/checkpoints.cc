// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_set>

#include "compile/base/error.h"
#include "compile/graph/graph.h"
#include "compile/graph/ops.h"

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

bool describe_thresholds(const Node& node, const ops::MultiThreshold& thresholds,
                         Checkpoint& checkpoint) {
  const auto steps = node.inputs[1]->shape ? (*node.inputs[1]->shape)[1] : 1;
  checkpoint.dtype = DataType::smallest_for(0, std::max<std::int64_t>(steps, 1));
  checkpoint.scale = RealArray(Real::of(thresholds.out_scale));
  checkpoint.offset = RealArray(Real::of(thresholds.out_bias));
  return true;
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
  if (const auto* thresholds = node.as<ops::MultiThreshold>())
    return describe_thresholds(node, *thresholds, checkpoint);
  if (const auto* dequantize = node.as<ops::DequantizeLinear>())
    return describe_dequantize(node, *dequantize, checkpoint);
  return false;
}

}  // namespace

Shape Checkpoint::shape() const {
  const Shape& carrier = *tensor->shape;
  if (perm.empty()) return carrier;
  Shape out;
  for (const std::int64_t axis : perm) out.push_back(carrier.at(static_cast<std::size_t>(axis)));
  return out;
}

void mark_checkpoints(Graph& graph) {
  graph.checkpoints().clear();
  std::unordered_set<const Tensor*> live, taken;  // live: depends on an input
  for (Tensor* input : graph.inputs()) {
    live.insert(input);
    taken.insert(input);
    Checkpoint checkpoint;
    checkpoint.name = input->name;
    checkpoint.kind = Checkpoint::Kind::kInput;
    checkpoint.tensor = input;
    graph.checkpoints().push_back(std::move(checkpoint));
  }
  for (Node* node : graph.topological_order()) {
    const bool fed =
        std::ranges::any_of(node->inputs, [&](const Tensor* t) { return live.contains(t); });
    if (!fed) continue;
    for (const Tensor* output : node->outputs)
      if (output) live.insert(output);
    Checkpoint checkpoint;
    if (node->outputs.empty() || !node->outputs[0] || !describe(*node, checkpoint)) continue;
    checkpoint.has_map = true;
    checkpoint.tensor = node->outputs[0];
    checkpoint.name = checkpoint.tensor->name;
    taken.insert(checkpoint.tensor);
    graph.checkpoints().push_back(std::move(checkpoint));
  }
  for (Tensor* output : graph.outputs()) {
    if (!live.contains(output) || !taken.insert(output).second) continue;
    Checkpoint checkpoint;
    checkpoint.name = output->name;
    const bool label = output->producer && output->producer->as<ops::TopK>() &&
                       output->container == Container::kInt64;
    checkpoint.kind = label ? Checkpoint::Kind::kLabel : Checkpoint::Kind::kLogits;
    checkpoint.tensor = output;
    graph.checkpoints().push_back(std::move(checkpoint));
  }
}

}  // namespace assay
