// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/passes/rewrite/pass_report.h"

namespace assay {

/// Decides how layers are implemented where that is still "auto": the products of MVAU and VVAU,
/// and comparators for up to 3 thresholds, a binary search for more. Contract: exact.
bool specialize_layers(Graph& graph, PassReport& report);

/// Decides where memories lie (ram_style) where that is still "auto": block RAM for large ones. By
/// the present foldings, so that it comes after them. Contract: exact.
bool choose_memories(Graph& graph, PassReport& report);

/// A wish of the user for a field, as in FINN's folding_config: {"node": {"PE": 4, "ram_style":
/// "block"}, "Defaults": {"mem_mode": "decoupled"}}. Defaults hold for every node that has the
/// field and no wish of its own.
using FoldingValue = std::variant<std::int64_t, std::string, std::vector<std::int64_t>>;
using FoldingConfig = std::map<std::string, std::map<std::string, FoldingValue>>;

/// Sets the fields PE, SIMD, ram_style, mem_mode, preferred_impl_style, parallel_window,
/// inFIFODepths and outFIFODepths (one depth per stream; 0: the flow sizes it, 1: no FIFO). A
/// generator of grouped windows follows the PE of its reader. UserError, naming what is allowed,
/// for an unknown node or field and a value that does not fit. Contract: exact.
bool apply_folding_config(Graph& graph, const FoldingConfig& config, PassReport& report);

/// The configuration that gives every layer the fields that it has, width converters and FIFOs
/// apart: what apply_folding_config() would leave as it is. Depths of FIFOs are in it where the
/// nodes have them. A node of the name "Defaults" is left out.
FoldingConfig folding_config(const Graph& graph);

/// The reader of a generator of grouped windows, whose PE is the generator's SIMD; null for every
/// other node.
Node* grouped_reader(const Node& node);
/// Gives every generator of grouped windows the PE of its reader. Returns whether anything changed.
bool follow_readers(Graph& graph);

}  // namespace assay
