// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/give_unique_node_names.h"

#include <fmt/format.h>

#include <map>

#include "compile/passes/rewrite/rename_all.h"

namespace assay {

bool give_unique_node_names(Graph& graph, PassContext&) {
  const std::vector<Node*> order = graph.topological_order();
  const bool sorted =
      std::ranges::equal(order, graph.nodes(), {}, {}, [](const auto& node) { return node.get(); });
  graph.sort();
  std::map<std::string_view, int> count;
  std::vector<std::pair<Node*, std::string>> names;
  for (Node* node : order)
    names.emplace_back(node, fmt::format("{}_{}", node->op->type(), count[node->op->type()]++));
  return rename_all(graph, names) || !sorted;
}

}  // namespace assay
