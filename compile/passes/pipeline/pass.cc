// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/pipeline/pass.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

/// A checkpoint without the tensor that carries it.
struct Promise {
  std::string name;
  Checkpoint::Kind kind;
  bool has_map;
  DataType dtype;
  RealArray scale, offset;
  friend bool operator==(const Promise&, const Promise&) = default;
};

std::vector<Promise> promises(const Graph& graph) {
  std::vector<Promise> out;
  for (const Checkpoint& c : graph.checkpoints())
    out.push_back({c.name, c.kind, c.has_map, c.dtype, c.scale, c.offset});
  return out;
}

void check_result(const Graph& graph, const PassInfo& pass, const std::vector<Promise>& before) {
  try {
    verify(graph);
  } catch (const UserError& error) {
    tool_error("pass '{}' left an invalid graph: {}", pass.name, error.what());
  }
  const std::vector<Promise> after = promises(graph);
  for (const Promise& promise : before)
    if (std::ranges::find(after, promise) == after.end())
      tool_error("pass '{}' lost or changed checkpoint '{}'", pass.name, printable(promise.name));
}

}  // namespace

std::string_view contract_name(Contract contract) {
  return contract == Contract::kExact ? "exact" : "approximate";
}

bool run_pass(Graph& graph, const PassInfo& pass, PassContext& context) {
  const std::vector<Promise> before = promises(graph);
  bool changed = false;
  try {
    infer_shapes(graph);
    verify(graph);
    changed = pass.run(graph, context);
  } catch (const UserError& error) {
    user_error("pass '{}': {}", pass.name, error.what());
  }
  check_result(graph, pass, before);
  return changed;
}

}  // namespace assay
