// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/set_folding.h"

#include <algorithm>
#include <optional>

#include "compile/base/error.h"
#include "compile/hw/layer.h"
#include "compile/passes/specialize_layers.h"

namespace assay {
namespace {

using Values = std::vector<std::int64_t>;

Values divisors(std::int64_t n) {
  Values out;
  for (std::int64_t d = 1; d <= n; ++d)
    if (n % d == 0) out.push_back(d);
  return out;
}

/// A layer and, where there is one, the generator of the grouped windows that it reads.
struct Unit {
  Node* node = nullptr;
  Node* generator = nullptr;

  const hw::LayerKind& kind() const { return *hw::find_layer(*node); }
  std::vector<hw::FoldingRule> rules() const { return kind().rules(*node); }
  void set(std::string_view field, std::int64_t value) {
    kind().set_folding(*node, field, value);
    if (generator && field == "PE") generator->as<hw::ConvolutionInputGenerator>()->simd = value;
  }
  /// Cycles per frame of the slower one.
  std::int64_t cycles() const {
    const std::int64_t own = hw::build_layer(*node, false).cycles;
    return generator ? std::max(own, hw::build_layer(*generator, false).cycles) : own;
  }
};

/// The cycles with `values` for the rules' fields; nothing for a layer that cannot be built so.
std::optional<std::int64_t> cycles_with(Unit& unit, const std::vector<hw::FoldingRule>& rules,
                                        const Values& values) {
  for (std::size_t i = 0; i < rules.size(); ++i) unit.set(rules[i].field, values[i]);
  try {
    return unit.cycles();
  } catch (const UserError&) {
    return {};
  }
}

struct Choice {
  Values values;
  std::int64_t lanes = 0, cycles = 0, simd = 0;
  bool reached = false;

  bool better_than(const Choice& other) const {
    if (reached != other.reached) return reached;
    if (!reached && cycles != other.cycles) return cycles < other.cycles;
    if (lanes != other.lanes) return lanes < other.lanes;
    return simd > other.simd;
  }
};

/// Searches a unit's foldings. Cycles never grow with a field, so that per value of all fields but
/// the last the best value of the last is found by halving.
class Search {
 public:
  Search(Unit& unit, std::int64_t target) : unit_(unit), rules_(unit.rules()), target_(target) {
    for (const hw::FoldingRule& rule : rules_) choices_.push_back(divisors(rule.divides));
  }
  /// Nothing when no folding can be built.
  std::optional<Choice> best() {
    walk({});
    return best_;
  }

 private:
  void walk(Values head) {
    const std::size_t field = head.size();
    if (field + 1 < rules_.size()) {
      for (const std::int64_t value : choices_[field]) {
        Values next = head;
        next.push_back(value);
        walk(std::move(next));
      }
      return;
    }
    if (rules_.empty()) {
      consider({});
      return;
    }
    const Values& last = choices_[field];
    std::size_t low = 0, high = last.size() - 1;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      head.push_back(last[middle]);
      const bool enough = consider(head);
      head.pop_back();
      (enough ? high : low) = enough ? middle : middle + 1;
    }
    head.push_back(last[low]);
    consider(head);
  }

  /// Takes the folding if it is the best so far; whether it reaches the target, or is too wide.
  bool consider(const Values& values) {
    Choice choice{values};
    choice.lanes = 1;
    for (std::size_t i = 0; i < values.size(); ++i) {
      choice.lanes *= values[i];
      if (rules_[i].field == "SIMD") choice.simd = values[i];
    }
    const auto cycles = cycles_with(unit_, rules_, values);
    if (!cycles) return too_wide(values);
    choice.cycles = *cycles;
    choice.reached = *cycles <= target_;
    if (!best_ || choice.better_than(*best_)) best_ = choice;
    return choice.reached;
  }
  /// What cannot be built is too wide, except that a parallel window takes all channels at once.
  bool too_wide(const Values& values) const {
    const auto* generator = unit_.node->as<hw::ConvolutionInputGenerator>();
    return !(generator && generator->parallel_window && values[0] < rules_[0].divides);
  }

  Unit& unit_;
  std::vector<hw::FoldingRule> rules_;
  std::vector<Values> choices_;
  std::int64_t target_;
  std::optional<Choice> best_;
};

NodeFolding report_of(const Node& node, std::int64_t target) {
  NodeFolding folding{node.name, std::string(node.op->type()), {}, 0, false};
  for (const hw::FoldingRule& rule : hw::find_layer(node)->rules(node))
    folding.fields.emplace_back(rule.field, rule.value);
  folding.cycles = hw::build_layer(node, false).cycles;
  folding.reached = folding.cycles <= target;
  return folding;
}

void unfold(Unit unit, std::int64_t target) {
  const auto best = Search(unit, target).best();
  const auto rules = unit.rules();
  for (std::size_t i = 0; i < rules.size(); ++i)
    unit.set(rules[i].field, best ? best->values[i] : 1);
  if (!best) unit.cycles();  // says why
}

/// The foldings of all layers, in order.
Values foldings(const std::vector<Node*>& layers) {
  Values values;
  for (const Node* node : layers)
    for (const hw::FoldingRule& rule : hw::find_layer(*node)->rules(*node))
      values.push_back(rule.value);
  return values;
}

}  // namespace

bool set_folding(Graph& graph, std::int64_t target, FoldingReport& report) {
  report.target = target;
  std::vector<Node*> layers = graph.topological_order();
  std::erase_if(layers, [](const Node* node) { return !hw::find_layer(*node); });
  const Values before = foldings(layers);
  for (Node* node : layers)
    if (!grouped_reader(*node)) {
      const Tensor* x = node->inputs[0];
      Node* generator = x && x->producer && grouped_reader(*x->producer) ? x->producer : nullptr;
      unfold({node, generator}, target);
    }
  for (const Node* node : layers) {
    report.nodes.push_back(report_of(*node, target));
    report.slowest = std::max(report.slowest, report.nodes.back().cycles);
  }
  return foldings(layers) != before;
}

}  // namespace assay
