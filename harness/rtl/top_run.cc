// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/top_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/hw_ops.h"
#include "harness/rtl/canaries.h"
#include "harness/rtl/outside_files.h"
#include "sim/token/deadlock.h"

namespace assay {
namespace {

sim::Packing edge_packing(const hw::Stream& stream, int padding) {
  sim::Packing p = packing(stream);
  p.last = true;
  p.padding = padding;
  return p;
}

void add_queue_gauges(PreparedTop& top) {
  for (std::size_t n = 0; n < top.rtl.nodes.size(); ++n) {
    if (!is_fifo(top.rtl.nodes[n])) continue;
    sim::Gauge& gauge = top.gauges.emplace_back();
    for (std::size_t s = 0; s < top.rtl.streams.size(); ++s) {
      if (top.rtl.streams[s].reader == n) gauge.in = s;
      if (top.rtl.streams[s].writer == n) gauge.out = s;
    }
  }
}

/// "out0", "mon7" as a stream of the design.
std::string stream_text(const PreparedTop& top, std::string_view name) {
  const std::size_t index = std::stoul(std::string(name.substr(3)));
  const bool monitor = name.starts_with("mon");
  const StitchedStream& s = top.rtl.streams.at(monitor ? index : top.rtl.masters.at(index).stream);
  if (!monitor)
    return fmt::format("port {} ('{}')", top.rtl.masters[index].prefix,
                       printable(s.stream.tensor->name));
  return fmt::format("stream '{}' from {} to {}", printable(s.stream.tensor->name),
                     end_text(top.rtl, s.writer), end_text(top.rtl, s.reader));
}

std::string wait_text(const PreparedTop& top, const sim::Wait& wait) {
  const StitchedStream& s = top.rtl.streams[wait.stream];
  return wait.full ? fmt::format("{} waits for {} to take '{}'", end_text(top.rtl, wait.node),
                                 end_text(top.rtl, s.reader), printable(s.stream.tensor->name))
                   : fmt::format("{} waits for '{}' from {}", end_text(top.rtl, wait.node),
                                 printable(s.stream.tensor->name), end_text(top.rtl, s.writer));
}

std::string enlarge_text(const PreparedTop& top, std::size_t stream) {
  const StitchedStream& s = top.rtl.streams[stream];
  const auto& nodes = top.rtl.nodes;
  if (s.writer && is_fifo(nodes[*s.writer]))
    return fmt::format("enlarge FIFO {} (depth {})", end_text(top.rtl, s.writer),
                       nodes[*s.writer].node->as<hw::StreamingFIFO>()->depth);
  return fmt::format("put a FIFO between {} and {}", end_text(top.rtl, s.writer),
                     end_text(top.rtl, s.reader));
}

/// What keeps the counts from being complete, or nothing.
std::string missing_text(const PreparedTop& top, const SimRun& run) {
  const sim::Result& r = run.result;
  if (run.predicted == 0 || r.predicted != run.predicted || r.compared != run.predicted)
    return fmt::format("{} of {} predicted beats of the outputs were compared", r.compared,
                       run.predicted);
  if (r.monitors.size() != top.rtl.streams.size())
    return fmt::format("{} of {} streams were watched", r.monitors.size(), top.rtl.streams.size());
  for (std::size_t i = 0; i < r.monitors.size(); ++i) {
    const std::int64_t predicted = top.rtl.streams[i].stream.beats * run.frames;
    if (r.monitors[i].predicted != predicted || r.monitors[i].compared != predicted)
      return fmt::format("{} of {} predicted beats of {} were compared", r.monitors[i].compared,
                         predicted, stream_text(top, fmt::format("mon{}", i)));
  }
  return "";
}

}  // namespace

const StitchedNode& PreparedTop::slowest() const {
  return *std::ranges::max_element(rtl.nodes, {},
                                   [](const StitchedNode& n) { return n.layer.cycles; });
}

bool is_fifo(const StitchedNode& node) { return node.node->as<hw::StreamingFIFO>() != nullptr; }

std::string end_text(const StitchedRtl& rtl, const std::optional<std::size_t>& node) {
  return node ? fmt::format("'{}'", printable(rtl.nodes.at(*node).node->name)) : "the edge";
}

DataflowPartition only_accelerator(const Graph& graph, std::string_view what) {
  std::vector<DataflowPartition> all = dataflow_partitions(graph);
  if (all.size() != 1) user_error("the run has {} accelerators; {} holds one", all.size(), what);
  return std::move(all.front());
}

PreparedTop prepare_top(const DataflowPartition& partition, const std::string& module) {
  PreparedTop top;
  top.partition = partition.index;
  top.rtl = stitch({module, partition.nodes, partition.inputs, partition.outputs});
  for (const NodeRtl::File& file : top.rtl.files)
    top.spec.sources.push_back({file.name, file.text});
  const std::string bench = monitored_module(top.rtl);
  top.spec.sources.push_back({bench + ".sv", monitored_text(top.rtl)});
  sim::Design& design = top.spec.designs.emplace_back();
  design.module = bench;
  for (const StitchedPort& p : top.rtl.slaves) design.inputs.push_back(p.bits + 1);
  for (const StitchedPort& p : top.rtl.masters) design.outputs.push_back(p.tdata_bits() + 1);
  for (const StitchedStream& s : top.rtl.streams) design.monitors.push_back(s.stream.bits());
  top.inputs.resize(design.inputs.size());
  top.outputs.resize(design.outputs.size());
  top.monitors.resize(design.monitors.size());
  add_queue_gauges(top);
  top.patience = patience_with(top.slowest().layer.cycles);
  return top;
}

namespace {

void write_rtl(const std::vector<PreparedTop>& tops, RtlFolder& rtl) {
  std::vector<std::string> folders;
  std::vector<RtlFolder::File> files;
  for (const PreparedTop& top : tops) {
    folders.push_back(top.folder);
    for (const NodeRtl::File& file : top.rtl.files)
      files.push_back({top.folder + "/" + file.name, file.text});
    for (const StitchedNode& node : top.rtl.nodes)
      for (const hw::MemoryImage& image : node.layer.images)
        files.push_back({top.folder + "/" + node.file(image), image.hex()});
  }
  rtl.choose(std::move(folders), true);
  rtl.write(files);
}

void read_rtl(PreparedTop& top, const RtlFolder& rtl) {
  std::vector<std::string> literals;
  if (rtl.as_is()) {
    const std::string monitored = monitored_module(top.rtl);
    top.spec.sources = rtl.sources(top.folder, {"assay_top", monitored});
    literals = string_literals(top.spec.sources);
    top.spec.sources.push_back({monitored + ".sv", monitored_text(top.rtl)});
    top.spec.lint = false;
  }
  top.content = rtl.data_hash(top.folder);
  for (const StitchedNode& node : top.rtl.nodes)
    top.memories.push_back(
        rtl.read_memories(*node.node, node.layer, top.folder, node.name + "_", literals));
}

}  // namespace

std::vector<PreparedTop> prepare_tops(const RtlSession& session, RtlFolder& rtl,
                                      const Console& console) {
  const auto partitions = dataflow_partitions(session.graph);
  if (partitions.empty())
    user_error("the run's last stage has no hardware layers; do the run again without --until");
  std::vector<PreparedTop> tops;
  for (const DataflowPartition& partition : partitions) {
    const std::string suffix = partitions.size() == 1 ? "" : fmt::format("_{}", partition.index);
    PreparedTop& top = tops.emplace_back(prepare_top(partition, "accelerator" + suffix));
    top.folder = "rtl/top" + suffix;
  }
  write_rtl(tops, rtl);
  for (PreparedTop& top : tops) read_rtl(top, rtl);
  session.for_each_image(console, [&](const ExactRun& run) {
    for (PreparedTop& top : tops)
      add_frame(top, top_frame(top, [&](const Tensor* tensor) {
                  return integers(run.values.at(tensor));
                }));
  });
  for (PreparedTop& top : tops) hash_content(top);
  return tops;
}

namespace {

/// A slave's TLAST is ignored: of eight frames the first four come without it, more than a design that waits
/// for it could hold, two with nothing else, and two as they should.
void vary_last(sim::Tokens& frame, std::size_t index) {
  constexpr std::size_t kFrames = 8, kWithout = 4, kAll = 6;
  index %= kFrames;
  if (index >= kAll) return;
  const std::size_t byte = static_cast<std::size_t>(frame.bits - 1) / 8;
  const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>((frame.bits - 1) % 8));
  for (std::size_t at = byte; at < frame.bytes.size(); at += frame.stride())
    frame.bytes[at] = static_cast<std::uint8_t>(index < kWithout ? frame.bytes[at] & ~bit
                                                                 : frame.bytes[at] | bit);
}

}  // namespace

TopFrame top_frame(const PreparedTop& top,
                   const std::function<std::vector<std::int64_t>(const Tensor*)>& values) {
  TopFrame frame;
  const auto tokens = [&](const sim::Tokens& present, std::size_t stream, bool edge, int padding) {
    const StitchedStream& s = top.rtl.streams[stream];
    if (!s.stream.tensor->is_constant())
      return sim::pack(values(s.stream.tensor),
                       edge ? edge_packing(s.stream, padding) : packing(s.stream));
    if (!present.bytes.empty()) return sim::Tokens();  // weights, which repeat themselves
    hw::Stream words = s.stream;
    words.last = edge;
    return stream_tokens(top.rtl.nodes[s.reader.value()].layer, words, {});
  };
  for (std::size_t i = 0; i < top.rtl.slaves.size(); ++i)
    frame.inputs.push_back(tokens(top.inputs[i], top.rtl.slaves[i].stream, true, 0));
  for (std::size_t i = 0; i < top.rtl.masters.size(); ++i) {
    const StitchedPort& port = top.rtl.masters[i];
    frame.outputs.push_back(
        tokens(top.outputs[i], port.stream, true, port.tdata_bits() - port.bits));
  }
  for (std::size_t i = 0; i < top.rtl.streams.size(); ++i)
    frame.monitors.push_back(tokens(top.monitors[i], i, false, 0));
  return frame;
}

void add_frame(PreparedTop& top, const TopFrame& frame) {
  const auto add = [&](sim::Tokens& all, const sim::Tokens& more, std::size_t stream) {
    const bool known = top.rtl.streams[stream].stream.tensor->is_constant() && !all.bytes.empty();
    if (!known) append_tokens(all, more);
  };
  for (std::size_t i = 0; i < frame.inputs.size(); ++i) {
    const std::size_t stream = top.rtl.slaves[i].stream;
    sim::Tokens tokens = frame.inputs[i];
    if (!top.rtl.streams[stream].stream.tensor->is_constant())
      vary_last(tokens, top.inputs[i].bytes.size() / tokens.bytes.size());
    add(top.inputs[i], tokens, stream);
  }
  for (std::size_t i = 0; i < frame.outputs.size(); ++i)
    add(top.outputs[i], frame.outputs[i], top.rtl.masters[i].stream);
  for (std::size_t i = 0; i < frame.monitors.size(); ++i)
    add(top.monitors[i], frame.monitors[i], i);
}

std::optional<TopTiming> timing(const SimRun& run) {
  const std::optional<std::int64_t> interval = measured_cycles(run);
  if (!interval) return {};
  const std::vector<std::int64_t>& ends = run.result.frame_ends;
  const std::size_t n = ends.size();
  return TopTiming{ends[0] + 1, *interval, ends[n - 2] - ends[n - 3] == *interval};
}

Judgement judge_run(const PreparedTop& top, const SimRun& run) {
  const sim::Result& r = run.result;
  const std::string under = under_text(run);
  if (!run.impossible.empty())
    return {
        Verdict::kInconclusive,
        fmt::format("the simulation gave a result that cannot be {}: {}", under, run.impossible)};
  std::int64_t compared = r.compared, differing = r.differing;
  for (const sim::StreamCounts& c : r.monitors) {
    compared += c.compared;
    differing += c.differing;
  }
  if (differing > 0)
    return {Verdict::kDifferent,
            fmt::format("{} beats differ {}, first on {}", differing, under,
                        stream_text(top, fmt::format("{}{}", r.first->monitor ? "mon" : "out",
                                                     r.first->output)))};
  if (!r.violations.empty())
    return {Verdict::kDifferent,
            fmt::format("{} on {} at cycle {} {}", r.violations[0].rule,
                        stream_text(top, r.violations[0].stream), r.violations[0].cycle, under)};
  if (!r.stuck.empty())
    return {Verdict::kDifferent, fmt::format("{} {}", standstill_text(top, r), under)};
  if (const std::string missing = missing_text(top, run); !missing.empty())
    return {Verdict::kInconclusive, missing + " " + under};
  if (const std::string doubt = doubtful(top, run); !doubt.empty())
    return {Verdict::kInconclusive, doubt + " " + under};
  const auto time = timing(run);
  if (run.profile == sim::Profile::kAlways && !time)
    return {Verdict::kInconclusive, "too few frames to measure cycles"};
  if (time && time->interval < top.slowest().layer.cycles)
    return {Verdict::kDifferent,
            fmt::format("a frame takes {} cycles, but '{}' alone should take {}", time->interval,
                        printable(top.slowest().node->name), top.slowest().layer.cycles)};
  return {Verdict::kEquivalent, fmt::format("{} beats equal {}", compared, under)};
}

sim::TokenNetwork token_network(const StitchedRtl& rtl) {
  sim::TokenNetwork network;
  for (const StitchedNode& node : rtl.nodes)
    network.nodes.push_back({node.layer.timing, node.inputs, node.outputs});
  for (const StitchedStream& s : rtl.streams) network.beats.push_back(s.stream.beats);
  return network;
}

TokenCheck check_tokens(const PreparedTop& top, const SimRun& run) {
  sim::TokenModel model(token_network(top.rtl), {}, run.frames);
  model.run(run.frames);
  TokenCheck check;
  check.predicted = std::ssize(top.rtl.streams);
  for (std::size_t s = 0; s < run.result.monitors.size(); ++s) {
    const std::int64_t beats = model.taken_count(s);
    std::uint64_t hash = 0;
    for (std::int64_t k = 0; k < beats; ++k)
      hash = sim::hash_stamp(hash, {model.valid(s, k), model.taken(s, k)});
    ++check.compared;
    const sim::StreamCounts& c = run.result.monitors[s];
    if (beats == c.compared && hash == c.stamp_hash) continue;
    if (check.differing++ > 0) continue;
    check.first =
        fmt::format("{}: {} beats in cycles {} to {}, the token model says {} to {}",
                    stream_text(top, fmt::format("mon{}", s)), c.compared, c.first, c.last,
                    beats > 0 ? model.taken(s, 0) : -1, beats > 0 ? model.taken(s, beats - 1) : -1);
  }
  return check;
}

std::string first_other_cycle(const PreparedTop& top, const sim::Result& stamped) {
  const std::int64_t frames = std::ssize(stamped.frame_ends);
  sim::TokenModel model(token_network(top.rtl), {}, frames);
  model.run(frames);
  std::string text;
  std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
  for (std::size_t s = 0; s < stamped.monitor_stamps.size(); ++s) {
    const std::vector<sim::Stamp>& stamps = stamped.monitor_stamps[s];
    for (std::int64_t k = 0; k < std::min<std::int64_t>(std::ssize(stamps), model.taken_count(s));
         ++k) {
      const sim::Stamp &seen = stamps[static_cast<std::size_t>(k)],
                       said{model.valid(s, k), model.taken(s, k)};
      if (seen == said) continue;
      const std::int64_t cycle = seen.offered == said.offered
                                     ? std::min(seen.taken, said.taken)
                                     : std::min(seen.offered, said.offered);
      if (cycle >= earliest) break;
      earliest = cycle;
      const std::int64_t beats = top.rtl.streams[s].stream.beats;
      text = fmt::format(
          "{}, frame {}, beat {}: offered in cycle {} and taken in {}; the token model: in {} and "
          "{}",
          stream_text(top, fmt::format("mon{}", s)), k / beats, k % beats, seen.offered, seen.taken,
          said.offered, said.taken);
      break;
    }
  }
  return text;
}

std::string mismatch_text(const PreparedTop& top, const sim::Mismatch& m, std::int64_t first_image,
                          std::int64_t images) {
  const auto index = static_cast<std::size_t>(m.output);
  const StitchedStream& s =
      top.rtl.streams.at(m.monitor ? index : top.rtl.masters.at(index).stream);
  const sim::Packing lanes = m.monitor ? packing(s.stream) : edge_packing(s.stream, 0);
  return fmt::format("{}, image {}, {}",
                     stream_text(top, fmt::format("{}{}", m.monitor ? "mon" : "out", index)),
                     first_image + m.frame % images, beat_text(lanes, m));
}

std::string standstill_text(const PreparedTop& top, const sim::Result& result) {
  std::vector<sim::StreamState> states;
  for (std::size_t i = 0; i < top.rtl.streams.size(); ++i) {
    const StitchedStream& s = top.rtl.streams[i];
    const sim::StreamCounts& c = result.monitors.at(i);
    states.push_back({s.writer, s.reader, c.valid, c.ready, c.compared == c.predicted});
  }
  const auto found = sim::find_standstill(states, top.rtl.nodes.size());
  if (!found) return "stuck: " + result.stuck;
  std::string text = found->circle ? "DEADLOCK: " : "stuck: ";
  for (std::size_t i = 0; i < found->waits.size(); ++i)
    text += (i == 0 ? "" : ", ") + wait_text(top, found->waits[i]);
  if (found->enlarge) text += "; " + enlarge_text(top, *found->enlarge);
  return text;
}

}  // namespace assay
