// SPDX-License-Identifier: Apache-2.0
#include "golden/bounds/float_check.h"

#include <algorithm>
#include <cmath>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

/// Null where nothing was observed.
const std::vector<std::int64_t>* observed_integers(const FloatErrorBounds::Integers& observed,
                                                   const CheckpointValue& value) {
  const auto it = observed.find(value.checkpoint->name);
  if (it == observed.end()) return nullptr;
  if (it->second.size() != value.q.size())
    user_error("checkpoint '{}' has {} elements, {} were observed",
               printable(value.checkpoint->name), value.q.size(), it->second.size());
  return &it->second;
}

/// An element of an activation that was observed.
struct Place {
  const CheckpointValue* value;
  std::int64_t element;
};

/// Where observed activations differ; counts what was compared.
std::vector<Place> differing_places(const ExactRun& run, const FloatErrorBounds::Integers& observed,
                                    FloatCheck& out) {
  std::vector<Place> places;
  for (const CheckpointValue& value : run.checkpoints) {
    if (!value.checkpoint || value.checkpoint->kind != Checkpoint::Kind::kActivation) continue;
    const auto* got = observed_integers(observed, value);
    if (!got) continue;
    out.checkpoints[value.checkpoint->name].compared = std::ssize(*got);
    out.compared += std::ssize(*got);
    for (std::size_t e = 0; e < got->size(); ++e)
      if ((*got)[e] != value.q[e]) places.push_back({&value, static_cast<std::int64_t>(e)});
  }
  out.differing = std::ssize(places);
  return places;
}

/// Counts and lists the places, each as the difference that `explain` makes of it.
template <typename Explain>
void explain_places(const std::vector<Place>& places, Explain&& explain, FloatCheck& out) {
  for (const Place& place : places) {
    FloatDecisions& count = out.checkpoints[place.value->checkpoint->name];
    ++count.differing;
    if (std::ssize(out.differences) - out.explained >= FloatCheck::kMaxUnexplained) continue;
    out.differences.push_back(explain(place));
    if (!out.differences.back().explained) continue;
    ++count.explained;
    ++out.explained;
  }
  std::ranges::stable_sort(out.differences, {}, &FloatDifference::explained);
  if (out.differences.size() > FloatCheck::kMaxListed)
    out.differences.resize(FloatCheck::kMaxListed);
}

bool label_fits(const ExactValue& logits, const std::vector<double>& error, std::int64_t label) {
  // Where float32 may overflow nothing is bounded, and nothing explained.
  if (!std::ranges::all_of(error, [](double e) { return std::isfinite(e); })) return false;
  const Real best = logits.real(label) + Real::of(error[static_cast<std::size_t>(label)]);
  for (std::int64_t i = 0; i < logits.size(); ++i)
    if (best < logits.real(i) - Real::of(error[static_cast<std::size_t>(i)])) return false;
  return true;
}

FloatLogits check_logits(const ExactValue& exact, const std::vector<double>& bounds,
                         std::span<const double> got) {
  if (exact.size() != static_cast<std::int64_t>(got.size()))
    user_error("the network has {} logits, {} were observed", exact.size(), got.size());
  FloatLogits out;
  out.compared = exact.size();
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto element = static_cast<std::int64_t>(i);
    const Real distance = Real::of(got[i]) - exact.real(element);
    const Real size = distance.sign() < 0 ? -distance : distance;
    out.largest_error = std::max(out.largest_error, size.to_double());
    out.largest_bound = std::max(out.largest_bound, bounds[i]);
    // Where float32 may overflow there is no bound, and a distance is not explained.
    if (size.is_zero() || (std::isfinite(bounds[i]) && size <= Real::of(bounds[i]))) continue;
    if (out.outliers++ == 0)
      out.first = FloatLogits::Outlier{element, exact.to_double(element), got[i], bounds[i]};
  }
  return out;
}

}  // namespace

bool carries_reals(const Checkpoint& checkpoint) {
  return checkpoint.perm.empty() && checkpoint.unit == RealArray(Real(1)) &&
         checkpoint.shift == RealArray();
}

FloatChecker::FloatChecker(const Graph& graph, const ExactExecutor& exact)
    : graph_(graph), exact_(exact), bounds_(graph) {}

FloatChecker::Answer FloatChecker::answer(const ExactRun& run) const {
  const CheckpointValue* found = nullptr;
  for (const CheckpointValue& value : run.checkpoints) {
    if (value.checkpoint->kind != Checkpoint::Kind::kLogits || !carries_reals(*value.checkpoint))
      continue;
    if (found) return {&run.outputs.at(0), graph_.outputs()[0]};
    found = &value;
  }
  if (!found) return {&run.outputs.at(0), graph_.outputs()[0]};
  return {&found->value, found->checkpoint->tensor};
}

FloatDifference FloatChecker::explain(FloatDifference difference, const Checkpoint& checkpoint,
                                      LevelRanges& ranges) {
  const std::optional<LevelRange> range = ranges.at(checkpoint, difference.element);
  if (!range) return difference;
  difference.value = range->value;
  difference.slack = range->slack;
  // Quantisers are monotone: what lies between both ends is reachable.
  difference.explained =
      range->is_bounded() && range->lo <= difference.got && difference.got <= range->hi;
  return difference;
}

FloatCheck FloatChecker::check(const std::vector<ExactInputData>& exact_inputs,
                               const std::vector<FloatTensor>& inputs,
                               const FloatErrorBounds::Integers& observed,
                               std::optional<std::int64_t> label,
                               std::span<const double> logits) const {
  FloatCheck out;
  const ExactRun run = exact_.run({.inputs = exact_inputs, .forced = &observed});
  const std::vector<Place> places = differing_places(run, observed, out);
  const bool other_label = label && top_k(*answer(run).value, 1).at(0) != *label;
  if (places.empty() && !other_label && logits.empty()) return out;

  const FloatErrorBounds::Tensors bounds = bounds_.evaluate(inputs, {}, observed);
  const auto [exact_logits, logits_tensor] = answer(run);
  if (other_label)
    out.label_explained = label_fits(*exact_logits, bounds.at(logits_tensor).error, *label);
  if (!logits.empty())
    out.logits = check_logits(*exact_logits, bounds.at(logits_tensor).error, logits);
  if (places.empty()) return out;

  const ExactRun kept = exact_.run(
      {.inputs = exact_inputs, .forced = &observed, .checkpoints = false, .keep_all = true});
  LevelRanges ranges(bounds_, bounds, kept);
  const auto explained = [&](const Place& place) {
    const Checkpoint& checkpoint = *place.value->checkpoint;
    const auto e = static_cast<std::size_t>(place.element);
    return explain(
        {checkpoint.name, place.element, place.value->q[e], observed.at(checkpoint.name)[e]},
        checkpoint, ranges);
  };
  explain_places(places, explained, out);
  return out;
}

}  // namespace assay
