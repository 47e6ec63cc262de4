// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "compile/graph/graph.h"

namespace assay {

/// SHA-256 of what a graph computes: equal for graphs whose outputs are the same operators of the same
/// inputs and constants, whatever their tensors and nodes are called and however hardware layers are
/// implemented. Foldings, memories, FIFO depths and the nodes that only pass a stream on, FIFOs and width
/// converters, are not in it. UserError for nodes that are not in topological order.
std::string function_digest(const Graph& graph);

/// The operator of a node and those of its fields that say what it computes, as text.
std::string function_text(const Node& node);

/// The fields of a node's operator that say what it computes, as text.
std::string function_fields(const Node& node);

}  // namespace assay
