// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/fifos.h"

#include <tbb/parallel_for.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "compile/passes/streams/dataflow_streams.h"
#include "compile/passes/streams/insert_fifos.h"
#include "sim/token/fifo_sizing.h"
#include "sim/token/token_dataflow.h"

namespace assay {
namespace {

constexpr std::int64_t kNoFifo = 1;  ///< as a wish: FINN's smallest depth, which needs no module

/// What the nodes at both ends want: the larger depth; 0: nothing.
std::int64_t wished_depth(const DataflowStream& stream) {
  const auto wish = [](const StreamEnd& end, const std::vector<std::int64_t>& depths) {
    return end.port < depths.size() ? depths[end.port] : 0;
  };
  const auto& writer = static_cast<const hw::HwOp&>(*stream.writer.node->op);
  const auto& reader = static_cast<const hw::HwOp&>(*stream.reader.node->op);
  return std::max(wish(stream.writer, writer.out_fifo_depths),
                  wish(stream.reader, reader.in_fifo_depths));
}

sim::SizingOptions sizing_options(const Dataflow& flow, std::int64_t interval) {
  sim::SizingOptions sizing;
  sizing.interval = interval;
  for (std::size_t s = 0; s < flow.streams.size(); ++s) {
    const DataflowStream& stream = flow.streams[s];
    if (!stream.writer.node || !stream.reader.node) continue;
    const std::int64_t depth = wished_depth(stream);
    if (depth > 0) sizing.given[s] = depth == kNoFifo ? 0 : depth;
  }
  return sizing;
}

/// "'a' waits for a beat of 'x' from 'b', which waits for room .."
std::string circle_text(const Dataflow& flow, const std::vector<sim::TokenWait>& circle) {
  std::string text;
  for (const sim::TokenWait& wait : circle) {
    if (wait.node >= flow.nodes.size()) continue;  // a FIFO waits as its neighbour does
    const bool known = wait.stream < flow.streams.size();
    text += fmt::format(
        "{}'{}' waits for {}{}", text.empty() ? "" : ", ", printable(flow.nodes[wait.node]->name),
        wait.room ? "room" : "a beat",
        known ? fmt::format(" in '{}'", printable(flow.streams[wait.stream].tensor->name)) : "");
  }
  return text;
}

[[noreturn]] void refuse(const Dataflow& flow, const sim::Sizing& sizing) {
  user_error(
      "with the FIFO depths given the accelerator stops: {}; enlarge the FIFOs that it waits for "
      "room in, or leave their depths to be chosen",
      circle_text(flow, sizing.circle));
}

report::Fifos::Partition partition_report(const Graph& graph, std::int64_t index) {
  const Dataflow flow = dataflow(graph, index);
  const sim::TokenNetwork network = sim::token_network(flow);
  const sim::Schedule schedule = sim::schedule(network);
  std::vector<std::size_t> fifos;
  for (std::size_t i = 0; i < flow.nodes.size(); ++i)
    if (flow.nodes[i]->as<hw::StreamingFIFO>()) fifos.push_back(i);
  report::Fifos::Partition report;
  report.partition = index;
  report.fifos.resize(fifos.size());
  tbb::parallel_for(std::size_t{0}, fifos.size(), [&](std::size_t i) {
    const Node* node = flow.nodes[fifos[i]];
    const hw::Layer& layer = flow.layer(node);
    const int bits = layer.inputs[0].bits();
    const sim::SmallerFifo smaller = sim::with_smaller(network, fifos[i], bits);
    report.fifos[i] = {
        node->name,
        node->as<hw::StreamingFIFO>()->depth,
        bits,
        layer.memories[0].style,
        schedule.fifos[fifos[i]],
        {smaller.depth, smaller.stops ? std::nullopt : std::optional(smaller.interval)}};
  });
  for (const Node* node : flow.nodes)
    report.slowest_layer = std::max(report.slowest_layer, flow.layer(node).cycles);
  report.interval = schedule.interval;
  if (!schedule.frame_ends.empty()) report.first_frame_latency = schedule.frame_ends[0] + 1;
  report.frames = std::ssize(schedule.frame_ends);
  return report;
}

}  // namespace

bool insert_sized_fifos(Graph& graph, PassContext& context) {
  FifoDepths depths;
  for (const DataflowPartition& partition : dataflow_partitions(graph)) {
    const Dataflow flow = dataflow(graph, partition.index);
    const sim::Sizing sizing =
        sim::size_fifos(flow, sizing_options(flow, context.options.fifo_interval));
    if (sizing.stops) refuse(flow, sizing);
    if (sizing.interval != sizing.wanted)
      context.report.remarks.push_back(
          {flow.nodes.front()->name,
           fmt::format("the FIFO depths given do not allow a frame every {} cycles",
                       sizing.wanted)});
    for (std::size_t s = 0; s < flow.streams.size(); ++s)
      if (sizing.depths[s] > 0) depths[flow.streams[s].tensor->name] = sizing.depths[s];
  }
  const bool inserted = insert_fifos(graph, depths, context.report);
  record_fifo_depths(graph);
  return inserted;
}

report::Fifos fifo_report(const Graph& graph) {
  report::Fifos report;
  for (const DataflowPartition& partition : dataflow_partitions(graph))
    report.partitions.push_back(partition_report(graph, partition.index));
  return report;
}

}  // namespace assay
