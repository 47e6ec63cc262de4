// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What a user may decide about the passes.
namespace assay {

/// A wish of the user for a field, as in FINN's folding_config: {"node": {"PE": 4, "ram_style":
/// "block"}, "Defaults": {"mem_mode": "decoupled"}}. Defaults hold for every node that has the
/// field and no wish of its own.
using FoldingValue = std::variant<std::int64_t, std::string, std::vector<std::int64_t>>;
using FoldingConfig = std::map<std::string, std::map<std::string, FoldingValue>>;

inline constexpr int kWeightBits = 24;  ///< of weights that have taken up scales of their inputs
inline constexpr int kScaleBits = 16;
inline constexpr int kJoinBudget = 32;
inline constexpr std::int64_t kTargetCycles = 16384;
inline constexpr std::int64_t kDeviceShare = 70;

/// The options of all passes; each pass documents those that it looks at. A field without a value
/// leaves the choice to the pass. All have an initializer, so that any of them can be named alone.
struct PassOptions {
  /// Bits to which a normalised input is quantised, even if its exact form is possible.
  std::optional<int> input_bits = {};
  /// Bits that weights may take where the exact form of a normalised input multiplies them by
  /// integers in proportion to its scales.
  int input_weight_bits = kWeightBits;
  /// Bits of scales in front of a product that have no exact integer form.
  int scale_bits = kScaleBits;
  /// Fraction bits that an exact sum of branches may take.
  int join_budget = kJoinBudget;
  /// Fraction bits that sums of branches get, even if some combinations go wrong.
  std::optional<int> join_bits = {};
  /// Widths hold any weights of the types that they have, and any thresholds, as a host may write others
  /// ("runtime_writeable_weights" of the folding).
  bool runtime_weights = false;
  /// Keeps products and the thresholds behind them apart: MVAU, then Thresholding.
  bool standalone_thresholds = false;
  /// Leaves nodes without a layer as they are, outside of the hardware, instead of refusing them.
  bool allow_software = false;
  /// Cycles per frame that every layer is to keep.
  std::int64_t target_cycles = kTargetCycles;
  /// Refuses a network that cannot keep the target, of cycles or of a device's, instead of coming as
  /// near to it as it can.
  bool target_required = false;
  /// Cycles per frame that FIFOs must allow; 0: those of the slowest layer.
  std::int64_t fifo_interval = 0;
  /// The part whose share the layers are to fit at the best throughput, in place of target_cycles;
  /// empty: none.
  std::string device = {};
  /// Cycles per frame below which layers that fit a device need not go; 0: as fast as they fit.
  std::int64_t device_cycles = 0;
  /// Percent of the device that layers and FIFOs may take.
  std::int64_t device_share = kDeviceShare;
  /// Fields of single layers; they decide before target and device.
  FoldingConfig folding = {};
};

}  // namespace assay
