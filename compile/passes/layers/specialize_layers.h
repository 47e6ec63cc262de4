// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Sets the wishes of PassOptions::folding for how layers are implemented, and decides where that
/// is still "auto" then: the products of MVAU and VVAU, and comparators for up to 3 thresholds, a
/// binary search for more. UserError as apply_folding_config(). Contract: exact.
bool specialize_layers(Graph& graph, PassContext& context);

/// Decides where memories lie (ram_style) where that is still "auto": block RAM for large ones. By
/// the present foldings, so that it comes after them. Contract: exact.
bool choose_memories(Graph& graph, PassContext& context);

/// The reader of a generator of grouped windows, whose PE is the generator's SIMD; null for every
/// other node.
Node* grouped_reader(const Node& node);
/// Gives every generator of grouped windows the PE of its reader. Returns whether anything changed.
bool follow_readers(Graph& graph);

}  // namespace assay
