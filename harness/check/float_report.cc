// SPDX-License-Identifier: Apache-2.0
#include "harness/check/float_report.h"

#include <cmath>

#include "compile/base/error.h"

namespace assay {
namespace {

/// EQUIVALENT when float32 rounding explains every difference.
Judgement judge_float(const FloatComparison& comparison) {
  const FloatTally total = comparison.total();
  if (!comparison.explained())
    return {Verdict::kDifferent,
            fmt::format("float32 rounding explains {} of {} float activations that were decided "
                        "otherwise, and all but {} labels",
                        total.decisions_explained, total.decisions_differing,
                        comparison.labels_unexplained)};
  return {Verdict::kEquivalent,
          fmt::format("float32 rounding at a decision boundary explains all {} activations that "
                      "the float reference decides otherwise",
                      total.decisions_differing)};
}

std::vector<report::FloatReference::Unexplained> unexplained(const FloatComparison& comparison) {
  std::vector<report::FloatReference::Unexplained> list;
  for (const auto& [image, difference] : comparison.unexplained)
    list.push_back({image, difference.checkpoint, difference.element, difference.exact,
                    difference.got, finite(difference.value), finite(difference.slack)});
  return list;
}

std::vector<report::FloatReference::Checkpoint> checkpoints(const Graph& graph,
                                                            const FloatComparison& comparison) {
  std::vector<report::FloatReference::Checkpoint> list;
  for (std::size_t place = 0; place < graph.checkpoints().size(); ++place) {
    if (!graph.checkpoints()[place].has_map) continue;
    const FloatTally& tally = comparison.checkpoints[place];
    list.push_back(
        {graph.checkpoints()[place].name, tally.compared, tally.differing, tally.images_differing});
  }
  return list;
}

report::FloatReference float_reference(const Graph& graph, const FloatComparison& comparison) {
  const Judgement judgement = judge_float(comparison);
  const FloatTally total = comparison.total();
  report::FloatReference report;
  report.verdict = judgement.verdict;
  report.reason = judgement.reason;
  report.compared = total.compared;
  report.differing = total.differing;
  report.decisions_differing = total.decisions_differing;
  report.decisions_explained = total.decisions_explained;
  report.unexplained = unexplained(comparison);
  report.labels_compared = comparison.labels_compared;
  report.labels_changed = std::ssize(comparison.changed_labels);
  report.labels_unexplained = comparison.labels_unexplained;
  report.changed_labels = changed_labels(comparison);
  report.largest_logit_error = comparison.largest_logit_error;
  report.checkpoints = checkpoints(graph, comparison);
  return report;
}

}  // namespace

FloatObservation float_observation(const Graph& graph, const FloatImage& image) {
  FloatObservation observed;
  for (std::size_t place = 0; place < image.size(); ++place) {
    observed.integers.emplace_back();
    if (graph.checkpoints()[place].has_map) observed.integers.back() = image[place].q;
  }
  if (const auto source = answer_source(graph)) observed.answer = float_answer(*source, image);
  return observed;
}

std::optional<double> finite(double value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::vector<report::ChangedLabel> changed_labels(const FloatComparison& comparison) {
  std::vector<report::ChangedLabel> changed;
  for (const FloatComparison::ChangedLabel& label : comparison.changed_labels)
    changed.push_back({label.image, label.exact, label.got});
  return changed;
}

FloatReport compare_float(Reference& reference, std::int64_t topk, const Console& console) {
  const Graph& graph = reference.graph();
  const ChosenImages& images = reference.images();
  const FloatPixels executor(graph);
  const auto observe = [&](std::int64_t image) {
    return float_observation(graph, executor.run(images.set.values(image)));
  };
  const FloatComparison comparison = FloatComparer(reference).compare(
      {.name = "float reference", .images = images.size(), .observe = observe}, console);
  FloatReport report;
  report.report = float_reference(graph, comparison);
  if (const auto source = answer_source(graph))
    report.accuracy = count_accuracy(*source, images.set, images.first, comparison.answers, topk);
  report.judgement = judge_float(comparison);
  return report;
}

}  // namespace assay
