// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/onnx/import.h"
#include "compile/onnx/proto.h"

namespace assay {

/// Writes a model in few words, wrong ones included.
class TestModel {
 public:
  using Ints = std::vector<std::int64_t>;
  using Floats = std::vector<float>;
  using Names = std::vector<std::string>;

  onnx::ModelProto proto;

  explicit TestModel(std::int64_t version = 14) {
    proto.set_ir_version(7);
    opset("", version);
    graph().set_name("g");
  }
  onnx::GraphProto& graph() { return *proto.mutable_graph(); }
  TestModel& opset(const std::string& domain, std::int64_t version) {
    auto* import = proto.add_opset_import();
    import->set_domain(domain);
    import->set_version(version);
    return *this;
  }
  onnx::ValueInfoProto& value(onnx::ValueInfoProto& info, const std::string& name, const Ints& dims,
                              int type) {
    info.set_name(name);
    auto* tensor = info.mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    for (const auto dim : dims) tensor->mutable_shape()->add_dim()->set_dim_value(dim);
    return info;
  }
  onnx::ValueInfoProto& input(const std::string& name, const Ints& dims,
                              int type = onnx::TensorProto::FLOAT) {
    return value(*graph().add_input(), name, dims, type);
  }
  onnx::ValueInfoProto& output(const std::string& name) {
    auto& info = *graph().add_output();
    info.set_name(name);
    return info;
  }
  onnx::TensorProto& tensor(const std::string& name, const Ints& dims, int type) {
    auto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const auto dim : dims) tensor.add_dims(dim);
    return tensor;
  }
  onnx::TensorProto& floats(const std::string& name, const Ints& dims, const Floats& values) {
    auto& t = tensor(name, dims, onnx::TensorProto::FLOAT);
    for (const float v : values) t.add_float_data(v);
    return t;
  }
  onnx::TensorProto& scalar(const std::string& name, float value) {
    return floats(name, {}, {value});
  }
  onnx::TensorProto& ints(const std::string& name, const Ints& dims, const Ints& values) {
    auto& t = tensor(name, dims, onnx::TensorProto::INT64);
    for (const auto v : values) t.add_int64_data(v);
    return t;
  }
  onnx::NodeProto& node(const std::string& type, const Names& inputs, const Names& outputs,
                        const std::string& domain = "") {
    auto& n = *graph().add_node();
    n.set_op_type(type);
    n.set_name("n" + std::to_string(graph().node_size() - 1));
    n.set_domain(domain);
    for (const auto& name : inputs) n.add_input(name);
    for (const auto& name : outputs) n.add_output(name);
    return n;
  }
  std::string bytes() const { return proto.SerializeAsString(); }
  Graph import() const { return import_bytes(bytes(), {}, "model"); }
};

inline onnx::AttributeProto& attribute(onnx::NodeProto& node, const std::string& name,
                                       onnx::AttributeProto::AttributeType type) {
  auto& a = *node.add_attribute();
  a.set_name(name);
  a.set_type(type);
  return a;
}
inline void set(onnx::NodeProto& node, const std::string& name, std::int64_t value) {
  attribute(node, name, onnx::AttributeProto::INT).set_i(value);
}
inline void set(onnx::NodeProto& node, const std::string& name, float value) {
  attribute(node, name, onnx::AttributeProto::FLOAT).set_f(value);
}
inline void set(onnx::NodeProto& node, const std::string& name, const std::string& value) {
  attribute(node, name, onnx::AttributeProto::STRING).set_s(value);
}
inline void set(onnx::NodeProto& node, const std::string& name, const TestModel::Ints& values) {
  auto& a = attribute(node, name, onnx::AttributeProto::INTS);
  for (const auto v : values) a.add_ints(v);
}
inline void set(onnx::NodeProto& node, const std::string& name, const TestModel::Floats& values) {
  auto& a = attribute(node, name, onnx::AttributeProto::FLOATS);
  for (const float v : values) a.add_floats(v);
}

/// One quantiser "q" on input "x" [1,2] with scale 0.5, zero point 0 and 4 bits, named `type` in
/// `domain`.
inline TestModel quant_model(const std::string& domain = "qonnx.custom_op.general",
                             const std::string& type = "Quant") {
  TestModel model;
  model.input("x", {1, 2});
  model.scalar("scale", 0.5F);
  model.scalar("zero", 0);
  model.scalar("bits", 4);
  auto& node = model.node(type, {"x", "scale", "zero", "bits"}, {"y"}, domain);
  node.set_name("q");
  model.output("y");
  return model;
}

/// x -> Relu -> y.
inline TestModel relu_model() {
  TestModel model;
  model.input("x", {1, 2});
  model.node("Relu", {"x"}, {"y"});
  model.output("y");
  return model;
}

}  // namespace assay
