// SPDX-License-Identifier: Apache-2.0
// Internal to streamlining: the symbolic execution that builds the integer graph, node by node, and
// the operators' own planners.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "compile/graph/ops.h"
#include "compile/passes/streamline/builder.h"
#include "compile/passes/streamline/streamline.h"
#include "compile/passes/thresholds/step_function.h"

namespace assay::streamline {

/// How far a pass goes.
enum class Depth : std::uint8_t { kScales, kJoins, kTail };

struct JoinLimits {
  int budget = kJoinBudget;           ///< fraction bits that a line form may take
  std::optional<int> join_bits = {};  ///< so many, even if some combinations go wrong
};

/// How many bits the exact forms may take.
struct StreamlineLimits {
  int weight_bits = kWeightBits;
  JoinLimits joins = {};
  bool declared_weights = false;  ///< weights keep the types that they were declared to have
};

/// What the planners of operators share: the old graph, the new one, and which value of the new one
/// stands for which tensor of the old one.
class Planner {
 public:
  Planner(const Graph& old, Depth how_far, const StreamlineLimits& bits, PassReport& notes)
      : from(old), depth(how_far), limits(bits), report(notes) {}

  const Graph& from;
  const Depth depth;
  const StreamlineLimits limits;
  PassReport& report;
  Builder to;

  /// The node being planned.
  const Node& node() const { return *to.node(); }
  /// UserError that names it.
  [[noreturn]] void fail(const std::string& problem, const std::string& remedy) const;

  bool depends_on_input(const Tensor& tensor) const { return values_.contains(&tensor); }
  /// The value of a tensor that depends on the network's input.
  const Value& value_of(const Tensor* old) const { return values_.at(old); }
  /// The same as it leaves the graph, of an output.
  Value end_value(const Tensor* old) const;
  /// The value of a dynamic input of the node being planned.
  Value input(std::size_t index) const;
  void set(const Tensor* old, Value value) { values_[old] = std::move(value); }
  void set_output(Value value) { set(node().outputs[0], std::move(value)); }

  /// The tensor of the new graph that is a tensor of the old one as it is: constants, labels, real
  /// outputs; null where there is none yet.
  Tensor* copy_of(const Tensor* old) const;
  void set_copy(const Tensor* old, Tensor* copy) { copies_[old] = copy; }
  Tensor* copy_constant(const Tensor& old);

  /// Runs `attempt`, after which the values of old tensors are what they were.
  template <typename Attempt>
  auto without_values_of(Attempt attempt) {
    const auto before = values_;
    auto result = attempt();
    values_ = before;
    return result;
  }

 private:
  std::unordered_map<const Tensor*, Value> values_;
  std::unordered_map<const Tensor*, Tensor*> copies_;
};

/// Plans the current node when it belongs to the family; false otherwise. UserError where it has no
/// integer form.
bool plan_quantiser(Planner& planner);                      ///< quantise.cc
bool plan_elementwise(Planner& planner, const Node& node);  ///< elementwise.cc
bool plan_function(Planner& planner, const Node& node);     ///< curves.cc
bool plan_linear(Planner& planner, const Node& node);       ///< linear.cc: constant weights
bool plan_pool(Planner& planner, const Node& node);         ///< pool.cc
bool plan_move(Planner& planner, const Node& node);         ///< move.cc
bool plan_concat(Planner& planner, const Node& node);       ///< concat.cc
bool plan_top_k(Planner& planner, const Node& node);        ///< tail.cc

}  // namespace assay::streamline
