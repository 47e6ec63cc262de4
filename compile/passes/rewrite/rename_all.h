// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// Renames nodes or tensors all at once: a wanted name may still belong to another element of
/// `wanted`. The wanted names must differ from each other and from the names of elements that are
/// not listed. Returns whether any name changed.
template <typename Element>
bool rename_all(Graph& graph, const std::vector<std::pair<Element*, std::string>>& wanted) {
  if (std::ranges::all_of(wanted, [](const auto& w) { return w.first->name == w.second; }))
    return false;
  std::size_t longest = 0;  // a longer name is free
  for (const auto& tensor : graph.tensors()) longest = std::max(longest, tensor->name.size());
  for (const auto& node : graph.nodes()) longest = std::max(longest, node->name.size());
  const std::string unused(longest + 1, '~');
  for (std::size_t i = 0; i < wanted.size(); ++i)
    graph.rename(wanted[i].first, unused + std::to_string(i));
  for (const auto& [element, name] : wanted) graph.rename(element, name);
  return true;
}

}  // namespace assay
