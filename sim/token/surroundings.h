// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "sim/token/token_model.h"

namespace assay::sim {

/// The node and those around it, in the order of the streams: all between the nearest places before
/// and behind it where a single stream leads on, so that no fork is without its join, and what a few
/// streams more lead from and to. Mostly these decide whether the node is late.
std::vector<std::size_t> surroundings(const TokenNetwork& network, std::size_t node);

}  // namespace assay::sim
