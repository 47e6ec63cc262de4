// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compile/passes/pipeline/pass.h"

/// The one list of passes: what each promises, and the order in which they make an accelerator of
/// a network.
namespace assay {

/// Options by name, as a stage records them: equal where a step does the same.
using StepOptions = std::map<std::string, std::variant<std::int64_t, std::string>>;

/// One step of the pipeline: the passes that lead from one stage to the next.
struct PipelineStep {
  std::string_view name;         ///< "cleanup"
  std::vector<PassInfo> passes;  ///< in order
  /// Works on a network from raw pixels with batch size 1, and reports what it did.
  bool streamlines = true;
  bool integer = false;  ///< leaves no real number
  /// All that the passes depend on besides the graph; null: nothing.
  StepOptions (*options)(const PassOptions&) = nullptr;
  /// Whether options make an exact step approximate; null: none do.
  bool (*loosened)(const PassOptions&) = nullptr;
  /// Whether the graph needs this step; null: always.
  bool (*applies)(const Graph&, const PassOptions&) = nullptr;
};

/// The steps in order: cleanup, quantize_input (only where a normalised input has no exact form, or
/// is to be quantised), round_scales (only where scales in front of a product have none),
/// absorb_scales, residual_sums, tail, lower, xnor, widths, hw_layers, partition, specialize, fold,
/// converters. Between cleanup and the others pre-processing comes in front of the network.
std::span<const PipelineStep> pipeline_steps();

/// What a step promises with these options.
Contract contract_of(const PipelineStep& step, const PassOptions& options);

/// Runs the passes of a step in order with run_pass(). Returns whether anything changed.
bool run_step(Graph& graph, const PipelineStep& step, PassContext& context);

/// Every pass once, in alphabetical order.
std::span<const PassInfo> all_passes();
/// The pass of that name, or null.
const PassInfo* find_pass(std::string_view name);

}  // namespace assay
