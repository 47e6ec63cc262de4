// SPDX-License-Identifier: Apache-2.0
#include "harness/check/answer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"

namespace assay {
namespace {

Json optional_json(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

}  // namespace

Answer exact_answer(const AnswerSource& source, const ImageResult& image) {
  Answer answer;
  if (!source.logits) {
    answer.ranked = image.at(*source.label).value().q.unpacked();
    return answer;
  }
  const ExactValue& logits = image.at(*source.logits).value().value.value();
  for (std::int64_t i = 0; i < logits.size(); ++i) answer.logits.push_back(logits.to_double(i));
  answer.ranked = top_k(logits, logits.size());
  return answer;
}

Answer float_answer(const AnswerSource& source, const FloatImage& image) {
  Answer answer;
  if (!source.logits) {
    for (const float label : image.at(*source.label).values)
      answer.ranked.push_back(static_cast<std::int64_t>(label));
    return answer;
  }
  const std::vector<float>& logits = image.at(*source.logits).values;
  answer.logits.assign(logits.begin(), logits.end());
  answer.ranked = rank_logits(answer.logits, static_cast<std::int64_t>(logits.size()));
  return answer;
}

std::optional<Accuracy> count_accuracy(const AnswerSource& source, const Dataset& set,
                                       std::int64_t first, const std::vector<Answer>& answers,
                                       std::int64_t k) {
  if (set.labels.empty()) return {};
  std::int64_t classes = source.classes;
  if (classes == 0) {  // labels alone: as many classes as are seen
    for (const std::uint8_t label : set.labels)
      classes = std::max<std::int64_t>(classes, label + 1);
    for (const Answer& answer : answers)
      for (const std::int64_t label : answer.ranked) classes = std::max(classes, label + 1);
  }
  AccuracyCounter counter(classes, std::min(k, source.ranks));
  for (std::size_t i = 0; i < answers.size(); ++i)
    counter.add(first + static_cast<std::int64_t>(i), set.labels[i], answers[i].ranked,
                answers[i].logits);
  return counter.finish(set.size());
}

Json accuracy_summary(const std::optional<Accuracy>& accuracy) {
  if (!accuracy) return {};
  return {{"predicted", accuracy->predicted},
          {"compared", accuracy->compared},
          {"k", accuracy->k},
          {"top1_correct", accuracy->top1_correct},
          {"top_k_correct", accuracy->top_k_correct},
          {"top1", accuracy->top1()},
          {"top_k", accuracy->top_k()},
          {"mean_loss", optional_json(accuracy->mean_loss)}};
}

Json accuracy_details(const Accuracy& accuracy, const std::vector<std::string>& class_names) {
  Json details = accuracy_summary(accuracy);
  Json classes = Json::array(), confusion = Json::array(), wrong = Json::array();
  for (std::int64_t label = 0; label < accuracy.classes; ++label) {
    const auto at = static_cast<std::size_t>(label);
    classes.push_back({{"label", label},
                       {"name", at < class_names.size() ? Json(class_names[at]) : Json()},
                       {"images", accuracy.class_images[at]},
                       {"correct", accuracy.class_correct[at]},
                       {"accuracy", optional_json(accuracy.class_accuracy(label))}});
    Json row = Json::array();
    for (std::int64_t predicted = 0; predicted < accuracy.classes; ++predicted)
      row.push_back(
          accuracy.confusion[static_cast<std::size_t>(label * accuracy.classes + predicted)]);
    confusion.push_back(std::move(row));
  }
  for (const Misclassified& image : accuracy.misclassified)
    wrong.push_back(
        {{"image", image.image}, {"label", image.label}, {"predicted", image.predicted}});
  details["classes"] = std::move(classes);
  details["confusion"] = std::move(confusion);
  details["misclassified"] = std::move(wrong);
  return details;
}

}  // namespace assay
