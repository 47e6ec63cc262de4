// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "compile/graph/graph.h"

/// Which layer of a network lacks a quantiser: why it has no integer form that hardware could be.
namespace assay {

/// A convolution or matrix product whose weights, or else whose input, no quantiser makes integers.
struct Unquantised {
  const Node* layer = nullptr;
  const Node* from = nullptr;  ///< the product that reaches its input as it is; null: its weights

  std::string problem() const;  ///< "its weights are not quantised"
  std::string remedy() const;   ///< what to write in Brevitas
};

/// Whether the node is a product whose constant weights are real numbers: no quantiser makes them, and
/// as integers they take as many bits as a float32.
bool has_real_weights(const Node& node);

/// Such layers of the graph, in topological order; a product of two activations is none.
std::vector<Unquantised> unquantised_layers(const Graph& graph);
/// Those of them that reach `at` before any quantiser, itself included.
std::vector<Unquantised> unquantised_before(const std::vector<Unquantised>& layers, const Node& at);

/// Whether the network's input reaches `at` before any quantiser or product, but not as it is.
bool takes_normalised_input(const Graph& graph, const Node& at);

}  // namespace assay
