// SPDX-License-Identifier: Apache-2.0
// Internal to the passes that put layers on streams.
#pragma once

#include <concepts>
#include <memory>
#include <string>

#include "compile/passes/streams/dataflow_streams.h"

namespace assay {

/// Puts a layer that changes no data in front of a stream's reader, called as the stream's tensor
/// with `suffix`. Precondition: the stream has a reader, and carries what one of its inputs is.
template <std::derived_from<hw::HwOp> T>
const Node* insert_on_stream(Graph& graph, const DataflowStream& stream, T op,
                             const std::string& suffix) {
  auto* reader = const_cast<Node*>(stream.reader.node);
  const auto input = std::find(reader->inputs.begin(), reader->inputs.end(), stream.tensor);
  Tensor* tensor = *input;
  Tensor* out = graph.add_tensor(tensor->name + suffix);
  out->dtype = tensor->dtype;
  out->shape = tensor->shape;
  out->layout = tensor->layout;
  out->container = tensor->container;
  const Node* node =
      graph.add_node(std::make_unique<T>(std::move(op)), {tensor}, {out}, tensor->name + suffix);
  graph.set_input(reader, static_cast<std::size_t>(input - reader->inputs.begin()), out);
  return node;
}

}  // namespace assay
