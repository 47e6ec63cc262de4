// SPDX-License-Identifier: Apache-2.0
#include <fmt/ranges.h>

#include <cmath>
#include <unordered_set>

#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/graph/graph.h"

namespace assay {
namespace {

std::string type_text(const Tensor& tensor) {
  std::string text = tensor.dtype.name() + (tensor.shape ? shape_text(*tensor.shape) : "[?]");
  if (tensor.layout != Layout::kUnknown) text += fmt::format(" {}", layout_name(tensor.layout));
  if (tensor.container != Container::kFloat32)
    text += fmt::format(" in {}", container_name(tensor.container));
  return text;
}

std::string name_text(const Tensor* tensor) {
  return tensor ? "%" + printable(tensor->name, 4096) : "-";
}

/// Short constants in full, long ones as a digest.
std::string value_text(const Constant& value) {
  if (value.size() > 4) return "sha256:" + value.digest();
  std::vector<std::string> parts;
  for (std::int64_t i = 0; i < value.size(); ++i) {
    const bool finite =
        !value.is_float() || std::isfinite(value.floats()[static_cast<std::size_t>(i)]);
    parts.push_back(finite ? value.real(i).str() : "not-finite");
  }
  // -0.0 and 0.0, or 1 as float and as integer, must not look alike.
  return fmt::format("{}{{{}}}",
                     value.is_float() ? "f"
                     : value.is_int() ? "i"
                                      : "r",
                     fmt::join(parts, ", ")) +
         (value.is_float() ? " #" + value.digest().substr(0, 8) : "");
}

std::string array_text(const RealArray& array) {
  std::vector<std::string> parts;
  for (const Real& value : array.values) parts.push_back(value.str());
  const std::string all = fmt::format("{}", fmt::join(parts, ","));
  return shape_text(array.shape) +
         (array.values.size() <= 4 ? "{" + all + "}" : "sha256:" + sha256(all).substr(0, 16));
}

}  // namespace

std::string to_text(const Graph& graph) {
  std::string text = fmt::format("graph '{}'\n", printable(graph.name));
  for (const Tensor* input : graph.inputs())
    text += fmt::format("input {}: {}\n", name_text(input), type_text(*input));
  std::unordered_set<const Tensor*> printed;
  for (const auto& node : graph.nodes()) {
    for (const Tensor* input : node->inputs)  // constants right before their first user
      if (input && input->constant && printed.insert(input).second)
        text += fmt::format("const {}: {} = {}\n", name_text(input), type_text(*input),
                            value_text(*input->constant));
    std::vector<std::string> inputs, outputs;
    for (const Tensor* input : node->inputs) inputs.push_back(name_text(input));
    for (const Tensor* output : node->outputs)
      outputs.push_back(output ? name_text(output) + ": " + type_text(*output) : "-");
    const std::string fields = fields_text(*node->op);
    text += fmt::format("{} = {}({}){} '{}'\n", fmt::join(outputs, ", "), node->op->type(),
                        fmt::join(inputs, ", "), fields.empty() ? "" : " {" + fields + "}",
                        printable(node->name, 4096));
  }
  for (const Tensor* output : graph.outputs())
    text += fmt::format("output {}: {}\n", name_text(output), type_text(*output));
  for (const Checkpoint& c : graph.checkpoints()) {
    text += fmt::format("checkpoint '{}' {} {} {}", printable(c.name, 4096),
                        checkpoint_kind_name(c.kind), name_text(c.tensor), c.dtype.name());
    if (c.has_map)
      text += fmt::format(" scale {} offset {}", array_text(c.scale), array_text(c.offset));
    if (!(c.unit == RealArray(Real(1)) && c.shift == RealArray()))
      text += fmt::format(" unit {} shift {}", array_text(c.unit), array_text(c.shift));
    if (!c.perm.empty()) text += " perm " + shape_text(c.perm);
    text += '\n';
  }
  return text;
}

}  // namespace assay
