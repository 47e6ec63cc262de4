// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streams/create_dataflow_partition.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/hw_ops.h"
#include "compile/graph/views.h"
#include "compile/passes/layers/infer_hw_layers.h"

namespace assay {
namespace {

constexpr std::int64_t kOutside = -1;

/// What gives a tensor, views apart: null for an input of the graph.
const Node* origin(const Tensor* tensor) {
  const Node* node = tensor->producer;
  while (node && is_view(*node)) node = node->inputs[0]->producer;
  return node;
}

std::int64_t partition_of(const Node* node) {
  const auto* op = node ? node->as<hw::HwOp>() : nullptr;
  return op ? op->partition : kOutside;
}

/// Per layer, a number that never falls along a path, and rises where the path crosses software:
/// layers with one number make a partition that no path leaves and enters again.
std::unordered_map<const Node*, std::int64_t> numbers(const Graph& graph) {
  std::unordered_map<const Node*, std::int64_t> number;
  for (const Node* node : graph.topological_order()) {
    const bool hardware = node->as<hw::HwOp>() != nullptr;
    // Software has the highest number in front of it, -1 where there is no hardware.
    std::int64_t highest = hardware ? 0 : kOutside;
    for (const Tensor* input : node->inputs) {
      const Node* before = input ? origin(input) : nullptr;
      if (!before) continue;
      const bool crosses = hardware && !before->as<hw::HwOp>();
      highest = std::max(highest, number.at(before) + (crosses ? 1 : 0));
    }
    number[node] = highest;
  }
  return number;
}

void add_once(std::vector<const Tensor*>& list, const Tensor* tensor) {
  if (std::ranges::find(list, tensor) == list.end()) list.push_back(tensor);
}

bool leaves(const Graph& graph, const Tensor* tensor, std::int64_t partition) {
  if (graph.is_output(tensor)) return true;
  return std::ranges::any_of(tensor->consumers, [&](const Node* reader) {
    return is_view(*reader) ? leaves(graph, reader->outputs[0], partition)
                            : partition_of(reader) != partition;
  });
}

void add_ends(const Graph& graph, const Node& node, DataflowPartition& partition) {
  for (const Tensor* input : node.inputs)
    if (input && !input->constant && partition_of(origin(input)) != partition.index)
      add_once(partition.inputs, input);
  for (const Tensor* output : node.outputs)
    if (output && leaves(graph, output, partition.index)) add_once(partition.outputs, output);
}

std::string names(const std::vector<const Tensor*>& tensors) {
  std::string text;
  for (const Tensor* tensor : tensors)
    text += fmt::format("{}'{}'", text.empty() ? "" : ", ", printable(tensor->name));
  return text;
}

}  // namespace

bool create_dataflow_partition(Graph& graph, PassContext& context) {
  const auto number = numbers(graph);
  std::map<std::int64_t, std::int64_t> order;  // numbers that are used, without gaps
  for (const auto& node : graph.nodes())
    if (node->as<hw::HwOp>()) order[number.at(node.get())];
  std::int64_t next = 0;
  for (auto& [used, index] : order) index = next++;
  bool changed = false;
  for (const auto& node : graph.nodes()) {
    auto* op = node->as<hw::HwOp>();
    if (!op) continue;
    const std::int64_t index = order.at(number.at(node.get()));
    changed |= op->partition != index;
    op->partition = index;
  }
  for (const DataflowPartition& partition : dataflow_partitions(graph))
    context.report.remarks.push_back(
        {partition.nodes.front()->name,
         fmt::format("partition {}: {} layers, from {} to {}", partition.index,
                     partition.nodes.size(), names(partition.inputs), names(partition.outputs))});
  return changed;
}

std::vector<DataflowPartition> dataflow_partitions(const Graph& graph) {
  std::map<std::int64_t, DataflowPartition> partitions;
  for (const Node* node : graph.topological_order()) {
    const std::int64_t index = partition_of(node);
    if (index == kOutside) continue;
    DataflowPartition& partition = partitions[index];
    partition.index = index;
    partition.nodes.push_back(node);
    add_ends(graph, *node, partition);
  }
  std::vector<DataflowPartition> list;
  for (auto& [index, partition] : partitions) list.push_back(std::move(partition));
  return list;
}

std::vector<const Node*> nodes_between_ends(const Graph& graph,
                                            const DataflowPartition& partition) {
  const std::vector<Node*> order = graph.topological_order();
  const std::set<const Node*> layers(partition.nodes.begin(), partition.nodes.end());
  std::set<const Node*> behind = layers, ahead = layers;
  for (const Node* node : order)
    for (const Tensor* input : node->inputs)
      if (input && input->producer && behind.contains(input->producer)) behind.insert(node);
  for (auto it = order.rbegin(); it != order.rend(); ++it)
    if (ahead.contains(*it))
      for (const Tensor* input : (*it)->inputs)
        if (input && input->producer) ahead.insert(input->producer);
  std::vector<const Node*> nodes;
  for (const Node* node : order)
    if (behind.contains(node) && ahead.contains(node)) nodes.push_back(node);
  return nodes;
}

Graph partition_graph(const Graph& graph, const DataflowPartition& partition) {
  std::set<std::string> inside;
  for (const Node* node : nodes_between_ends(graph, partition)) inside.insert(node->name);
  Graph part(graph);
  part.checkpoints().clear();
  const auto own = [&](const std::vector<const Tensor*>& tensors) {
    std::vector<Tensor*> found;
    for (const Tensor* t : tensors) found.push_back(part.find_tensor(t->name));
    return found;
  };
  part.mutable_outputs() = own(partition.outputs);
  const std::vector<Node*> order = part.topological_order();
  for (auto it = order.rbegin(); it != order.rend(); ++it)
    if (!inside.contains((*it)->name)) part.erase(*it);
  part.mutable_inputs() = own(partition.inputs);
  part.remove_dead();
  return part;
}

}  // namespace assay
