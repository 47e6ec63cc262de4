// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/node_report.h"

#include <fmt/format.h>

#include "compile/base/file.h"
#include "compile/base/printable.h"

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
  report.canaries = canaries_report(v.prepared, v.canary);
  for (const SimRun& run : v.runs) {
    report.runs.push_back(node_run_report(level, v, run));
    if (const auto cycles = measured_cycles(run)) report.cycles.measured = cycles;
  }
  return report;
}

std::vector<std::string> node_row(const report::RtlNode::Node& node) {
  std::string folding;
  for (const auto& [field, value] : node.folding)
    folding += fmt::format("{}{}={}", folding.empty() ? "" : " ", field, value);
  std::int64_t compared = 0, differing = 0;
  for (const report::RtlNode::Run& run : node.runs) {
    compared += run.outcome.compared + run.outcome.compared_before_reset;
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
  return text + level.totals_text(report.head, fmt::format("{} nodes, ", report.nodes.size()));
}

}  // namespace assay
