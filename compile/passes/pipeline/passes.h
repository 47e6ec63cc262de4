// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "compile/graph/graph.h"

namespace assay {

/// What a pass promises about the checkpoints.
enum class Contract : std::uint8_t {
  kExact,  ///< every checkpoint's integers (exact reals where it has no map) are unchanged, for
           ///< every input
  kApproximate,  ///< some checkpoint may change; the promise says which and why
};
std::string_view contract_name(Contract contract);  ///< "exact", "approximate"

/// A graph transformation without parameters. Passes are free functions `bool pass(Graph&)` that
/// return whether they changed anything; a second run changes nothing. They expect recorded shapes
/// (infer_shapes), record the shapes of what they add, and leave the nodes in topological order.
struct PassInfo {
  std::string_view name;
  Contract contract = Contract::kExact;
  std::string_view promise;  ///< one sentence
  std::function<bool(Graph&)> run;
};

/// Every pass without parameters, in alphabetical order.
std::span<const PassInfo> all_passes();
/// The pass of that name, or null.
const PassInfo* find_pass(std::string_view name);

/// Infers shapes, verifies, runs the pass and verifies again: the graph, and that every checkpoint
/// kept its name, kind, type and map. Returns whether the pass changed anything. UserError (the
/// graph or the pass's input is bad) and ToolError (the pass left an invalid graph) carry the
/// pass's name.
bool run_pass(Graph& graph, const PassInfo& pass);

}  // namespace assay
