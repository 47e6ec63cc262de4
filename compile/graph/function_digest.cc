// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/function_digest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/graph/hw_ops.h"

namespace assay {
namespace {

/// Fields that say how a layer is implemented, not what it computes.
constexpr std::array<std::string_view, 11> kImplementation = {"PE",
                                                              "SIMD",
                                                              "lanes",
                                                              "ram_style",
                                                              "inFIFODepths",
                                                              "outFIFODepths",
                                                              "mem_mode",
                                                              "preferred_impl_style",
                                                              "parallel_window",
                                                              "least_ring",
                                                              "runtime_writeable_weights"};

class FieldText final : public FieldVisitor {
 public:
  using FieldVisitor::visit;
  void visit(std::string_view name, std::int64_t& value, bool) override { add(name, value); }
  void visit(std::string_view name, float& value, bool) override { add(name, value); }
  void visit(std::string_view name, std::string& value, bool) override { add(name, value); }
  void visit(std::string_view name, std::vector<std::int64_t>& value, bool) override {
    add(name, fmt::format("{}", fmt::join(value, ",")));
  }
  std::string text;

 private:
  template <typename T>
  void add(std::string_view name, const T& value) {
    if (std::ranges::find(kImplementation, name) != kImplementation.end()) return;
    const std::string shown = fmt::format("{}", value);
    text += fmt::format("{} {}:{}\n", name, shown.size(), shown);
  }
};

std::string tensor_text(const Tensor& tensor) {
  return fmt::format("{} {} {}\n", tensor.dtype.name(), container_name(tensor.container),
                     tensor.shape ? shape_text(*tensor.shape) : "?");
}

bool passes_on(const Node& node) {
  return node.as<hw::StreamingFIFO>() || node.as<hw::StreamingDataWidthConverter>();
}

class Digests {
 public:
  explicit Digests(const Graph& graph) {
    for (const Tensor* input : graph.inputs())
      known_[input] = sha256("input " + input->name + "\n" + tensor_text(*input));
    for (const auto& node : graph.nodes()) add(*node);
  }

  const std::string& of(const Tensor* tensor) {
    if (tensor == nullptr) return known_[nullptr];
    const auto at = known_.find(tensor);
    if (at != known_.end()) return at->second;
    if (!tensor->is_constant())
      user_error("'{}' is read before it is made", printable(tensor->name));
    return known_[tensor] = sha256("constant " + tensor->constant->digest() + tensor_text(*tensor));
  }

 private:
  void add(const Node& node) {
    if (passes_on(node)) {
      known_[node.outputs[0]] = of(node.inputs[0]);
      return;
    }
    std::string text = function_text(node);
    for (const Tensor* input : node.inputs) text += of(input) + "\n";
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      if (node.outputs[i])
        known_[node.outputs[i]] =
            sha256(fmt::format("{}output {}\n{}", text, i, tensor_text(*node.outputs[i])));
  }

  std::unordered_map<const Tensor*, std::string> known_;
};

}  // namespace

std::string function_text(const Node& node) {
  FieldText fields;
  node.op->clone()->fields(fields);  // a visitor might change them
  return fmt::format("{} {}\n{}", node.op->domain(), node.op->type(), fields.text);
}

std::string function_digest(const Graph& graph) {
  Digests digests(graph);
  std::string text;
  for (const Tensor* output : graph.outputs()) text += digests.of(output) + "\n";
  return sha256(text);
}

}  // namespace assay
