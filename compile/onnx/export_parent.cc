// SPDX-License-Identifier: Apache-2.0
#include "compile/onnx/export_parent.h"

#include <set>
#include <utility>

#include "compile/base/error.h"
#include "compile/onnx/metadata.h"
#include "compile/onnx/proto.h"

namespace assay {
namespace {

constexpr const char *kPartitionOp = "StreamingDataflowPartition",
                     *kPartitionDomain = "finn.custom_op.fpgadataflow";

void set_attribute(onnx::NodeProto& node, const char* name, const std::string& value) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::STRING);
  attribute.set_s(value);
}

onnx::NodeProto partition_node(const PartitionFile& partition) {
  onnx::NodeProto node;
  node.set_op_type(kPartitionOp);
  node.set_domain(kPartitionDomain);
  node.set_name(std::string(kPartitionOp) + "_" + std::to_string(partition.index));
  for (const Tensor* t : partition.inputs) node.add_input(t->name);
  for (const Tensor* t : partition.outputs) node.add_output(t->name);
  set_attribute(node, "model", partition.file);
  auto& index = *node.add_attribute();
  index.set_name("partition_id");
  index.set_type(onnx::AttributeProto::INT);
  index.set_i(partition.index);
  return node;
}

/// What does not wait for the partition, the partition, the rest.
void replace_nodes(onnx::GraphProto& graph, const PartitionFile& partition) {
  std::set<std::string> inside, late;
  for (const Node* node : partition.nodes) inside.insert(node->name);
  for (const Tensor* t : partition.outputs) late.insert(t->name);
  std::vector<onnx::NodeProto> before, after;
  for (const onnx::NodeProto& node : graph.node()) {
    if (inside.contains(node.name())) continue;
    bool waits = false;
    for (const std::string& input : node.input()) waits = waits || late.contains(input);
    if (waits) late.insert(node.output().begin(), node.output().end());
    (waits ? after : before).push_back(node);
  }
  graph.clear_node();
  for (onnx::NodeProto& node : before) *graph.add_node() = std::move(node);
  *graph.add_node() = partition_node(partition);
  for (onnx::NodeProto& node : after) *graph.add_node() = std::move(node);
}

/// Keeps those entries of a list whose tensor is one of the names.
template <typename List, typename NameOf>
void keep(List& list, const std::set<std::string>& names, NameOf name_of) {
  List kept;
  for (auto& entry : list)
    if (names.contains(name_of(entry))) *kept.Add() = std::move(entry);
  list.Swap(&kept);
}

/// Tensors that are the partition's own are in its file.
void remove_unused(onnx::GraphProto& graph) {
  std::set<std::string> used;
  for (const onnx::NodeProto& node : graph.node()) {
    used.insert(node.input().begin(), node.input().end());
    used.insert(node.output().begin(), node.output().end());
  }
  for (const auto& io : graph.input()) used.insert(io.name());
  for (const auto& io : graph.output()) used.insert(io.name());
  const auto by_name = [](const auto& entry) { return entry.name(); };
  keep(*graph.mutable_initializer(), used, by_name);
  keep(*graph.mutable_value_info(), used, by_name);
  keep(*graph.mutable_quantization_annotation(), used,
       [](const auto& entry) { return entry.tensor_name(); });
}

}  // namespace

std::string export_parent(const Graph& graph, const ForeignMetadata& metadata,
                          const PartitionFile& partition) {
  onnx::ModelProto model;
  ASSAY_INVARIANT(model.ParseFromString(export_bytes(graph)), "an export that is no ONNX");
  replace_nodes(*model.mutable_graph(), partition);
  remove_unused(*model.mutable_graph());
  auto& opset = *model.add_opset_import();
  opset.set_domain(kPartitionDomain);
  opset.set_version(1);
  model.clear_metadata_props();  // they speak of tensors of both files
  add_metadata(model, metadata);
  return model_bytes(model);
}

}  // namespace assay
