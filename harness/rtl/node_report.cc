// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/node_report.h"

#include <fmt/format.h>

#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "harness/rtl/canaries.h"

namespace assay {
namespace {

report::RtlNode::Run node_run_report(const RtlLevel& level, const VerifiedNode& v,
                                     const SimRun& run) {
  const std::string& name = v.prepared.node->name;
  report::RtlNode::Run report;
  report.profile = sim::profile_name(run.profile);
  report.seed = run.seed;
  report.frames = run.frames;
  report.outcome =
      level.outcome(v.prepared, run,
                    level.replay_command(run, " --nodes " + printable(name), safe_file_name(name)));
  return report;
}

report::RtlNode::Node one_node_report(const RtlLevel& level, const VerifiedNode& v) {
  const Node& node = *v.prepared.node;
  report::RtlNode::Node report;
  report.node = node.name;
  report.op = node.op->type();
  report.folder = v.prepared.folder;
  for (const hw::FoldingRule& rule : hw::find_layer(node)->rules(node))
    report.folding.emplace_back(rule.field, rule.value);
  report.model = v.model.key;
  report.content = v.prepared.content;
  report.verdict = v.judgement.verdict;
  report.reason = v.judgement.reason;
  report.cycles.formula = v.prepared.rtl.layer.cycles;
  report.memories = v.prepared.memories;
  report.canaries = canaries_of(v.prepared, v.canaries);
  report.directed_frames = v.prepared.directed;
  report.images = v.of_images;
  report.directed = v.coverage;
  for (const SimRun& run : v.runs) {
    report.runs.push_back(node_run_report(level, v, run));
    if (const auto cycles = measured_cycles(run)) report.cycles.measured = cycles;
  }
  return report;
}

using Count = report::Coverage::Count;

/// Of all nodes together.
Count total(const report::RtlNode& report, report::Coverage report::RtlNode::Node::*coverage,
            Count report::Coverage::*count) {
  Count sum;
  for (const report::RtlNode::Node& node : report.nodes) {
    const Count& c = node.*coverage.*count;
    sum = {sum.all + c.all, sum.unreachable + c.unreachable, sum.seen + c.seen};
  }
  return sum;
}

/// Nodes with something that could be shown and was not.
std::string not_shown_text(const report::RtlNode& report, Count report::Coverage::*count) {
  constexpr int kShown = 5;
  std::string text;
  int nodes = 0;
  for (const report::RtlNode::Node& node : report.nodes) {
    const Count& c = node.directed.*count;
    if (c.seen == c.reachable()) continue;
    if (nodes++ < kShown)
      text += fmt::format("{}{} in '{}'", text.empty() ? "; not shown: " : ", ",
                          grouped(c.reachable() - c.seen), printable(node.node, 40));
  }
  return nodes > kShown ? text + fmt::format(" and {} more nodes", nodes - kShown) : text;
}

std::string count_text(const report::RtlNode& report, std::string_view what,
                       Count report::Coverage::*count) {
  const Count images = total(report, &report::RtlNode::Node::images, count),
              all = total(report, &report::RtlNode::Node::directed, count);
  if (all.all == 0) return "";
  return fmt::format("  {}: {} of {} ({} by the images alone; {} more no input can show{})\n", what,
                     grouped(all.seen), grouped(all.reachable()), grouped(images.seen),
                     grouped(all.unreachable), not_shown_text(report, count));
}

/// What images and directed frames could tell.
std::string coverage_text(const report::RtlNode& report) {
  std::int64_t frames = 0;
  for (const report::RtlNode::Node& node : report.nodes) frames += node.directed_frames;
  return fmt::format("\nCoverage with {} directed frames behind the images':\n", grouped(frames)) +
         count_text(report, "thresholds with a value on either side",
                    &report::Coverage::thresholds) +
         count_text(report, "weight bits told from their flip", &report::Coverage::weight_bits) +
         count_text(report, "accumulator bits seen 0 and 1", &report::Coverage::sum_bits) +
         count_text(report, "rows of thresholds looked up", &report::Coverage::rows);
}

std::vector<std::string> node_row(const report::RtlNode::Node& node) {
  std::string folding;
  for (const auto& [field, value] : node.folding)
    folding += fmt::format("{}{}={}", folding.empty() ? "" : " ", field, value);
  std::int64_t compared = 0, differing = 0;
  for (const report::RtlNode::Run& run : node.runs) {
    compared += run.outcome.compared;
    differing += run.outcome.differing;
  }
  return {printable(node.node, 40),
          node.op,
          folding.empty() ? "-" : folding,
          grouped(node.cycles.formula),
          node.cycles.measured ? grouped(*node.cycles.measured) : "-",
          grouped(compared),
          grouped(differing),
          std::string(verdict_name(node.verdict))};
}

}  // namespace

std::string coverage_fault(const report::Coverage& coverage, std::optional<double> percent) {
  if (!percent) return "";
  const auto fault = [&](std::string_view what, const Count& c) {
    const double share = 100.0 * static_cast<double>(c.seen) / static_cast<double>(c.reachable());
    return c.reachable() == 0 || share >= *percent
               ? std::string()
               : fmt::format("{} of {} {} are covered ({:.2f} %), {} % were asked for",
                             grouped(c.seen), grouped(c.reachable()), what, share, *percent);
  };
  const std::string thresholds = fault("thresholds", coverage.thresholds);
  return thresholds.empty() ? fault("weight bits", coverage.weight_bits) : thresholds;
}

Judgement judge_node(const VerifiedNode& v, std::optional<double> min_coverage) {
  Judgement j = {Verdict::kEquivalent, "every beat, cycle count and memory agrees"};
  note_wrong_values(j, v.prepared.memories, "its memories");
  for (const SimRun& run : v.runs) {
    const Judgement judgement = judge_run(v.prepared, run);
    j.note(judgement.verdict, judgement.reason);
  }
  note_missing_values(j, v.prepared.memories, "its memories");
  note_canaries(j, v.prepared, v.canaries);
  if (const std::string few = coverage_fault(v.coverage, min_coverage); !few.empty())
    j.note(Verdict::kInconclusive, few);
  return j;
}

report::RtlNode node_report(const RtlLevel& level, const std::vector<VerifiedNode>& nodes) {
  report::RtlNode report;
  report.head = level.report_head();
  for (const VerifiedNode& v : nodes) report.nodes.push_back(one_node_report(level, v));
  sum_up(report.head, report.nodes);
  return report;
}

std::string node_table(const RtlLevel& level, const report::RtlNode& report) {
  std::vector<std::vector<std::string>> rows = {
      {"node", "layer", "folding", "cycles/frame", "measured", "beats", "differing", "verdict"}};
  for (const report::RtlNode::Node& node : report.nodes) rows.push_back(node_row(node));
  std::string text = table_text(rows);
  for (const report::RtlNode::Node& node : report.nodes)
    text += faults_text(fmt::format("node '{}'", printable(node.node)), node);
  return text + coverage_text(report) +
         level.totals_text(report.head, fmt::format("{} nodes, ", report.nodes.size()));
}

}  // namespace assay
