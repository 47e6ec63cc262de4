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
#include "harness/report/headline.h"
#include "harness/report/schema.h"
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

Json accuracy_json(const Json& accuracy) {
  if (accuracy.is_null()) return {};
  return {{"correct", accuracy.at("top1_correct")}, {"of", accuracy.at("compared")}};
}

Json stage_json(const Json& stage, StageGraph& graph) {
  Json result;
  for (const char* key : {"stage", "contract", "verdict", "reason", "checkpoints", "predicted",
                          "compared", "differing", "canaries", "reference", "first_difference"})
    result[key] = stage.at(key);
  result["exact"] = accuracy_json(stage.at("accuracy").at("exact"));
  result["float"] = accuracy_json(stage.at("accuracy").at("float"));
  result["effect"] = stage.at("effect").is_null() ? Json() : Json(effect_text(stage));
  result["graph"] = std::move(graph.graph);
  result["graph_note"] = graph.note;
  return result;
}

bool is_of(const SavedRun& run, const Json& stage_sha256) {
  return std::ranges::any_of(run.stages,
                             [&](const SavedRun::Stage& s) { return stage_sha256 == s.sha256; });
}

/// A report about a stage of the run, as it is now; null, with a remark, otherwise.
Json optional_report(const fs::path& dir, const char* name, const SavedRun& run, Json& missing) {
  const fs::path file = dir / "reports" / name;
  std::error_code error;
  const auto remark = [&](const char* why) {
    missing.push_back({{"report", name}, {"why", why}});
    return Json();
  };
  if (!fs::exists(file, error)) return remark("not made yet");
  try {
    Json report = parse_json(read_file(file), name);
    if (!schema_violations(report).empty()) return remark("damaged, or of another version");
    if (report.contains("stage_sha256") && !is_of(run, report["stage_sha256"]))
      return remark("of an earlier run with other stages");
    return report;
  } catch (const UserError&) {
    return remark("damaged, or of another version");
  }
}

/// Adds what the simulation of the nodes measured.
void add_measured(Json& layers, const Json& rtl_node) {
  for (Json& layer : layers) {
    layer["measured"] = Json();
    layer["verdict"] = Json();
    if (rtl_node.is_null()) continue;
    for (const Json& node : rtl_node.at("nodes"))
      if (node.at("node") == layer["node"]) {
        layer["measured"] = node.at("cycles").at("measured");
        layer["verdict"] = node.at("verdict");
      }
  }
}

Json rtl_node_json(const Json& report) {
  if (report.is_null()) return {};
  Json result;
  for (const char* key : {"verdict", "images", "predicted", "compared", "differing", "seed"})
    result[key] = report.at(key);
  result["nodes"] = report.at("nodes").size();
  return result;
}

Json fields(const Json& object, std::initializer_list<const char*> keys) {
  Json result = Json::object();
  for (const char* key : keys) result[key] = object.contains(key) ? object[key] : Json();
  return result;
}

Json each(const Json& list, std::initializer_list<const char*> keys) {
  Json result = Json::array();
  for (const Json& entry : list) result.push_back(fields(entry, keys));
  return result;
}

/// The partitions as they were simulated whole.
Json rtl_top_json(const Json& report) {
  if (report.is_null()) return {};
  Json partitions = Json::array();
  for (const Json& p : report.at("partitions")) {
    Json entry = fields(p, {"partition", "verdict", "reason", "first_frame_latency", "interval",
                            "clock_mhz", "frames_per_second", "bottleneck", "token_model"});
    entry["streams"] = each(p.at("streams"), {"name", "writer", "reader", "compared", "differing",
                                              "stalls", "starves"});
    entry["fifos"] = each(p.at("fifos"), {"name", "depth", "high_water"});
    partitions.push_back(std::move(entry));
  }
  Json result = fields(report, {"verdict", "images", "predicted", "compared", "differing"});
  result["partitions"] = std::move(partitions);
  return result;
}

/// The FIFOs as they were sized.
Json fifos_json(const Json& report) {
  Json list = Json::array();
  if (report.is_null()) return list;
  for (const Json& p : report.at("partitions"))
    for (const Json& fifo :
         each(p.at("fifos"), {"name", "depth", "bits", "memory", "high_water", "smaller"}))
      list.push_back(fifo);
  return list;
}

/// Estimates and efficiency of the folding.
Json folding_json(const Json& report) {
  if (report.is_null()) return {};
  Json result = fields(report, {"goal", "interval", "efficiency", "estimates", "device"});
  result["nodes"] = each(report.at("nodes"), {"node", "folding", "efficiency", "estimates"});
  return result;
}

/// What the token model says of the partitions.
Json schedules_json(const Json& report) {
  if (report.is_null()) return Json::array();
  return each(report.at("partitions"), {"partition", "interval", "first_frame_latency"});
}

}  // namespace

Json page_data(const fs::path& dir) {
  const SavedRun run = read_run(dir);
  const Json& stages = run.report.at("stages");
  std::vector<StageGraph> graphs(stages.size());
  tbb::parallel_for(std::size_t{0}, graphs.size(), [&](std::size_t i) {
    graphs[i] = stage_graph(run.stages[i], i + 1 == graphs.size());
  });
  Json missing = Json::array();
  const Json rtl_node = optional_report(dir, "rtl-node.json", run, missing);
  const Json rtl_top = optional_report(dir, "rtl-top.json", run, missing);
  const Json fifos = optional_report(dir, "fifos.json", run, missing);
  const Json folding = optional_report(dir, "folding.json", run, missing);
  Json layers = std::move(graphs.back().layers), list = Json::array();
  add_measured(layers, rtl_node);
  for (std::size_t i = 0; i < graphs.size(); ++i) list.push_back(stage_json(stages[i], graphs[i]));
  const Json& inputs = run.report.at("inputs");
  Headline headline(run.report);
  headline.note("rtl-node", rtl_node);
  headline.note("rtl-top", rtl_top);
  return {{"model", fs::path(run.report.at("model").get<std::string>()).string()},
          {"verdict", verdict_name(headline.verdict)},
          {"reason", headline.reason},
          {"notes", run.report.at("notes")},
          {"accuracy_means_nothing", run.report.at("accuracy_means_nothing")},
          {"images", stages.back().at("images")},
          {"inputs", inputs},
          {"stages", std::move(list)},
          {"layers", std::move(layers)},
          {"rtl_node", rtl_node_json(rtl_node)},
          {"rtl_top", rtl_top_json(rtl_top)},
          {"fifos", fifos_json(fifos)},
          {"folding", folding_json(folding)},
          {"schedules", schedules_json(fifos)},
          {"missing", std::move(missing)}};
}

}  // namespace assay
