// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "golden/bounds/float_check.h"
#include "harness/check/answer.h"
#include "harness/check/check.h"

namespace assay {

/// What a float32 evaluation left of one image.
struct FloatObservation {
  std::vector<std::optional<PackedInts>> integers;  ///< per checkpoint of the graph, where known
  std::optional<Answer> answer;
};

/// A float32 evaluation of the reference's network on the first of the chosen images: our own, or
/// one that another runtime recorded.
struct FloatSource {
  std::string name;  ///< for the progress
  std::int64_t images = 0;
  std::function<FloatObservation(std::int64_t image)> observe;  ///< thread-safe
  bool check_logits = false;  ///< hold every logit against its float32 error bound
  /// For images with an answer and no activations: activations that the evaluation may have had.
  std::function<FloatObservation(std::int64_t image)> guess = {};
};

/// One checkpoint over all images.
struct FloatTally {
  std::int64_t images = 0;            ///< observed
  std::int64_t compared = 0;          ///< activations
  std::int64_t differing = 0;         ///< from the exact ones, knock-on differences included
  std::int64_t images_differing = 0;  ///< with any of those
  /// Decided otherwise than exact arithmetic does on the inputs that the evaluation had itself.
  std::int64_t decisions_differing = 0;
  std::int64_t decisions_explained = 0;  ///< of them proved to be float32 roundings

  std::int64_t unexplained() const { return decisions_differing - decisions_explained; }
  FloatTally& operator+=(const FloatTally& other);
};

/// What came of it. Images are counted in the data set.
struct FloatComparison {
  struct Decision {
    std::int64_t image = 0;
    FloatDifference difference;
  };
  struct ChangedLabel {
    std::int64_t image = 0, exact = 0, got = 0;
  };
  struct Outlier {
    std::int64_t image = 0;
    FloatLogits::Outlier logit;
  };
  static constexpr std::size_t kListed = 20;

  std::vector<FloatTally> checkpoints;  ///< one for each of the graph
  std::vector<Decision> unexplained;    ///< the first kListed
  std::int64_t labels_compared = 0, labels_unexplained = 0;
  std::vector<ChangedLabel> changed_labels;
  std::optional<double> largest_logit_error;  ///< from the network's exact logits
  FloatLogits logits;                         ///< over all images; counted with check_logits alone
  /// Images whose logits differ by more than a sum's rounding, and whose activations, which could
  /// tell whether they were decided otherwise by rounding, are not known.
  std::vector<std::int64_t> undecided;
  std::optional<Outlier> first_outlier;
  std::vector<Answer> answers;  ///< of the images that have one, in order

  FloatTally total() const;
  /// Whether anything is no float32 rounding.
  bool explained() const;
};

/// Holds float32 evaluations against the exact reference, image by image.
class FloatComparer {
 public:
  /// `reference` must outlive it.
  explicit FloatComparer(Reference& reference);

  FloatComparison compare(const FloatSource& source, const Console& console);
  /// The proofs of one image, which is counted from the first one chosen.
  FloatCheck check(std::int64_t image, const FloatObservation& observed, bool logits) const;

 private:
  /// One image's counts, so that images can run in any order.
  struct ImageCount {
    std::vector<FloatTally> checkpoints;
    std::optional<FloatCheck> check;  ///< where anything is to be proved
    std::optional<std::int64_t> exact_label;
    std::optional<Answer> answer;
    double logit_error = 0;
    bool undecided = false;
  };
  ImageCount count(std::int64_t image, const FloatSource& source);
  void prove_answer(ImageCount& count, std::int64_t image, const FloatObservation& observed,
                    const ImageResult& exact, const FloatSource& source) const;
  void count_answer(ImageCount& count, const Answer& exact) const;
  FloatComparison sum(std::vector<ImageCount> counts) const;
  void add_check(FloatComparison& sum, std::int64_t image, const ImageCount& count) const;

  Reference& reference_;
  const Graph& graph_;
  std::optional<AnswerSource> source_;
  InputFeed feed_;
  FloatChecker checker_;
};

}  // namespace assay
