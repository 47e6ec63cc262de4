// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streams/insert_width_converters.h"

#include <fmt/format.h>

#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "compile/passes/streams/insert_on_stream.h"

namespace assay {

bool insert_width_converters(Graph& graph, PassContext& context) {
  bool changed = false;
  for (const DataflowPartition& partition : dataflow_partitions(graph)) {
    const Dataflow flow = dataflow(graph, partition.index);
    for (const DataflowStream& stream : flow.streams) {
      if (!stream.writer.node || !stream.reader.node) continue;
      hw::StreamingDataWidthConverter op;
      op.in_lanes = flow.written(stream).lanes;
      op.out_lanes = flow.read(stream).lanes;
      if (op.in_lanes == op.out_lanes) continue;
      op.partition = partition.index;
      const Node* node = insert_on_stream(graph, stream, op, "_converter");
      context.report.remarks.push_back(
          {node->name, fmt::format("{} to {} lanes", op.in_lanes, op.out_lanes)});
      changed = true;
    }
  }
  return finish(graph, changed);
}

}  // namespace assay
