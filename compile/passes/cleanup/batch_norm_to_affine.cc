// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/batch_norm_to_affine.h"

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

bool has_constant_parameters(const Node& node) {
  for (std::size_t i = 1; i < 5; ++i)
    if (!constant_input(node, i)) return false;
  return true;
}

void spell_out(Graph& graph, Node* node) {
  const Real epsilon = Real::of(node->as<ops::BatchNormalization>()->epsilon);
  const auto parameter = [&](std::size_t i, std::int64_t channel) {
    return constant_input(*node, i)->real(channel);
  };
  Tensor* output = node->outputs[0];
  Shape shape(known_shape(*output).size(), 1);
  shape[1] = constant_input(*node, 1)->size();
  std::vector<Real> factors, offsets;
  for (std::int64_t c = 0; c < shape[1]; ++c) {
    const Real variance = parameter(4, c) + epsilon;
    if (variance.sign() <= 0 || !variance.is_rational())
      user_error("{}: variance + epsilon of channel {} is not a positive rational number",
                 node->label(), c);
    factors.push_back(parameter(1, c) * Real::sqrt(variance.rational()).inverse());
    offsets.push_back(parameter(2, c) - parameter(3, c) * factors.back());
  }
  Tensor* x = node->inputs[0];
  const std::string name = node->name;
  graph.erase(node);
  Tensor* factor = graph.add_constant(name + "_scale", Constant(shape, std::move(factors)));
  Tensor* offset = graph.add_constant(name + "_bias", Constant(shape, std::move(offsets)));
  Tensor* product = graph.add(std::make_unique<ops::Mul>(), {x, factor}, name + "_mul");
  graph.add_node(std::make_unique<ops::Add>(), {product, offset}, {output});
}

}  // namespace

bool batch_norm_to_affine(Graph& graph, PassContext&) {
  bool changed = false;
  for (Node* node : nodes_of_type<ops::BatchNormalization>(graph)) {
    if (!has_constant_parameters(*node)) continue;
    spell_out(graph, node);
    changed = true;
  }
  return finish(graph, changed);
}

}  // namespace assay
