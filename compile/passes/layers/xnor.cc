// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/layers/xnor.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "compile/passes/layers/xnor_border.h"
#include "compile/passes/rewrite/real_arrays.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

using Tensors = std::unordered_set<const Tensor*>;

/// A quantiser to -1 and +1.
bool gives_signs(const Node& node) {
  if (const auto* op = node.as<ops::MultiThreshold>())
    return op->out_scale == 2 && op->out_bias == -1 && known_shape(*node.inputs[1])[1] == 1;
  const auto* op = node.as<ops::JoinThreshold>();
  return op && op->out_scale == 2 && op->out_bias == -1 && known_shape(*node.inputs[0]).back() == 1;
}

bool moves_data(const Node& node) {
  return node.as<ops::Flatten>() || node.as<ops::Reshape>() || node.as<ops::Transpose>() ||
         node.as<ops::Squeeze>() || node.as<ops::Unsqueeze>() || node.as<ops::Gather>() ||
         node.as<ops::Resize>() || node.as<ops::DepthToSpace>() || node.as<ops::Concat>() ||
         node.as<ops::MaxPool>() || node.as<ops::MaxPoolNHWC>() || node.as<ops::Im2Col>();
}

bool is_sign_matrix(const Constant& w) {
  if (w.shape().size() != 2 || w.is_real()) return false;
  const auto sign = [](auto v) { return v == 1 || v == -1; };
  return w.is_float() ? std::ranges::all_of(w.floats(), sign) : std::ranges::all_of(w.ints(), sign);
}

/// A quantiser of `x` alone, whose thresholds can be moved.
bool takes_over(const Node& node, const Tensor* x) {
  if (node.inputs[0] == x && node.as<ops::MultiThreshold>())
    return has_integer_thresholds(*node.inputs[1]);
  constexpr std::size_t kX = ops::JoinThreshold::kFirstX;
  return node.as<ops::JoinThreshold>() && node.inputs.size() == kX + 1 && !node.inputs[1] &&
         node.inputs[kX] == x && has_integer_thresholds(*node.inputs[0]);
}

bool becomes_xnor(const Node& node, const Tensor* x) {
  const Constant* w = constant_input(node, 1);
  if (!node.as<ops::MatMul>() || node.inputs[0] != x || !w || !is_sign_matrix(*w)) return false;
  const Tensor* sum = node.outputs[0];
  return std::ranges::any_of(sum->consumers,
                             [&](const Node* user) { return takes_over(*user, sum); });
}

/// A window whose padding is 0, which no bit stands for, must be followed by nothing but products:
/// the thresholds behind them correct it.
bool corrects_padding(const Node& window) {
  return std::ranges::all_of(window.outputs[0]->consumers, [&](const Node* user) {
    return becomes_xnor(*user, window.outputs[0]);
  });
}

bool can_be_bits(const Graph& graph, const Tensor& tensor, const Tensors& bits) {
  const Node* from = tensor.producer;
  if (!from || tensor.consumers.empty() || graph.is_output(&tensor)) return false;
  if (moves_data(*from)) {
    const std::size_t count = from->as<ops::Concat>() ? from->inputs.size() : 1;
    for (std::size_t i = 0; i < count; ++i)
      if (!bits.contains(from->inputs[i])) return false;
    const auto* window = from->as<ops::Im2Col>();
    if (window && pads_with_zero(*window) && !corrects_padding(*from)) return false;
  } else if (!gives_signs(*from)) {
    return false;
  }
  return std::ranges::all_of(tensor.consumers, [&](const Node* user) {
    return becomes_xnor(*user, &tensor) || (moves_data(*user) && bits.contains(user->outputs[0]));
  });
}

/// The greatest set of tensors of which each can be bits if the others are.
Tensors tensors_of_bits(const Graph& graph) {
  Tensors bits;
  for (const auto& tensor : graph.tensors())
    if (tensor->producer && (moves_data(*tensor->producer) || gives_signs(*tensor->producer)))
      bits.insert(tensor.get());
  while (std::erase_if(bits, [&](const Tensor* t) { return !can_be_bits(graph, *t, bits); }) > 0) {
  }
  return bits;
}

/// The value q = 2 * t - 1 is now held as t.
void give_bits(Graph& graph, Tensor& tensor) {
  tensor.dtype = DataType::uint(1);
  for (Checkpoint& checkpoint : graph.checkpoints()) {
    if (checkpoint.tensor != &tensor) continue;
    checkpoint.shift = checkpoint.shift + -checkpoint.unit;
    checkpoint.unit = checkpoint.unit * RealArray(Real(2));
  }
  Node& from = *tensor.producer;
  if (auto* op = from.as<ops::MultiThreshold>()) {
    op->out_scale = 1;
    op->out_bias = 0;
    op->out_dtype = DataType::uint(1);
  } else if (auto* join = from.as<ops::JoinThreshold>()) {
    join->out_scale = 1;
    join->out_bias = 0;
    join->out_dtype = DataType::uint(1);
  }
}

/// (w + 1) / 2.
Constant bits_of(const Constant& w) {
  const auto map = [](auto values) {
    for (auto& value : values) value = value > 0 ? 1 : 0;
    return values;
  };
  if (w.is_float())
    return {w.shape(), map(std::vector<float>(w.floats().begin(), w.floats().end()))};
  return {w.shape(), map(std::vector<std::int64_t>(w.ints().begin(), w.ints().end()))};
}

/// sum = 2 * count + correction, for users that need the sum itself: it keeps its tensor.
void restore_sum(Graph& graph, Tensor* count, Tensor* sum, const Border& border) {
  Tensor* two = graph.add_constant(sum->name + "_two", Constant({}, std::vector<std::int64_t>{2}));
  Tensor* shift = graph.add_constant(sum->name + "_shift", border.correction);
  for (Tensor* constant : {two, shift}) constant->container = Container::kFloat32;
  two->dtype = DataType::uint(2);
  shift->dtype = border.type();
  Tensor* twice = graph.add(std::make_unique<ops::Mul>(), {count, two}, sum->name + "_twice");
  twice->dtype = DataType::smallest_for(0, 2 * count->dtype.max());
  twice->shape = sum->shape;
  twice->layout = sum->layout;
  graph.add_node(std::make_unique<ops::Add>(), {twice, shift}, {sum});
}

void convert_product(Graph& graph, Node* product, Tensor* sum) {
  Tensor* weights = product->inputs[1];
  const Constant signs = *weights->constant;
  const Border border = border_of(*product->inputs[0], signs, known_shape(*sum));
  Tensor* count = graph.add_tensor(sum->name + "_popcount");
  count->shape = sum->shape;
  count->layout = sum->layout;
  count->dtype = DataType::smallest_for(0, signs.shape()[0]);
  Tensor* bits = graph.add_constant(weights->name, bits_of(signs));
  bits->container = Container::kFloat32;
  bits->dtype = DataType::uint(1);
  graph.move_producer(sum, count);
  product->op = std::make_unique<ops::XnorPopcountMatMul>();
  graph.set_input(product, 1, bits);
  const std::vector<Node*> users = sum->consumers;
  for (Node* user : users)
    if (takes_over(*user, sum)) move_thresholds(graph, user, count, border);
  const bool watched =
      std::ranges::find(graph.checkpoints(), sum, &Checkpoint::tensor) != graph.checkpoints().end();
  if (!sum->consumers.empty() || watched || graph.is_output(sum))
    restore_sum(graph, count, sum, border);
}

}  // namespace

bool convert_to_xnor(Graph& graph, PassContext& context) {
  const Tensors bits = tensors_of_bits(graph);
  if (bits.empty()) return false;
  std::vector<std::pair<Node*, Tensor*>> products;
  for (Node* node : graph.topological_order())
    if (!node->inputs.empty() && bits.contains(node->inputs[0]) && node->as<ops::MatMul>())
      products.emplace_back(node, node->outputs[0]);
  for (const auto& [product, sum] : products) {
    convert_product(graph, product, sum);
    context.report.remarks.push_back(
        {product->name, "counts equal bits instead of adding products"});
  }
  for (const auto& tensor : graph.tensors())
    if (bits.contains(tensor.get())) give_bits(graph, *tensor);
  for (const auto& node : graph.nodes())
    if (auto* window = node->as<ops::Im2Col>(); window && bits.contains(node->outputs[0]))
      window->pad_value = window->pad_value > 0 ? 1 : 0;
  return finish(graph, true);
}

}  // namespace assay
