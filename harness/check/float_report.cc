// SPDX-License-Identifier: Apache-2.0
#include "harness/check/float_report.h"

#include <cmath>
#include <nlohmann/json.hpp>

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

Json unexplained_json(const FloatComparison& comparison) {
  Json list = Json::array();
  for (const auto& [image, difference] : comparison.unexplained)
    list.push_back({{"image", image},
                    {"checkpoint", difference.checkpoint},
                    {"element", difference.element},
                    {"exact", difference.exact},
                    {"float", difference.got},
                    {"value", number_or_null(difference.value)},
                    {"slack", number_or_null(difference.slack)}});
  return list;
}

Json checkpoints_json(const Graph& graph, const FloatComparison& comparison) {
  Json list = Json::array();
  for (std::size_t place = 0; place < graph.checkpoints().size(); ++place) {
    if (!graph.checkpoints()[place].has_map) continue;
    const FloatTally& tally = comparison.checkpoints[place];
    list.push_back({{"name", graph.checkpoints()[place].name},
                    {"compared", tally.compared},
                    {"differing", tally.differing},
                    {"images", tally.images_differing}});
  }
  return list;
}

Json report_json(const Graph& graph, const FloatComparison& comparison) {
  const Judgement judgement = judge_float(comparison);
  const FloatTally total = comparison.total();
  return {{"verdict", verdict_name(judgement.verdict)},
          {"reason", judgement.reason},
          {"compared", total.compared},
          {"differing", total.differing},
          {"decisions_differing", total.decisions_differing},
          {"decisions_explained", total.decisions_explained},
          {"unexplained", unexplained_json(comparison)},
          {"labels_compared", comparison.labels_compared},
          {"labels_changed", comparison.changed_labels.size()},
          {"labels_unexplained", comparison.labels_unexplained},
          {"changed_labels", changed_labels_json(comparison)},
          {"largest_logit_error",
           comparison.largest_logit_error ? Json(*comparison.largest_logit_error) : Json()},
          {"checkpoints", checkpoints_json(graph, comparison)}};
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

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json changed_labels_json(const FloatComparison& comparison) {
  Json changed = Json::array();
  for (const FloatComparison::ChangedLabel& label : comparison.changed_labels)
    changed.push_back({{"image", label.image}, {"exact", label.exact}, {"float", label.got}});
  return changed;
}

FloatReport compare_float(Reference& reference, std::int64_t topk, const Console& console) {
  const Graph& graph = reference.graph();
  const ChosenImages& images = reference.images();
  const FloatPixels executor(graph);
  const auto observe = [&](std::int64_t image) {
    return float_observation(graph, executor.run(images.set.image(image)));
  };
  const FloatComparison comparison = FloatComparer(reference).compare(
      {.name = "float reference", .images = images.size(), .observe = observe}, console);
  FloatReport report;
  report.json = report_json(graph, comparison);
  if (const auto source = answer_source(graph))
    report.accuracy = count_accuracy(*source, images.set, images.first, comparison.answers, topk);
  report.judgement = judge_float(comparison);
  return report;
}

}  // namespace assay
