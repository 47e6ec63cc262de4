// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "compile/graph/graph.h"

/// Tools that the passes share.
namespace assay {

/// The constant that feeds input `index`; null when the input is left out, missing or computed.
const Constant* constant_input(const Node& node, std::size_t index);
/// Whether it is a constant of this value alone.
bool is_constant_of(const Node& node, std::size_t index, std::int64_t value);
/// Quant, BipolarQuant, Trunc, FloatQuant, QuantizeLinear, DequantizeLinear, MultiThreshold: nodes
/// that carry the integer meaning of the network and are therefore never folded into a plain
/// constant.
bool is_quantiser(const Node& node);

/// Conv, ConvTranspose, MatMul, Gemm: sums of products, with weights or of two activations.
bool sums_products(const Node& node);

/// The nodes whose operator is a T, in topological order.
template <typename T>
std::vector<Node*> nodes_of_type(const Graph& graph) {
  std::vector<Node*> nodes = graph.topological_order();
  std::erase_if(nodes, [](const Node* node) { return !node->as<T>(); });
  return nodes;
}

/// The usual end of a pass: when something changed, removes what nobody uses any more, sorts the
/// nodes and infers shapes. Returns `changed`.
bool finish(Graph& graph, bool changed);

/// A new constant with the container and the data type of `like`.
Tensor* add_constant_like(Graph& graph, const Tensor& like, Constant value);

/// A copy of the constant `tensor`, or of the Quant, BipolarQuant or FloatQuant over constants that
/// produces it, in which every array went through `map`: the data, and the per-channel parameters
/// in the rank of the data. `map` must treat an axis of size 1 like the data's axis. Null when
/// `tensor` is neither.
Tensor* map_parameter(Graph& graph, Tensor* tensor,
                      const std::function<Constant(const Constant&)>& map);

/// Makes `x` take the place of `y`, which holds the same values: uses, outputs and checkpoints. The
/// name of a graph output is kept. Returns false, and does nothing, when `y` is a graph output and
/// `x` a graph input, a constant or another output.
bool bypass(Graph& graph, Tensor* x, Tensor* y);

}  // namespace assay
