// SPDX-License-Identifier: Apache-2.0
#include "harness/check/coverage.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/checkpoints.h"

namespace assay {
namespace {

/// What the checkpoints say about a tensor; one of the inputs says nothing.
std::vector<const Checkpoint*> carried_by(const Graph& graph, const Tensor* tensor) {
  std::vector<const Checkpoint*> found;
  for (const Checkpoint& checkpoint : graph.checkpoints())
    if (checkpoint.tensor == tensor && checkpoint.kind != Checkpoint::Kind::kInput)
      found.push_back(&checkpoint);
  return found;
}

/// Whether the axes of a tensor are those of its checkpoint but for the channels', which layouts have first
/// or last. Axes of one element may lie anywhere.
bool moves_channels_alone(const Checkpoint& checkpoint) {
  std::vector<std::int64_t> axes;
  for (const std::int64_t axis : checkpoint.perm)
    if ((*checkpoint.tensor->shape)[static_cast<std::size_t>(axis)] != 1) axes.push_back(axis);
  if (std::ranges::is_sorted(axes)) return true;
  std::vector<std::int64_t> last, first(checkpoint.perm.size());
  std::iota(first.begin(), first.end(), std::int64_t{0});
  last = first;
  std::rotate(first.begin() + 1, first.end() - 1, first.end());  // NHWC, the checkpoint NCHW
  std::rotate(last.begin() + 1, last.begin() + 2, last.end());   // NCHW, the checkpoint NHWC
  return checkpoint.perm == first || checkpoint.perm == last;
}

/// Whether an output is read as the checkpoint is: a map that turns signs or forgets a value would
/// call a wrong answer right, as would swapped rows and columns, and labels are what they are. Real
/// values may have scales and offsets of their own, as their channels' weights and biases have, and
/// their places behind DepthToSpace.
bool keeps_order(const Checkpoint& checkpoint) {
  if (!moves_channels_alone(checkpoint)) return false;
  if (checkpoint.kind == Checkpoint::Kind::kLabel)
    return checkpoint.unit == RealArray(Real(1)) && checkpoint.shift == RealArray();
  return std::ranges::all_of(checkpoint.unit.values,
                             [](const Real& unit) { return unit.sign() > 0; });
}

class Coverage {
 public:
  Coverage(const Graph& reference, const Graph& candidate, const ComparisonPlan& plan)
      : reference_(reference), candidate_(candidate), plan_(plan) {}

  std::vector<std::string> faults(bool needs_label) {
    look_at(candidate_, "");
    look_at(reference_, "the reference's ");
    compare_kinds();
    compare_outputs();
    if (needs_label && !puts_out_label()) fault("required checkpoint 'label' is missing");
    return std::move(faults_);
  }

 private:
  template <typename... Args>
  void fault(fmt::format_string<Args...> text, Args&&... args) {
    faults_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }

  void look_at(const Graph& graph, std::string_view whose) {
    const std::unordered_set<const Tensor*> way = way_to_outputs(graph);
    for (const Checkpoint& checkpoint : graph.checkpoints())
      if (checkpoint.kind != Checkpoint::Kind::kInput && !way.contains(checkpoint.tensor))
        fault("{}checkpoint '{}' is not on the way to an output", whose,
              printable(checkpoint.name));
    for (const Tensor* output : graph.outputs()) {
      const auto carried = carried_by(graph, output);
      if (carried.empty())
        fault("{}output '{}' carries no checkpoint", whose, printable(output->name));
      for (const Checkpoint* checkpoint : carried)
        if (!keeps_order(*checkpoint))
          fault("{}output '{}' carries checkpoint '{}' in another order of values", whose,
                printable(output->name), printable(checkpoint->name));
    }
  }

  void compare_kinds() {
    for (const ComparedCheckpoint& pair : plan_.checkpoints)
      if (pair.candidate && pair.kind != pair.candidate_map.kind)
        fault("checkpoint '{}' is of kind {}, in the reference of kind {}", printable(pair.name),
              checkpoint_kind_name(pair.candidate_map.kind), checkpoint_kind_name(pair.kind));
  }

  /// The candidate puts out what the reference does, in that order; a label that is the rank of the
  /// reference's logits may stand beside them or for them.
  void compare_outputs() {
    std::vector<std::vector<const Checkpoint*>> got, expected;
    for (const Tensor* output : candidate_.outputs()) {
      auto carried = carried_by(candidate_, output);
      if (!carried.empty() && !has_rank(carried)) got.push_back(std::move(carried));
    }
    for (const Tensor* output : reference_.outputs())
      if (auto carried = carried_by(reference_, output); !carried.empty())
        expected.push_back(std::move(carried));
    if (got.size() < expected.size() && puts_out_rank())
      std::erase_if(expected, [&](const auto& carried) {
        return carried[0]->kind == Checkpoint::Kind::kLogits && !any_of(got, *carried[0]);
      });
    for (std::size_t i = 0; i < std::max(got.size(), expected.size()); ++i)
      compare_output(i < got.size() ? got[i] : std::vector<const Checkpoint*>(),
                     i < expected.size() ? expected[i] : std::vector<const Checkpoint*>());
  }

  void compare_output(const std::vector<const Checkpoint*>& got,
                      const std::vector<const Checkpoint*>& expected) {
    if (expected.empty())
      fault("checkpoint '{}' is an output, which it is not in the reference",
            printable(got[0]->name));
    else if (got.empty())
      fault("checkpoint '{}' is an output of the reference alone", printable(expected[0]->name));
    else if (!any_of({got}, *expected[0]))
      fault("an output carries checkpoint '{}' where the reference's carries '{}'",
            printable(got[0]->name), printable(expected[0]->name));
  }

  static bool any_of(const std::vector<std::vector<const Checkpoint*>>& outputs,
                     const Checkpoint& wanted) {
    return std::ranges::any_of(outputs, [&](const auto& carried) {
      return std::ranges::any_of(carried,
                                 [&](const Checkpoint* c) { return c->name == wanted.name; });
    });
  }

  /// Whether one of the candidate's checkpoints is held against the rank of the reference's logits.
  bool has_rank(const std::vector<const Checkpoint*>& carried) const {
    return std::ranges::any_of(plan_.checkpoints, [&](const ComparedCheckpoint& pair) {
      return pair.label_from_logits &&
             std::ranges::find(carried, pair.name, &Checkpoint::name) != carried.end();
    });
  }

  bool puts_out_rank() const {
    return std::ranges::any_of(candidate_.outputs(), [&](const Tensor* output) {
      return has_rank(carried_by(candidate_, output));
    });
  }

  /// By the name that InsertTopK gives it, or the reference's own.
  bool puts_out_label() const {
    const auto is_known = [&](const std::string& name) {
      return name == "label" ||
             std::ranges::find(reference_.checkpoints(), name, &Checkpoint::name) !=
                 reference_.checkpoints().end();
    };
    return std::ranges::any_of(candidate_.outputs(), [&](const Tensor* output) {
      return std::ranges::any_of(carried_by(candidate_, output), [&](const Checkpoint* checkpoint) {
        return checkpoint->kind == Checkpoint::Kind::kLabel && is_known(checkpoint->name);
      });
    });
  }

  const Graph &reference_, &candidate_;
  const ComparisonPlan& plan_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> coverage_faults(const Graph& reference, const Graph& candidate,
                                         const ComparisonPlan& plan, bool needs_label) {
  return Coverage(reference, candidate, plan).faults(needs_label);
}

}  // namespace assay
