// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streamline/integer_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/outputs.h"
#include "compile/passes/streamline/unquantised.h"

namespace assay::streamline {
namespace {

/// Its integers travel in float32 as all others do: the casts behind an input of another element type
/// become nothing.
void plan_input(Planner& planner, const Tensor& input) {
  if (!input.dtype.is_integer())
    user_error(
        "input '{}' has the data type {}; only integer inputs can be streamlined: merge the "
        "pre-processing in front, or annotate the input",
        printable(input.name), input.dtype.name());
  Tensor* copy = planner.to.add_input(input.name, known_shape(input), input.dtype);
  copy->layout = input.layout;
  planner.set(&input, Value::integers(copy));
}

void plan_node(Planner& planner, const Node& node) {
  planner.to.stand_for(&node);
  if (plan_quantiser(planner) || plan_elementwise(planner, node) || plan_function(planner, node) ||
      plan_linear(planner, node) || plan_pool(planner, node) || plan_move(planner, node) ||
      plan_concat(planner, node) || plan_top_k(planner, node))
    return;
  planner.fail("this operator has no integer form",
               "replace it in the model, or end the network in front of it");
}

bool reached_by_input(const Planner& planner, const Node& node) {
  return std::ranges::any_of(node.inputs, [&](const Tensor* t) {
    return t && (planner.depends_on_input(*t) || (!t->constant && planner.copy_of(t)));
  });
}

/// Integers that nothing is known of, in the place of what has no integer form.
Value fresh_integers(Planner& planner, const Tensor& old) {
  constexpr std::int64_t kMost = 127;
  Tensor* tensor =
      planner.to.add_input(old.name, known_shape(old), DataType::smallest_for(-kMost - 1, kMost));
  tensor->layout = old.layout;
  return Value::integers(tensor);
}

/// Whether the node is refused for what reaches it alone.
bool is_planned_from_integers(Planner& planner, const Node& node) {
  return planner.without_values_of([&] {
    for (const Tensor* input : node.inputs)
      if (input && planner.depends_on_input(*input))
        planner.set(input, fresh_integers(planner, *input));
    try {
      plan_node(planner, node);
    } catch (const UserError&) {
      return false;
    }
    return true;
  });
}

/// Why nodes are refused, led back to the layers that lack a quantiser where it is for that.
class Refusals {
 public:
  Refusals(Planner& planner, std::vector<Refusal>* found) : planner_(planner), found_(found) {}

  /// UserError where refusals are not gathered.
  void add(const Node& node, std::string_view message) {
    const bool blamed = blames_layers_;
    const Refusal refusal = diagnosed(node, message);
    if (!found_) user_error("{}: {}", refusal.where, refusal.why);
    if (refusal.where == node.label() || !blamed) found_->push_back(refusal);
    if (blames_layers_ && !blamed) add_unquantised();
    look_behind(node);
  }

  /// Whether the node is a layer of weights among those refused already: its exact form would take
  /// long, and is of no use.
  bool passes_over(const Node& node) {
    if (!blames_layers_ || !is_unquantised(node) || planner_.depends_on_input(*node.inputs[1]))
      return false;
    look_behind(node);
    return true;
  }

 private:
  void look_behind(const Node& node) {
    for (const Tensor* output : node.outputs)
      if (output) planner_.set(output, fresh_integers(planner_, *output));
  }

  /// All weights of a network are looked at for it.
  const std::vector<Unquantised>& unquantised() {
    if (!unquantised_) unquantised_ = unquantised_layers(planner_.from);
    return *unquantised_;
  }
  bool is_unquantised(const Node& node) {
    return std::ranges::find(unquantised(), &node, &Unquantised::layer) != unquantised().end();
  }

  /// Where one layer lacks a quantiser, all others do as well.
  void add_unquantised() {
    for (const Unquantised& layer : unquantised())
      if (std::ranges::find(*found_, layer.layer->label(), &Refusal::where) == found_->end())
        found_->push_back(
            {layer.layer->label(), fmt::format("{}; {}", layer.problem(), layer.remedy())});
  }

  Refusal diagnosed(const Node& node, std::string_view message) {
    Refusal refusal = Refusal::of(node.label(), message);
    if (!has_real_weights(node) && !is_planned_from_integers(planner_, node)) return refusal;
    const std::vector<Unquantised> layers = unquantised_before(unquantised(), node);
    if (!layers.empty()) {
      const Unquantised& first = layers[0];
      blames_layers_ = true;
      return {first.layer->label(), fmt::format("{} ({}{}); {}", first.problem(),
                                                first.layer == &node ? "" : refusal.where + ": ",
                                                refusal.why, first.remedy())};
    }
    if (takes_normalised_input(planner_.from, node))
      refusal.why += fmt::format(
          "; the network's input '{}' reaches it normalised and not quantised: --input-bits N, or "
          "a QuantIdentity behind the normalisation in Brevitas, may be all that it needs",
          printable(planner_.from.inputs()[0]->name));
    return refusal;
  }

  Planner& planner_;
  std::vector<Refusal>* found_;
  std::optional<std::vector<Unquantised>> unquantised_;
  bool blames_layers_ = false;  ///< such layers are among the refusals
};

}  // namespace

Graph integer_graph(const Graph& from, Depth depth, const StreamlineLimits& limits,
                    PassReport& report, std::vector<Refusal>* refusals, const Looked& looked) {
  Planner planner(from, depth, limits, report);
  Refusals refused(planner, refusals);
  planner.to.graph.name = from.name;
  for (const Tensor* input : from.inputs()) plan_input(planner, *input);
  std::size_t done = 0;
  for (const Node* node : from.topological_order()) {
    if (looked) looked(++done);
    if (!reached_by_input(planner, *node) || refused.passes_over(*node)) continue;
    try {
      plan_node(planner, *node);
    } catch (const UserError& error) {
      refused.add(*node, error.what());
    }
  }
  planner.to.stand_for(nullptr);
  finish_outputs(planner);
  for (const Checkpoint& checkpoint : from.checkpoints()) carry_checkpoint(planner, checkpoint);
  Graph to = std::move(planner.to.graph);
  to.remove_dead();
  to.sort();
  infer_shapes(to);
  return to;
}

}  // namespace assay::streamline
