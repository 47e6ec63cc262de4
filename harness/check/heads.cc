// SPDX-License-Identifier: Apache-2.0
#include "harness/check/heads.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/graph/views.h"

namespace assay {
namespace {

/// The checkpoint of the output of that name.
std::string checkpoint_name(const Graph& graph, std::string_view output) {
  for (const Checkpoint& checkpoint : graph.checkpoints())
    if (checkpoint.kind != Checkpoint::Kind::kInput && checkpoint.tensor->name == output &&
        graph.is_output(checkpoint.tensor))
      return checkpoint.name;
  return {};
}

/// Texts that are equal only for tensors that are the same function of checkpoints.
class Recipes {
 public:
  explicit Recipes(const Headless& network) : network_(network) {}

  const std::string& of(const Tensor* tensor) {
    std::string& recipe = recipes_[tensor];
    if (recipe.empty()) recipe = sha256(text_of(*tensor));
    return recipe;
  }

 private:
  std::string text_of(const Tensor& tensor) {
    if (tensor.constant) {
      std::string values = shape_text(tensor.constant->shape());
      for (std::int64_t i = 0; i < tensor.constant->size(); ++i)
        values += " " + tensor.constant->real(i).str();
      return values;
    }
    if (tensor.producer == nullptr) return checkpoint_name(network_.graph, tensor.name);
    const Node& node = *tensor.producer;
    if (copies_in_order(node)) return text_of(*node.inputs[0]);
    const auto output = std::ranges::find(node.outputs, &tensor) - node.outputs.begin();
    std::string text = fmt::format("{} {} {}", node.op->type(), output, fields_of(node));
    for (const Tensor* input : node.inputs) text += " " + (input ? of(input) : "none");
    return text;
  }

  static std::string fields_of(const Node& node) {
    if (const auto* rows = node.as<ops::RowsOp>()) {
      const Row row = row_along(rows->axis, *node.inputs[0]->shape);
      return fmt::format("{} by {}", row.size, row.stride);
    }
    std::string text = fields_text(*node.op);
    if (node.as<ops::FunctionOp>()) return text;
    for (const Tensor* input : node.inputs) text += input ? shape_text(*input->shape) : "none";
    return text;
  }

  const Headless& network_;
  std::unordered_map<const Tensor*, std::string> recipes_;
};

/// What is made of a checkpoint for an output, and how messages call it.
struct Ending {
  std::string recipe, text;
};
/// Of one checkpoint: the output that it is itself, then those of the host, in their order, as names
/// of outputs may differ.
using Endings = std::vector<Ending>;

std::string ending_text(const HostTail& tail, const HostOutput& output, const Tensor& made) {
  const std::string fields = tail.outputs.size() == 1 && output.nodes.size() == 1 && made.producer
                                 ? fields_text(*made.producer->op)
                                 : "";
  return fmt::format("{}{}{}", fmt::join(output.nodes, ", "), fields.empty() ? "" : " of ", fields);
}

/// The inputs of a graph that `tensor` is made of.
std::set<std::string> inputs_of(const Tensor* tensor) {
  std::set<std::string> names;
  std::unordered_set<const Tensor*> seen;
  std::vector<const Tensor*> open{tensor};
  while (!open.empty()) {
    const Tensor* at = open.back();
    open.pop_back();
    if (!at || at->constant || !seen.insert(at).second) continue;
    if (at->producer == nullptr) names.insert(at->name);
    if (at->producer)
      open.insert(open.end(), at->producer->inputs.begin(), at->producer->inputs.end());
  }
  return names;
}

/// By the names of checkpoints.
std::map<std::string, Endings> all_endings(const Headless& network) {
  std::map<std::string, Endings> all;
  Recipes recipes(network);
  const HostTail& tail = network.tail;
  for (std::size_t i = 0; i < tail.places.size(); ++i) {
    if (tail.makes(i)) continue;
    const Tensor* output = network.graph.outputs()[tail.places[i]];
    all[checkpoint_name(network.graph, output->name)].push_back({"", "nothing"});
  }
  for (std::size_t i = 0; i < tail.outputs.size(); ++i) {
    const Tensor* made = tail.graph.outputs()[i];
    for (const std::string& input : inputs_of(made))
      all[checkpoint_name(network.graph, input)].push_back(
          {recipes.of(made), ending_text(tail, tail.outputs[i], *made)});
  }
  return all;
}

std::string endings_text(const Endings& endings) {
  std::vector<std::string> texts;
  for (const Ending& ending : endings) texts.push_back(ending.text);
  return fmt::format("{}", fmt::join(texts, " and "));
}

bool same_endings(const Endings& a, const Endings& b) {
  return std::ranges::equal(a, b, {}, &Ending::recipe, &Ending::recipe);
}

}  // namespace

std::optional<std::string> differing_heads(const Headless& a, const Headless& b) {
  const auto mine = all_endings(a), others = all_endings(b);
  for (const auto& [name, endings] : mine) {
    const auto other = others.find(name);
    if (name.empty() || other == others.end() || same_endings(endings, other->second)) continue;
    return fmt::format("behind '{}' A ends in {}, B in {}", printable(name), endings_text(endings),
                       endings_text(other->second));
  }
  return {};
}

}  // namespace assay
