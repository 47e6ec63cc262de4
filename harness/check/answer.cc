// SPDX-License-Identifier: Apache-2.0
#include "harness/check/answer.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
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
    for (const std::uint16_t label : set.labels)
      classes = std::max<std::int64_t>(classes, label + 1);
    for (const Answer& answer : answers)
      for (const std::int64_t label : answer.ranked) classes = std::max(classes, label + 1);
  }
  // It keeps a number for every pair of them.
  constexpr std::int64_t kMostClasses = 4096;
  if (classes > kMostClasses)
    user_error(
        "accuracy is counted for up to {} classes; the labels of '{}' and the network go up to {}",
        kMostClasses, printable(set.name), classes - 1);
  AccuracyCounter counter(classes, std::clamp<std::int64_t>(k, 1, source.ranks));
  for (std::size_t i = 0; i < answers.size(); ++i)
    counter.add(first + static_cast<std::int64_t>(i), set.labels[i], answers[i].ranked,
                answers[i].logits);
  return counter.finish(set.size());
}

namespace {

report::Accuracy summary_of(const Accuracy& accuracy) {
  return {.predicted = accuracy.predicted,
          .compared = accuracy.compared,
          .k = accuracy.k,
          .top1_correct = accuracy.top1_correct,
          .top_k_correct = accuracy.top_k_correct,
          .top1 = accuracy.top1(),
          .top_k = accuracy.top_k(),
          .mean_loss = accuracy.mean_loss,
          .classes = {},
          .confusion = {},
          .misclassified = {}};
}

}  // namespace

std::optional<report::Accuracy> accuracy_summary(const std::optional<Accuracy>& accuracy) {
  if (!accuracy) return {};
  return summary_of(*accuracy);
}

report::Accuracy accuracy_details(const Accuracy& accuracy,
                                  const std::vector<std::string>& class_names) {
  report::Accuracy details = summary_of(accuracy);
  auto& classes = details.classes.emplace();
  auto& confusion = details.confusion.emplace();
  auto& wrong = details.misclassified.emplace();
  for (std::int64_t label = 0; label < accuracy.classes; ++label) {
    const auto at = static_cast<std::size_t>(label);
    const auto name = at < class_names.size() ? std::optional(class_names[at]) : std::nullopt;
    classes.push_back({label, name, accuracy.class_images[at], accuracy.class_correct[at],
                       accuracy.class_accuracy(label)});
    const auto row = accuracy.confusion.begin() + label * accuracy.classes;
    confusion.emplace_back(row, row + accuracy.classes);
  }
  for (const Misclassified& image : accuracy.misclassified)
    wrong.push_back({image.image, image.label, image.predicted});
  return details;
}

}  // namespace assay
