// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/passes/layers/specialize_layers.h"
#include "compile/passes/pipeline/passes.h"
#include "compile/passes/rewrite/pass_report.h"
#include "compile/passes/streamline/streamline.h"
#include "harness/run/preprocess.h"

namespace assay {

/// One named step of the flow.
struct StageSpec {
  std::string name;                 ///< "cleanup"
  std::vector<std::string> passes;  ///< names, in order
  Contract contract = Contract::kExact;
  /// All that build() depends on besides the graph.
  std::map<std::string, std::variant<std::int64_t, std::string>> options;
  bool streamlines = false;  ///< fills the report
  bool integer = false;      ///< leaves no real number
  /// Whether the previous stage, from raw pixels, needs this step; empty: always.
  std::function<bool(const Graph&)> applies;
  /// Changes the previous stage's graph into this one's, verified after every pass.
  std::function<void(Graph&, PassReport&)> build;
  std::string id;  ///< "02_cleanup", once its place is known

  std::string file() const { return "stages/" + id + ".onnx"; }
  std::string report() const { return "reports/" + id + ".json"; }
};

/// What the steps from quantize_input on are told.
struct StreamlineOptions {
  std::optional<int>
      input_bits;  ///< quantise a normalised input, even if its exact form is possible
  int input_weight_bits = kWeightBits;  ///< that an exact form may take
  int scale_bits = kScaleBits;          ///< of scales in front of products that have no exact form
  int join_budget = 32;
  std::optional<int> join_bits;
};

inline constexpr std::int64_t kTargetCycles = 16384;
inline constexpr std::int64_t kDeviceShare = 70;

/// What the steps that make hardware are told.
struct HardwareOptions {
  bool standalone_thresholds = false, allow_software = false;
  std::int64_t target_cycles = kTargetCycles;  ///< per frame, for every layer
  std::int64_t fifo_interval = 0;  ///< cycles per frame that FIFOs allow; 0: the slowest layer's
  /// The part whose share the layers are to fit at the best throughput, in place of a target.
  std::string device;
  std::int64_t device_share = kDeviceShare;  ///< percent
  FoldingConfig folding;                     ///< decides before target and device
};

/// The steps in order: import, cleanup, preprocess, postprocess, quantize_input (only where a
/// normalised input has no exact form, or is to be quantised), round_scales (only where scales in
/// front of a product have none), absorb_scales, residual_sums, tail, lower, xnor, widths,
/// hw_layers, partition, specialize, fold, converters, fifos. `preprocess` must outlive them.
std::vector<StageSpec> flow_stages(const Preprocess& preprocess, std::int64_t topk,
                                   const StreamlineOptions& streamline,
                                   const HardwareOptions& hardware);

/// The id of a step at a place, from 1: "02_cleanup".
std::string stage_id(std::size_t place, std::string_view name);
/// The name in an id; nothing when it is no id.
std::optional<std::string_view> stage_name(std::string_view id);

/// The first steps up to and including `until` (a name or an id; empty: all). UserError when there
/// is no such step.
std::vector<StageSpec> stages_until(std::vector<StageSpec> stages, std::string_view until);

}  // namespace assay
