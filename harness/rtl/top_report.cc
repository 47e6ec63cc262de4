// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/top_report.h"

#include <fmt/format.h>

#include "compile/base/printable.h"
#include "compile/graph/hw_ops.h"
#include "harness/rtl/canaries.h"

namespace assay {
namespace {

constexpr double kHzPerMhz = 1e6;

/// The run whose streams the report shows: "always" where there is one.
const SimRun& shown_run(const VerifiedTop& v) {
  for (const SimRun& run : v.runs)
    if (run.profile == sim::Profile::kAlways) return run;
  return v.runs.front();
}

std::optional<std::string> name_of(const StitchedRtl& rtl, const std::optional<std::size_t>& node) {
  if (!node) return {};
  return rtl.nodes[*node].node->name;
}

report::RtlTop::Stream stream_report(const StitchedRtl& rtl, const StitchedStream& s,
                                     std::int64_t frames, const sim::StreamCounts& counts) {
  report::RtlTop::Stream report;
  report.name = s.stream.tensor->name;
  report.wires = s.name;
  report.writer = name_of(rtl, s.writer);
  report.reader = name_of(rtl, s.reader);
  report.bits = s.stream.bits();
  report.beats = s.stream.beats;
  report.predicted = s.stream.beats * frames;
  report.compared = counts.compared;
  report.differing = counts.differing;
  report.stalls = counts.stalls;
  report.starves = counts.starves;
  report.first = counts.first;
  report.last = counts.last;
  return report;
}

std::vector<report::RtlTop::Stream> stream_reports(const VerifiedTop& v) {
  const SimRun& run = shown_run(v);
  const std::vector<StitchedStream>& streams = v.prepared.rtl.streams;
  std::vector<report::RtlTop::Stream> list;
  for (std::size_t i = 0; i < streams.size(); ++i)
    list.push_back(stream_report(
        v.prepared.rtl, streams[i], run.frames,
        i < run.result.monitors.size() ? run.result.monitors[i] : sim::StreamCounts()));
  return list;
}

std::vector<report::RtlTop::Node> node_reports(const VerifiedTop& v) {
  std::vector<report::RtlTop::Node> list;
  for (std::size_t n = 0; n < v.prepared.rtl.nodes.size(); ++n) {
    const StitchedNode& node = v.prepared.rtl.nodes[n];
    list.push_back({node.node->name, "u_" + node.name, std::string(node.node->op->type()),
                    node.layer.cycles, v.prepared.memories[n]});
  }
  return list;
}

std::vector<report::RtlTop::Fifo> fifo_reports(const VerifiedTop& v) {
  const SimRun& run = shown_run(v);
  std::vector<report::RtlTop::Fifo> list;
  for (const StitchedNode& node : v.prepared.rtl.nodes)
    if (is_fifo(node))
      list.push_back({node.node->name, node.node->as<hw::StreamingFIFO>()->depth,
                      run.result.high_water.at(list.size())});
  return list;
}

report::RtlTop::Run top_run_report(const RtlLevel& level, const VerifiedTop& v, const SimRun& run) {
  report::RtlTop::Run report;
  report.profile = sim::profile_name(run.profile);
  report.seed = run.seed;
  report.frames = run.frames;
  report.cycles = run.result.cycles;
  report.outcome = level.outcome(v.prepared, run, level.replay_command(run, "", "top"));
  // The streams inside count like the outputs.
  for (const StitchedStream& s : v.prepared.rtl.streams)
    report.outcome.predicted += s.stream.beats * run.frames;
  report.outcome.compared += proved_monitors(v.prepared, run);
  for (const sim::StreamCounts& c : run.result.monitors) report.outcome.differing += c.differing;
  if (!run.result.stuck.empty()) report.outcome.stuck = standstill_text(v.prepared, run.result);
  return report;
}

void add_timing(report::RtlTop::Partition& report, const std::optional<TopTiming>& time) {
  if (!time) return;
  report.first_frame_latency = time->first_frame;
  report.interval = time->interval;
  report.steady = time->steady;
  report.frames_per_second = report.clock_mhz * kHzPerMhz / static_cast<double>(time->interval);
}

report::RtlTop::Partition partition_report(const RtlLevel& level, double clock_mhz,
                                           const VerifiedTop& v) {
  const StitchedNode& slowest = v.prepared.slowest();
  report::RtlTop::Partition report;
  report.partition = v.prepared.partition;
  report.module = v.prepared.rtl.module;
  report.folder = v.prepared.folder;
  report.model = v.model.key;
  report.content = v.prepared.content;
  report.verdict = v.judgement.verdict;
  report.reason = v.judgement.reason;
  report.clock_mhz = clock_mhz;
  add_timing(report, timing(shown_run(v)));
  report.steady_interval = v.steady_interval;
  report.bottleneck = {slowest.node->name, slowest.layer.cycles};
  report.token_model = v.tokens;
  report.canaries = canaries_of(v.prepared, v.canaries);
  report.nodes = node_reports(v);
  report.streams = stream_reports(v);
  report.fifos = fifo_reports(v);
  for (const SimRun& run : v.runs) report.runs.push_back(top_run_report(level, v, run));
  return report;
}

std::string interval_text(const report::RtlTop::Partition& p) {
  if (!p.interval) return "-";
  return grouped(*p.interval) + (p.steady.value_or(false) ? "" : " (not steady)");
}

std::vector<std::string> partition_row(const report::RtlTop::Partition& p) {
  std::int64_t compared = 0, differing = 0;
  for (const report::RtlTop::Run& run : p.runs) {
    compared += run.outcome.compared;
    differing += run.outcome.differing;
  }
  return {p.module,
          std::to_string(p.nodes.size()),
          std::to_string(p.streams.size()),
          grouped(compared),
          grouped(differing),
          p.first_frame_latency ? grouped(*p.first_frame_latency) : "-",
          interval_text(p),
          p.steady_interval ? grouped(*p.steady_interval) : "-",
          grouped(p.bottleneck.cycles),
          printable(p.bottleneck.node, 40),
          p.frames_per_second ? fmt::format("{:.1f}", *p.frames_per_second) : "-",
          std::string(verdict_name(p.verdict))};
}

}  // namespace

report::RtlTop top_report(const RtlLevel& level, double clock_mhz,
                          const std::vector<VerifiedTop>& tops) {
  report::RtlTop report;
  report.head = level.report_head();
  for (const VerifiedTop& v : tops)
    report.partitions.push_back(partition_report(level, clock_mhz, v));
  sum_up(report.head, report.partitions);
  return report;
}

std::string top_table(const RtlLevel& level, double clock_mhz, const report::RtlTop& report) {
  std::vector<std::vector<std::string>> rows = {
      {"design", "layers", "streams", "beats", "differing", "first frame", "cycles/frame", "steady",
       "slowest layer", "which", fmt::format("frames/s at {} MHz", clock_mhz), "verdict"}};
  for (const report::RtlTop::Partition& p : report.partitions) rows.push_back(partition_row(p));
  std::string text = table_text(rows);
  for (const report::RtlTop::Partition& p : report.partitions) text += faults_text(p.module, p);
  return text + level.totals_text(report.head, "");
}

}  // namespace assay
