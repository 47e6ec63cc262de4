// SPDX-License-Identifier: Apache-2.0
#include "compile/onnx/model.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/onnx/import.h"

namespace assay {
namespace {

constexpr int kRecursionLimit = 100;
constexpr std::int64_t kOldestIr = 3, kNewestIr = 14;
// Some checks cost time in proportion to the square of these; no network comes near.
constexpr int kMaxNodes = 1 << 13, kMaxOutputs = 1 << 10, kMaxUses = 1 << 16,
              kMaxUsesOfOne = 1 << 13;

void check_uses(const onnx::GraphProto& graph) {
  int total = 0;
  std::unordered_map<std::string_view, int> uses;
  for (const auto& node : graph.node()) {
    total += std::min(node.input_size(), kMaxUses);
    if (total > kMaxUses) user_error("the nodes have more than {} inputs together", kMaxUses);
    for (const std::string& name : node.input())
      if (!name.empty() && ++uses[name] > kMaxUsesOfOne)
        user_error("tensor '{}' is used more than {} times", printable(name), kMaxUsesOfOne);
  }
}

void check_graph(const onnx::GraphProto& graph) {
  if (graph.node_size() == 0) user_error("the graph has no nodes; export the network itself");
  if (graph.output_size() == 0) user_error("the graph has no outputs; name at least one");
  if (graph.output_size() > kMaxOutputs)
    user_error("the graph has {} outputs; at most {} are supported", graph.output_size(),
               kMaxOutputs);
  check_uses(graph);
  if (graph.sparse_initializer_size() > 0)
    user_error("sparse initializer '{}' is not supported; store it densely",
               printable(graph.sparse_initializer(0).values().name()));
}

/// Adds the nodes of a serialised graph to `nodes`, up to one more than is supported and without
/// building them: a file of millions takes seconds to parse. Damage ends the count, and parsing
/// finds it.
void count_nodes(google::protobuf::io::CodedInputStream& stream, int& nodes) {
  using google::protobuf::internal::WireFormatLite;
  constexpr std::uint32_t kNode =
      onnx::GraphProto::kNodeFieldNumber << 3 | WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
  while (nodes <= kMaxNodes) {
    const std::uint32_t tag = stream.ReadTag();
    if (tag == kNode) ++nodes;
    if (tag == 0 || !WireFormatLite::SkipField(&stream, tag)) break;
  }
}

/// Refuses a file with too many nodes before it is parsed.
void check_node_count(std::string_view bytes) {
  using google::protobuf::internal::WireFormatLite;
  constexpr std::uint32_t kGraph =
      onnx::ModelProto::kGraphFieldNumber << 3 | WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  int nodes = 0;
  for (std::uint32_t tag = stream.ReadTag(); tag != 0; tag = stream.ReadTag()) {
    if (tag != kGraph) {
      if (!WireFormatLite::SkipField(&stream, tag)) return;
      continue;
    }
    std::uint32_t length = 0;
    if (!stream.ReadVarint32(&length) || length > bytes.size()) return;
    const auto limit = stream.PushLimit(static_cast<int>(length));
    count_nodes(stream, nodes);
    if (nodes > kMaxNodes)
      user_error("the graph has more than {} nodes; export the network by itself", kMaxNodes);
    if (stream.BytesUntilLimit() != 0) return;
    stream.PopLimit(limit);
  }
}

}  // namespace

bool is_standard_domain(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

void check_name(std::string_view name, std::string_view what) {
  const auto fail = [&] { user_error("{} '{}' is not valid UTF-8", what, printable(name)); };
  for (std::size_t i = 0; i < name.size();) {
    const auto lead = static_cast<unsigned char>(name[i]);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xC2 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF5 ? 4
                                             : 0;
    if (length == 0 || i + length > name.size()) fail();
    std::uint32_t point = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t j = 1; j < length; ++j) {
      const auto next = static_cast<unsigned char>(name[i + j]);
      if ((next & 0xC0U) != 0x80) fail();
      point = point << 6 | (next & 0x3FU);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (overlong || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) fail();
    i += length;
  }
}

Opsets::Opsets(const onnx::ModelProto& model) {
  if (model.opset_import_size() == 0)
    user_error("opset_import is missing; the file is damaged or comes from a faulty exporter");
  for (const auto& import : model.opset_import()) {
    const std::string domain = is_standard_domain(import.domain()) ? "" : import.domain();
    const auto [it, fresh] = versions_.emplace(domain, import.version());
    if (!fresh && it->second != import.version())
      user_error("opset_import names domain '{}' with versions {} and {}", printable(domain),
                 it->second, import.version());
    if (import.version() < 1 || (domain.empty() && import.version() > kNewestOpset))
      user_error("opset {} of domain '{}' is not supported; export with opset 1 to {}",
                 import.version(), domain.empty() ? "ai.onnx" : printable(domain), kNewestOpset);
  }
  const auto it = versions_.find("");
  if (it != versions_.end()) {
    standard_ = it->second;
    return;
  }
  for (const auto& node : model.graph().node())
    if (is_standard_domain(node.domain()))
      user_error(
          "node '{}' ({}): opset_import names no version of the standard operators; export the "
          "model again",
          printable(node.name()), printable(node.op_type()));
}

std::int64_t Opsets::version(std::string_view domain) const {
  if (is_standard_domain(domain)) return standard_;
  const auto it = versions_.find(domain);
  if (it != versions_.end()) return it->second;
  return domain == kChannelsLastDomain && standard_ > 0 ? standard_ : 1;
}

onnx::ModelProto parse_model(std::string_view bytes) {
  if (bytes.empty()) user_error("the file is empty");
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    user_error("the file has {} bytes; protobuf ends at 2 GiB, use external data", bytes.size());
  check_node_count(bytes);
  const auto size = static_cast<int>(bytes.size());
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                size);
  stream.SetRecursionLimit(kRecursionLimit);
  stream.SetTotalBytesLimit(size);
  onnx::ModelProto model;
  if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    user_error("this is not an ONNX file, or it is cut short or damaged");
  if (!model.has_ir_version() || !model.has_graph())
    user_error("this is not an ONNX file: it has no graph");
  if (model.ir_version() < kOldestIr || model.ir_version() > kNewestIr)
    user_error("IR version {} is not supported; {} to {} are", model.ir_version(), kOldestIr,
               kNewestIr);
  if (model.functions_size() > 0)
    user_error("model-local function '{}' is not supported; inline it",
               printable(model.functions(0).name()));
  if (model.training_info_size() > 0)
    user_error("training_info is not supported; export for inference");
  check_graph(model.graph());
  return model;
}

}  // namespace assay
