// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "golden/data/dataset.h"
#include "golden/data/metrics.h"
#include "harness/check/execute.h"
#include "harness/report/parts.h"
#include "harness/run/answer_source.h"

namespace assay {

/// What a network says about one image.
struct Answer {
  std::vector<double> logits;        ///< empty when the network gives labels alone
  std::vector<std::int64_t> ranked;  ///< best label first
};

Answer exact_answer(const AnswerSource& source, const ImageResult& image);
Answer float_answer(const AnswerSource& source, const FloatImage& image);

/// Accuracy over all images, in order. `first` is the number of the first one. Nothing when the
/// data set has no labels.
std::optional<Accuracy> count_accuracy(const AnswerSource& source, const Dataset& set,
                                       std::int64_t first, const std::vector<Answer>& answers,
                                       std::int64_t k);

std::optional<report::Accuracy> accuracy_summary(const std::optional<Accuracy>& accuracy);
/// With classes, confusion matrix and the list of misclassified images.
report::Accuracy accuracy_details(const Accuracy& accuracy,
                                  const std::vector<std::string>& class_names);

}  // namespace assay
