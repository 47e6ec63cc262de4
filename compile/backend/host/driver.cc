// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/host/driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "compile/backend/host/host_files.h"
#include "compile/backend/verilog/mover_registers.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/graph/views.h"

namespace assay::host {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const std::optional<RealArray>& array) {
  if (!array) return nullptr;
  Json values = Json::array();
  for (const Real& value : array->values) values.push_back(value.to_double());
  return {{"shape", array->shape}, {"values", values}};
}

Json json_of(const DriverStream& stream) {
  const StreamLayout& l = stream.layout;
  const bool bipolar = l.dtype.kind == DataType::Kind::kBipolar;
  return {{"name", l.name},
          {"tensor", l.tensor},
          {"mover", stream.mover.name},
          {"address", stream.address},
          {"memory_bits", stream.mover.choice.memory_bits},
          {"shape", l.shape},
          {"perm", l.perm},
          {"dtype", l.dtype.name()},
          {"bits", l.dtype.bits},
          {"signed", l.dtype.is_signed() && !bipolar},
          {"bipolar", bipolar},
          {"lanes", l.lanes},
          {"beats", l.beats},
          {"beat_bytes", l.beat_bytes},
          {"slot_bytes", stream.mover.slot_bytes()},
          {"unit", json_of(l.unit)},
          {"shift", json_of(l.shift)},
          {"constant", l.constant}};
}

Json json_of(const std::vector<DriverStream>& streams) {
  Json all = Json::array();
  for (const DriverStream& stream : streams) all.push_back(json_of(stream));
  return all;
}

Json json_of(const Constant& constant) {
  Json values = Json::array();
  for (std::int64_t i = 0; i < constant.size(); ++i) values.push_back(constant.real(i).to_double());
  return {{"shape", constant.shape()}, {"values", values}};
}

/// What host_steps.py calls the operator, with what it has to know; nothing for one that it has not.
std::optional<Json> step_of(const Node& node) {
  if (const auto* op = node.as<ops::RowsOp>())
    return Json{{"op", node.op->type()}, {"axis", op->axis}};
  if (node.as<ops::FunctionOp>() || node.as<ops::Add>() || node.as<ops::Sub>() ||
      node.as<ops::Mul>() || node.as<ops::Div>() || node.as<ops::Relu>())
    return Json{{"op", node.op->type()}};
  if (const auto* op = node.as<ops::Transpose>())
    return Json{{"op", "Transpose"}, {"perm", op->perm}};
  if (const auto* op = node.as<ops::Concat>()) return Json{{"op", "Concat"}, {"axis", op->axis}};
  if (const auto* op = node.as<ops::TopK>())
    return Json{{"op", "TopK"},
                {"axis", op->axis},
                {"k", node.inputs[1]->constant.value().ints()[0]},
                {"largest", op->largest}};
  if (is_view(node)) return Json{{"op", "Reshape"}, {"shape", *node.outputs[0]->shape}};
  return {};
}

/// Inputs of a step that are more than settings.
std::span<Tensor* const> operands(const Node& node) {
  const bool settings = node.as<ops::TopK>() || is_view(node);
  return std::span(node.inputs).first(settings ? 1 : node.inputs.size());
}

Json step_json(const Node& node) {
  std::optional<Json> step = step_of(node);
  if (!step)
    user_error(
        "the driver does not compute {}, which is left to the host: take the results from "
        "in front of it",
        node.label());
  for (const Tensor* input : operands(node)) (*step)["inputs"].push_back(input->name);
  for (const Tensor* output : node.outputs)
    (*step)["outputs"].push_back(output ? Json(output->name) : Json());
  return *step;
}

Json names_of(std::span<Tensor* const> tensors) {
  Json names = Json::array();
  for (const Tensor* tensor : tensors) names.push_back(tensor->name);
  return names;
}

Json tail_json(const HostTail& tail) {
  if (tail.empty()) return nullptr;
  Json steps = Json::array(), constants = Json::object(), results = Json::array();
  for (const Node* node : tail.graph.topological_order()) {
    steps.push_back(step_json(*node));
    for (const Tensor* input : operands(*node))
      if (input->constant) constants[input->name] = json_of(*input->constant);
  }
  for (std::size_t i = 0; i < tail.places.size(); ++i)
    results.push_back({{tail.makes(i) ? "host" : "stream", tail.places[i]}});
  return {{"inputs", names_of(tail.graph.inputs())},
          {"outputs", names_of(tail.graph.outputs())},
          {"constants", constants},
          {"steps", steps},
          {"results", results}};
}

Json registers_json() {
  Json registers = Json::object(), errors = Json::array();
  for (const MoverRegister& r : kMoverRegisters) registers[r.name] = r.offset;
  for (const MoverBit& bit : kMoverBits)
    if (bit.reg == "error") errors.push_back({bit.bit, bit.meaning});
  registers["errors"] = errors;
  return registers;
}

/// Null where there are none.
Json json_of(const std::optional<DriverWeights>& weights) {
  if (!weights) return nullptr;
  Json registers = Json::object(), stores = Json::array();
  for (const WeightRegister& r : kWeightRegisters) registers[r.name] = r.offset;
  for (const WeightStore& store : weights->stores)
    stores.push_back({{"node", store.node},
                      {"file", store.file},
                      {"address", store.address},
                      {"words", store.need.words},
                      {"columns", store.columns()},
                      {"stride", store.need.stride()}});
  return {
      {"cell", weights->cell},     {"address", weights->address},
      {"range", weights->range},   {"registers", registers},
      {"version", kWeightVersion}, {"words", (weight_bytes(weights->stores) - kWeightWindow) / 4},
      {"stores", stores}};
}

Json training_of(const std::vector<StreamLayout>& layouts) {
  Json all = Json::array();
  for (const StreamLayout& l : layouts)
    all.push_back({{"tensor", l.tensor}, {"unit", json_of(l.unit)}, {"shift", json_of(l.shift)}});
  return all;
}

std::string text_of(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string accelerator_json(const DriverSpec& spec) {
  const Json json = {{"schema", "assay.driver/1"},        {"network", spec.network},
                     {"content_hash", spec.content_hash}, {"bitfile", spec.bitfile},
                     {"clock_mhz", spec.clock_mhz},       {"sets_clock", spec.sets_clock},
                     {"registers", registers_json()},     {"inputs", json_of(spec.inputs)},
                     {"outputs", json_of(spec.outputs)},  {"host", tail_json(spec.tail)},
                     {"weights", json_of(spec.weights)}};
  return text_of(json);
}

}  // namespace

std::vector<NodeRtl::File> pynq_driver(const DriverSpec& spec) {
  std::vector<NodeRtl::File> files = {{"accelerator.json", accelerator_json(spec)}};
  for (const HostFile& file : host_files())
    files.push_back({std::string(file.name), std::string(file.text)});
  std::ranges::sort(files, {}, &NodeRtl::File::name);
  return files;
}

std::string training_json(const std::vector<StreamLayout>& inputs,
                          const std::vector<StreamLayout>& outputs, const HostTail& tail) {
  return text_of({{"inputs", training_of(inputs)},
                  {"outputs", training_of(outputs)},
                  {"host", tail_json(tail)}});
}

}  // namespace assay::host
