// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compile/graph/datatype.h"
#include "sim/bench/bench.h"

namespace assay::sim {

/// How a tensor's elements become the beats of a stream: `lanes` elements a beat, element 0 in the
/// least significant bits, each in its data type's bits (BIPOLAR: 0 is -1); with `last` one bit
/// more on top, set in the last beat of every frame.
struct Packing {
  DataType dtype;
  std::int64_t lanes = 1, beats = 1;  ///< beats: per frame
  bool last = false;
  int padding = 0;
  int bits() const { return static_cast<int>(lanes) * dtype.bits + padding + (last ? 1 : 0); }
};

/// The beats of whole frames, row-major values one frame after the other. Every value must belong
/// to the data type (UserError).
Tokens pack(std::span<const std::int64_t> values, const Packing& packing);

/// The elements of one beat.
std::vector<std::int64_t> unpack(std::span<const std::uint8_t> beat, const Packing& packing);

}  // namespace assay::sim
