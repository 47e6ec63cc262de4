// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/fifos.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "compile/passes/streams/dataflow_streams.h"
#include "compile/passes/streams/insert_fifos.h"
#include "harness/report/checksum.h"
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

/// "'a' waits for a beat in 'x', 'b' waits for room in 'y' .."
std::string circle_text(const Dataflow& flow, const std::vector<sim::TokenWait>& circle) {
  std::string text;
  for (std::size_t i = 0; i < circle.size(); ++i) {
    const sim::TokenWait& wait = circle[i];
    if (wait.node >= flow.nodes.size()) continue;  // a FIFO waits as its neighbour does
    // Who waits for room in a FIFO does so in the stream that the FIFO is on.
    const bool to_fifo = wait.stream >= flow.streams.size();
    const std::size_t stream = to_fifo ? circle[(i + 1) % circle.size()].stream : wait.stream;
    text += fmt::format("{}'{}' waits for {} in '{}'", text.empty() ? "" : ", ",
                        printable(flow.nodes[wait.node]->name), wait.room ? "room" : "a beat",
                        printable(flow.streams.at(stream).tensor->name));
  }
  return text;
}

/// "'x' (9 beats) or 'y' (none)"
std::string given_text(const Dataflow& flow, const sim::Sizing& sizing) {
  std::string text;
  for (const std::size_t s : sizing.too_small) {
    const std::int64_t depth = sizing.depths[s];
    text += fmt::format("{}'{}' ({})", text.empty() ? "" : " or ",
                        printable(flow.streams[s].tensor->name),
                        depth == 0 ? "none" : fmt::format("{} beats", depth));
  }
  return text;
}

[[noreturn]] void refuse(const Dataflow& flow, const sim::Sizing& sizing) {
  user_error(
      "with the FIFO depths given the accelerator {}: {}; enlarge the FIFOs of {}, or leave their "
      "depths to be chosen",
      sizing.stops ? "stops" : "can stop for ever when its input or output pauses",
      circle_text(flow, sizing.circle), given_text(flow, sizing));
}

/// A partition as it lies in the graph, and what the token model says of it.
class PartitionFifos {
 public:
  PartitionFifos(const Graph& graph, std::int64_t index)
      : flow_(dataflow(graph, index)), network_(sim::token_network(flow_)) {
    const sim::Schedule schedule = sim::schedule(network_);
    report.partition = index;
    report.interval = schedule.interval;
    if (!schedule.frame_ends.empty()) report.first_frame_latency = schedule.frame_ends[0] + 1;
    report.frames = std::ssize(schedule.frame_ends);
    for (const Node* node : flow_.nodes)
      report.slowest_layer = std::max(report.slowest_layer, flow_.layer(node).cycles);
    for (std::size_t i = 0; i < flow_.nodes.size(); ++i)
      if (flow_.nodes[i]->as<hw::StreamingFIFO>()) add(i, schedule);
  }

  /// What if FIFO `at` of the report had the next smaller depth?
  report::Fifos::Smaller smaller(std::size_t at) const {
    const sim::SmallerFifo found =
        sim::with_smaller(network_, nodes_[at], static_cast<int>(report.fifos[at].bits));
    return {found.depth, found.stops ? std::nullopt : std::optional(found.interval),
            found.stalls_stop};
  }

  report::Fifos::Partition report;  ///< without the what-ifs' intervals

 private:
  void add(std::size_t i, const sim::Schedule& schedule) {
    const Node* node = flow_.nodes[i];
    const hw::Layer& layer = flow_.layer(node);
    const std::int64_t depth = node->as<hw::StreamingFIFO>()->depth;
    nodes_.push_back(i);
    report.fifos.push_back({node->name,
                            depth,
                            layer.inputs[0].bits(),
                            layer.memories[0].style,
                            schedule.fifos[i],
                            {sim::smaller_depth(depth), {}, false}});
  }

  Dataflow flow_;
  sim::TokenNetwork network_;
  std::vector<std::size_t> nodes_;  ///< of the FIFOs, in the flow
};

/// A FIFO by its partition and its place there.
struct FifoPlace {
  std::size_t partition, fifo;
};

std::vector<FifoPlace> places_of(const report::Fifos& report) {
  std::vector<FifoPlace> places;
  for (std::size_t p = 0; p < report.partitions.size(); ++p)
    for (std::size_t f = 0; f < report.partitions[p].fifos.size(); ++f) places.push_back({p, f});
  return places;
}

report::Fifos without_what_ifs(report::Fifos report) {
  for (report::Fifos::Partition& partition : report.partitions)
    for (report::Fifos::Fifo& fifo : partition.fifos)
      fifo.smaller = {fifo.smaller.depth, {}, false};
  report.checksum.reset();
  return report;
}

/// What-ifs to look at again: one that the stage decides, and the last.
std::vector<FifoPlace> sampled(const std::vector<FifoPlace>& places, const std::string& seed) {
  if (places.empty()) return {};
  return {places[std::stoull(seed.substr(0, 8), nullptr, 16) % places.size()], places.back()};
}

/// Simulates the what-ifs at `places` into the report.
void fill(report::Fifos& report, const std::vector<PartitionFifos>& partitions,
          const std::vector<FifoPlace>& places, const Console& console) {
  Progress progress(console, kWhatIfs, std::ssize(places));
  tbb::parallel_for(std::size_t{0}, places.size(), [&](std::size_t i) {
    const auto [p, f] = places[i];
    report.partitions[p].fifos[f].smaller = partitions[p].smaller(f);
    progress.tick();
  });
}

/// A smaller FIFO makes nothing faster.
bool possible(const report::Fifos& report) {
  return std::ranges::all_of(report.partitions, [](const report::Fifos::Partition& partition) {
    return std::ranges::all_of(partition.fifos, [&](const report::Fifos::Fifo& fifo) {
      return !fifo.smaller.interval || !partition.interval ||
             *fifo.smaller.interval >= *partition.interval;
    });
  });
}

bool still_holds(const report::Fifos& earlier, const report::Fifos& found,
                 const std::vector<PartitionFifos>& partitions) {
  if (!is_sealed(earlier) || !possible(earlier)) return false;
  if (to_json(without_what_ifs(earlier)) != to_json(found)) return false;
  return std::ranges::all_of(sampled(places_of(found), found.stage_sha256), [&](FifoPlace at) {
    return partitions[at.partition].smaller(at.fifo) ==
           earlier.partitions[at.partition].fifos[at.fifo].smaller;
  });
}

}  // namespace

bool insert_sized_fifos(Graph& graph, PassContext& context) {
  FifoDepths depths;
  for (const DataflowPartition& partition : dataflow_partitions(graph)) {
    const Dataflow flow = dataflow(graph, partition.index);
    const sim::Sizing sizing =
        sim::size_fifos(flow, sizing_options(flow, context.options.fifo_interval));
    if (sizing.stalls_stop) refuse(flow, sizing);
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

FifoReport fifo_report(const Graph& graph, report::Fifos head,
                       const std::optional<report::Fifos>& earlier, const Console& console) {
  report::Fifos& report = head;
  std::vector<PartitionFifos> partitions;
  for (const DataflowPartition& partition : dataflow_partitions(graph)) {
    partitions.emplace_back(graph, partition.index);
    report.partitions.push_back(partitions.back().report);
  }
  if (earlier && still_holds(*earlier, report, partitions)) return {*earlier, true};
  fill(report, partitions, places_of(report), console);
  seal(report);
  return {std::move(report), false};
}

}  // namespace assay
