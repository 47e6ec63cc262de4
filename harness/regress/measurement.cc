// SPDX-License-Identifier: Apache-2.0
#include "harness/regress/measurement.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/graph/hw_ops.h"
#include "compile/hw/layer.h"
#include "compile/onnx/import.h"
#include "harness/flow/folding_config.h"
#include "harness/page/page.h"
#include "harness/rtl/verify_nodes.h"
#include "harness/rtl/verify_top.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

/// Where a case is run.
struct Place {
  const SuiteCase& entry;
  const fs::path& dir;
  const fs::path& cache;
  const Console& console;
};

/// Fills verdict, reason, setup and metrics. May throw.
using RunLevel = std::function<void(const Place&, Measurement&)>;

void take_verdict(const Json& report, Measurement& m) {
  m.verdict = report.at("verdict").get<std::string>();
  if (report.contains("reason")) m.reason = report.at("reason").get<std::string>();
}

void add(Measurement& m, const std::string& name, bool more_is_better, std::int64_t value,
         const std::string& node = {}) {
  m.metrics.push_back({name, node, more_is_better, value});
}

/// The right answers of the last stage that has an accuracy of this kind.
void add_accuracy(const Json& stages, const char* kind, Measurement& m) {
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
    const Json& accuracy = stage->at("accuracy").at(kind);
    if (accuracy.is_null()) continue;
    add(m, fmt::format("top-1 {}", kind), true, accuracy.at("top1_correct").get<std::int64_t>());
    return;
  }
}

/// Cycles per frame of every hardware layer of a run's last stage, and of the slowest.
void add_layer_cycles(const fs::path& stage, Measurement& m) {
  const Graph graph = import_bytes(read_file(stage), stage.parent_path(), stage.string());
  std::int64_t slowest = 0;
  for (const Node* node : graph.topological_order()) {
    if (!hw::find_layer(*node) || node->as<hw::StreamingFIFO>()) continue;
    const std::int64_t cycles = hw::build_layer(*node, false).cycles;
    slowest = std::max(slowest, cycles);
    add(m, "cycles", false, cycles, node->name);
  }
  if (slowest > 0) add(m, "cycles", false, slowest);
}

/// Depths of the FIFOs and, by the token model, the cycles between frames and until the first.
void add_fifos(const fs::path& file, Measurement& m) {
  if (!fs::exists(file)) return;
  const Json report = parse_json(read_file(file), file.string());
  std::int64_t bits = 0, interval = 0, latency = 0;
  for (const Json& p : report.at("partitions")) {
    if (!p.at("interval").is_null())
      interval = std::max(interval, p.at("interval").get<std::int64_t>());
    if (!p.at("first_frame_latency").is_null())
      latency += p.at("first_frame_latency").get<std::int64_t>();
    for (const Json& fifo : p.at("fifos")) {
      const auto depth = fifo.at("depth").get<std::int64_t>();
      bits += depth * fifo.at("bits").get<std::int64_t>();
      add(m, "depth", false, depth, fifo.at("name").get<std::string>());
    }
  }
  add(m, "interval", false, interval);
  add(m, "latency", false, latency);
  add(m, "FIFO bits", false, bits);
}

/// What the layers cost, as estimated.
void add_estimates(const fs::path& file, Measurement& m) {
  if (!fs::exists(file)) return;
  const Json report = parse_json(read_file(file), file.string());
  for (const auto& [kind, count] : report.at("estimates").items())
    add(m, kind, false, count.get<std::int64_t>());
}

/// What was run, without the program that ran it.
std::string setup_text(Json inputs, const Json& more) {
  inputs.erase("assay");
  inputs.update(more);
  std::string text = json_line(inputs);
  text.pop_back();
  return text;
}

std::string folding_hash(const FoldingConfig& config) {
  return config.empty() ? "" : sha256(folding_config_text(config));
}

void run_graph(const Place& place, Measurement& m) {
  FlowOptions options = place.entry.flow;
  options.out = place.dir;
  options.finished = write_page;
  const Json report = run_flow(options, place.console).report;
  take_verdict(report, m);
  m.setup = setup_text(report.at("inputs"),
                       {{"folding", folding_hash(options.passes.folding)},
                        {"standalone_thresholds", options.passes.standalone_thresholds},
                        {"allow_software", options.passes.allow_software}});
  const Json& stages = report.at("stages");
  std::int64_t compared = 0;
  for (const Json& stage : stages) {
    compared += stage.at("compared").get<std::int64_t>();
    if (!stage.at("effect").is_null())
      add(m, "activations changed", false, stage.at("effect").at("changed").get<std::int64_t>(),
          stage.at("stage").get<std::string>());
  }
  add(m, "compared", true, compared);
  add_accuracy(stages, "exact", m);
  add_accuracy(stages, "float", m);
  add_layer_cycles(place.dir / stages.back().at("file").get<std::string>(), m);
  add_estimates(place.dir / "reports" / "folding.json", m);
  add_fifos(place.dir / "reports" / "fifos.json", m);
}

void run_nodes(const Place& place, Measurement& m) {
  VerifyNodesOptions options;
  options.dir = place.dir;
  options.finished = write_page;
  options.cache = place.cache;
  options.images.images = place.entry.rtl_images;
  const Json report = verify_nodes(options, place.console).report;
  take_verdict(report, m);
  m.setup = setup_text(Json::parse(m.setup), {{"rtl_images", report.at("images")}});
  add(m, "compared", true, report.at("compared").get<std::int64_t>());
  std::int64_t slowest = 0;
  for (const Json& node : report.at("nodes")) {
    if (m.reason.empty() && node.at("verdict") != verdict_name(Verdict::kEquivalent))
      m.reason = fmt::format("node '{}': {}", printable(node.at("node").get<std::string>()),
                             node.at("reason").get<std::string>());
    const Json& cycles = node.at("cycles").at("measured");
    if (cycles.is_null()) continue;
    slowest = std::max(slowest, cycles.get<std::int64_t>());
    add(m, "cycles", false, cycles.get<std::int64_t>(), node.at("node").get<std::string>());
  }
  if (slowest > 0) add(m, "cycles", false, slowest);
}

/// The stitched accelerator: measured, not predicted.
void run_top(const Place& place, Measurement& m) {
  VerifyTopOptions options;
  options.dir = place.dir;
  options.finished = write_page;
  options.cache = place.cache;
  options.images.images = place.entry.rtl_images;
  const Json report = verify_top(options, place.console).report;
  take_verdict(report, m);
  m.setup = setup_text(Json::parse(m.setup), {{"rtl_images", report.at("images")}});
  add(m, "compared", true, report.at("compared").get<std::int64_t>());
  std::int64_t slowest = 0;
  for (const Json& p : report.at("partitions")) {
    const std::string name = fmt::format("partition {}", p.at("partition").get<std::int64_t>());
    if (m.reason.empty() && p.at("verdict") != verdict_name(Verdict::kEquivalent))
      m.reason = name + ": " + p.at("reason").get<std::string>();
    if (!p.at("interval").is_null()) {
      add(m, "interval", false, p.at("interval").get<std::int64_t>(), name);
      slowest = std::max(slowest, p.at("interval").get<std::int64_t>());
    }
    if (!p.at("first_frame_latency").is_null())
      add(m, "latency", false, p.at("first_frame_latency").get<std::int64_t>(), name);
    for (const Json& fifo : p.at("fifos"))
      add(m, "depth", false, fifo.at("depth").get<std::int64_t>(),
          fifo.at("name").get<std::string>());
  }
  if (slowest > 0) add(m, "cycles", false, slowest);
}

struct Level {
  std::string name;
  RunLevel run;
};

const std::vector<Level>& levels() {
  static const std::vector<Level> all = {
      {"graph", run_graph}, {"rtl-node", run_nodes}, {"rtl-top", run_top}};
  return all;
}

/// `m` with what became of running its level.
void run_level(const Level& level, const Place& place, Measurement& m) {
  try {
    level.run(place, m);
  } catch (const UserError& error) {
    m.verdict = kFailed;
    m.reason = error.what();
  } catch (const std::exception& error) {
    m.verdict = kFailed;
    m.reason = error.what();
    m.tool_failed = true;
  }
}

}  // namespace

const std::vector<std::string>& known_levels() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const Level& level : levels()) result.push_back(level.name);
    return result;
  }();
  return names;
}

std::vector<Measurement> measure(const SuiteCase& entry, const fs::path& dir, const fs::path& cache,
                                 const Console& console) {
  const Place place{entry, dir, cache, console};
  std::vector<Measurement> result;
  std::string setup, trouble;
  for (const Level& level : levels()) {
    const bool wanted = std::ranges::find(entry.levels, level.name) != entry.levels.end();
    // The graph is what the other levels stand on; they stand beside each other.
    if (!wanted && level.name != "graph") continue;
    Measurement m{entry.name, level.name, setup, {}, {}, {}, false};
    if (trouble.empty()) {
      console.remark(fmt::format("{}: {}", printable(entry.name), level.name));
      run_level(level, place, m);
    } else {
      m.verdict = verdict_name(Verdict::kInconclusive);
      m.reason = trouble;
    }
    if (level.name == "graph") {
      setup = m.setup;
      if (m.verdict != verdict_name(Verdict::kEquivalent))
        trouble = "not run: level graph is " + m.verdict;
    }
    if (wanted || !trouble.empty()) result.push_back(std::move(m));
  }
  return result;
}

}  // namespace assay
