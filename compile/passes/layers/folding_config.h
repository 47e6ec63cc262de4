// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "compile/graph/graph.h"
#include "compile/passes/rewrite/pass_options.h"
#include "compile/passes/rewrite/pass_report.h"

namespace assay {

/// Sets the fields PE, SIMD, ram_style, mem_mode, preferred_impl_style, parallel_window,
/// inFIFODepths and outFIFODepths (one depth per stream; 0: the flow sizes it, 1: no FIFO). A
/// generator of grouped windows follows the PE of its reader. UserError, naming what is allowed,
/// for an unknown node or field and a value that does not fit. Returns whether anything changed;
/// every checkpoint stays.
bool apply_folding_config(Graph& graph, const FoldingConfig& config, PassReport& report);

/// Wishes decide at two places: how layers are implemented before they are folded.
enum class WishKind : std::uint8_t { kImplementation, kFolding };
/// The wishes of one kind. Nodes without any keep an empty entry, so that their names are checked.
FoldingConfig folding_wishes(const FoldingConfig& config, WishKind kind);

/// The configuration that gives every layer the fields that it has, width converters and FIFOs
/// apart: what apply_folding_config() would leave as it is. Depths of FIFOs are in it where the
/// nodes have them. A node of the name "Defaults" is left out.
FoldingConfig folding_config(const Graph& graph);

}  // namespace assay
