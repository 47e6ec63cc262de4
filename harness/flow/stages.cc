// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/stages.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/passes/cleanup/insert_topk.h"
#include "compile/passes/folding/set_folding.h"
#include "compile/passes/layers/infer_hw_layers.h"
#include "compile/passes/layers/specialize_layers.h"
#include "compile/passes/layers/xnor.h"
#include "compile/passes/lower/lower.h"
#include "compile/passes/pipeline/pipeline.h"
#include "compile/passes/streamline/streamline.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "compile/passes/streams/insert_width_converters.h"
#include "compile/passes/widths/minimize_widths.h"
#include "harness/flow/fifos.h"

namespace assay {
namespace {

constexpr std::size_t kDigits = 2;

void preprocess_stage(Graph& graph, const Preprocess& preprocess) {
  if (!starts_at_pixels(graph)) graph = preprocess.in_front_of(graph);
}

/// A network that ends in labels already keeps them.
void postprocess_stage(Graph& graph, std::int64_t topk) {
  const bool labelled = std::ranges::find(graph.checkpoints(), Checkpoint::Kind::kLabel,
                                          &Checkpoint::kind) != graph.checkpoints().end();
  if (!labelled) insert_topk(graph, topk);
  verify(graph);
}

using ReportingPass = std::function<bool(Graph&, PassReport&)>;

/// A step of one pass that reports what it did, on a graph of batch size 1.
StageSpec streamline_stage(std::string name, const Preprocess& preprocess, std::string_view pass,
                           ReportingPass run) {
  StageSpec stage;
  stage.name = std::move(name);
  stage.passes = {std::string(pass)};
  stage.streamlines = true;
  stage.build = [&preprocess, pass, run = std::move(run)](Graph& graph, PassReport& report) {
    graph = pixel_graph(graph, preprocess);
    const auto reporting = [&](Graph& g) { return run(g, report); };
    run_pass(graph, {.name = pass, .promise = {}, .run = reporting});
  };
  return stage;
}

std::vector<StageSpec> import_stages(const Preprocess& preprocess, std::int64_t topk) {
  std::vector<StageSpec> stages(4);
  stages[0].name = "import";
  stages[0].build = [](Graph&, PassReport&) {};
  stages[1].name = "cleanup";
  for (const PassInfo& pass : cleanup_passes()) stages[1].passes.emplace_back(pass.name);
  stages[1].build = [](Graph& graph, PassReport&) { run_passes(graph, cleanup_passes()); };
  stages[2].name = "preprocess";
  stages[2].passes = {"MergeONNXModels"};
  stages[2].build = [&preprocess](Graph& graph, PassReport&) {
    preprocess_stage(graph, preprocess);
  };
  stages[3].name = "postprocess";
  stages[3].passes = {"InsertTopK"};
  stages[3].build = [topk](Graph& graph, PassReport&) { postprocess_stage(graph, topk); };
  return stages;
}

JoinOptions join_options(const StreamlineOptions& options) {
  return {options.join_budget, options.join_bits};
}

/// Where a normalised input has no exact form, or is to be quantised.
StageSpec quantize_input_stage(const Preprocess& preprocess, const StreamlineOptions& options) {
  const int bits = options.input_bits.value_or(kInputBits), limit = options.input_weight_bits;
  const JoinOptions joins = join_options(options);
  StageSpec stage = streamline_stage("quantize_input", preprocess, "quantize_input",
                                     [bits, limit, joins](Graph& g, PassReport& r) {
                                       return quantize_input(g, bits, r, limit, joins);
                                     });
  stage.contract = Contract::kApproximate;
  stage.options = {{"input_bits", bits}, {"input_weight_bits", limit}};
  stage.applies = [wanted = options.input_bits.has_value(), limit, joins](const Graph& graph) {
    return normalised_input(graph) &&
           (wanted || !exact_input_form(graph, limit, joins).obstacle.empty());
  };
  return stage;
}

/// Where scales in front of a product have no exact form.
StageSpec round_scales_stage(const Preprocess& preprocess, const StreamlineOptions& options) {
  const int bits = options.scale_bits, limit = options.input_weight_bits;
  StageSpec stage =
      streamline_stage("round_scales", preprocess, "round_scales",
                       [bits](Graph& g, PassReport& r) { return round_scales(g, bits, r); });
  stage.contract = Contract::kApproximate;
  stage.options = {{"scale_bits", bits}};
  stage.applies = [limit, joins = join_options(options)](const Graph& graph) {
    return needs_rounded_scales(graph, limit, joins);
  };
  return stage;
}

StageSpec absorb_scales_stage(const Preprocess& preprocess, const StreamlineOptions& options) {
  const int bits = options.input_weight_bits;
  StageSpec stage =
      streamline_stage("absorb_scales", preprocess, "absorb_scales",
                       [bits](Graph& g, PassReport& r) { return absorb_scales(g, r, bits); });
  stage.options = {{"input_weight_bits", bits}};
  return stage;
}

StageSpec residual_sums_stage(const Preprocess& preprocess, const StreamlineOptions& options) {
  const JoinOptions join = join_options(options);
  StageSpec stage =
      streamline_stage("residual_sums", preprocess, "residual_sums",
                       [join](Graph& g, PassReport& r) { return residual_sums(g, join, r); });
  stage.options = {{"join_budget", options.join_budget}};
  if (!options.join_bits) return stage;
  stage.options["join_bits"] = *options.join_bits;
  stage.contract = Contract::kApproximate;
  return stage;
}

/// The wishes for folding fields, or all others: those decide at another time.
FoldingConfig wishes(const FoldingConfig& config, bool folding) {
  FoldingConfig result = config;
  for (auto& [node, fields] : result)
    std::erase_if(fields, [&](const auto& field) {
      static const std::set<std::string_view> folds = {"PE", "SIMD", "parallel_window",
                                                       "inFIFODepths", "outFIFODepths"};
      return folds.contains(field.first) != folding;
    });
  return result;
}

/// One text for equal configurations.
std::string config_text(const FoldingConfig& config) {
  std::string text;
  for (const auto& [node, fields] : config)
    for (const auto& [field, value] : fields)
      text += std::visit([&](const auto& v) { return fmt::format("{}\n{}\n{}\n", node, field, v); },
                         value);
  return text;
}

FoldingGoal folding_goal(const HardwareOptions& hardware) {
  FoldingGoal goal;
  goal.decided = hardware.folding;
  if (hardware.device.empty()) {
    goal.target = hardware.target_cycles;
  } else {
    goal.device = hardware.device;
    goal.share = hardware.device_share;
  }
  return goal;
}

void fold(Graph& graph, const HardwareOptions& hardware, PassReport& report) {
  apply_folding_config(graph, wishes(hardware.folding, true), report);
  FoldingReport folding;
  set_folding(graph, folding_goal(hardware), folding);
  for (const SlowLayer& layer : folding.slow)
    report.remarks.push_back({layer.node, fmt::format("takes {} cycles per frame; the target is {}",
                                                      layer.cycles, folding.target)});
  choose_memories(graph, report);
}

std::vector<StageSpec> hardware_stages(const Preprocess& preprocess,
                                       const HardwareOptions& hardware) {
  const HwLayerOptions layers{hardware.standalone_thresholds, hardware.allow_software};
  std::vector<StageSpec> stages;
  stages.push_back(streamline_stage(
      "hw_layers", preprocess, "infer_hw_layers",
      [layers](Graph& g, PassReport& r) { return infer_hw_layers(g, layers, r); }));
  stages.back().options = {{"standalone_thresholds", std::int64_t{layers.standalone_thresholds}},
                           {"allow_software", std::int64_t{layers.allow_software}}};
  stages.push_back(streamline_stage("partition", preprocess, "create_dataflow_partition",
                                    create_dataflow_partition));
  stages.push_back(streamline_stage("specialize", preprocess, "specialize_layers",
                                    [hardware](Graph& g, PassReport& r) {
                                      apply_folding_config(g, wishes(hardware.folding, false), r);
                                      return specialize_layers(g, r);
                                    }));
  stages.back().options = {{"folding", sha256(config_text(wishes(hardware.folding, false)))}};
  stages.push_back(
      streamline_stage("fold", preprocess, "set_folding", [hardware](Graph& g, PassReport& r) {
        fold(g, hardware, r);
        return true;
      }));
  stages.back().options = {{"folding", sha256(config_text(hardware.folding))}};
  if (hardware.device.empty()) {
    stages.back().options["target_cycles"] = hardware.target_cycles;
  } else {
    stages.back().options["device"] = hardware.device;
    stages.back().options["device_share"] = hardware.device_share;
  }
  return stages;
}

/// Behind the foldings: what joins streams.
std::vector<StageSpec> stream_stages(const Preprocess& preprocess,
                                     const HardwareOptions& hardware) {
  std::vector<StageSpec> stages;
  stages.push_back(streamline_stage("converters", preprocess, "insert_width_converters",
                                    insert_width_converters));
  const FifoOptions fifos{hardware.fifo_interval};
  stages.push_back(streamline_stage(
      "fifos", preprocess, "insert_fifos",
      [fifos](Graph& g, PassReport& r) { return insert_sized_fifos(g, fifos, r); }));
  stages.back().options = {{"fifo_interval", fifos.interval}};
  return stages;
}

/// Whether `id` is the step at index `i`; steps that may be left out move those
/// behind them.
bool is_id(const std::vector<StageSpec>& stages, std::size_t i, std::string_view id) {
  std::size_t place = i + 1;
  if (id == stage_id(place, stages[i].name)) return true;
  for (std::size_t k = 0; k < i; ++k)
    if (stages[k].applies && id == stage_id(--place, stages[i].name)) return true;
  return false;
}

}  // namespace

std::vector<StageSpec> flow_stages(const Preprocess& preprocess, std::int64_t topk,
                                   const StreamlineOptions& options,
                                   const HardwareOptions& hardware) {
  std::vector<StageSpec> stages = import_stages(preprocess, topk);
  stages.push_back(quantize_input_stage(preprocess, options));
  stages.push_back(round_scales_stage(preprocess, options));
  stages.push_back(absorb_scales_stage(preprocess, options));
  stages.push_back(residual_sums_stage(preprocess, options));
  const std::size_t first_integer = stages.size();
  stages.push_back(streamline_stage("tail", preprocess, "integer_tail", integer_tail));
  stages.push_back(streamline_stage("lower", preprocess, "lower", lower));
  stages.push_back(streamline_stage("xnor", preprocess, "convert_to_xnor", convert_to_xnor));
  stages.push_back(streamline_stage("widths", preprocess, "minimize_widths", minimize_widths));
  for (StageSpec& stage : hardware_stages(preprocess, hardware)) stages.push_back(std::move(stage));
  for (StageSpec& stage : stream_stages(preprocess, hardware)) stages.push_back(std::move(stage));
  for (std::size_t i = first_integer; i < stages.size(); ++i) stages[i].integer = true;
  return stages;
}

std::string stage_id(std::size_t place, std::string_view name) {
  return fmt::format("{:0{}}_{}", place, kDigits, name);
}

std::optional<std::string_view> stage_name(std::string_view id) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (id.size() <= kDigits + 1 || id[kDigits] != '_') return {};
  if (!std::ranges::all_of(id.substr(0, kDigits), digit)) return {};
  return id.substr(kDigits + 1);
}

std::vector<StageSpec> stages_until(std::vector<StageSpec> stages, std::string_view until) {
  if (until.empty()) return stages;
  std::string names;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].name == until || is_id(stages, i, until)) {
      stages.resize(i + 1);
      return stages;
    }
    names += (i == 0 ? "" : ", ") + stages[i].name;
  }
  user_error("--until names no stage: '{}'; the stages are {}", printable(until), names);
}

}  // namespace assay
