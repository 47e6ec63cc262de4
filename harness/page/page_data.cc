// SPDX-License-Identifier: Apache-2.0
#include "harness/page/page_data.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/graph/hw_ops.h"
#include "compile/hw/layer.h"
#include "compile/onnx/import.h"
#include "harness/check/run_table.h"
#include "harness/page/page_graph.h"
#include "harness/report/build.h"
#include "harness/report/hardware.h"
#include "harness/report/headline.h"
#include "harness/report/optional_report.h"
#include "harness/report/rtl.h"
#include "harness/run/built_reports.h"
#include "harness/run/saved_run.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

/// A stage's graph, or why there is none to show.
struct StageGraph {
  Json graph, layers = Json::array();
  std::string note;
};

Json layer_json(const Node& node) {
  Json folding = Json::object();
  for (const hw::FoldingRule& rule : hw::find_layer(node)->rules(node))
    folding[rule.field] = rule.value;
  const auto* op = dynamic_cast<const hw::HwOp*>(node.op.get());
  return {{"node", node.name},
          {"operator", node.op->type()},
          {"partition", op ? op->partition : -1},
          {"folding", std::move(folding)},
          {"cycles", hw::build_layer(node, false).cycles}};
}

StageGraph stage_graph(const SavedRun::Stage& stage, bool last) {
  StageGraph result;
  try {
    const std::string bytes = read_file(stage.file);
    if (sha256(bytes) != stage.sha256) user_error("the stage was changed since the run");
    const Graph graph = import_bytes(bytes, stage.file.parent_path(), stage.file.string());
    result.graph = page_graph(graph);
    if (result.graph.is_null())
      result.note = fmt::format("{} nodes are too many to draw here", graph.nodes().size());
    if (last)
      for (const Node* node : graph.topological_order())
        if (hw::find_layer(*node) && !node->as<hw::StreamingFIFO>())
          result.layers.push_back(layer_json(*node));
  } catch (const UserError&) {
    result.note = "the stage's file is missing or was changed since the run";
  }
  return result;
}

/// Some entries of an object.
Json chosen(const Json& object, std::initializer_list<const char*> keys) {
  Json result = Json::object();
  for (const char* key : keys) result[key] = object.at(key);
  return result;
}

Json accuracy_json(const std::optional<report::Accuracy>& accuracy) {
  if (!accuracy) return {};
  return {{"correct", accuracy->top1_correct}, {"of", accuracy->compared}};
}

Json stage_json(const report::StageSummary& stage, StageGraph& graph) {
  Json result = chosen(to_json(stage),
                       {"stage", "contract", "verdict", "reason", "checkpoints", "predicted",
                        "compared", "differing", "canaries", "reference", "first_difference"});
  result["exact"] = accuracy_json(stage.accuracy.exact);
  result["float"] = accuracy_json(stage.accuracy.floating);
  result["effect"] = stage.effect ? Json(effect_text(stage.stage, *stage.effect)) : Json();
  result["graph"] = std::move(graph.graph);
  result["graph_note"] = graph.note;
  return result;
}

bool is_of(const SavedRun& run, const std::string& stage_sha256) {
  return std::ranges::any_of(run.stages,
                             [&](const SavedRun::Stage& s) { return stage_sha256 == s.sha256; });
}

/// The stage that a report is about; FIFOs are about the last one, whichever it is.
const std::string* stage_of(const report::RtlNode& report) { return &report.head.stage_sha256; }
const std::string* stage_of(const report::RtlTop& report) { return &report.head.stage_sha256; }
const std::string* stage_of(const report::Folding& report) { return &report.stage_sha256; }
const std::string* stage_of(const report::Fifos&) { return nullptr; }

/// A report about a stage of the run, as it is now; nothing, with a remark, otherwise.
template <typename T>
std::optional<T> report_of_run(const fs::path& dir, const char* name, const SavedRun& run,
                               Json& missing) {
  const fs::path file = dir / "reports" / name;
  std::error_code error;
  const auto remark = [&](const char* why) {
    missing.push_back({{"report", name}, {"why", why}});
    return std::nullopt;
  };
  if (!fs::exists(file, error)) return remark("not made yet");
  std::optional<T> report = optional_report<T>(file);
  if (!report) return remark("damaged, or of another version");
  if (const std::string* stage = stage_of(*report); stage && !is_of(run, *stage))
    return remark("of an earlier run with other stages");
  return report;
}

/// Adds what the simulation of the nodes measured.
void add_measured(Json& layers, const std::optional<report::RtlNode>& rtl_node) {
  for (Json& layer : layers) {
    layer["measured"] = Json();
    layer["verdict"] = Json();
    if (!rtl_node) continue;
    for (const report::RtlNode::Node& node : rtl_node->nodes) {
      if (layer["node"] != node.node) continue;
      if (node.cycles.measured) layer["measured"] = *node.cycles.measured;
      layer["verdict"] = verdict_name(node.verdict);
    }
  }
}

/// The same entries of each record.
template <Record T>
Json each(const std::vector<T>& list, std::initializer_list<const char*> keys) {
  Json result = Json::array();
  for (const T& entry : list) result.push_back(chosen(to_json(entry), keys));
  return result;
}

/// The nodes as they were simulated alone, and what their inputs could tell of each.
Json rtl_node_json(const std::optional<report::RtlNode>& report) {
  if (!report) return {};
  Json result =
      chosen(to_json(*report), {"verdict", "images", "predicted", "compared", "differing", "seed"});
  result["nodes"] = report->nodes.size();
  result["coverage"] =
      each(report->nodes, {"node", "directed_frames", "coverage_of_images", "coverage"});
  return result;
}

/// The partitions as they were simulated whole.
Json rtl_top_json(const std::optional<report::RtlTop>& report) {
  if (!report) return {};
  Json partitions = Json::array();
  for (const report::RtlTop::Partition& p : report->partitions) {
    Json entry =
        chosen(to_json(p), {"partition", "verdict", "reason", "first_frame_latency", "interval",
                            "clock_mhz", "frames_per_second", "bottleneck", "token_model"});
    entry["streams"] =
        each(p.streams, {"name", "writer", "reader", "compared", "differing", "stalls", "starves"});
    entry["fifos"] = each(p.fifos, {"name", "depth", "high_water"});
    partitions.push_back(std::move(entry));
  }
  Json result =
      chosen(to_json(*report), {"verdict", "images", "predicted", "compared", "differing"});
  result["partitions"] = std::move(partitions);
  return result;
}

/// The FIFOs as they were sized.
Json fifos_json(const std::optional<report::Fifos>& report) {
  Json list = Json::array();
  if (!report) return list;
  for (const report::Fifos::Partition& p : report->partitions)
    for (const report::Fifos::Fifo& fifo : p.fifos) list.push_back(to_json(fifo));
  return list;
}

/// Estimates and efficiency of the folding.
Json folding_json(const std::optional<report::Folding>& report) {
  if (!report) return {};
  Json result = chosen(to_json(*report), {"goal", "interval", "reached", "efficiency", "estimates",
                                          "device", "fits"});
  result["nodes"] = each(report->nodes, {"node", "folding", "reached", "efficiency", "estimates"});
  return result;
}

/// What the token model says of the partitions.
Json schedules_json(const std::optional<report::Fifos>& report) {
  if (!report) return Json::array();
  return each(report->partitions, {"partition", "interval", "first_frame_latency"});
}

/// "reports/x.json: why"
Json fault_json(const std::string& fault) {
  const std::size_t name = std::string_view("reports/").size(), end = fault.find(": ");
  return {{"report", fault.substr(name, end - name)}, {"why", fault.substr(end + 2)}};
}

/// Null where it is not known.
Json seconds_of(const std::optional<std::vector<report::Timing::Stage>>& steps,
                const std::string& name) {
  if (!steps) return nullptr;
  const auto it = std::ranges::find(*steps, name, &report::Timing::Stage::stage);
  return it == steps->end() ? Json() : Json(it->seconds);
}

Json level_json(const report::Bits& bits, const std::optional<report::Timing>& timing) {
  return {{"level", level_of(bits)},
          {"verdict", verdict_name(bits.verdict)},
          {"reason", bits.reason},
          {"predicted", bits.predicted},
          {"compared", bits.compared},
          {"differing", bits.differing},
          {"images", bits.images},
          {"seconds", timing ? seconds_of(timing->steps, bits.level) : Json()},
          {"proof", bits.proof ? Json(bits.proof->verdict) : Json()},
          {"functions", bits.proof ? bits.proof->functions : 0}};
}

Json level_json(const SystemLevel& system) {
  return {{"level", system.level},
          {"verdict", verdict_name(system.head.verdict)},
          {"reason", system.reason},
          {"predicted", system.head.predicted},
          {"compared", system.head.compared},
          {"differing", system.head.differing},
          {"images", system.head.images},
          {"seconds", nullptr},
          {"proof", nullptr},
          {"functions", 0}};
}

/// What was built, where its layers lie, and what verification says of it.
Json built_json(const BuiltReports& built, const fs::path& dir) {
  const auto timing_of = [&](const std::string& target) {
    return optional_report<report::Timing>(dir / "build" / target / report::kBuildTiming);
  };
  Json builds = Json::array(), levels = Json::array();
  for (const report::Build& build : built.builds) {
    const Json whole = to_json(build);
    Json& entry = builds.emplace_back();
    entry["target"] = build.target.name;
    entry["device"] = build.target.device;
    for (const char* key : {"clock_mhz", "fmax_mhz", "frames_per_second", "total"})
      entry[key] = whole.at(key);
    if (const auto timing = timing_of(build.target.name))
      for (const report::Build::Step& step : build.steps)
        entry["steps"].push_back(
            {{"step", step.step}, {"seconds", seconds_of(timing->stages, step.step)}});
    entry["layers"] = each(build.layers, {"node", "cells", "box"});
  }
  for (const report::Bits& bits : built.bits)
    levels.push_back(level_json(bits, timing_of(bits.target)));
  for (const SystemLevel& system : built.systems) levels.push_back(level_json(system));
  return {{"builds", std::move(builds)}, {"levels", std::move(levels)}};
}

}  // namespace

Json page_data(const fs::path& dir) {
  const SavedRun run = read_run_alone(dir);
  const std::vector<report::StageSummary>& stages = run.report.stages;
  std::vector<StageGraph> graphs(stages.size());
  tbb::parallel_for(std::size_t{0}, graphs.size(), [&](std::size_t i) {
    graphs[i] = stage_graph(run.stages[i], i + 1 == graphs.size());
  });
  Json missing = Json::array();
  const auto rtl_node = report_of_run<report::RtlNode>(dir, "rtl-node.json", run, missing);
  const auto rtl_top = report_of_run<report::RtlTop>(dir, "rtl-top.json", run, missing);
  const auto fifos = report_of_run<report::Fifos>(dir, "fifos.json", run, missing);
  const auto folding = report_of_run<report::Folding>(dir, "folding.json", run, missing);
  Json layers = std::move(graphs.back().layers), list = Json::array();
  add_measured(layers, rtl_node);
  for (std::size_t i = 0; i < graphs.size(); ++i) list.push_back(stage_json(stages[i], graphs[i]));
  Headline headline(run.report);
  if (rtl_node) headline.note("rtl-node", rtl_node->head.verdict);
  if (rtl_top) headline.note("rtl-top", rtl_top->head.verdict);
  const BuiltReports built = built_reports(run);
  for (const report::Bits& bits : built.bits) headline.note(level_of(bits), bits.verdict);
  for (const SystemLevel& system : built.systems) headline.note(system.level, system.head.verdict);
  for (const std::string& fault : built.faults) missing.push_back(fault_json(fault));
  return {{"model", fs::path(run.report.model).string()},
          {"verdict", verdict_name(headline.verdict)},
          {"reason", headline.reason},
          {"notes", run.report.notes},
          {"warnings", run.report.warnings},
          {"unseen", run.report.unseen},
          {"accuracy_means_nothing", run.report.accuracy_means_nothing},
          {"images", stages.back().images},
          {"inputs", to_json(run.report.inputs)},
          {"stages", std::move(list)},
          {"layers", std::move(layers)},
          {"rtl_node", rtl_node_json(rtl_node)},
          {"rtl_top", rtl_top_json(rtl_top)},
          {"fifos", fifos_json(fifos)},
          {"folding", folding_json(folding)},
          {"schedules", schedules_json(fifos)},
          {"built", built_json(built, dir)},
          {"missing", std::move(missing)}};
}

}  // namespace assay
