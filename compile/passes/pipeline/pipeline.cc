// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/pipeline/pipeline.h"

#include <array>

#include "compile/base/error.h"

namespace assay {
namespace {

/// Order is meaning: bit widths are read off Clip nodes before anything folds; what one rewrite
/// leaves constant the next fold_constants takes away; names come when the nodes are final.
constexpr std::array kCleanup = std::to_array<std::string_view>({
    "infer_shapes",
    "qcdq_to_quant",
    "fold_constants",
    "remove_static_graph_inputs",
    "gemm_to_matmul",
    "fold_transpose_into_quant",
    "extract_bias_from_conv",
    "batch_norm_to_affine",
    "convert_sub_to_add",
    "convert_div_to_mul",
    "fold_constants",
    "remove_identity_ops",
    "remove_unused_tensors",
    "give_unique_node_names",
    "give_readable_tensor_names",
    "infer_data_types",
    "infer_data_layouts",
});

}  // namespace

std::span<const PassInfo> cleanup_passes() {
  static const std::vector<PassInfo> passes = [] {
    std::vector<PassInfo> list;
    for (const std::string_view name : kCleanup) {
      const PassInfo* pass = find_pass(name);
      ASSAY_INVARIANT(pass, "the cleanup stage names a pass that does not exist");
      list.push_back(*pass);
    }
    return list;
  }();
  return passes;
}

bool run_passes(Graph& graph, std::span<const PassInfo> passes) {
  bool changed = false;
  for (const PassInfo& pass : passes) changed |= run_pass(graph, pass);
  return changed;
}

}  // namespace assay
