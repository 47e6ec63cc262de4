// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/top_report.h"

#include <fmt/format.h>

#include "compile/base/printable.h"
#include "compile/graph/hw_ops.h"
#include "harness/report/schema.h"

namespace assay {
namespace {

constexpr double kHzPerMhz = 1e6;

/// The run whose streams the report shows: "always" where there is one.
const SimRun& shown_run(const VerifiedTop& v) {
  for (const SimRun& run : v.runs)
    if (run.profile == sim::Profile::kAlways) return run;
  return v.runs.front();
}

std::optional<TopTiming> timing_of(const VerifiedTop& v) { return timing(shown_run(v)); }

struct Totals {
  std::int64_t predicted = 0, compared = 0, differing = 0;
};

Totals totals(const VerifiedTop& v, const SimRun& run) {
  Totals t{run.predicted, run.result.compared, run.result.differing};
  for (const StitchedStream& s : v.prepared.rtl.streams) t.predicted += s.stream.beats * run.frames;
  for (const sim::StreamCounts& c : run.result.monitors) {
    t.compared += c.compared;
    t.differing += c.differing;
  }
  return t;
}

Totals totals(const std::vector<VerifiedTop>& tops) {
  Totals sum;
  for (const VerifiedTop& v : tops)
    for (const SimRun& run : v.runs) {
      const Totals t = totals(v, run);
      sum.predicted += t.predicted;
      sum.compared += t.compared;
      sum.differing += t.differing;
    }
  return sum;
}

std::string replay_command(const TopReportInput& in, const SimRun& run) {
  return fmt::format("assay verify {} --level rtl-top --profiles {} --seed {}{} --wave top.vcd",
                     in.options.dir.string(), sim::profile_name(run.profile), in.options.seed,
                     RtlSession::image_arguments(in.options.images));
}

std::string first_text(const TopReportInput& in, const VerifiedTop& v, const SimRun& run) {
  return mismatch_text(v.prepared, *run.result.first, in.session.images.first,
                       in.session.image_count);
}

Json name_or_null(const StitchedRtl& rtl, const std::optional<std::size_t>& node) {
  return node ? Json(rtl.nodes[*node].node->name) : Json();
}

Json streams_json(const VerifiedTop& v) {
  const SimRun& run = shown_run(v);
  Json list = Json::array();
  for (std::size_t i = 0; i < v.prepared.rtl.streams.size(); ++i) {
    const StitchedStream& s = v.prepared.rtl.streams[i];
    const sim::StreamCounts c =
        i < run.result.monitors.size() ? run.result.monitors[i] : sim::StreamCounts();
    list.push_back({{"name", s.stream.tensor->name},
                    {"wires", s.name},
                    {"writer", name_or_null(v.prepared.rtl, s.writer)},
                    {"reader", name_or_null(v.prepared.rtl, s.reader)},
                    {"bits", s.stream.bits()},
                    {"beats", s.stream.beats},
                    {"predicted", s.stream.beats * run.frames},
                    {"compared", c.compared},
                    {"differing", c.differing},
                    {"stalls", c.stalls},
                    {"starves", c.starves},
                    {"first", c.first},
                    {"last", c.last}});
  }
  return list;
}

Json nodes_json(const VerifiedTop& v) {
  Json list = Json::array();
  for (std::size_t n = 0; n < v.prepared.rtl.nodes.size(); ++n) {
    const StitchedNode& node = v.prepared.rtl.nodes[n];
    const MemoryCheck& m = v.prepared.memories[n];
    list.push_back({{"node", node.node->name},
                    {"instance", "u_" + node.name},
                    {"operator", node.node->op->type()},
                    {"cycles", node.layer.cycles},
                    {"memories",
                     {{"predicted", m.predicted},
                      {"compared", m.compared},
                      {"differing", m.differing},
                      {"first", m.first}}}});
  }
  return list;
}

Json fifos_json(const VerifiedTop& v) {
  const SimRun& run = shown_run(v);
  Json list = Json::array();
  std::size_t gauge = 0;
  for (const StitchedNode& node : v.prepared.rtl.nodes) {
    if (!is_fifo(node)) continue;
    list.push_back({{"name", node.node->name},
                    {"depth", node.node->as<hw::StreamingFIFO>()->depth},
                    {"high_water", run.result.high_water.at(gauge++)}});
  }
  return list;
}

Json run_json(const TopReportInput& in, const VerifiedTop& v, const SimRun& run) {
  const Judgement judgement = judge_run(v.prepared, run);
  const Totals t = totals(v, run);
  Json violations = Json::array();
  for (const sim::Violation& x : run.result.violations)
    violations.push_back({{"rule", x.rule}, {"stream", x.stream}, {"cycle", x.cycle}});
  Json json = {{"profile", sim::profile_name(run.profile)},
               {"seed", run.seed},
               {"frames", run.frames},
               {"cycles", run.result.cycles},
               {"verdict", verdict_name(judgement.verdict)},
               {"reason", judgement.reason},
               {"predicted", t.predicted},
               {"compared", t.compared},
               {"compared_before_reset", run.result.compared_before_reset},
               {"differing", t.differing},
               {"violations", violations},
               {"stuck", run.result.stuck.empty() ? "" : standstill_text(v.prepared, run.result)},
               {"first_mismatch", Json()}};
  if (run.result.first)
    json["first_mismatch"] = {{"at", first_text(in, v, run)}, {"replay", replay_command(in, run)}};
  return json;
}

Json top_json(const TopReportInput& in, const VerifiedTop& v) {
  const auto time = timing_of(v);
  const StitchedNode& slowest = v.prepared.slowest();
  Json runs = Json::array();
  for (const SimRun& run : v.runs) runs.push_back(run_json(in, v, run));
  Json tokens;
  if (v.tokens)
    tokens = {{"predicted", v.tokens->predicted},
              {"compared", v.tokens->compared},
              {"differing", v.tokens->differing},
              {"first", v.tokens->first}};
  Json json = {{"partition", v.prepared.partition},
               {"module", v.prepared.rtl.module},
               {"folder", v.prepared.folder},
               {"model", v.model.key},
               {"content", v.prepared.content},
               {"verdict", verdict_name(v.judgement.verdict)},
               {"reason", v.judgement.reason},
               {"first_frame_latency", Json()},
               {"interval", Json()},
               {"steady", Json()},
               {"clock_mhz", in.options.clock_mhz},
               {"frames_per_second", Json()},
               {"bottleneck", {{"node", slowest.node->name}, {"cycles", slowest.layer.cycles}}},
               {"token_model", tokens},
               {"canaries", {{"planted", 1}, {"caught", caught(v.prepared, v.canary) ? 1 : 0}}},
               {"nodes", nodes_json(v)},
               {"streams", streams_json(v)},
               {"fifos", fifos_json(v)},
               {"runs", runs}};
  if (time) {
    json["first_frame_latency"] = time->first_frame;
    json["interval"] = time->interval;
    json["steady"] = time->steady;
    json["frames_per_second"] =
        in.options.clock_mhz * kHzPerMhz / static_cast<double>(time->interval);
  }
  return json;
}

std::vector<std::string> row(const TopReportInput& in, const VerifiedTop& v) {
  const auto time = timing_of(v);
  Totals sum;
  for (const SimRun& run : v.runs) {
    const Totals t = totals(v, run);
    sum.compared += t.compared;
    sum.differing += t.differing;
  }
  const StitchedNode& slowest = v.prepared.slowest();
  return {v.prepared.rtl.module,
          std::to_string(v.prepared.rtl.nodes.size()),
          std::to_string(v.prepared.rtl.streams.size()),
          grouped(sum.compared),
          grouped(sum.differing),
          time ? grouped(time->first_frame) : "-",
          time ? grouped(time->interval) + (time->steady ? "" : " (not steady)") : "-",
          grouped(slowest.layer.cycles),
          printable(slowest.node->name, 40),
          time ? fmt::format("{:.1f}",
                             in.options.clock_mhz * kHzPerMhz / static_cast<double>(time->interval))
               : "-",
          std::string(verdict_name(v.judgement.verdict))};
}

std::string faults_text(const TopReportInput& in, const VerifiedTop& v) {
  if (v.judgement.verdict == Verdict::kEquivalent) return "";
  std::string text = fmt::format("\n{}: {}\n", v.prepared.rtl.module, v.judgement.reason);
  for (const SimRun& run : v.runs) {
    if (!run.result.first) continue;
    return text + fmt::format("  first: {}\n  replay: {}\n", first_text(in, v, run),
                              replay_command(in, run));
  }
  return text;
}

}  // namespace

Verdict overall_verdict(const std::vector<VerifiedTop>& tops) {
  Verdict verdict = Verdict::kEquivalent;
  for (const VerifiedTop& v : tops) verdict = worse(verdict, v.judgement.verdict);
  return verdict;
}

Json top_report(const TopReportInput& in) {
  Json partitions = Json::array();
  for (const VerifiedTop& v : in.tops) partitions.push_back(top_json(in, v));
  const Totals sum = totals(in.tops);
  Json json = in.session.report_head(kRtlTopSchema, in.options.seed);
  json["verdict"] = verdict_name(overall_verdict(in.tops));
  json["predicted"] = sum.predicted;
  json["compared"] = sum.compared;
  json["differing"] = sum.differing;
  json["partitions"] = partitions;
  return json;
}

std::string top_table(const TopReportInput& in) {
  std::vector<std::vector<std::string>> rows = {
      {"design", "layers", "streams", "beats", "differing", "first frame", "cycles/frame",
       "slowest layer", "which", fmt::format("frames/s at {} MHz", in.options.clock_mhz),
       "verdict"}};
  std::int64_t kept = 0, runs = 0;
  for (const VerifiedTop& v : in.tops) {
    rows.push_back(row(in, v));
    for (const SimRun& run : v.runs) kept += run.kept ? 1 : 0;
    runs += std::ssize(v.runs);
  }
  std::string text = table_text(rows);
  for (const VerifiedTop& v : in.tops) text += faults_text(in, v);
  const Totals sum = totals(in.tops);
  return text + fmt::format(
                    "\n{}: {} images, {} of {} predicted beats compared, {} differing; {} of {} "
                    "runs kept from before\n",
                    verdict_name(overall_verdict(in.tops)), in.session.image_count,
                    grouped(sum.compared), grouped(sum.predicted), grouped(sum.differing), kept,
                    runs);
}

}  // namespace assay
