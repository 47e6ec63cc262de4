// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "compile/graph/graph.h"

namespace assay::hw {

/// Bits of what a product multiplies.
inline constexpr int kMaxFactorBits = 48;

/// The integers of a constant input, row-major. UserError when the input is no constant or holds a
/// number that is no integer of 64 bits.
std::vector<std::int64_t> integer_constant(const Node& node, std::size_t input);

}  // namespace assay::hw
