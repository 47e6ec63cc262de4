// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/rewrite/rewrite.h"

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/passes/rewrite/constant_tools.h"

namespace assay {
namespace {

bool has_constant_inputs(const Node& node) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i)
    if (!constant_input(node, i)) return false;
  return true;
}

/// `parameter` with leading axes of size 1 up to `rank`.
Constant in_rank(const Constant& parameter, std::size_t rank) {
  Shape shape = parameter.shape();
  shape.insert(shape.begin(), rank - shape.size(), 1);
  return parameter.reshaped(std::move(shape));
}

void keep_better_type(Tensor& kept, const Tensor& dropped) {
  if (kept.dtype == DataType::float32()) kept.dtype = dropped.dtype;
  if (kept.layout == Layout::kUnknown) kept.layout = dropped.layout;
}

}  // namespace

const Constant* constant_input(const Node& node, std::size_t index) {
  if (index >= node.inputs.size() || !node.inputs[index] || !node.inputs[index]->constant)
    return nullptr;
  return &*node.inputs[index]->constant;
}

bool is_constant_of(const Node& node, std::size_t index, std::int64_t value) {
  const Constant* constant = constant_input(node, index);
  return constant && all_equal(*constant, Real(value));
}

bool is_quantiser(const Node& node) { return node.traits().quantises == Quantises::kYes; }

bool sums_products(const Node& node) {
  return node.as<ops::Conv>() || node.as<ops::ConvTranspose>() || node.as<ops::MatMul>() ||
         node.as<ops::Gemm>();
}

bool finish(Graph& graph, bool changed) {
  if (!changed) return false;
  graph.remove_dead();
  graph.sort();
  infer_shapes(graph);
  return true;
}

Tensor* add_constant_like(Graph& graph, const Tensor& like, Constant value) {
  Tensor* tensor = graph.add_constant(like.name, std::move(value));
  tensor->container = like.container;
  tensor->dtype = like.dtype;
  return tensor;
}

Tensor* map_parameter(Graph& graph, Tensor* tensor,
                      const std::function<Constant(const Constant&)>& map) {
  if (tensor->constant) return add_constant_like(graph, *tensor, map(*tensor->constant));
  const Node* quantiser = tensor->producer;
  if (!quantiser || !has_constant_inputs(*quantiser)) return nullptr;
  if (!quantiser->as<ops::Quant>() && !quantiser->as<ops::BipolarQuant>() &&
      !quantiser->as<ops::FloatQuant>())
    return nullptr;
  const std::size_t rank = quantiser->inputs[0]->constant->shape().size();
  std::vector<Tensor*> inputs;
  for (Tensor* input : quantiser->inputs) {
    const bool per_tensor = !inputs.empty() && input->constant->size() == 1;
    inputs.push_back(per_tensor
                         ? input
                         : add_constant_like(graph, *input, map(in_rank(*input->constant, rank))));
  }
  Tensor* output = graph.add(quantiser->op->clone(), std::move(inputs), tensor->name);
  output->dtype = tensor->dtype;
  return output;
}

bool bypass(Graph& graph, Tensor* x, Tensor* y) {
  if (!graph.is_output(y)) {
    graph.replace_uses(y, x);
    keep_better_type(*x, *y);
    return true;
  }
  if (!x->producer || graph.is_output(x)) return false;
  Node* identity = y->producer;
  graph.erase(identity);
  graph.move_producer(x, y);
  graph.replace_uses(x, y);
  keep_better_type(*y, *x);
  return true;
}

}  // namespace assay
