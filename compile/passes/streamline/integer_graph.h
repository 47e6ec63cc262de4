// SPDX-License-Identifier: Apache-2.0
// Internal to streamlining: the whole graph planned anew.
#pragma once

#include <functional>
#include <vector>

#include "compile/base/refusal.h"
#include "compile/passes/streamline/planner.h"

namespace assay::streamline {

/// Called with the number of nodes that were looked at.
using Looked = std::function<void(std::size_t)>;

/// The graph with its scales and offsets as far as `depth` says in thresholds, and what became of its
/// quantisers in `report`. UserError naming the node that has no integer form; with `refusals`, what
/// stops a node is added to them, and its outputs are new inputs of integers.
Graph integer_graph(const Graph& from, Depth depth, const StreamlineLimits& limits,
                    PassReport& report, std::vector<Refusal>* refusals = nullptr,
                    const Looked& looked = {});

}  // namespace assay::streamline
