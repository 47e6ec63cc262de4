// SPDX-License-Identifier: Apache-2.0
#include "harness/regress/measurement.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/graph/hw_ops.h"
#include "compile/hw/layer.h"
#include "compile/onnx/import.h"
#include "harness/page/page.h"
#include "harness/report/hardware.h"
#include "harness/report/schema.h"
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

void add(Measurement& m, const std::string& name, bool more_is_better, std::int64_t value,
         const std::string& node = {}) {
  m.metrics.push_back({name, node, more_is_better, value});
}

/// The right answers of the last stage that has an accuracy of this kind.
void add_accuracy(const std::vector<report::StageSummary>& stages,
                  std::optional<report::Accuracy> report::Accuracies::*kind,
                  const std::string& name, Measurement& m) {
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
    const std::optional<report::Accuracy>& accuracy = stage->accuracy.*kind;
    if (!accuracy) continue;
    add(m, name, true, accuracy->top1_correct);
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
  const auto report = read_report<report::Fifos>(read_file(file), file.string());
  std::int64_t bits = 0, interval = 0, latency = 0;
  for (const report::Fifos::Partition& p : report.partitions) {
    interval = std::max(interval, p.interval.value_or(0));
    latency += p.first_frame_latency.value_or(0);
    for (const report::Fifos::Fifo& fifo : p.fifos) {
      bits += fifo.depth * fifo.bits;
      add(m, "depth", false, fifo.depth, fifo.name);
    }
  }
  add(m, "interval", false, interval);
  add(m, "latency", false, latency);
  add(m, "FIFO bits", false, bits);
}

/// What the layers cost, as estimated.
void add_estimates(const fs::path& file, Measurement& m) {
  if (!fs::exists(file)) return;
  const report::Resources estimates =
      read_report<report::Folding>(read_file(file), file.string()).estimates;
  add(m, "lut", false, estimates.lut);
  add(m, "ff", false, estimates.ff);
  add(m, "bram", false, estimates.bram);
  add(m, "dsp", false, estimates.dsp);
}

/// What was run, without the program that ran it.
std::string setup_text(Json inputs, const Json& more) {
  inputs.erase("assay");
  inputs.update(more);
  std::string text = json_line(inputs);
  text.pop_back();
  return text;
}

void run_graph(const Place& place, Measurement& m) {
  FlowOptions options = place.entry.flow;
  options.out = place.dir;
  options.replace = true;  // a case may have got another model
  options.finished = write_page;
  const report::Run report = run_flow(options, place.console).report;
  m.verdict = verdict_name(report.verdict);
  m.reason = report.reason;
  m.setup = setup_text(to_json(report.inputs), Json::object());
  std::int64_t compared = 0;
  for (const report::StageSummary& stage : report.stages) {
    compared += stage.compared;
    if (stage.effect) add(m, "activations changed", false, stage.effect->changed, stage.stage);
  }
  add(m, "compared", true, compared);
  add_accuracy(report.stages, &report::Accuracies::exact, "top-1 exact", m);
  add_accuracy(report.stages, &report::Accuracies::floating, "top-1 float", m);
  add_layer_cycles(place.dir / report.stages.back().file, m);
  add_estimates(place.dir / "reports" / "folding.json", m);
  add_fifos(place.dir / "reports" / "fifos.json", m);
}

void set_options(const Place& place, SimulationOptions& options) {
  options.dir = place.dir;
  options.finished = write_page;
  options.cache = place.cache;
  options.images.images = place.entry.rtl_images;
}

void take_head(const report::RtlHead& head, Measurement& m) {
  m.verdict = verdict_name(head.verdict);
  m.setup = setup_text(Json::parse(m.setup), {{"rtl_images", head.images}});
  add(m, "compared", true, head.compared);
}

/// The first node or partition that is not EQUIVALENT says why the level is not.
void take_reason(const std::string& name, Verdict verdict, const std::string& reason,
                 Measurement& m) {
  if (m.reason.empty() && verdict != Verdict::kEquivalent) m.reason = name + ": " + reason;
}

void run_nodes(const Place& place, Measurement& m) {
  VerifyNodesOptions options;
  set_options(place, options);
  const report::RtlNode report = verify_nodes(options, place.console).report;
  take_head(report.head, m);
  std::int64_t slowest = 0;
  for (const report::RtlNode::Node& node : report.nodes) {
    take_reason(fmt::format("node '{}'", printable(node.node)), node.verdict, node.reason, m);
    if (!node.cycles.measured) continue;
    slowest = std::max(slowest, *node.cycles.measured);
    add(m, "cycles", false, *node.cycles.measured, node.node);
  }
  if (slowest > 0) add(m, "cycles", false, slowest);
}

/// The stitched accelerator: measured, not predicted.
void run_top(const Place& place, Measurement& m) {
  VerifyTopOptions options;
  set_options(place, options);
  const report::RtlTop report = verify_top(options, place.console).report;
  take_head(report.head, m);
  std::int64_t slowest = 0;
  for (const report::RtlTop::Partition& p : report.partitions) {
    const std::string name = fmt::format("partition {}", p.partition);
    take_reason(name, p.verdict, p.reason, m);
    if (p.interval) add(m, "interval", false, *p.interval, name);
    slowest = std::max(slowest, p.interval.value_or(0));
    if (p.first_frame_latency) add(m, "latency", false, *p.first_frame_latency, name);
    for (const report::RtlTop::Fifo& fifo : p.fifos) add(m, "depth", false, fifo.depth, fifo.name);
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
  const auto start = std::chrono::steady_clock::now();
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
  m.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
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

bool is_right(const Measurement& m) {
  return m.verdict == verdict_name(Verdict::kEquivalent) ||
         m.verdict == verdict_name(Verdict::kApproximate);
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
      if (!is_right(m)) trouble = "not run: level graph is " + m.verdict;
    }
    if (wanted || !trouble.empty()) result.push_back(std::move(m));
  }
  return result;
}

}  // namespace assay
