// SPDX-License-Identifier: Apache-2.0
#include "compile/onnx/export.h"

#include <cmath>
#include <limits>
#include <set>
#include <unordered_set>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/onnx/annotations.h"
#include "compile/onnx/metadata.h"
#include "compile/onnx/proto.h"

namespace assay {
namespace {

using onnx::AttributeProto;
using onnx::TensorProto;

constexpr std::int64_t kIrVersion = 7, kOpset = 14;

/// Writes fields as attributes.
class AttributeWriter final : public FieldVisitor {
 public:
  explicit AttributeWriter(onnx::NodeProto& node) : node_(node) {}
  using FieldVisitor::visit;
  void visit(std::string_view name, std::int64_t& value, bool) override {
    add(name, AttributeProto::INT).set_i(value);
  }
  void visit(std::string_view name, float& value, bool) override {
    // Im2Col defines it as an int, which holds all that hardware can pad with.
    if (name == "pad_value" && std::abs(value) < 0x1p24F && value == std::nearbyint(value) &&
        !(value == 0 && std::signbit(value)))
      add(name, AttributeProto::INT).set_i(static_cast<std::int64_t>(value));
    else
      add(name, AttributeProto::FLOAT).set_f(value);
  }
  void visit(std::string_view name, std::string& value, bool) override {
    add(name, AttributeProto::STRING).set_s(value);
  }
  void visit(std::string_view name, std::vector<std::int64_t>& value, bool) override {
    auto& attribute = add(name, AttributeProto::INTS);
    for (const std::int64_t v : value) attribute.add_ints(v);
  }

 private:
  AttributeProto& add(std::string_view name, AttributeProto::AttributeType type) {
    auto& attribute = *node_.add_attribute();
    attribute.set_name(std::string(name));
    attribute.set_type(type);
    return attribute;
  }
  onnx::NodeProto& node_;
};

TensorProto::DataType element_type(Container container) {
  switch (container) {
    case Container::kFloat32:
      return TensorProto::FLOAT;
    case Container::kInt8:
      return TensorProto::INT8;
    case Container::kUInt8:
      return TensorProto::UINT8;
    case Container::kInt16:
      return TensorProto::INT16;
    case Container::kUInt16:
      return TensorProto::UINT16;
    case Container::kInt32:
      return TensorProto::INT32;
    case Container::kInt64:
      return TensorProto::INT64;
  }
  ASSAY_INVARIANT(false, "an unknown container");
}

template <typename T>
void append(std::string& raw, T value) {
  raw.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void append_int(std::string& raw, Container container, std::int64_t value) {
  switch (container) {
    case Container::kInt8:
      return append(raw, static_cast<std::int8_t>(value));
    case Container::kUInt8:
      return append(raw, static_cast<std::uint8_t>(value));
    case Container::kInt16:
      return append(raw, static_cast<std::int16_t>(value));
    case Container::kUInt16:
      return append(raw, static_cast<std::uint16_t>(value));
    case Container::kInt32:
      return append(raw, static_cast<std::int32_t>(value));
    default:
      return append(raw, value);
  }
}

void write_constant(onnx::GraphProto& proto, const Tensor& tensor) {
  const Constant& value = *tensor.constant;
  auto& initializer = *proto.add_initializer();
  initializer.set_name(tensor.name);
  initializer.set_data_type(element_type(tensor.container));
  for (const std::int64_t size : value.shape()) initializer.add_dims(size);
  std::string& raw = *initializer.mutable_raw_data();
  if (tensor.container == Container::kFloat32 && value.is_float()) {
    raw.assign(reinterpret_cast<const char*>(value.floats().data()), value.floats().size_bytes());
    return;
  }
  for (std::int64_t i = 0; i < value.size(); ++i) {
    if (tensor.container == Container::kFloat32) {
      append(raw, value.to_float(i));
      continue;
    }
    ASSAY_INVARIANT(value.is_int(), "an integer container holds integers");
    const std::int64_t v = value.ints()[static_cast<std::size_t>(i)];
    if (!container_type(tensor.container).allows(v))
      user_error("tensor '{}' holds {}, which {} cannot", printable(tensor.name), v,
                 container_name(tensor.container));
    append_int(raw, tensor.container, v);
  }
}

void write_type(onnx::ValueInfoProto& info, const Tensor& tensor) {
  info.set_name(tensor.name);
  auto& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(element_type(tensor.container));
  if (!tensor.shape) return;
  auto& shape = *type.mutable_shape();
  for (const std::int64_t size : *tensor.shape) shape.add_dim()->set_dim_value(size);
}

void write_node(onnx::GraphProto& proto, const Node& node) {
  auto& out = *proto.add_node();
  out.set_name(node.name);
  out.set_op_type(std::string(node.op->type()));
  out.set_domain(std::string(node.op->domain()));
  for (const Tensor* input : node.inputs) out.add_input(input ? input->name : "");
  for (const Tensor* output : node.outputs) out.add_output(output ? output->name : "");
  AttributeWriter writer(out);
  node.op->clone()->fields(writer);
}

/// The opset_import entries; the version of QONNX's domain is the one of Trunc.
void write_opsets(onnx::ModelProto& model, const Graph& graph) {
  std::set<std::string> domains;
  std::set<std::int64_t> versions;
  for (const auto& node : graph.nodes()) {
    domains.insert(std::string(node->op->domain()));
    if (const auto* trunc = node->as<ops::Trunc>()) versions.insert(trunc->version);
  }
  if (versions.size() > 1) user_error("versions 1 and 2 of Trunc do not fit into one ONNX file");
  domains.insert("");
  for (const std::string& domain : domains) {
    auto& opset = *model.add_opset_import();
    opset.set_domain(domain);
    opset.set_version(domain.empty()                                     ? kOpset
                      : domain == ops::kQonnxDomain && !versions.empty() ? *versions.begin()
                                                                         : 1);
  }
}

/// Every tensor that matters, in an order that depends on the graph's meaning only.
std::vector<const Tensor*> ordered_tensors(const Graph& graph, const std::vector<Node*>& order) {
  std::vector<const Tensor*> tensors;
  std::unordered_set<const Tensor*> seen;
  const auto add = [&](const Tensor* tensor) {
    if (tensor && seen.insert(tensor).second) tensors.push_back(tensor);
  };
  for (const Tensor* input : graph.inputs()) add(input);
  for (const Node* node : order) {
    for (const Tensor* input : node->inputs) add(input);
    for (const Tensor* output : node->outputs) add(output);
  }
  for (const auto& tensor : graph.tensors())
    if (tensor->constant) add(tensor.get());
  return tensors;
}

void write_graph(onnx::GraphProto& proto, const Graph& graph) {
  proto.set_name(graph.name);
  const std::vector<Node*> order = graph.topological_order();
  for (const Tensor* tensor : graph.inputs()) write_type(*proto.add_input(), *tensor);
  for (const Tensor* tensor : graph.outputs()) write_type(*proto.add_output(), *tensor);
  for (const Node* node : order) write_node(proto, *node);
  for (const Tensor* tensor : ordered_tensors(graph, order)) {
    if (tensor->constant)
      write_constant(proto, *tensor);
    else if (tensor->producer && !graph.is_output(tensor))
      write_type(*proto.add_value_info(), *tensor);
    add_annotation(proto, *tensor);
  }
}

}  // namespace

std::string export_bytes(const Graph& graph) { return export_bytes(graph, {}); }

std::string export_bytes(const Graph& graph, const ForeignMetadata& metadata) {
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name(std::string(kProducer));
  write_opsets(model, graph);
  write_graph(*model.mutable_graph(), graph);
  add_metadata(model, metadata);
  write_metadata(model, graph);  // the checkpoints last, by which a file is seen to be whole
  if (model.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    user_error("the graph needs {} bytes; an ONNX file ends at 2 GiB", model.ByteSizeLong());
  return model_bytes(model);
}

void export_model(const Graph& graph, const std::filesystem::path& path) {
  write_file(path, export_bytes(graph));
}

}  // namespace assay
