// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streams/insert_fifos.h"

#include <fmt/format.h>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "compile/passes/streams/insert_on_stream.h"

namespace assay {
namespace {

const Node* insert(Graph& graph, const DataflowStream& stream, std::int64_t lanes,
                   std::int64_t depth, std::int64_t partition) {
  hw::StreamingFIFO op;
  op.depth = depth;
  op.lanes = lanes;
  op.partition = partition;
  const Node* node = insert_on_stream(graph, stream, op, "_fifo");
  const hw::Layer layer = hw::build_layer(*node, false);  // refuses what cannot be built
  graph.find_node(node->name)->as<hw::HwOp>()->ram_style = layer.memories[0].style;
  return node;
}

}  // namespace

bool insert_fifos(Graph& graph, const FifoDepths& depths, PassReport& report) {
  std::size_t inserted = 0;
  FifoDepths left = depths;
  for (const DataflowPartition& partition : dataflow_partitions(graph)) {
    const Dataflow flow = dataflow(graph, partition.index);
    for (const DataflowStream& stream : flow.streams) {
      if (!stream.writer.node || !stream.reader.node) continue;
      const auto wanted = left.find(stream.tensor->name);
      if (wanted == left.end()) continue;
      const Node* node =
          insert(graph, stream, flow.read(stream).lanes, wanted->second, partition.index);
      report.remarks.push_back({node->name, fmt::format("{} beats", wanted->second)});
      left.erase(wanted);
      ++inserted;
    }
  }
  if (!left.empty())
    user_error("'{}' is no stream between two layers, so that it cannot have a FIFO",
               printable(left.begin()->first));
  return finish(graph, inserted > 0);
}

void record_fifo_depths(Graph& graph) {
  constexpr std::int64_t kNone = 1;
  const auto depth = [](const Node* neighbour) {
    const auto* fifo = neighbour ? neighbour->as<hw::StreamingFIFO>() : nullptr;
    return fifo ? fifo->depth : kNone;
  };
  for (const DataflowPartition& partition : dataflow_partitions(graph)) {
    const Dataflow flow = dataflow(graph, partition.index);
    for (const Node* node : flow.nodes) {
      if (node->as<hw::StreamingFIFO>() || node->as<hw::StreamingDataWidthConverter>()) continue;
      auto* op = graph.find_node(node->name)->as<hw::HwOp>();
      op->in_fifo_depths.assign(flow.layer(node).inputs.size(), kNone);
      op->out_fifo_depths.assign(flow.layer(node).outputs.size(), kNone);
      for (const DataflowStream& stream : flow.streams) {
        if (stream.reader.node == node)
          op->in_fifo_depths[stream.reader.port] = depth(stream.writer.node);
        if (stream.writer.node == node)
          op->out_fifo_depths[stream.writer.port] = depth(stream.reader.node);
      }
    }
  }
}

}  // namespace assay
