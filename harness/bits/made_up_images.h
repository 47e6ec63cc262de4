// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// Images for a graph's inputs of integers that reach what photographs do not: all darkest, all
/// brightest, both checkerboards, and noise drawn from a seed. As InputFeed takes them.
std::vector<std::vector<std::int32_t>> made_up_images(const Graph& graph, std::uint64_t seed);

}  // namespace assay
