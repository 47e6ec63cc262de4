// SPDX-License-Identifier: Apache-2.0
#include "harness/query/bench.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/onnx/import.h"
#include "compile/passes/folding/folding_summary.h"
#include "compile/passes/folding/set_folding.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "compile/passes/streams/dataflow_streams.h"
#include "harness/flow/folding_report.h"
#include "harness/flow/stages.h"
#include "harness/report/schema.h"
#include "harness/run/saved_run.h"
#include "sim/token/fifo_sizing.h"
#include "sim/token/token_dataflow.h"

namespace assay {
namespace {

constexpr const char* kTopReport = "reports/rtl-top.json";

class Bench {
 public:
  explicit Bench(const BenchOptions& options)
      : options_(options),
        run_(read_run(options.dir)),
        stage_(run_.stages.back()),
        graph_(read_stage()),
        device_(hw::find_device(device_name())),
        summary_(folding_summary(graph_, device_)) {}

  Json report() {
    const Json measured = top_report();
    Json layers = Json::array(), partitions = Json::array();
    for (const LayerSummary& layer : summary_.layers) layers.push_back(layer_json(layer));
    for (const DataflowPartition& partition : dataflow_partitions(graph_))
      partitions.push_back(partition_json(partition.index, measured));
    const double efficiency =
        folding_efficiency(summary_.macs, summary_.interval, summary_.multipliers);
    return {{"schema", kBenchSchema},
            {"stage", stage_.id},
            {"stage_sha256", stage_.sha256},
            {"clock_mhz", options_.clock_mhz},
            {"frames", options_.frames},
            {"efficiency", efficiency},
            {"estimates", resources_json(summary_.estimate)},
            {"device", device_json(device_)},
            {"layers", std::move(layers)},
            {"partitions", std::move(partitions)},
            {"remarks", remarks_}};
  }

 private:
  Graph read_stage() const {
    const auto name = stage_name(stage_.id);
    if (name != "fold" && name != "converters" && name != "fifos")
      user_error(
          "the run ends with stage {}, before its layers are folded; do the run again "
          "without --until",
          stage_.id);
    const std::string bytes = read_file(stage_.file);
    if (sha256(bytes) != stage_.sha256)
      user_error("'{}' was changed since the run; do the run again",
                 printable(stage_.file.string(), 4096));
    return import_bytes(bytes, stage_.file.parent_path(), stage_.file.string());
  }

  std::string device_name() const {
    if (!options_.device.empty()) return options_.device;
    const Json& options = run_.report.at("inputs").at("options");
    return options.contains("device") ? options.at("device").get<std::string>()
                                      : std::string(kCostDevice);
  }

  double frames_per_second(std::int64_t interval) const {
    return options_.clock_mhz * 1e6 / static_cast<double>(interval);
  }

  std::int64_t interval_of(std::int64_t partition) const {
    std::int64_t slowest = 0;
    for (const LayerSummary& layer : summary_.layers)
      if (layer.partition == partition) slowest = std::max(slowest, layer.cycles);
    return slowest;
  }

  Json layer_json(const LayerSummary& layer) const {
    const std::int64_t interval = interval_of(layer.partition);
    return {{"node", layer.node->name},
            {"operator", layer.node->op->type()},
            {"partition", layer.partition},
            {"cycles", layer.cycles},
            {"frames_per_second", frames_per_second(layer.cycles)},
            {"share", static_cast<double>(layer.cycles) / static_cast<double>(interval)},
            {"macs", layer.macs},
            {"multipliers", layer.multipliers},
            {"efficiency", folding_efficiency(layer.macs, interval, layer.multipliers)},
            {"estimates", resources_json(layer.estimate)}};
  }

  Json throughput(std::optional<std::int64_t> interval, Json latency, Json cycles) const {
    return {{"interval", interval ? Json(*interval) : Json()},
            {"frames_per_second", interval ? Json(frames_per_second(*interval)) : Json()},
            {"first_frame_latency", std::move(latency)},
            {"cycles", std::move(cycles)}};
  }

  Json partition_json(std::int64_t index, const Json& top) {
    const std::int64_t slowest = interval_of(index);
    const auto bottleneck = std::ranges::find_if(summary_.layers, [&](const LayerSummary& l) {
      return l.partition == index && l.cycles == slowest;
    });
    return {{"partition", index},
            {"bottleneck", bottleneck->node->name},
            {"formula", throughput(slowest, Json(), Json())},
            {"token_model", token_json(index)},
            {"measured", measured_json(index, top)}};
  }

  /// Nothing while converters or FIFOs are missing between the layers.
  Json token_json(std::int64_t index) {
    if (stage_name(stage_.id) != "fifos") return Json();
    const sim::TokenNetwork network = sim::token_network(dataflow(graph_, index));
    const sim::Schedule schedule = sim::schedule(network);
    sim::TokenModel model(network, {});
    const bool passed = model.run(options_.frames);
    if (!schedule.interval)
      remarks_.push_back(
          fmt::format("partition {}: the token model stops or does not settle", index));
    const auto& ends = model.frame_ends();
    return throughput(schedule.interval, ends.empty() ? Json() : Json(ends.front() + 1),
                      passed && !ends.empty() ? Json(ends.back() + 1) : Json());
  }

  Json measured_json(std::int64_t index, const Json& top) const {
    if (top.is_null()) return Json();
    for (const Json& partition : top.at("partitions"))
      if (partition.at("partition") == index) {
        std::optional<std::int64_t> interval;
        if (!partition.at("interval").is_null())
          interval = partition.at("interval").get<std::int64_t>();
        return throughput(interval, partition.at("first_frame_latency"), Json());
      }
    return Json();
  }

  /// Null where there is none, or none of this stage.
  Json top_report() {
    const std::filesystem::path file = options_.dir / kTopReport;
    if (!std::filesystem::exists(file)) {
      remarks_.push_back("not simulated as a whole: assay verify DIR --level rtl-top measures it");
      return Json();
    }
    Json top = parse_json(read_file(file), kTopReport);
    if (!schema_violations(top).empty() || top.at("stage_sha256") != stage_.sha256) {
      remarks_.push_back(fmt::format("{} is about another stage and left out", kTopReport));
      return Json();
    }
    return top;
  }

  const BenchOptions& options_;
  SavedRun run_;
  const SavedRun::Stage& stage_;
  Graph graph_;
  const hw::Device& device_;
  FoldingSummary summary_;
  std::vector<std::string> remarks_;
};

}  // namespace

Json bench(const BenchOptions& options) { return Bench(options).report(); }

}  // namespace assay
