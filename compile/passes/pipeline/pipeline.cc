// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/pipeline/pipeline.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "compile/base/hash.h"
#include "compile/passes/cleanup/batch_norm_to_affine.h"
#include "compile/passes/cleanup/convert_div_to_mul.h"
#include "compile/passes/cleanup/convert_sub_to_add.h"
#include "compile/passes/cleanup/extract_bias_from_conv.h"
#include "compile/passes/cleanup/fold_constants.h"
#include "compile/passes/cleanup/fold_transpose_into_quant.h"
#include "compile/passes/cleanup/gemm_to_matmul.h"
#include "compile/passes/cleanup/give_readable_tensor_names.h"
#include "compile/passes/cleanup/give_unique_node_names.h"
#include "compile/passes/cleanup/infer_data_layouts.h"
#include "compile/passes/cleanup/infer_data_types.h"
#include "compile/passes/cleanup/infer_shapes_pass.h"
#include "compile/passes/cleanup/qcdq_to_quant.h"
#include "compile/passes/cleanup/remove_identity_ops.h"
#include "compile/passes/cleanup/remove_static_graph_inputs.h"
#include "compile/passes/cleanup/remove_unused_tensors.h"
#include "compile/passes/folding/set_folding.h"
#include "compile/passes/layers/folding_config.h"
#include "compile/passes/layers/infer_hw_layers.h"
#include "compile/passes/layers/specialize_layers.h"
#include "compile/passes/layers/xnor.h"
#include "compile/passes/lower/lower.h"
#include "compile/passes/streamline/streamline.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "compile/passes/streams/insert_width_converters.h"
#include "compile/passes/widths/minimize_widths.h"

namespace assay {
namespace {

using enum Contract;

StepOptions quantize_input_options(const PassOptions& options) {
  return {{"input_bits", options.input_bits.value_or(kInputBits)},
          {"input_weight_bits", options.input_weight_bits}};
}

StepOptions round_scales_options(const PassOptions& options) {
  return {{"scale_bits", options.scale_bits}};
}

/// Nothing without weights that are written at run time: types then follow from the network alone.
StepOptions runtime_options(const PassOptions& options, StepOptions others = {}) {
  if (options.runtime_weights) others["runtime_weights"] = std::int64_t{1};
  return others;
}
StepOptions runtime_weights_options(const PassOptions& options) { return runtime_options(options); }

StepOptions absorb_scales_options(const PassOptions& options) {
  return runtime_options(options, {{"input_weight_bits", options.input_weight_bits}});
}

StepOptions residual_sums_options(const PassOptions& options) {
  StepOptions result = {{"join_budget", options.join_budget}};
  if (options.join_bits) result["join_bits"] = *options.join_bits;
  return runtime_options(options, std::move(result));
}

bool has_join_bits(const PassOptions& options) { return options.join_bits.has_value(); }

StepOptions hw_layers_options(const PassOptions& options) {
  return {{"standalone_thresholds", std::int64_t{options.standalone_thresholds}},
          {"allow_software", std::int64_t{options.allow_software}}};
}

/// One text for equal configurations.
std::string config_digest(const FoldingConfig& config) {
  std::string text;
  for (const auto& [node, fields] : config)
    for (const auto& [field, value] : fields) {
      const std::string name = fmt::format("{}\n{}\n", node, field);
      text += std::visit([&](const auto& v) { return fmt::format("{}{}\n", name, v); }, value);
    }
  return sha256(text);
}

StepOptions specialize_options(const PassOptions& options) {
  return {{"folding", config_digest(folding_wishes(options.folding, WishKind::kImplementation))}};
}

StepOptions fold_options(const PassOptions& options) {
  StepOptions result = {{"folding", config_digest(options.folding)}};
  if (options.device.empty()) {
    result["target_cycles"] = options.target_cycles;
  } else {
    result["device"] = options.device;
    result["device_share"] = options.device_share;
    if (options.device_cycles > 0) result["device_cycles"] = options.device_cycles;
  }
  if (options.target_required) result["target_required"] = std::int64_t{1};
  return result;
}

constexpr PassInfo kFoldConstants = {
    "fold_constants", kExact, "nodes over constants become their exact value, quantisers excepted",
    fold_constants};

/// Bit widths are read off Clip nodes before anything folds; what one rewrite leaves constant the next
/// fold_constants takes away; names come when the nodes are final.
constexpr PassInfo kCleanup[] = {
    {"infer_shapes", kExact, "tensors get the shape that their operators give them",
     infer_shapes_pass},
    {"qcdq_to_quant", kExact,
     "QuantizeLinear, Clip, DequantizeLinear become Quant where that is the same function",
     qcdq_to_quant},
    kFoldConstants,
    {"remove_static_graph_inputs", kExact, "constants are no graph inputs",
     remove_static_graph_inputs},
    {"gemm_to_matmul", kExact, "Gemm becomes MatMul with its factors and bias as nodes",
     gemm_to_matmul},
    {"fold_transpose_into_quant", kExact,
     "a transposed constant quantiser quantises transposed constants", fold_transpose_into_quant},
    {"extract_bias_from_conv", kExact, "the bias of a convolution becomes an Add",
     extract_bias_from_conv},
    {"batch_norm_to_affine", kExact, "BatchNormalization becomes Mul and Add with exact parameters",
     batch_norm_to_affine},
    {"convert_sub_to_add", kExact, "subtraction of a constant becomes addition of its negative",
     convert_sub_to_add},
    {"convert_div_to_mul", kExact,
     "division by a constant becomes a product with its exact reciprocal", convert_div_to_mul},
    kFoldConstants,
    {"remove_identity_ops", kExact, "operators that return their input unchanged are removed",
     remove_identity_ops},
    {"remove_unused_tensors", kExact, "what reaches neither an output nor a checkpoint is removed",
     remove_unused_tensors},
    {"give_unique_node_names", kExact, "nodes are named Op_i in topological order",
     give_unique_node_names},
    {"give_readable_tensor_names", kExact,
     "tensors are named after the nodes that make or use them", give_readable_tensor_names},
    {"infer_data_types", kExact, "tensors get the smallest data type that provably holds them",
     infer_data_types},
    {"infer_data_layouts", kExact, "tensors get the layout that their operators give them",
     infer_data_layouts}};

/// Passes that no step names: others end with them.
constexpr PassInfo kParts[] = {
    {"choose_memories", kExact, "every layer says where its memory lies", choose_memories},
};

}  // namespace

std::span<const PipelineStep> pipeline_steps() {
  static const std::vector<PipelineStep> steps = {
      {.name = "cleanup",
       .passes = {std::begin(kCleanup), std::end(kCleanup)},
       .streamlines = false},
      {.name = "quantize_input",
       .passes = {{"quantize_input", kApproximate,
                   "a normalised input is quantised: every checkpoint behind it may change",
                   quantize_input}},
       .options = quantize_input_options,
       .applies = needs_quantized_input},
      {.name = "round_scales",
       .passes = {{"round_scales", kApproximate,
                   "scales in front of products become multiples of one unit: every checkpoint "
                   "behind them may change",
                   round_scales}},
       .options = round_scales_options,
       .applies = needs_rounded_scales},
      {.name = "absorb_scales",
       .passes = {{"absorb_scales", kExact,
                   "quantisers of one integer become integer thresholds, scales and offsets move "
                   "into them",
                   absorb_scales}},
       .options = absorb_scales_options},
      {.name = "residual_sums",
       .passes = {{"residual_sums", kExact, "quantisers of several integers become integer joins",
                   residual_sums}},
       .options = residual_sums_options,
       .loosened = has_join_bits},
      {.name = "tail",
       .passes = {{"integer_tail", kExact,
                   "outputs become integers of the same meaning, labels integers of the same order",
                   integer_tail}},
       .integer = true,
       .options = runtime_weights_options},
      {.name = "lower",
       .passes = {{"lower", kExact, "data in NHWC, convolutions as sliding windows and products",
                   lower}},
       .integer = true},
      {.name = "xnor",
       .passes = {{"convert_to_xnor", kExact,
                   "products of bipolar matrices count equal bits; their thresholds count with "
                   "them",
                   convert_to_xnor}},
       .integer = true},
      {.name = "widths",
       .passes = {{"minimize_widths", kExact,
                   "weights, thresholds and accumulators get the smallest type that provably holds "
                   "them",
                   minimize_widths}},
       .integer = true,
       .options = runtime_weights_options},
      {.name = "hw_layers",
       .passes = {{"infer_hw_layers", kExact, "operators of integers become hardware layers",
                   infer_hw_layers}},
       .integer = true,
       .options = hw_layers_options},
      {.name = "partition",
       .passes = {{"create_dataflow_partition", kExact,
                   "hardware layers that become one accelerator get its number",
                   create_dataflow_partition}},
       .integer = true},
      {.name = "specialize",
       .passes = {{"specialize_layers", kExact, "every layer says how it is implemented",
                   specialize_layers}},
       .integer = true,
       .options = specialize_options},
      {.name = "fold",
       .passes = {{"set_folding", kExact,
                   "every layer gets its foldings, and says where its memory lies", set_folding}},
       .integer = true,
       .options = fold_options},
      {.name = "converters",
       .passes = {{"insert_width_converters", kExact,
                   "width converters join layers that write and read different numbers of lanes",
                   insert_width_converters}},
       .integer = true},
  };
  return steps;
}

Contract contract_of(const PipelineStep& step, const PassOptions& options) {
  const bool approximate =
      std::ranges::find(step.passes, kApproximate, &PassInfo::contract) != step.passes.end();
  return approximate || (step.loosened && step.loosened(options)) ? kApproximate : kExact;
}

bool run_step(Graph& graph, const PipelineStep& step, PassContext& context) {
  bool changed = false;
  for (const PassInfo& pass : step.passes) changed |= run_pass(graph, pass, context);
  return changed;
}

std::span<const PassInfo> all_passes() {
  static const std::vector<PassInfo> passes = [] {
    std::vector<PassInfo> list(std::begin(kParts), std::end(kParts));
    for (const PipelineStep& step : pipeline_steps())
      list.insert(list.end(), step.passes.begin(), step.passes.end());
    std::ranges::sort(list, {}, &PassInfo::name);
    const auto same = [](const PassInfo& a, const PassInfo& b) { return a.name == b.name; };
    list.erase(std::unique(list.begin(), list.end(), same), list.end());
    return list;
  }();
  return passes;
}

const PassInfo* find_pass(std::string_view name) {
  const auto passes = all_passes();
  const auto it = std::ranges::find(passes, name, &PassInfo::name);
  return it == passes.end() ? nullptr : &*it;
}

}  // namespace assay
