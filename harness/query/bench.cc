// SPDX-License-Identifier: Apache-2.0
#include "harness/query/bench.h"

#include <algorithm>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/onnx/import.h"
#include "compile/passes/folding/folding_summary.h"
#include "compile/passes/folding/set_folding.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "compile/passes/streams/dataflow_streams.h"
#include "harness/check/saved_stage.h"
#include "harness/flow/folding_report.h"
#include "harness/flow/remade.h"
#include "harness/flow/stage_list.h"
#include "harness/flow/stages.h"
#include "harness/report/rtl.h"
#include "harness/report/schema.h"
#include "harness/run/rtl_manifest.h"
#include "harness/run/saved_run.h"
#include "sim/token/fifo_sizing.h"
#include "sim/token/token_dataflow.h"

namespace assay {
namespace {

constexpr const char* kTopReport = "reports/rtl-top.json";

using Throughput = report::Throughput;

class Bench {
 public:
  explicit Bench(const BenchOptions& options)
      : options_(options),
        run_(equivalent_run(options.dir)),
        stage_(run_.stages.back()),
        graph_(read_stage()),
        device_(hw::find_device(device_name())),
        summary_(folding_summary(graph_, device_)) {}

  report::Bench report() {
    const std::optional<report::RtlTop> measured = top_report();
    report::Bench report;
    report.stage = stage_.id;
    report.stage_sha256 = stage_.sha256;
    report.clock_mhz = options_.clock_mhz;
    report.frames = options_.frames;
    report.efficiency = folding_efficiency(summary_.macs, summary_.interval, summary_.multipliers);
    report.estimates = resources_report(summary_.estimate);
    report.device = device_report(device_);
    for (const LayerSummary& layer : summary_.layers) report.layers.push_back(layer_report(layer));
    for (const DataflowPartition& partition : dataflow_partitions(graph_))
      report.partitions.push_back(partition_report(partition.index, measured));
    report.remarks = remarks_;
    for (std::string& absent : absent_sources(run_)) report.remarks.push_back(std::move(absent));
    report.warnings = run_.report.warnings;
    if (const std::string warning = other_device_warning(report); !warning.empty())
      report.warnings.push_back(warning);
    return report;
  }

 private:
  static SavedRun equivalent_run(const std::filesystem::path& dir) {
    SavedRun run = read_run(dir);
    require_equivalent(run.report);
    require_unchanged_stages(run);
    require_all_stages(run);
    if (const std::string fault = remade_fault(run); !fault.empty())
      throw NotEquivalentError(fault + "; do the run again");
    return run;
  }

  /// Of a part that the run was not folded for: what the run warns of is its own part.
  std::string other_device_warning(const report::Bench& report) const {
    if (options_.device.empty() || options_.device == run_device()) return "";
    return device_warning(report.estimates, report.device, true);
  }

  Graph read_stage() const {
    const auto name = stage_name(stage_.id);
    if (name != "fold" && name != "converters" && name != "fifos")
      user_error(
          "the run ends with stage {}, before its layers are folded; do the run again "
          "without --until",
          stage_.id);
    const std::string bytes = read_file(stage_.file);
    return import_bytes(bytes, stage_.file.parent_path(), stage_.file.string());
  }

  std::string device_name() const {
    return options_.device.empty() ? run_device() : options_.device;
  }

  /// The part that the run's costs are of.
  std::string run_device() const {
    if (const auto& options = run_.report.inputs.options)
      for (const auto& [name, value] : *options)
        if (name == "device") return std::get<std::string>(value);
    return std::string(kCostDevice);
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

  report::Bench::Layer layer_report(const LayerSummary& layer) const {
    const std::int64_t interval = interval_of(layer.partition);
    report::Bench::Layer entry;
    entry.node = layer.node->name;
    entry.op = layer.node->op->type();
    entry.partition = layer.partition;
    entry.cycles = layer.cycles;
    entry.frames_per_second = frames_per_second(layer.cycles);
    entry.share = static_cast<double>(layer.cycles) / static_cast<double>(interval);
    entry.macs = layer.macs;
    entry.multipliers = layer.multipliers;
    entry.efficiency = folding_efficiency(layer.macs, interval, layer.multipliers);
    entry.estimates = resources_report(layer.estimate);
    return entry;
  }

  Throughput throughput(std::optional<std::int64_t> interval) const {
    Throughput result;
    result.interval = interval;
    if (interval) result.frames_per_second = frames_per_second(*interval);
    return result;
  }

  report::Bench::Partition partition_report(std::int64_t index,
                                            const std::optional<report::RtlTop>& top) {
    const std::int64_t slowest = interval_of(index);
    const auto bottleneck = std::ranges::find_if(summary_.layers, [&](const LayerSummary& l) {
      return l.partition == index && l.cycles == slowest;
    });
    report::Bench::Partition entry;
    entry.partition = index;
    entry.bottleneck = bottleneck->node->name;
    entry.formula = throughput(slowest);
    entry.token_model = modelled(index);
    if (top) entry.measured = measured(index, *top);
    return entry;
  }

  /// Nothing while converters or FIFOs are missing between the layers.
  std::optional<Throughput> modelled(std::int64_t index) {
    if (stage_name(stage_.id) != "fifos") return {};
    const sim::TokenNetwork network = sim::token_network(dataflow(graph_, index));
    const sim::Schedule schedule = sim::schedule(network);
    sim::TokenModel model(network, {});
    const bool passed = model.run(options_.frames);
    if (!schedule.interval)
      remarks_.push_back(
          fmt::format("partition {}: the token model stops or does not settle", index));
    const auto& ends = model.frame_ends();
    Throughput result = throughput(schedule.interval);
    if (!ends.empty()) result.first_frame_latency = ends.front() + 1;
    if (!ends.empty() && passed) result.cycles = ends.back() + 1;
    return result;
  }

  std::optional<Throughput> measured(std::int64_t index, const report::RtlTop& top) const {
    for (const report::RtlTop::Partition& partition : top.partitions)
      if (partition.partition == index) {
        Throughput result = throughput(partition.interval);
        result.first_frame_latency = partition.first_frame_latency;
        return result;
      }
    return {};
  }

  /// Whether RTL is what lies in the folder now; says so where it was edited.
  bool is_there(const report::RtlFiles& rtl) {
    if (rtl.sha256 != rtl_sha256(rtl_files(options_.dir, "rtl-top"))) return false;
    if (!rtl.edited.empty())
      remarks_.push_back(fmt::format("measured on RTL that was edited, as it is: {}{}",
                                     printable(rtl.edited[0], 4096),
                                     rtl.edited.size() > 1 ? " and others" : ""));
    return true;
  }

  /// Nothing where there is none, or none of this stage and of the RTL that is there.
  std::optional<report::RtlTop> top_report() {
    require_unedited_rtl(options_.dir);
    const std::filesystem::path file = options_.dir / kTopReport;
    if (!std::filesystem::exists(file)) {
      remarks_.push_back("not simulated as a whole: assay verify DIR --level rtl-top measures it");
      return {};
    }
    const std::string text = read_file(file);
    try {
      auto top = read_report<report::RtlTop>(text, kTopReport);
      if (top.head.verdict == Verdict::kEquivalent && top.head.stage_sha256 == stage_.sha256 &&
          is_there(top.head.rtl))
        return top;
    } catch (const UserError&) {  // damaged: of no use either
    }
    remarks_.push_back(fmt::format(
        "{} is not EQUIVALENT, or about another stage or other RTL, and left out", kTopReport));
    return {};
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

report::Bench bench(const BenchOptions& options) { return Bench(options).report(); }

}  // namespace assay
