// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "golden/data/dataset.h"
#include "golden/data/metrics.h"
#include "harness/execute.h"
#include "harness/json.h"

namespace assay {

/// What a network says about one image.
struct Answer {
  std::vector<double> logits;        ///< empty when the network gives labels alone
  std::vector<std::int64_t> ranked;  ///< best label first
};

/// How a graph answers: from its logits where it has exactly one such checkpoint, else from its
/// label.
struct AnswerSource {
  std::optional<std::size_t> logits, label;  ///< places in the checkpoint list
  std::int64_t classes = 0;                  ///< 0: not known, the network gives labels alone
  std::int64_t ranks = 0;                    ///< how many labels are ranked
};
/// Nothing when the graph has neither, or several logits and no label.
std::optional<AnswerSource> answer_source(const Graph& graph);

Answer exact_answer(const AnswerSource& source, const ImageResult& image);
Answer float_answer(const AnswerSource& source, const FloatImage& image);

/// Accuracy over all images, in order. `first` is the number of the first one. Nothing when the
/// data set has no labels.
std::optional<Accuracy> count_accuracy(const AnswerSource& source, const Dataset& set,
                                       std::int64_t first, const std::vector<Answer>& answers,
                                       std::int64_t k);

Json accuracy_summary(const std::optional<Accuracy>& accuracy);
/// With classes, confusion matrix and the list of misclassified images.
Json accuracy_details(const Accuracy& accuracy, const std::vector<std::string>& class_names);

}  // namespace assay
