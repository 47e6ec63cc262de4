// SPDX-License-Identifier: Apache-2.0
#include "harness/query/summary.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

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

Json shape_json(const Tensor& tensor) { return tensor.shape ? Json(*tensor.shape) : Json(); }

Json tensors_json(const std::vector<Tensor*>& tensors) {
  Json list = Json::array();
  for (const Tensor* tensor : tensors)
    list.push_back({{"name", tensor->name},
                    {"shape", shape_json(*tensor)},
                    {"dtype", tensor->dtype.name()},
                    {"layout", layout_name(tensor->layout)}});
  return list;
}

Json array_json(const RealArray& array) {
  if (array.is_scalar()) return fmt::format("{}", array.values[0].to_double());
  double low = array.values[0].to_double(), high = low;
  for (const Real& value : array.values) {
    low = std::min(low, value.to_double());
    high = std::max(high, value.to_double());
  }
  return fmt::format("{} values, {:.6g} to {:.6g}", array.values.size(), low, high);
}

Json checkpoint_json(const Checkpoint& checkpoint) {
  const Node* node = checkpoint.tensor->producer;
  return {{"name", checkpoint.name},
          {"kind", checkpoint_kind_name(checkpoint.kind)},
          {"tensor", checkpoint.tensor->name},
          {"node", node ? node->name : ""},
          {"dtype", checkpoint.has_map ? checkpoint.dtype.name() : checkpoint.tensor->dtype.name()},
          {"shape", checkpoint.tensor->shape ? Json(checkpoint.shape()) : Json()},
          {"scale", checkpoint.has_map ? array_json(checkpoint.scale) : Json()},
          {"offset", checkpoint.has_map ? array_json(checkpoint.offset) : Json()}};
}

std::string shape_cell(const Json& shape) {
  return shape.is_null() ? "[?]" : shape_text(shape.get<Shape>());
}

std::string ends_text(const char* title, const Json& tensors) {
  std::string text;
  for (const Json& tensor : tensors)
    text +=
        fmt::format("{:<11} {} {}{} {}\n", title, printable(tensor.at("name").get<std::string>()),
                    tensor.at("dtype").get<std::string>(), shape_cell(tensor.at("shape")),
                    tensor.at("layout").get<std::string>());
  return text;
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

Json graph_summary(const Graph& graph) {
  std::map<std::string, std::int64_t> histogram;
  for (const auto& node : graph.nodes()) ++histogram[std::string(node->op->type())];
  Json operators = Json::object(), checkpoints = Json::array();
  for (const auto& [type, count] : histogram) operators[type] = count;
  for (const Checkpoint& checkpoint : graph.checkpoints())
    checkpoints.push_back(checkpoint_json(checkpoint));
  return {{"name", graph.name},
          {"inputs", tensors_json(graph.inputs())},
          {"outputs", tensors_json(graph.outputs())},
          {"operators", std::move(operators)},
          {"parameters", parameter_count(graph)},
          {"macs", multiply_accumulates(graph)},
          {"checkpoints", std::move(checkpoints)}};
}

std::string summary_text(const Json& summary) {
  std::string text =
      fmt::format("{:<11} {}\n", "graph", printable(summary.at("name").get<std::string>()));
  text += ends_text("input", summary.at("inputs")) + ends_text("output", summary.at("outputs"));
  std::string operators;
  for (const auto& [type, count] : summary.at("operators").items())
    operators +=
        fmt::format("{}{} {}", operators.empty() ? "" : ", ", count.get<std::int64_t>(), type);
  text += fmt::format("{:<11} {}\n", "operators", operators);
  text += fmt::format("{:<11} {}\n", "parameters",
                      grouped(summary.at("parameters").get<std::int64_t>()));
  text += fmt::format("{:<11} {} multiply-accumulates\n\n", "work",
                      grouped(summary.at("macs").get<std::int64_t>()));
  std::vector<std::vector<std::string>> rows = {
      {"checkpoint", "kind", "type", "shape", "scale", "offset", "node"}};
  const auto cell = [](const Json& value) {
    return value.is_null() ? std::string("-") : value.get<std::string>();
  };
  for (const Json& c : summary.at("checkpoints"))
    rows.push_back({printable(cell(c.at("name"))), cell(c.at("kind")), cell(c.at("dtype")),
                    shape_cell(c.at("shape")), cell(c.at("scale")), cell(c.at("offset")),
                    printable(cell(c.at("node")))});
  return text + table_text(rows);
}

}  // namespace assay
