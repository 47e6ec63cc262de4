// SPDX-License-Identifier: Apache-2.0
#include "harness/check/comparison.h"

#include <algorithm>
#include <unordered_map>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "harness/check/coverage.h"

namespace assay {
namespace {

/// Where a stage computes a tensor: graph inputs come first.
std::unordered_map<const Tensor*, std::size_t> computation_order(const Graph& graph) {
  std::unordered_map<const Tensor*, std::size_t> order;
  std::size_t next = 1;
  for (const Node* node : graph.topological_order())
    for (const Tensor* output : node->outputs)
      if (output) order[output] = next++;
  return order;
}

Shape shape_of(const Checkpoint& checkpoint) {
  if (!checkpoint.tensor->shape)
    user_error("the shape of checkpoint '{}' is not known", printable(checkpoint.name));
  return checkpoint.shape();
}

/// The layout of the checkpoint's own order; a carrier in another order says nothing about it.
Layout layout_of(const Checkpoint& checkpoint) {
  return checkpoint.perm.empty() ? checkpoint.tensor->layout : Layout::kUnknown;
}

std::optional<std::size_t> index_of(const Graph& graph, std::string_view name) {
  const auto& all = graph.checkpoints();
  const auto it = std::ranges::find(all, name, &Checkpoint::name);
  if (it == all.end()) return {};
  return static_cast<std::size_t>(it - all.begin());
}

std::optional<std::size_t> only_logits(const Graph& graph) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < graph.checkpoints().size(); ++i) {
    if (graph.checkpoints()[i].kind != Checkpoint::Kind::kLogits) continue;
    if (found) return {};
    found = i;
  }
  return found;
}

bool same_meaning(const Checkpoint& a, const Checkpoint& b) {
  if (a.kind != b.kind || a.has_map != b.has_map) return false;
  return !a.has_map || (a.scale == b.scale && a.offset == b.offset);
}

ComparedCheckpoint pair_of(const Graph& reference, std::size_t r, const Graph& candidate,
                           std::optional<std::size_t> c) {
  const Checkpoint& from = reference.checkpoints()[r];
  ComparedCheckpoint pair{.name = from.name,
                          .kind = from.kind,
                          .shape = shape_of(from),
                          .layout = layout_of(from),
                          .node = {},
                          .elements = element_count(shape_of(from)),
                          .reference = r,
                          .candidate = c,
                          .reference_map = from,
                          .candidate_map = {}};
  if (!c) return pair;
  pair.candidate_map = candidate.checkpoints()[*c];
  pair.same_map = same_meaning(from, pair.candidate_map);
  if (const Node* node = pair.candidate_map.tensor->producer) pair.node = node->name;
  return pair;
}

/// The candidate's label against the reference's ranking of its logits, or nothing.
std::optional<ComparedCheckpoint> derived_label(const Graph& reference, const Graph& candidate,
                                                std::size_t c) {
  const Checkpoint& label = candidate.checkpoints()[c];
  const std::optional<std::size_t> logits = only_logits(reference);
  if (label.kind != Checkpoint::Kind::kLabel || !logits) return {};
  const auto labels = std::ranges::count(candidate.checkpoints(), label.kind, &Checkpoint::kind);
  if (labels != 1) return {};
  ComparedCheckpoint pair{.name = label.name,
                          .kind = label.kind,
                          .shape = shape_of(label),
                          .layout = layout_of(label),
                          .node = label.tensor->producer ? label.tensor->producer->name : "",
                          .elements = element_count(shape_of(label)),
                          .reference = logits,
                          .candidate = c,
                          .label_from_logits = true,
                          .same_map = true,
                          .reference_map = label,
                          .candidate_map = label};
  return pair;
}

bool counts(const ComparedCheckpoint& checkpoint) {
  return checkpoint.kind != Checkpoint::Kind::kInput;
}

/// The first few say enough.
std::string faults_text(const std::vector<std::string>& faults) {
  constexpr std::size_t kShown = 3;
  std::string text = faults[0];
  for (std::size_t i = 1; i < std::min(faults.size(), kShown); ++i) text += "; " + faults[i];
  if (faults.size() > kShown) text += fmt::format("; and {} more", faults.size() - kShown);
  return text;
}

}  // namespace

std::int64_t CheckpointData::size() const {
  if (!value) return static_cast<std::int64_t>(q.size());
  std::int64_t size = value->size();
  for (const ExactValue::Term& term : value->terms)
    size = std::min(size, static_cast<std::int64_t>(term.q.size()));
  return size;
}

ImageResult image_result(const Graph& graph, ExactRun run) {
  ImageResult result(graph.checkpoints().size());
  std::unordered_map<const Checkpoint*, std::size_t> place;
  for (std::size_t i = 0; i < result.size(); ++i) place[&graph.checkpoints()[i]] = i;
  for (CheckpointValue& value : run.checkpoints) {
    CheckpointData data;
    const Checkpoint& checkpoint = *value.checkpoint;
    if (checkpoint.has_map || checkpoint.kind == Checkpoint::Kind::kLabel) {
      data.q = PackedInts(value.q);
    } else {
      data.value = std::move(value.value);
    }
    result[place.at(&checkpoint)] = std::move(data);
  }
  return result;
}

ComparisonPlan plan_comparison(const Graph& reference, const Graph& candidate, bool needs_label) {
  ComparisonPlan plan;
  for (std::size_t r = 0; r < reference.checkpoints().size(); ++r)
    plan.checkpoints.push_back(
        pair_of(reference, r, candidate, index_of(candidate, reference.checkpoints()[r].name)));
  for (std::size_t c = 0; c < candidate.checkpoints().size(); ++c) {
    const Checkpoint& checkpoint = candidate.checkpoints()[c];
    if (index_of(reference, checkpoint.name)) continue;
    if (auto pair = derived_label(reference, candidate, c)) {
      plan.checkpoints.push_back(std::move(*pair));
    } else {
      plan.unexpected.push_back(checkpoint.name);
    }
  }
  const auto order = computation_order(candidate);
  const auto rank = [&](const ComparedCheckpoint& pair) -> std::size_t {
    if (!pair.candidate) return order.size() + 2;
    const auto it = order.find(pair.candidate_map.tensor);
    return it == order.end() ? 0 : it->second;
  };
  std::ranges::stable_sort(plan.checkpoints, {}, rank);
  plan.faults = coverage_faults(reference, candidate, plan, needs_label);
  return plan;
}

std::int64_t ComparisonTally::sum(std::int64_t CheckpointTally::*count) const {
  std::int64_t sum = 0;
  for (const CheckpointTally& tally : checkpoints)
    if (tally.counts) sum += tally.*count;
  return sum;
}

const Difference* ComparisonTally::first() const {
  for (const CheckpointTally& tally : checkpoints)
    if (tally.first) return &*tally.first;
  return nullptr;
}

ComparisonTally sum_tallies(const ComparisonPlan& plan, const std::vector<ImageTally>& images) {
  ComparisonTally sum;
  sum.images = static_cast<std::int64_t>(images.size());
  sum.checkpoints.resize(plan.checkpoints.size());
  for (std::size_t i = 0; i < plan.checkpoints.size(); ++i)
    sum.checkpoints[i].counts = counts(plan.checkpoints[i]);
  for (const ImageTally& image : images) {
    ASSAY_INVARIANT(image.size() == sum.checkpoints.size(), "a tally of another plan");
    for (std::size_t i = 0; i < image.size(); ++i) {
      CheckpointTally& total = sum.checkpoints[i];
      total.predicted += image[i].predicted;
      total.compared += image[i].compared;
      total.differing += image[i].differing;
      if (!total.first) total.first = image[i].first;
    }
  }
  return sum;
}

std::optional<std::string> plan_gap(const ComparisonPlan& plan) {
  for (const ComparedCheckpoint& checkpoint : plan.checkpoints)
    if (!checkpoint.candidate)
      return fmt::format("required checkpoint '{}' is missing", printable(checkpoint.name));
  if (!plan.unexpected.empty())
    return fmt::format("checkpoint '{}' is not in the reference", printable(plan.unexpected[0]));
  if (!plan.faults.empty()) return faults_text(plan.faults);
  if (std::ranges::none_of(plan.checkpoints, counts))
    return "no checkpoint but the input was compared";
  return {};
}

namespace {

/// Why the comparison does not cover everything, or nothing.
std::optional<std::string> gap(const ComparisonPlan& plan, const ComparisonTally& tally) {
  if (tally.images < 1) return "no image was compared";
  if (auto reason = plan_gap(plan)) return reason;
  for (std::size_t i = 0; i < plan.checkpoints.size(); ++i) {
    const ComparedCheckpoint& checkpoint = plan.checkpoints[i];
    const std::int64_t predicted = tally.images * checkpoint.elements;
    if (tally.checkpoints[i].compared != predicted || predicted < 1)
      return fmt::format("{} of {} predicted elements were compared at checkpoint '{}'",
                         tally.checkpoints[i].compared, predicted, printable(checkpoint.name));
  }
  if (tally.canaries.planted < 1 || tally.canaries.caught != tally.canaries.planted)
    return fmt::format("the comparison caught {} of {} planted faults", tally.canaries.caught,
                       tally.canaries.planted);
  return {};
}

}  // namespace

Judgement judge(const ComparisonPlan& plan, const ComparisonTally& tally) {
  if (const Difference* first = tally.first()) {
    if (tally.differing() == 0)
      return {Verdict::kDifferent,
              fmt::format("nothing but the input '{}' differs", printable(first->checkpoint))};
    return {Verdict::kDifferent,
            fmt::format("{} of {} elements differ, first at checkpoint '{}'", tally.differing(),
                        tally.compared(), printable(first->checkpoint))};
  }
  if (auto reason = gap(plan, tally)) return {Verdict::kInconclusive, std::move(*reason)};
  return {Verdict::kEquivalent,
          fmt::format("all {} elements of {} checkpoints agree on {} images", tally.compared(),
                      std::ranges::count_if(plan.checkpoints, counts), tally.images)};
}

Judgement judge_approximate(const ComparisonPlan& plan, const ComparisonTally& tally) {
  if (auto reason = gap(plan, tally)) return {Verdict::kInconclusive, std::move(*reason)};
  const auto changed = std::ranges::count_if(
      tally.checkpoints, [](const CheckpointTally& t) { return t.counts && t.differing > 0; });
  return {Verdict::kApproximate,
          fmt::format("{} of {} elements changed, at {} of {} checkpoints, on {} images",
                      tally.differing(), tally.compared(), changed,
                      std::ranges::count_if(plan.checkpoints, counts), tally.images)};
}

}  // namespace assay
