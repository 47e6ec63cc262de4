// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/give_readable_tensor_names.h"

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>

#include "compile/passes/rewrite/rename_all.h"

namespace assay {
namespace {

/// Collects wanted names; the first name of a tensor stands, and a name that is taken gets a
/// suffix.
class Names {
 public:
  void want(Tensor* tensor, const std::string& name) {
    if (!tensor || !named_.insert(tensor).second) return;
    std::string free = name;
    for (int i = 1; !taken_.insert(free).second; ++i) free = fmt::format("{}_{}", name, i);
    wanted.emplace_back(tensor, std::move(free));
  }
  std::vector<std::pair<Tensor*, std::string>> wanted;

 private:
  std::unordered_set<const Tensor*> named_;
  std::unordered_set<std::string> taken_;
};

}  // namespace

bool give_readable_tensor_names(Graph& graph, PassContext&) {
  Names names;
  for (Tensor* input : graph.inputs()) names.want(input, "global_in");
  for (Tensor* output : graph.outputs()) names.want(output, "global_out");
  for (const Node* node : graph.topological_order()) {
    for (std::size_t i = 0; i < node->outputs.size(); ++i)
      names.want(node->outputs[i], fmt::format("{}_out{}", node->name, i));
    int constants = 0;
    for (Tensor* input : node->inputs)
      if (input && input->constant)
        names.want(input, fmt::format("{}_param{}", node->name, constants++));
  }
  for (const auto& tensor : graph.tensors()) names.want(tensor.get(), tensor->name);
  return rename_all(graph, names.wanted);
}

}  // namespace assay
