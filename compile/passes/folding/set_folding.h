// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/hw/devices.h"
#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// The device whose resources weigh when none is named.
inline constexpr std::string_view kCostDevice = "xc7z020";

/// What foldings are to reach.
struct FoldingGoal {
  /// Cycles per frame that every layer keeps; nothing: the least that fits the device.
  std::optional<std::int64_t> target;
  std::int64_t least = 0;  ///< without target: cycles per frame that are few enough
  bool required = false;   ///< no layer may be slower than target or least
  std::string device = std::string(kCostDevice);
  std::int64_t share = 100;  ///< percent of the device that layers may take; without target only,
  hw::Resources reserve;     ///< as what they leave of that
  FoldingConfig decided;     ///< fields that are not to be chosen
};

/// A layer that cannot reach the target.
struct SlowLayer {
  std::string node;
  std::int64_t cycles = 0;  ///< per frame, with its fastest folding
};

struct FoldingReport {
  std::int64_t target = 0;      ///< as given, or as found for the device
  std::int64_t slowest = 0;     ///< the most cycles of a layer: the interval of frames
  std::vector<SlowLayer> slow;  ///< in topological order
  hw::Resources estimate;       ///< layers and converters between them, without FIFOs
};

/// Chooses, for a goal, PE, SIMD and, for weights, constants or block RAM for every layer.
///
/// With a target every layer takes at most that many cycles per frame at the least cost, which is
/// the sum of the shares of the device's LUTs, flip-flops, block RAMs and DSP blocks that it and
/// the converters to its neighbours are estimated to take; among equals the fewest lanes, then the
/// most SIMD. Where the device has less of a resource than that takes, it weighs more, as long as this
/// makes everything fit. Where a layer cannot reach the target, and it is not required, the report says
/// so, and all keep the cycles of the slowest. Without a target it is the smallest whose layers fit the
/// share of the device. Windows come tap by tap or whole, multipliers lie in LUTs or DSP blocks and,
/// where the device has no memories of LUTs, memories in registers or block RAM.
///
/// Layers keep their implementation otherwise. UserError, with numbers, when
/// nothing fits the device, when a layer cannot reach a target that is required, and for a layer
/// that cannot be built at all. Returns whether anything changed; every checkpoint stays.
bool choose_foldings(Graph& graph, const FoldingGoal& goal, FoldingReport& report);

/// Sets the wishes of PassOptions::folding for foldings and FIFOs, chooses the other foldings for
/// PassOptions::target_cycles or, where that is given, PassOptions::device and its share, and then
/// where memories lie (choose_memories). Remarks name the layers that miss the target. UserError as
/// apply_folding_config(), choose_foldings() and check_memory_wishes(). Contract: exact.
bool set_folding(Graph& graph, PassContext& context);
/// The same with layers that leave `reserve` of the device's share to others.
bool set_folding(Graph& graph, PassContext& context, const hw::Resources& reserve);

}  // namespace assay
