// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/pipeline/passes.h"

#include <algorithm>
#include <array>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/passes/cleanup/batch_norm_to_affine.h"
#include "compile/passes/cleanup/convert_div_to_mul.h"
#include "compile/passes/cleanup/convert_sub_to_add.h"
#include "compile/passes/cleanup/extract_bias_from_conv.h"
#include "compile/passes/cleanup/fold_constants.h"
#include "compile/passes/cleanup/fold_transpose_into_quant.h"
#include "compile/passes/cleanup/gemm_to_matmul.h"
#include "compile/passes/cleanup/give_readable_tensor_names.h"
#include "compile/passes/cleanup/give_unique_node_names.h"
#include "compile/passes/cleanup/infer_data_layouts.h"
#include "compile/passes/cleanup/infer_data_types.h"
#include "compile/passes/cleanup/infer_shapes_pass.h"
#include "compile/passes/cleanup/qcdq_to_quant.h"
#include "compile/passes/cleanup/remove_identity_ops.h"
#include "compile/passes/cleanup/remove_static_graph_inputs.h"
#include "compile/passes/cleanup/remove_unused_tensors.h"
#include "compile/passes/layers/infer_hw_layers.h"
#include "compile/passes/layers/specialize_layers.h"
#include "compile/passes/layers/xnor.h"
#include "compile/passes/lower/lower.h"
#include "compile/passes/streamline/streamline.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "compile/passes/widths/minimize_widths.h"

namespace assay {
namespace {

using enum Contract;

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
  return contract == kExact ? "exact" : "approximate";
}

/// A pass that reports, as one that only changes the graph.
template <bool (*kPass)(Graph&, PassReport&)>
bool without_report(Graph& graph) {
  PassReport report;
  return kPass(graph, report);
}

bool default_absorb_scales(Graph& graph) {
  PassReport report;
  return absorb_scales(graph, report);
}

bool default_residual_sums(Graph& graph) {
  PassReport report;
  return residual_sums(graph, {}, report);
}

bool default_infer_hw_layers(Graph& graph) {
  PassReport report;
  return infer_hw_layers(graph, {}, report);
}

std::span<const PassInfo> all_passes() {
  static const std::array<PassInfo, 26> passes = {{
      {"absorb_scales", kExact,
       "quantisers of one integer become integer thresholds, scales and offsets move into them",
       default_absorb_scales},
      {"batch_norm_to_affine", kExact,
       "BatchNormalization becomes Mul and Add with exact parameters", batch_norm_to_affine},
      {"choose_memories", kExact, "every layer says where its memory lies",
       without_report<choose_memories>},
      {"convert_div_to_mul", kExact,
       "division by a constant becomes a product with its exact reciprocal", convert_div_to_mul},
      {"convert_sub_to_add", kExact, "subtraction of a constant becomes addition of its negative",
       convert_sub_to_add},
      {"convert_to_xnor", kExact,
       "products of bipolar matrices count equal bits; their thresholds count with them",
       without_report<convert_to_xnor>},
      {"create_dataflow_partition", kExact,
       "hardware layers that become one accelerator get its number",
       without_report<create_dataflow_partition>},
      {"extract_bias_from_conv", kExact, "the bias of a convolution becomes an Add",
       extract_bias_from_conv},
      {"fold_constants", kExact,
       "nodes over constants become their exact value, quantisers excepted", fold_constants},
      {"fold_transpose_into_quant", kExact,
       "a transposed constant quantiser quantises transposed constants", fold_transpose_into_quant},
      {"gemm_to_matmul", kExact, "Gemm becomes MatMul with its factors and bias as nodes",
       gemm_to_matmul},
      {"give_readable_tensor_names", kExact,
       "tensors are named after the nodes that make or use them", give_readable_tensor_names},
      {"give_unique_node_names", kExact, "nodes are named Op_i in topological order",
       give_unique_node_names},
      {"infer_data_layouts", kExact, "tensors get the layout that their operators give them",
       infer_data_layouts},
      {"infer_data_types", kExact, "tensors get the smallest data type that provably holds them",
       infer_data_types},
      {"infer_hw_layers", kExact, "operators of integers become hardware layers",
       default_infer_hw_layers},
      {"infer_shapes", kExact, "tensors get the shape that their operators give them",
       infer_shapes_pass},
      {"integer_tail", kExact,
       "outputs become integers of the same meaning, labels integers of the same order",
       without_report<integer_tail>},
      {"lower", kExact, "data in NHWC, convolutions as sliding windows and products",
       without_report<lower>},
      {"minimize_widths", kExact,
       "weights, thresholds and accumulators get the smallest type that provably holds them",
       without_report<minimize_widths>},
      {"qcdq_to_quant", kExact,
       "QuantizeLinear, Clip, DequantizeLinear become Quant where that is the same function",
       qcdq_to_quant},
      {"remove_identity_ops", kExact, "operators that return their input unchanged are removed",
       remove_identity_ops},
      {"remove_static_graph_inputs", kExact, "constants are no graph inputs",
       remove_static_graph_inputs},
      {"remove_unused_tensors", kExact,
       "what reaches neither an output nor a checkpoint is removed", remove_unused_tensors},
      {"residual_sums", kExact, "quantisers of several integers become integer joins",
       default_residual_sums},
      {"specialize_layers", kExact, "every layer says how it is implemented",
       without_report<specialize_layers>},
  }};
  return passes;
}

const PassInfo* find_pass(std::string_view name) {
  const auto passes = all_passes();
  const auto it = std::ranges::find(passes, name, &PassInfo::name);
  return it == passes.end() ? nullptr : &*it;
}

bool run_pass(Graph& graph, const PassInfo& pass) {
  const std::vector<Promise> before = promises(graph);
  bool changed = false;
  try {
    infer_shapes(graph);
    verify(graph);
    changed = pass.run(graph);
  } catch (const UserError& error) {
    user_error("pass '{}': {}", pass.name, error.what());
  }
  check_result(graph, pass, before);
  return changed;
}

}  // namespace assay
