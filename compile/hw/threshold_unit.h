// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compile/hw/resource_model.h"

/// Thresholds in hardware: rtl/assay_threshold_unit.sv, alone or behind products or sums.
namespace assay::hw {

/// Counters beyond this many bits are refused.
inline constexpr int kMaxCountBits = 16;

struct ThresholdUnit {
  DataType input, output;
  Levels levels;
  std::int64_t lanes = 1;
  std::int64_t rows = 1;  ///< a lane's row is chosen by an index below `rows`
  bool shared = false;    ///< all lanes have the same thresholds
  std::int64_t steps = 0;
  /// [rows][lanes, or 1 when shared][steps]; each row in any order.
  std::vector<std::int64_t> values;
  std::string style = "auto";      ///< "auto", "comparators" or "search"
  std::string ram_style = "auto";  ///< "auto", "distributed" or "block"
  bool lane_rows = false;          ///< every lane reads a row of its own
  bool writable = false;           ///< at run time: Layer::stores has its memories
};

/// "auto" decided: comparators up to three steps, a binary search beyond.
std::string threshold_style(std::string_view wanted, std::int64_t steps);

/// Returns the stages of its pipeline. Adds the parameters Steps, Search, ThresholdRows,
/// SharedThresholds, BlockThresholds, OutBits, OutBias and ThresholdFile, the memory need and, with
/// `with_images`, the contents.
///
/// Codes: an input is compared as an unsigned number, its top bit inverted when it is signed; a
/// threshold is clipped to what the input can tell apart, [0, 2^bits], and stored in bits + 1 bits.
/// Comparators: "thresholds.hex" has one word per row, [lane][step]. Search: "thresholds_<s>.hex"
/// for stage s, one word per (row, the s upper bits of the count), [lane]; the row is padded up to
/// 2^b - 1 thresholds with 2^bits, which no input reaches.
std::int64_t add_thresholds(Layer& layer, const Node& node, ThresholdUnit unit, bool with_images);

/// What it takes, by these parameters and Pe; `lane_rows`: every lane reads a row of its own.
void estimate_threshold_unit(ResourceModel& m, const ModuleParameters& p, std::int64_t in_bits,
                             bool lane_rows);

}  // namespace assay::hw
