// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "compile/graph/graph.h"
#include "compile/passes/rewrite/pass_options.h"
#include "compile/passes/rewrite/pass_report.h"

namespace assay {

/// Sets the fields PE, SIMD, ram_style, mem_mode, preferred_impl_style, parallel_window, least_ring,
/// runtime_writeable_weights, inFIFODepths and outFIFODepths (one depth per stream; 0: the flow sizes it, 1: no FIFO). A
/// generator of grouped windows follows the PE of its reader. Weights that are wished to lie in
/// block RAM or to be written at run time, without a word on mem_mode, become a memory of their own (decoupled). UserError,
/// naming what is allowed, for an unknown node or field and a value that does not fit. Returns
/// whether anything changed; every checkpoint stays.
bool apply_folding_config(Graph& graph, const FoldingConfig& config, PassReport& report);

/// UserError as apply_folding_config() for names, fields and values that do not fit the layers;
/// changes nothing.
void check_folding_config(const Graph& graph, const FoldingConfig& config);
/// UserError where a node's own wish for block RAM, or the default for a product's weights, has no
/// effect: no memory of the folded layer lies there.
void check_memory_wishes(const Graph& graph, const FoldingConfig& config);

/// A field that some layer has, as far as it can be judged without a layer. Nothing when the value
/// may fit, else what is allowed. UserError for a field that no layer has.
std::optional<std::string> folding_value_fault(const std::string& field, const FoldingValue& value);

/// Wishes decide at two places: how layers are implemented before they are folded.
enum class WishKind : std::uint8_t { kImplementation, kFolding };
/// The wishes of one kind. Nodes without any keep an empty entry, so that their names are checked.
FoldingConfig folding_wishes(const FoldingConfig& config, WishKind kind);

/// The configuration that gives every layer the fields that it has, width converters and FIFOs
/// apart: what apply_folding_config() would leave as it is. Depths of FIFOs are in it where the
/// nodes have them. A node of the name "Defaults" is left out.
FoldingConfig folding_config(const Graph& graph);

}  // namespace assay
