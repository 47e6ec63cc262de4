// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streams/dataflow_streams.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/views.h"
#include "compile/passes/layers/infer_hw_layers.h"

namespace assay {
namespace {

/// The tensor that a layer, an input of the graph or software gives, seen through views.
const Tensor* source(const Tensor* tensor) {
  while (tensor->producer && is_view(*tensor->producer)) tensor = tensor->producer->inputs[0];
  return tensor;
}

StreamEnd writer_of(const Dataflow& flow, const Tensor* tensor) {
  const Tensor* from = source(tensor);
  const auto layer = flow.layers.find(from->producer);
  if (layer == flow.layers.end()) return {};
  const auto& outputs = layer->second.outputs;
  const auto port = std::ranges::find(outputs, from, &hw::Stream::tensor);
  ASSAY_INVARIANT(port != outputs.end(), "a layer's output is no stream");
  return {from->producer, static_cast<std::size_t>(port - outputs.begin())};
}

bool same_end(const StreamEnd& a, const StreamEnd& b) {
  return a.node == b.node && a.port == b.port;
}

void add_inputs(Dataflow& flow, const Node* node) {
  const auto& inputs = flow.layer(node).inputs;
  for (std::size_t port = 0; port < inputs.size(); ++port) {
    const DataflowStream stream{
        writer_of(flow, inputs[port].tensor), {node, port}, inputs[port].tensor};
    for (const DataflowStream& other : flow.streams)
      if (stream.writer.node && same_end(other.writer, stream.writer))
        user_error("{} and {} read the same stream '{}'; it needs a DuplicateStreams",
                   other.reader.node->label(), node->label(), printable(stream.tensor->name));
    flow.streams.push_back(stream);
  }
}

void add_outputs(Dataflow& flow, const Node* node) {
  const auto& outputs = flow.layer(node).outputs;
  for (std::size_t port = 0; port < outputs.size(); ++port) {
    const StreamEnd writer{node, port};
    const bool read = std::ranges::any_of(
        flow.streams, [&](const DataflowStream& s) { return same_end(s.writer, writer); });
    if (!read) flow.streams.push_back({writer, {}, outputs[port].tensor});
  }
}

}  // namespace

Dataflow dataflow(const Graph& graph, std::int64_t index) {
  Dataflow flow;
  for (const Node* node : graph.topological_order()) {
    const auto* op = node->as<hw::HwOp>();
    if (!op || op->partition != index) continue;
    flow.nodes.push_back(node);
    flow.layers.emplace(node, hw::build_layer(*node, false));
  }
  for (const Node* node : flow.nodes) add_inputs(flow, node);
  for (const Node* node : flow.nodes) add_outputs(flow, node);
  return flow;
}

}  // namespace assay
