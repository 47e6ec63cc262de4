// SPDX-License-Identifier: Apache-2.0
#include "harness/run/origins.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/onnx/import.h"
#include "compile/passes/pipeline/pipeline.h"
#include "compile/passes/streamline/unquantised.h"

namespace assay {
namespace {

/// The label of the file's node that a node came from: what it makes, or what is made of that next, has
/// a name of the file.
std::string label_of(const Node& node, const std::map<std::string, std::string>& labels) {
  const Node* at = &node;
  while (at) {
    const Node* next = nullptr;
    for (const Tensor* output : at->outputs) {
      if (!output) continue;
      if (const auto it = labels.find(output->name); it != labels.end()) return it->second;
      if (!output->consumers.empty()) next = output->consumers[0];
    }
    at = next;
  }
  return "";
}

}  // namespace

Origins::Origins(std::string_view bytes, const std::filesystem::path& path) {
  try {
    const std::map<std::string, std::string> labels = node_labels(bytes);
    Graph graph = import_bytes(bytes, model_folder(path), path.string());
    for (const auto& node : graph.nodes()) imported_[node->name] = label_of(*node, labels);
    std::map<const Node*, std::string> before;
    PassContext context;
    for (const PassInfo& pass : pipeline_steps()[0].passes) {
      // Passes keep the names of what they change, but may give its output the name of another's.
      if (pass.name == "give_unique_node_names")
        for (const auto& node : graph.nodes()) {
          const auto known = imported_.find(node->name);
          before[node.get()] = known != imported_.end() ? known->second : label_of(*node, labels);
        }
      run_pass(graph, pass, context);
    }
    for (const auto& node : graph.nodes()) cleaned_[node->name] = before[node.get()];
  } catch (const UserError&) {  // the message to be told is about this
  }
}

const std::string* Origins::find(const Labels& labels, std::string_view name) {
  // What a pass makes of a node is called after it: "Conv_0_pad".
  for (std::string_view stem = name; !stem.empty();
       stem = stem.substr(0, std::min(stem.rfind('_'), stem.size())))
    if (const auto it = labels.find(stem); it != labels.end())
      return &it->second;
    else if (stem.find('_') == std::string_view::npos)
      break;
  return nullptr;
}

std::string Origins::told(std::string_view message, bool cleaned) const {
  constexpr std::string_view kNode = "node '", kType = "' (";
  std::string out;
  while (true) {
    const std::size_t node = message.find(kNode);
    const std::size_t name = node + kNode.size(), type = message.find(kType, name);
    const std::size_t end = message.find(')', type);
    if (node == message.npos || type == message.npos || end == message.npos) break;
    out += message.substr(0, end + 1);
    const std::string_view label = message.substr(node, end + 1 - node);
    const Labels& labels = cleaned ? cleaned_ : imported_;
    const std::string* origin = find(labels, message.substr(name, type - name));
    message.remove_prefix(end + 1);
    if (!origin && cleaned && !labels.empty())
      out += ", which the run added";
    else if (origin && !origin->empty() && *origin != label)
      out += ", in the model: " + *origin;
  }
  return out.append(message);
}

std::string with_cause(const Graph& graph, const std::string& message) {
  const bool of_size =
      std::ranges::any_of(std::initializer_list<const char*>{" bits", "scales", "quantise"},
                          [&](const char* word) { return message.find(word) != message.npos; });
  for (const auto& node : graph.nodes()) {
    if (!of_size || message.find(node->label()) == message.npos) continue;
    const std::vector<Unquantised> lacking = unquantised_before(unquantised_layers(graph), *node);
    if (!lacking.empty())
      return fmt::format("{}: {} ({}); {}", lacking[0].layer->label(), lacking[0].problem(),
                         message, lacking[0].remedy());
  }
  return message;
}

}  // namespace assay
