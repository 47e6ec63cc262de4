// SPDX-License-Identifier: Apache-2.0
#include "harness/selftest/graph_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/graph.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"

namespace assay {
namespace {

/// Changes one thing and says what; nothing where the draw hit nothing that can be changed.
using ChangeGraph = std::optional<std::string> (*)(Graph& graph, Draw& draw);

constexpr int kDraws = 60;

std::optional<Edit> edit_network(const std::string& bytes, Draw& draw, ChangeGraph change) {
  const Graph original = import_bytes(bytes, {}, "a network of the selftest");
  const std::string before = export_bytes(original);
  for (int i = 0; i < kDraws; ++i) {
    Graph graph = original;
    const std::optional<std::string> what = change(graph, draw);
    if (!what) continue;
    try {
      infer_shapes(graph);
      graph.sort();
      verify(graph);
      std::string after = export_bytes(graph);
      if (after != before) return Edit{std::move(after), *what};
    } catch (const UserError&) {  // no network any more: draw again
    }
  }
  return {};
}

/// Another value than that of element `at`: one of its neighbours', else a near one.
template <typename T>
T other_value(const std::vector<T>& values, std::size_t at, Draw& draw) {
  std::vector<T> others;
  for (const T& value : values)
    if (value != values[at]) others.push_back(value);
  if (!others.empty()) return draw_from(draw, others);
  return values[at] + T(1);
}

template <typename T>
Constant with_other_value(const Constant& constant, std::vector<T> values, std::size_t at,
                          Draw& draw) {
  values[at] = other_value(values, at, draw);
  return Constant(constant.shape(), std::move(values));
}

Constant with_other_value(const Constant& constant, std::size_t at, Draw& draw) {
  const auto list = [](const auto& span) { return std::vector(span.begin(), span.end()); };
  if (constant.is_int()) return with_other_value(constant, list(constant.ints()), at, draw);
  if (constant.is_float()) return with_other_value(constant, list(constant.floats()), at, draw);
  return with_other_value(constant, list(constant.reals()), at, draw);
}

std::optional<std::string> change_constant(Graph& graph, Draw& draw, bool scalars) {
  std::vector<Tensor*> constants;
  for (const auto& tensor : graph.tensors())
    if (tensor->is_constant() && tensor->constant->size() > 0 &&
        (tensor->constant->size() == 1) == scalars)
      constants.push_back(tensor.get());
  if (constants.empty()) return {};
  Tensor* tensor = draw_from(draw, constants);
  const std::size_t at = draw_index(draw, static_cast<std::size_t>(tensor->constant->size()));
  tensor->constant = with_other_value(*tensor->constant, at, draw);
  return fmt::format("element {} of '{}'", at, printable(tensor->name));
}

/// Counts the fields of an operator, and changes the one at `chosen`.
class FieldChanger final : public FieldVisitor {
 public:
  explicit FieldChanger(std::optional<std::size_t> chosen = {}) : chosen_(chosen) {}
  using FieldVisitor::visit;
  void visit(std::string_view name, std::int64_t& value, bool) override {
    if (here(name)) value = value == 1 ? 0 : value + 1;
  }
  void visit(std::string_view name, float& value, bool) override {
    if (here(name)) value = value * 2 + 1;
  }
  void visit(std::string_view, std::string&, bool) override {}
  void visit(std::string_view name, std::vector<std::int64_t>& value, bool) override {
    if (!value.empty() && here(name)) value.back() = value.back() == 1 ? 2 : value.back() + 1;
  }
  std::size_t count = 0;
  std::string changed;

 private:
  bool here(std::string_view name) {
    if (count++ != chosen_) return false;
    changed = name;
    return true;
  }
  std::optional<std::size_t> chosen_;
};

std::optional<std::string> change_field(Graph& graph, Draw& draw) {
  if (graph.nodes().empty()) return {};
  Node& node = *draw_from(draw, graph.nodes());
  FieldChanger all;
  node.op->fields(all);
  if (all.count == 0) return {};
  FieldChanger one(draw_index(draw, all.count));
  node.op->fields(one);
  return fmt::format("'{}' of {}", one.changed, node.label());
}

/// Another value with the shape and type of `tensor`, from another node.
Tensor* twin(const Graph& graph, const Tensor& tensor, Draw& draw) {
  std::vector<Tensor*> twins;
  for (const auto& other : graph.tensors())
    if (!other->is_constant() && other.get() != &tensor && other->shape == tensor.shape &&
        other->container == tensor.container && other->producer != tensor.producer)
      twins.push_back(other.get());
  return twins.empty() ? nullptr : draw_from(draw, twins);
}

std::string rewired_text(const Tensor& from, const Tensor& to) {
  return fmt::format("'{}' instead of '{}'", printable(to.name), printable(from.name));
}

std::optional<std::string> rewire_node(Graph& graph, Draw& draw) {
  if (graph.nodes().empty()) return {};
  Node* node = draw_from(draw, graph.nodes()).get();
  if (node->inputs.empty()) return {};
  const std::size_t input = draw_index(draw, node->inputs.size());
  Tensor* from = node->inputs[input];
  if (!from || from->is_constant()) return {};
  Tensor* to = twin(graph, *from, draw);
  if (!to || to->producer == node) return {};
  graph.set_input(node, input, to);
  return fmt::format("{} reads {}", node->label(), rewired_text(*from, *to));
}

std::optional<std::string> rewire_graph_output(Graph& graph, Draw& draw) {
  Tensor*& output = graph.mutable_outputs().at(draw_index(draw, graph.outputs().size()));
  Tensor* to = twin(graph, *output, draw);
  if (!to || graph.is_output(to)) return {};
  const std::string text = "the output is " + rewired_text(*output, *to);
  output = to;
  return text;
}

/// Places of checkpoints that have to be there.
std::vector<std::size_t> required_checkpoints(const Graph& graph) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < graph.checkpoints().size(); ++i)
    if (graph.checkpoints()[i].kind != Checkpoint::Kind::kInput) places.push_back(i);
  return places;
}

Checkpoint* draw_checkpoint(Graph& graph, Draw& draw) {
  const std::vector<std::size_t> places = required_checkpoints(graph);
  return places.empty() ? nullptr : &graph.checkpoints()[draw_from(draw, places)];
}

std::string checkpoint_text(const Checkpoint& checkpoint) {
  return fmt::format("checkpoint '{}'", printable(checkpoint.name));
}

std::optional<std::string> drop_one(Graph& graph, Draw& draw) {
  Checkpoint* checkpoint = draw_checkpoint(graph, draw);
  if (!checkpoint) return {};
  const std::string text = "no " + checkpoint_text(*checkpoint);
  graph.checkpoints().erase(graph.checkpoints().begin() +
                            (checkpoint - graph.checkpoints().data()));
  return text;
}

std::optional<std::string> rename_one(Graph& graph, Draw& draw) {
  Checkpoint* checkpoint = draw_checkpoint(graph, draw);
  if (!checkpoint) return {};
  const std::string text = checkpoint_text(*checkpoint) + " has another name";
  checkpoint->name += "_renamed";
  return text;
}

std::optional<std::string> move_one(Graph& graph, Draw& draw) {
  Checkpoint* checkpoint = draw_checkpoint(graph, draw);
  if (!checkpoint) return {};
  Tensor* to = twin(graph, *checkpoint->tensor, draw);
  if (!to) return {};
  const std::string text =
      checkpoint_text(*checkpoint) + " on " + rewired_text(*checkpoint->tensor, *to);
  checkpoint->tensor = to;
  return text;
}

std::optional<std::string> add_one(Graph& graph, Draw& draw) {
  const Checkpoint* checkpoint = draw_checkpoint(graph, draw);
  if (!checkpoint) return {};
  Checkpoint added = *checkpoint;
  added.name += "_again";
  const std::string text = checkpoint_text(*checkpoint) + " twice, under two names";
  graph.checkpoints().push_back(std::move(added));
  return text;
}

}  // namespace

std::optional<Edit> change_weight(const std::string& bytes, Draw& draw) {
  return edit_network(bytes, draw,
                      [](Graph& graph, Draw& d) { return change_constant(graph, d, false); });
}

std::optional<Edit> change_scalar(const std::string& bytes, Draw& draw) {
  return edit_network(bytes, draw,
                      [](Graph& graph, Draw& d) { return change_constant(graph, d, true); });
}

std::optional<Edit> change_attribute(const std::string& bytes, Draw& draw) {
  return edit_network(bytes, draw, change_field);
}

std::optional<Edit> rewire_input(const std::string& bytes, Draw& draw) {
  return edit_network(bytes, draw, rewire_node);
}

std::optional<Edit> rewire_output(const std::string& bytes, Draw& draw) {
  return edit_network(bytes, draw, rewire_graph_output);
}

std::optional<Edit> drop_checkpoint(const std::string& bytes, Draw& draw) {
  return edit_network(bytes, draw, drop_one);
}

std::optional<Edit> rename_checkpoint(const std::string& bytes, Draw& draw) {
  return edit_network(bytes, draw, rename_one);
}

std::optional<Edit> move_checkpoint(const std::string& bytes, Draw& draw) {
  return edit_network(bytes, draw, move_one);
}

std::optional<Edit> add_checkpoint(const std::string& bytes, Draw& draw) {
  return edit_network(bytes, draw, add_one);
}

}  // namespace assay
