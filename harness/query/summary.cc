// SPDX-License-Identifier: Apache-2.0
#include "harness/query/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compile/base/printable.h"
#include "compile/graph/hw_ops.h"
#include "harness/report/console.h"

namespace assay {
namespace {

std::int64_t elements(const Tensor* tensor) { return element_count(tensor->shape.value()); }

std::int64_t node_macs(const Node& node) {
  const Shape* weights = node.inputs.size() > 1 && node.inputs[1] && node.inputs[1]->shape
                             ? &*node.inputs[1]->shape
                             : nullptr;
  const Tensor* out = node.outputs[0];  // null where nobody reads it, as the values of a TopK
  if (!weights || !out || !out->shape || !node.inputs[0]->shape) return 0;
  // Every output of a Conv is a sum over one filter; every input of a ConvTranspose spreads over
  // one.
  if (node.as<ops::Conv>()) return elements(out) * (element_count(*weights) / weights->at(0));
  if (node.as<ops::ConvTranspose>())
    return elements(node.inputs[0]) * (element_count(*weights) / weights->at(0));
  if (const auto* gemm = node.as<ops::Gemm>())
    return elements(out) * node.inputs[0]->shape->at(gemm->trans_a ? 0 : 1);
  if (node.as<ops::MatMul>() || node.as<ops::XnorPopcountMatMul>())
    return elements(out) * node.inputs[0]->shape->back();
  if (node.as<ops::DepthwiseMatMul>() || node.as<hw::MVAU>() || node.as<hw::VVAU>())
    return elements(out) * weights->at(0);
  return 0;
}

std::vector<report::Show::Tensor> tensors_of(const std::vector<Tensor*>& tensors) {
  std::vector<report::Show::Tensor> list;
  for (const Tensor* tensor : tensors)
    list.push_back({tensor->name, tensor->shape, tensor->dtype.name(),
                    std::string(layout_name(tensor->layout))});
  return list;
}

std::string array_text(const RealArray& array) {
  if (array.is_scalar()) return fmt::format("{}", array.values[0].to_double());
  double low = array.values[0].to_double(), high = low;
  for (const Real& value : array.values) {
    low = std::min(low, value.to_double());
    high = std::max(high, value.to_double());
  }
  return fmt::format("{} values, {:.6g} to {:.6g}", array.values.size(), low, high);
}

report::Show::Checkpoint checkpoint_of(const Checkpoint& checkpoint) {
  const Node* node = checkpoint.tensor->producer;
  report::Show::Checkpoint entry;
  entry.name = checkpoint.name;
  entry.kind = checkpoint_kind_name(checkpoint.kind);
  entry.tensor = checkpoint.tensor->name;
  if (node) entry.node = node->name;
  entry.dtype = checkpoint.has_map ? checkpoint.dtype.name() : checkpoint.tensor->dtype.name();
  if (checkpoint.tensor->shape) entry.shape = checkpoint.shape();
  if (checkpoint.has_map) {
    entry.scale = array_text(checkpoint.scale);
    entry.offset = array_text(checkpoint.offset);
  }
  return entry;
}

std::string shape_cell(const std::optional<Shape>& shape) {
  return shape ? shape_text(*shape) : "[?]";
}

std::string ends_text(const char* title, const std::vector<report::Show::Tensor>& tensors) {
  std::string text;
  for (const report::Show::Tensor& tensor : tensors)
    text += fmt::format("{:<11} {} {}{} {}\n", title, printable(tensor.name), tensor.dtype,
                        shape_cell(tensor.shape), tensor.layout);
  return text;
}

std::string checkpoint_table(const std::vector<report::Show::Checkpoint>& checkpoints) {
  std::vector<std::vector<std::string>> rows = {
      {"checkpoint", "kind", "type", "shape", "scale", "offset", "node"}};
  for (const report::Show::Checkpoint& c : checkpoints)
    rows.push_back({printable(c.name), c.kind, c.dtype, shape_cell(c.shape), c.scale.value_or("-"),
                    c.offset.value_or("-"), printable(c.node)});
  return table_text(rows);
}

}  // namespace

std::int64_t multiply_accumulates(const Graph& graph) {
  std::int64_t sum = 0;
  for (const auto& node : graph.nodes()) sum += node_macs(*node);
  return sum;
}

std::int64_t parameter_count(const Graph& graph) {
  std::int64_t sum = 0;
  for (const auto& tensor : graph.tensors())
    if (tensor->constant && tensor->container == Container::kFloat32 && !tensor->consumers.empty())
      sum += tensor->constant->size();
  return sum;
}

report::Show graph_summary(const Graph& graph) {
  std::map<std::string, std::int64_t> histogram;
  for (const auto& node : graph.nodes()) ++histogram[std::string(node->op->type())];
  report::Show summary;
  summary.name = graph.name;
  summary.inputs = tensors_of(graph.inputs());
  summary.outputs = tensors_of(graph.outputs());
  summary.operators.assign(histogram.begin(), histogram.end());
  summary.parameters = parameter_count(graph);
  summary.macs = multiply_accumulates(graph);
  for (const Checkpoint& checkpoint : graph.checkpoints())
    summary.checkpoints.push_back(checkpoint_of(checkpoint));
  return summary;
}

std::string summary_text(const report::Show& summary) {
  std::string text = fmt::format("{:<11} {}\n", "graph", printable(summary.name));
  text += ends_text("input", summary.inputs) + ends_text("output", summary.outputs);
  std::string operators;
  for (const auto& [type, count] : summary.operators)
    operators += fmt::format("{}{} {}", operators.empty() ? "" : ", ", count, type);
  text += fmt::format("{:<11} {}\n", "operators", operators);
  text += fmt::format("{:<11} {}\n", "parameters", grouped(summary.parameters));
  text += fmt::format("{:<11} {} multiply-accumulates\n\n", "work", grouped(summary.macs));
  return text + checkpoint_table(summary.checkpoints);
}

}  // namespace assay
