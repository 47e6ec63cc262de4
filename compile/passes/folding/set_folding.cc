// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/folding/set_folding.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "compile/base/error.h"
#include "compile/passes/folding/folding_space.h"
#include "compile/passes/layers/folding_config.h"
#include "compile/passes/layers/specialize_layers.h"

namespace assay {
namespace {

using hw::Resources;
using Choice = std::vector<std::size_t>;  ///< per unit, one of its candidates
using Amounts = std::array<std::int64_t, 4>;

constexpr std::array<std::string_view, 4> kNames = {"LUTs", "flip-flops", "block RAMs",
                                                    "DSP blocks"};
constexpr std::int64_t kWhole = 1'000'000'000;  ///< cost of a whole device's worth of a resource
constexpr int kMaxRounds = 16, kMaxDoublings = 6;

Amounts amounts(const Resources& r) { return {r.lut, r.ff, r.bram, r.dsp}; }

/// Chooses candidates for a target, by what resources weigh.
class Chooser {
 public:
  Chooser(const FoldingSpace& space, const hw::Device& device) : space_(space), device_(device) {
    const Amounts has = amounts(device.has);
    for (std::size_t r = 0; r < has.size(); ++r)
      weights_[r] = kWhole / std::max<std::int64_t>(has[r], 1);
    for (std::size_t e = 0; e < space.edges.size(); ++e) {
      touching_[space.edges[e].writer].push_back(e);
      touching_[space.edges[e].reader].push_back(e);
    }
  }

  void weigh_twice(std::size_t resource) { weights_[resource] *= 2; }

  /// Layer by layer first; converters then move layers, one or two at a time, towards the lanes of
  /// their neighbours, as long as that makes the whole cheaper.
  Choice choose(std::int64_t target) {
    Choice choice(space_.units.size());
    for (std::size_t u = 0; u < choice.size(); ++u) choice[u] = best(u, target, nullptr);
    bool changed = true;
    for (int round = 0; changed && round < kMaxRounds; ++round) {
      changed = false;
      for (std::size_t u = 0; u < choice.size(); ++u) {
        const std::size_t next = best(u, target, &choice);
        changed |= next != choice[u];
        choice[u] = next;
      }
      for (const FoldingEdge& edge : space_.edges) changed |= improve(edge, target, choice);
    }
    return choice;
  }

  /// Moves layers one at a time, each to another folding for the target, until the whole takes no more than
  /// `limits`: by what a move takes off the excess for what it costs. Weights alone cannot do so: layers that are
  /// alike leave a resource that is short all at once. False where no move helps.
  bool fit(std::int64_t target, const Amounts& limits, Choice& choice) {
    Resources sum = total(choice);
    while (const std::int64_t excess = cost_beyond(sum, limits)) {
      std::optional<Move> best;
      for (std::size_t u = 0; u < choice.size(); ++u)
        if (const auto move = best_move(u, target, limits, sum, excess, choice);
            move && (!best || is_better(*move, *best)))
          best = move;
      if (!best) return false;
      choice[best->unit] = best->candidate;
      sum = best->sum;
    }
    return true;
  }

  Resources total(const Choice& choice) {
    Resources sum;
    for (std::size_t u = 0; u < choice.size(); ++u)
      sum += space_.units[u].candidates[choice[u]].resources;
    for (const FoldingEdge& edge : space_.edges)
      sum += converter(edge, candidate(edge.writer, choice), candidate(edge.reader, choice));
    return sum;
  }

 private:
  const FoldingCandidate& candidate(std::size_t unit, const Choice& choice) const {
    return space_.units[unit].candidates[choice[unit]];
  }

  std::int64_t cost(const Resources& r) const {
    std::int64_t sum = 0;
    const Amounts amount = amounts(r);
    for (std::size_t i = 0; i < amount.size(); ++i) sum += amount[i] * weights_[i];
    return sum;
  }

  /// Another folding of a unit: what the whole takes then, how much less is beyond the limits, and what it costs.
  struct Move {
    std::size_t unit = 0, candidate = 0;
    Resources sum;
    std::int64_t gain = 0, price = 0;
  };

  static bool is_better(const Move& a, const Move& b) {
    if (a.price == 0 || b.price == 0)
      return std::pair(a.price, -a.gain) < std::pair(b.price, -b.gain);
    return static_cast<__int128>(a.gain) * b.price > static_cast<__int128>(b.gain) * a.price;
  }

  std::int64_t cost_beyond(const Resources& r, const Amounts& limits) const {
    std::int64_t sum = 0;
    const Amounts amount = amounts(r);
    for (std::size_t i = 0; i < amount.size(); ++i)
      sum += std::max<std::int64_t>(amount[i] - limits[i], 0) * weights_[i];
    return sum;
  }

  std::optional<Move> best_move(std::size_t unit, std::int64_t target, const Amounts& limits,
                                const Resources& sum, std::int64_t excess, const Choice& choice) {
    const auto& candidates = space_.units[unit].candidates;
    const Resources now = with_converters(unit, candidates[choice[unit]], choice);
    std::optional<Move> best;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (candidates[i].cycles > std::max(target, candidates[choice[unit]].cycles)) continue;
      Move move{unit, i, sum, 0, 0};
      move.sum -= now;
      move.sum += with_converters(unit, candidates[i], choice);
      move.gain = excess - cost_beyond(move.sum, limits);
      move.price = std::max<std::int64_t>(cost(move.sum) - cost(sum), 0);
      if (move.gain > 0 && (!best || is_better(move, *best))) best = move;
    }
    return best;
  }

  /// What a folding of a unit takes, and the converters between it and its neighbours.
  Resources with_converters(std::size_t unit, const FoldingCandidate& c, const Choice& choice) {
    Resources sum = c.resources;
    const auto touching = touching_.find(unit);
    if (touching == touching_.end()) return sum;
    for (const std::size_t e : touching->second) {
      const FoldingEdge& edge = space_.edges[e];
      const bool writes = edge.writer == unit;
      const FoldingCandidate& other = candidate(writes ? edge.reader : edge.writer, choice);
      sum += converter(edge, writes ? c : other, writes ? other : c);
    }
    return sum;
  }

  const Resources& converter(const FoldingEdge& edge, const FoldingCandidate& writer,
                             const FoldingCandidate& reader) {
    const std::int64_t in = writer.out_lanes[edge.output], out = reader.in_lanes[edge.input];
    const auto [it, is_new] = converters_.try_emplace({in, out, edge.bits});
    if (is_new) it->second = converter_resources(in, out, edge.bits, device_);
    return it->second;
  }

  /// Cycles beyond the target, cost with the converters to the neighbours, lanes: least is best.
  using Key = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

  /// Without `choice` regardless of the neighbours.
  Key key(std::size_t unit, const FoldingCandidate& c, std::int64_t target, const Choice* choice) {
    const std::int64_t sum = cost(choice ? with_converters(unit, c, *choice) : c.resources);
    return {std::max(c.cycles, target), sum, c.lanes, -c.simd};
  }

  std::size_t best(std::size_t unit, std::int64_t target, const Choice* choice) {
    const auto& candidates = space_.units[unit].candidates;
    std::size_t best = 0;
    Key least = key(unit, candidates[0], target, choice);
    for (std::size_t i = 1; i < candidates.size(); ++i)
      if (const Key next = key(unit, candidates[i], target, choice); next < least) {
        least = next;
        best = i;
      }
    return best;
  }

  /// Moves both ends of a stream at once where that is cheaper.
  bool improve(const FoldingEdge& edge, std::int64_t target, Choice& choice) {
    const auto together = [&](const Choice& c) {
      const FoldingCandidate &writer = candidate(edge.writer, c),
                             &reader = candidate(edge.reader, c);
      const auto [slow, sum, lanes, simd] = key(edge.writer, writer, target, &c);
      const auto [slow2, sum2, lanes2, simd2] = key(edge.reader, reader, target, &c);
      return std::pair(slow + slow2, sum + sum2 - cost(converter(edge, writer, reader)));
    };
    bool changed = false;
    auto least = together(choice);
    Choice trial = choice;
    const auto& writers = space_.units[edge.writer].candidates;
    for (std::size_t i = 0; i < writers.size(); ++i) {
      if (cost(writers[i].resources) >= least.second) continue;
      trial[edge.writer] = i;
      trial[edge.reader] = best(edge.reader, target, &trial);
      if (const auto next = together(trial); next < least) {
        least = next;
        choice = trial;
        changed = true;
      }
    }
    return changed;
  }

  const FoldingSpace& space_;
  const hw::Device& device_;
  Amounts weights_{};
  std::map<std::size_t, std::vector<std::size_t>> touching_;
  std::map<std::tuple<std::int64_t, std::int64_t, int>, Resources> converters_;
};

/// Of its fastest folding.
std::int64_t least_cycles(const FoldingUnit& unit) {
  return std::ranges::min(unit.candidates, {}, &FoldingCandidate::cycles).cycles;
}

/// The most cycles of a layer that is folded as little as possible: no target below is reached.
std::int64_t fastest_interval(const FoldingSpace& space) {
  std::int64_t slowest = 1;
  for (const FoldingUnit& unit : space.units) slowest = std::max(slowest, least_cycles(unit));
  return slowest;
}

/// Refuses a target that a layer cannot reach, with the layer that is farthest from it.
void require_reachable(const FoldingSpace& space, std::int64_t target) {
  const auto slow = std::ranges::count_if(
      space.units, [&](const FoldingUnit& unit) { return least_cycles(unit) > target; });
  if (slow == 0) return;
  const auto slowest = std::ranges::max_element(space.units, {}, least_cycles);
  const std::int64_t fastest = least_cycles(*slowest);
  user_error(
      "no folding keeps {} cycles per frame: {} takes {} however far it is unfolded, and {} of {} "
      "layers are slower than the target. The fastest that the network reaches, as far as a "
      "folding file leaves it open, is {} cycles per frame: aim at that with --target-cycles {}, "
      "or take every layer's fastest folding with --best-effort",
      target, slowest->node->label(), fastest, slow, space.units.size(), fastest, fastest);
}

/// Refuses a target that does not fit the device.
void require_few(const FoldingGoal& goal, std::int64_t found) {
  if (found <= goal.least) return;
  user_error(
      "no folding keeps {} cycles per frame in {} % of {}: the fewest that fit, as estimated, are "
      "{}; aim at that with --target-cycles {}, choose a larger device or share, or come as near "
      "as it fits with --best-effort",
      goal.least, goal.share, goal.device, found, found);
}

/// Searches the smallest target whose layers fit a device.
class Budget {
 public:
  Budget(const FoldingSpace& space, const hw::Device& device, std::int64_t share,
         const Resources& reserve)
      : space_(space), device_(device), share_(share), reserve_(amounts(reserve)) {
    limits_ = amounts(device.has);
    for (std::size_t r = 0; r < limits_.size(); ++r)
      limits_[r] = std::max<std::int64_t>(limits_[r] * share / 100 - reserve_[r], 0);
  }

  /// Of the targets from `few` on.
  std::pair<std::int64_t, Choice> search(std::int64_t few) {
    const std::vector<std::int64_t> targets = reachable(few);
    std::size_t low = 0, high = targets.size() - 1;
    std::optional<Choice> found = fitting(targets[high]);
    if (!found) refuse(targets[high]);
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (auto choice = fitting(targets[middle])) {
        found = std::move(choice);
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return {targets[high], *found};
  }

  /// Foldings for a target that fit; nothing where none is found. What is short weighs more in the next try.
  std::optional<Choice> fitting(std::int64_t target) {
    Chooser chooser(space_, device_);
    for (int i = 0; i < kMaxDoublings; ++i) {
      Choice choice = chooser.choose(target);
      needs_ = amounts(chooser.total(choice));
      if (chooser.fit(target, limits_, choice)) return choice;
      for (std::size_t r = 0; r < limits_.size(); ++r)
        if (needs_[r] > limits_[r]) chooser.weigh_twice(r);
    }
    return {};
  }

 private:
  /// All intervals that the network can have, from `few` on.
  std::vector<std::int64_t> reachable(std::int64_t few) const {
    const std::int64_t least = std::max(few, fastest_interval(space_));
    std::vector<std::int64_t> targets = {least};
    for (const FoldingUnit& unit : space_.units)
      for (const FoldingCandidate& c : unit.candidates)
        if (c.cycles > least) targets.push_back(c.cycles);
    std::ranges::sort(targets);
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
    return targets;
  }

  [[noreturn]] void refuse(std::int64_t target) const {
    std::string text;
    for (std::size_t r = 0; r < limits_.size(); ++r)
      if (needs_[r] > limits_[r])
        text += fmt::format("{}{} {} of {}{}", text.empty() ? "" : ", ", needs_[r], kNames[r],
                            limits_[r], reserved_text(r));
    user_error(
        "the network does not fit {} % of {} however little it is unfolded: at {} cycles per frame "
        "its layers are estimated to take {}; choose a larger device or share",
        share_, device_.name, target, text);
  }

  std::string reserved_text(std::size_t resource) const {
    if (reserve_[resource] == 0) return "";
    return fmt::format(" that FIFOs, with {}, leave", reserve_[resource]);
  }

  const FoldingSpace& space_;
  const hw::Device& device_;
  std::int64_t share_;
  Amounts reserve_{}, limits_{}, needs_{};
};

/// All fields of all layers.
std::string foldings(const Graph& graph) {
  std::string text;
  for (const auto& node : graph.nodes())
    if (hw::find_layer(*node)) text += fields_text(*node->op) + '\n';
  return text;
}

void fill(FoldingReport& report, const Graph& graph) {
  for (const Node* node : graph.topological_order()) {
    if (!hw::find_layer(*node)) continue;
    const std::int64_t cycles = hw::build_layer(*node, false).cycles;
    report.slowest = std::max(report.slowest, cycles);
    if (cycles > report.target) report.slow.push_back({node->name, cycles});
  }
}

/// Says of which layers it was decided that their memory lies in block RAM.
class MemoryRemarks {
 public:
  explicit MemoryRemarks(const Graph& graph) {
    for (const auto& node : graph.nodes())
      if (const auto* op = node->as<hw::HwOp>(); op && op->ram_style == "auto")
        open_.push_back(node.get());
  }
  void add(PassReport& report) const {
    for (const Node* node : open_)
      if (node->as<hw::HwOp>()->ram_style == "block")
        report.remarks.push_back({node->name, "memory in block RAM"});
  }

 private:
  std::vector<const Node*> open_;
};

FoldingGoal goal_of(const PassOptions& options, const Resources& reserve) {
  FoldingGoal goal;
  goal.decided = options.folding;
  if (options.device.empty()) {
    goal.target = options.target_cycles;
  } else {
    goal.device = options.device;
    goal.share = options.device_share;
    goal.reserve = reserve;
    goal.least = options.device_cycles;
  }
  goal.required = options.target_required;
  return goal;
}

}  // namespace

bool choose_foldings(Graph& graph, const FoldingGoal& goal, FoldingReport& report) {
  const hw::Device& device = hw::find_device(goal.device);
  const std::string before = foldings(graph);
  const FoldingSpace space =
      folding_space(graph, goal.decided, device, goal.target.value_or(goal.least));
  Chooser chooser(space, device);
  Choice choice;
  if (goal.required) require_reachable(space, goal.target.value_or(goal.least));
  if (goal.target) {
    report.target = *goal.target;
    // Where a layer cannot keep the target the others need not be faster than it.
    const std::int64_t interval = std::max(report.target, fastest_interval(space));
    choice = Budget(space, device, 100, {}).fitting(interval).value_or(chooser.choose(interval));
  } else if (!space.units.empty()) {
    std::tie(report.target, choice) =
        Budget(space, device, goal.share, goal.reserve).search(goal.least);
    if (goal.required) require_few(goal, report.target);
  }
  for (std::size_t u = 0; u < choice.size(); ++u)
    space.units[u].apply(space.units[u].candidates[choice[u]]);
  report.estimate = chooser.total(choice);
  fill(report, graph);
  return foldings(graph) != before;
}

bool set_folding(Graph& graph, PassContext& context) { return set_folding(graph, context, {}); }

bool set_folding(Graph& graph, PassContext& context, const Resources& reserve) {
  const FoldingConfig wishes = folding_wishes(context.options.folding, WishKind::kFolding);
  bool changed = apply_folding_config(graph, wishes, context.report);
  FoldingReport report;
  const MemoryRemarks memories(graph);
  changed |= choose_foldings(graph, goal_of(context.options, reserve), report);
  memories.add(context.report);
  for (const SlowLayer& layer : report.slow)
    context.report.remarks.push_back(
        {layer.node,
         fmt::format("takes {} cycles per frame; the target is {}", layer.cycles, report.target)});
  changed |= choose_memories(graph, context);
  check_memory_wishes(graph, context.options.folding);
  return changed;
}

}  // namespace assay
