// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// What a pass promises about the checkpoints.
enum class Contract : std::uint8_t {
  kExact,  ///< every checkpoint's integers (exact reals where it has no map) are unchanged, for
           ///< every input
  kApproximate,  ///< some checkpoint may change; the promise says which and why
};
std::string_view contract_name(Contract contract);  ///< "exact", "approximate"

/// A pass and what it says of itself.
struct PassInfo {
  std::string_view name;
  Contract contract = Contract::kExact;  ///< with the default options
  std::string_view promise;              ///< one sentence
  Pass run = nullptr;
};

/// Infers shapes, verifies, runs the pass and verifies again: the graph, and that every checkpoint
/// kept its name, kind, type and map. Returns whether the pass changed anything. UserError (the
/// graph or the pass's input is bad) and ToolError (the pass left an invalid graph) carry the
/// pass's name.
bool run_pass(Graph& graph, const PassInfo& pass, PassContext& context);

}  // namespace assay
