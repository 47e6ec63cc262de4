// SPDX-License-Identifier: Apache-2.0
#include "compile/onnx/metadata.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/onnx/tensors.h"

namespace assay {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kConstants = "assay.constants", kCheckpoints = "assay.checkpoints";

const std::string* find_entry(const onnx::ModelProto& model, std::string_view key) {
  for (const auto& entry : model.metadata_props())
    if (entry.key() == key) return &entry.value();
  return nullptr;
}

/// Parses an entry and hands it to `use`; whatever is wrong with it is a UserError that names the
/// entry.
template <typename Use>
bool with_entry(const onnx::ModelProto& model, std::string_view key, Use use) {
  const std::string* text = find_entry(model, key);
  if (!text) return false;
  try {
    use(Json::parse(*text));
  } catch (const Json::exception& error) {
    user_error("metadata entry {} is damaged: {}", key, printable(error.what()));
  } catch (const UserError& error) {
    user_error("metadata entry {}: {}", key, error.what());
  }
  return true;
}

// ---- Exact constants ----

std::vector<Real> parse_reals(const Json& values) {
  std::vector<Real> reals;
  for (const Json& value : values) reals.push_back(Real::parse(value.get<std::string>()));
  return reals;
}

bool same_float(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

void restore_reals(Tensor& tensor, const Json& values) {
  const Constant& rounded = *tensor.constant;
  std::vector<Real> reals = parse_reals(values);
  if (static_cast<std::int64_t>(reals.size()) != rounded.size())
    user_error("tensor '{}' has {} values for shape {}", printable(tensor.name), reals.size(),
               shape_text(rounded.shape()));
  for (std::size_t i = 0; i < reals.size(); ++i)
    if (!same_float(reals[i].to_float(), rounded.floats()[i]))
      user_error("tensor '{}' has exact values that disagree with its initializer at element {}",
                 printable(tensor.name), i);
  tensor.constant = Constant(rounded.shape(), std::move(reals));
}

/// Integers in a float container; the text is there when float32 cannot hold them all.
void restore_ints(Tensor& tensor, const Json& entry) {
  const Constant& rounded = *tensor.constant;
  std::vector<std::int64_t> ints;
  if (entry.contains("values")) {
    ints = entry.at("values").get<std::vector<std::int64_t>>();
  } else {
    for (const float value : rounded.floats()) {
      if (!(std::abs(value) <= 0x1p24F) || value != std::nearbyint(value))
        user_error("tensor '{}' is no integer tensor", printable(tensor.name));
      ints.push_back(static_cast<std::int64_t>(value));
    }
  }
  if (static_cast<std::int64_t>(ints.size()) != rounded.size())
    user_error("tensor '{}' has {} values for shape {}", printable(tensor.name), ints.size(),
               shape_text(rounded.shape()));
  for (std::size_t i = 0; i < ints.size(); ++i)
    if (static_cast<float>(ints[i]) != rounded.floats()[i])
      user_error("tensor '{}' has exact values that disagree with its initializer at element {}",
                 printable(tensor.name), i);
  tensor.constant = Constant(rounded.shape(), std::move(ints));
}

Json constant_entry(const Constant& constant) {
  Json entry;
  if (constant.is_int()) {
    entry["kind"] = "int";
    const auto exact = [](std::int64_t v) {
      return v >= -(std::int64_t{1} << 24) && v <= (std::int64_t{1} << 24);
    };
    if (!std::ranges::all_of(constant.ints(), exact))
      entry["values"] = std::vector<std::int64_t>(constant.ints().begin(), constant.ints().end());
  } else {
    entry["kind"] = "real";
    for (const Real& value : constant.reals()) entry["values"].push_back(value.str());
  }
  return entry;
}

// ---- Checkpoints ----

Json array_entry(const RealArray& array) {
  Json entry;
  entry["shape"] = array.shape;
  entry["values"] = Json::array();
  for (const Real& value : array.values) entry["values"].push_back(value.str());
  return entry;
}

RealArray parse_array(const Json& entry) {
  auto shape = entry.at("shape").get<Shape>();
  check_shape(shape);
  std::vector<Real> values = parse_reals(entry.at("values"));
  if (element_count(shape) != static_cast<std::int64_t>(values.size()))
    user_error("{} values for shape {}", values.size(), shape_text(shape));
  return {std::move(shape), std::move(values)};
}

Checkpoint parse_checkpoint(const Json& entry, const Graph& graph) {
  Checkpoint checkpoint;
  checkpoint.name = entry.at("name").get<std::string>();
  const auto kind = parse_checkpoint_kind(entry.at("kind").get<std::string>());
  const auto dtype = DataType::parse(entry.at("dtype").get<std::string>());
  const auto tensor = entry.at("tensor").get<std::string>();
  checkpoint.tensor = graph.find_tensor(tensor);
  if (!kind || !dtype || !checkpoint.tensor)
    user_error("checkpoint '{}' has an unknown kind, data type or tensor",
               printable(checkpoint.name));
  checkpoint.kind = *kind;
  checkpoint.dtype = *dtype;
  checkpoint.has_map = entry.contains("scale");
  if (checkpoint.has_map) {
    checkpoint.scale = parse_array(entry.at("scale"));
    checkpoint.offset = parse_array(entry.at("offset"));
  }
  if (entry.contains("unit")) {
    checkpoint.unit = parse_array(entry.at("unit"));
    checkpoint.shift = parse_array(entry.at("shift"));
  }
  if (entry.contains("perm")) checkpoint.perm = entry.at("perm").get<std::vector<std::int64_t>>();
  return checkpoint;
}

Json checkpoint_entry(const Checkpoint& checkpoint) {
  Json entry;
  entry["name"] = checkpoint.name;
  entry["kind"] = checkpoint_kind_name(checkpoint.kind);
  entry["tensor"] = checkpoint.tensor->name;
  entry["dtype"] = checkpoint.dtype.name();
  if (checkpoint.has_map) {
    entry["scale"] = array_entry(checkpoint.scale);
    entry["offset"] = array_entry(checkpoint.offset);
  }
  if (!(checkpoint.unit == RealArray(Real(1)) && checkpoint.shift == RealArray())) {
    entry["unit"] = array_entry(checkpoint.unit);
    entry["shift"] = array_entry(checkpoint.shift);
  }
  if (!checkpoint.perm.empty()) entry["perm"] = checkpoint.perm;
  return entry;
}

void add_entry(onnx::ModelProto& model, std::string_view key, const Json& value) {
  auto* entry = model.add_metadata_props();
  entry->set_key(std::string(key));
  entry->set_value(value.dump());
}

}  // namespace

void read_exact_constants(const onnx::ModelProto& model, const TensorMap& tensors) {
  with_entry(model, kConstants, [&](const Json& entries) {
    for (const auto& [name, entry] : entries.items()) {
      const auto it = tensors.find(name);
      if (it == tensors.end() || !it->second->constant || !it->second->constant->is_float())
        user_error("'{}' is no float32 initializer", printable(name));
      const auto kind = entry.at("kind").get<std::string>();
      if (kind == "real")
        restore_reals(*it->second, entry.at("values"));
      else if (kind == "int")
        restore_ints(*it->second, entry);
      else
        user_error("'{}' is of the unknown kind '{}'", printable(name), printable(kind));
    }
  });
}

bool read_checkpoints(const onnx::ModelProto& model, Graph& graph) {
  if (model.producer_name() == kProducer && !find_entry(model, kCheckpoints))
    user_error("metadata entry {} is missing: the file is cut short", kCheckpoints);
  return with_entry(model, kCheckpoints, [&](const Json& entries) {
    for (const Json& entry : entries) graph.checkpoints().push_back(parse_checkpoint(entry, graph));
  });
}

void write_metadata(onnx::ModelProto& model, const Graph& graph) {
  try {
    Json constants = Json::object();
    for (const auto& tensor : graph.tensors())
      if (tensor->constant && tensor->container == Container::kFloat32 &&
          !tensor->constant->is_float())
        constants[tensor->name] = constant_entry(*tensor->constant);
    if (!constants.empty()) add_entry(model, kConstants, constants);
    // An empty list says that there are none, which differs from leaving it to the importer to find
    // them.
    Json checkpoints = Json::array();
    for (const Checkpoint& checkpoint : graph.checkpoints())
      checkpoints.push_back(checkpoint_entry(checkpoint));
    add_entry(model, kCheckpoints, checkpoints);
  } catch (const Json::exception& error) {
    user_error("a name is not valid UTF-8 and cannot be saved: {}", printable(error.what()));
  }
}

void add_metadata(onnx::ModelProto& model, const ForeignMetadata& metadata) {
  for (const auto& [key, value] : metadata) {
    ASSAY_INVARIANT(!key.starts_with("assay."), "foreign metadata has a key of Assay's");
    auto* entry = model.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
  }
}

std::string model_bytes(const onnx::ModelProto& model) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream sink(&bytes);
    google::protobuf::io::CodedOutputStream stream(&sink);
    stream.SetSerializationDeterministic(true);
    ASSAY_INVARIANT(model.SerializeToCodedStream(&stream), "a model that cannot be written");
  }
  return bytes;
}

}  // namespace assay
