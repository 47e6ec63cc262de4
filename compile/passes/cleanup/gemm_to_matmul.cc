// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/gemm_to_matmul.h"

#include "compile/graph/ops.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

constexpr auto swap_axes = [](const Constant& matrix) { return transposed(matrix, {1, 0}); };

Tensor* transposed_matrix(Graph& graph, Tensor* matrix) {
  if (Tensor* weights = map_parameter(graph, matrix, swap_axes)) return weights;
  auto op = std::make_unique<ops::Transpose>();
  op->perm = {1, 0};
  return graph.add(std::move(op), {matrix});
}

Tensor* scaled(Graph& graph, Tensor* tensor, float factor) {
  if (factor == 1) return tensor;
  if (tensor->constant) {
    const Real exact = Real::of(factor);
    return graph.add_constant(tensor->name, *map_reals(*tensor->constant, [&](const Real& x) {
                                return std::optional(x * exact);
                              }));
  }
  Tensor* constant = graph.add_constant("", Constant({}, std::vector<float>{factor}));
  return graph.add(std::make_unique<ops::Mul>(), {tensor, constant});
}

void to_matmul(Graph& graph, Node* gemm) {
  const auto& op = *gemm->as<ops::Gemm>();
  Tensor* a = op.trans_a ? transposed_matrix(graph, gemm->inputs[0]) : gemm->inputs[0];
  Tensor* b = op.trans_b ? transposed_matrix(graph, gemm->inputs[1]) : gemm->inputs[1];
  Tensor* result = scaled(graph, graph.add(std::make_unique<ops::MatMul>(), {a, b}), op.alpha);
  if (gemm->inputs.size() > 2 && gemm->inputs[2])
    result =
        graph.add(std::make_unique<ops::Add>(), {result, scaled(graph, gemm->inputs[2], op.beta)});
  Tensor* output = gemm->outputs[0];
  graph.erase(gemm);
  graph.move_producer(result, output);
}

}  // namespace

bool gemm_to_matmul(Graph& graph, PassContext&) {
  const std::vector<Node*> gemms = nodes_of_type<ops::Gemm>(graph);
  for (Node* gemm : gemms) to_matmul(graph, gemm);
  return finish(graph, !gemms.empty());
}

}  // namespace assay
